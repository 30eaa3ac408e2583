-- A trading company with codes for keys, names with spaces, and parts that belong to two wholes.
CREATE TABLE "Region" ("RegionCode" VARCHAR(40) PRIMARY KEY, "Description" NVARCHAR(50) NOT NULL);
CREATE TABLE "Clerk" (
    "ClerkID" INTEGER PRIMARY KEY AUTOINCREMENT,
    "FullName" NVARCHAR(60) NOT NULL,
    "ReportsTo" INTEGER REFERENCES "Clerk" ("ClerkID"),
    "HireDate" DATE,
    "Salary" DECIMAL(12, 4),
    "Photo" BLOB
);
CREATE TABLE "Clerk Region" (
    "ClerkID" INTEGER NOT NULL REFERENCES "Clerk" ("ClerkID"),
    "RegionCode" VARCHAR(40) NOT NULL REFERENCES "Region" ("RegionCode"),
    PRIMARY KEY ("ClerkID", "RegionCode")
);
CREATE TABLE "Account" (
    "AccountCode" NCHAR(5) PRIMARY KEY,
    "Company" NVARCHAR(80),
    "Fax" VARCHAR(24),
    "Credit Limit" MONEY DEFAULT 0,
    "Region" VARCHAR(40) REFERENCES "Region" ("RegionCode")
);
CREATE TABLE "Orders" (
    "OrderID" INTEGER PRIMARY KEY,
    "AccountCode" NCHAR(5) REFERENCES "Account" ("AccountCode"),
    "ShipTo" NCHAR(5) REFERENCES "Account" ("AccountCode"),
    "ClerkID" INTEGER REFERENCES "Clerk" ("ClerkID"),
    "OrderedAt" TIMESTAMP,
    "Freight" NUMERIC DEFAULT 0,
    "Paid" BIT,
    "object_data" TEXT
);
CREATE TABLE "Order Details" (
    "OrderID" INTEGER NOT NULL REFERENCES "Orders" ("OrderID"),
    "Line" INTEGER NOT NULL,
    "Item" NVARCHAR(40) NOT NULL,
    "UnitPrice" NUMERIC(18, 4) NOT NULL DEFAULT 0,
    "Quantity" SMALLINT NOT NULL DEFAULT 1,
    "Discount" REAL NOT NULL DEFAULT 0,
    PRIMARY KEY ("OrderID", "Line")
);
CREATE TABLE "Return" (
    "ReturnID" INTEGER PRIMARY KEY,
    "OrderID" INTEGER NOT NULL,
    "Line" INTEGER NOT NULL,
    "Reason" TEXT,
    FOREIGN KEY ("OrderID", "Line") REFERENCES "Order Details" ("OrderID", "Line")
);
CREATE TABLE "Empty" ("Key" INTEGER PRIMARY KEY, "metadata" TEXT, "registry" TEXT);
CREATE TABLE "Note" ("Text" TEXT);

INSERT INTO "Region" VALUES
    ('N', 'North'), ('a/b?c:d@&=+$,<>#%" {}|\^[]', 'Every sign'), ('%2F', 'Looks quoted'), ('地区', 'Chinese code'), ('..', 'Two dots');
INSERT INTO "Clerk" VALUES
    (1, 'Ada Quill', NULL, '2001-09-01', 3500.1234, X'00FF'),
    (2, '周舟', 1, NULL, NULL, NULL),
    (3, 'Own Boss', 3, '2020-02-29', 0, NULL);
INSERT INTO "Clerk Region" VALUES (1, 'N'), (1, 'a/b?c:d@&=+$,<>#%" {}|\^[]'), (2, '%2F');
INSERT INTO "Account" VALUES
    ('QUILL', 'Quill & Daughters', '', 100.5, 'N'), ('ZHOU1', '舟行贸易', NULL, NULL, 'a/b?c:d@&=+$,<>#%" {}|\^[]'), ('NOONE', NULL, ' ', 0, NULL);
INSERT INTO "Orders" VALUES
    (1, 'QUILL', 'ZHOU1', 1, '2021-03-04 05:06:07', 32.38, 1, NULL),
    (2, 'ZHOU1', NULL, NULL, '2021-03-04 05:06:07.890000', 0, 0, ''),
    (3, NULL, 'NOONE', 3, NULL, NULL, NULL, 'x' || char(13) || char(10) || 'y');
INSERT INTO "Order Details" VALUES (1, 1, 'Ink', 14.0000, 12, 0), (1, 2, 'Paper', 9.8, 10, 0.15), (2, 1, '墨', 0.0001, 1, 0.05);
INSERT INTO "Return" VALUES (1, 1, 2, 'torn'), (2, 2, 1, NULL);
INSERT INTO "Note" VALUES ('a table without a key');
