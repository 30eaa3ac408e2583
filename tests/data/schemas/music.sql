-- A music shop that nobody here would design: invented names, awkward columns.
CREATE TABLE singer (
    singer_id INTEGER PRIMARY KEY,
    name VARCHAR(120) NOT NULL,
    stage_name VARCHAR(120),
    mentor_id INTEGER REFERENCES singer (singer_id),
    born DATE,
    photo BLOB,
    metadata TEXT,
    "validate" BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE record (
    isrc CHAR(12) NOT NULL PRIMARY KEY,
    title NVARCHAR(160) NOT NULL,
    lead_id INTEGER NOT NULL REFERENCES singer (singer_id),
    guest_id INTEGER REFERENCES singer (singer_id),
    price NUMERIC(10, 2) NOT NULL,
    loudness REAL,
    plays BIGINT DEFAULT 0,
    released DATETIME,
    data TEXT,
    "process" VARCHAR(20),
    "errors" INTEGER
);
CREATE INDEX ix_record_title ON record (title);
CREATE TABLE shelf (shelf_id INTEGER PRIMARY KEY, "class" VARCHAR(40), "label" VARCHAR(40));
CREATE TABLE shelf_record (
    shelf_id INTEGER NOT NULL REFERENCES shelf (shelf_id),
    isrc CHAR(12) NOT NULL REFERENCES record (isrc),
    PRIMARY KEY (shelf_id, isrc)
);
CREATE TABLE chart_place (
    year INTEGER NOT NULL,
    week INTEGER NOT NULL,
    place SMALLINT NOT NULL,
    isrc CHAR(12) REFERENCES record (isrc),
    comment TEXT,
    PRIMARY KEY (year, week, place)
);
CREATE TABLE play_log (at DATETIME, isrc CHAR(12), "query" TEXT);

INSERT INTO singer VALUES
    (1, 'Mira Vant', NULL, NULL, '1971-02-03', X'89504E470001', 'first', 1),
    (2, '林晚舟', '', 1, NULL, NULL, '  two spaces before and after  ', 0),
    (3, 'O''Brien "Ob"', 'Ob <b>', 1, '1999-12-31', X'', 'line one' || char(10) || 'line two' || char(10), 0);
INSERT INTO record VALUES
    ('QZ0000000001', 'Slow Rain', 1, 2, 9.90, -14.25, 9007199254740993, '2019-05-06 07:08:09.123456', '{"a": 1}', 'x', 0),
    ('QZ0000000002', '慢雨', 2, NULL, 0.10, 0.1, NULL, '2019-05-06 00:00:00', char(10) || 'begins with a line end', NULL, NULL),
    ('QZ0000000003', ' ', 3, 3, 12345678.01, 1e-7, -1, NULL, '', '', 5);
INSERT INTO shelf VALUES (1, 'front', 'new'), (2, NULL, NULL), (3, '', '');
INSERT INTO shelf_record VALUES (1, 'QZ0000000001'), (1, 'QZ0000000002'), (2, 'QZ0000000003');
INSERT INTO chart_place VALUES (2024, 1, 1, 'QZ0000000001', NULL), (2024, 1, 2, NULL, 'no record'), (2024, 52, 1, 'QZ0000000003', '');
INSERT INTO play_log VALUES ('2024-01-01 10:00:00', 'QZ0000000001', 'slow');
