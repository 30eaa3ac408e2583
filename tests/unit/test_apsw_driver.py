"""The apsw driver answers like pysqlite3, statement for statement."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import IntegrityError as WrappedIntegrityError
from sqlalchemy.orm import Session

from admin_app import apsw_driver, sqlite
from models.organisation import Department
from tests.databases import Maker

#: Both where pysqlite3 is to be had, so that the one is held against the other.
NAMES = [
    name for name in sqlite.DRIVERS if name != "sqlite3" and importlib.util.find_spec(name.partition(".")[0])
]


@pytest.fixture(params=NAMES)
def driver(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(request.param)


@pytest.fixture
def connection(driver: Any, tmp_path: Path) -> Iterator[Any]:
    connection = driver.connect(str(tmp_path / "a.sqlite"))
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER UNIQUE NOT NULL, t TEXT)")
    connection.execute("CREATE TABLE b (a_id INTEGER REFERENCES a ON DELETE CASCADE)")
    yield connection
    connection.close()


def test_rows_columns_and_counts(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("INSERT INTO a (n, t) VALUES (?, ?)", (1, "一"))
    assert (cursor.rowcount, cursor.lastrowid, cursor.description) == (1, 1, None)
    cursor.executemany("INSERT INTO a (n, t) VALUES (?, ?)", [(2, "二"), (3, None)])
    assert cursor.rowcount == 2
    cursor.executemany("INSERT INTO b VALUES (?)", [(1,), (1,), (2,)])
    cursor.execute("SELECT n, t AS words FROM a ORDER BY n")
    assert [column[0] for column in cursor.description] == ["n", "words"]
    assert cursor.rowcount == -1
    assert cursor.fetchone() == (1, "一")
    assert cursor.fetchmany(1) == [(2, "二")]
    assert cursor.fetchall() == [(3, None)]
    assert cursor.fetchone() is None
    cursor.execute("SELECT n FROM a WHERE n = 99")
    assert [column[0] for column in cursor.description] == ["n"]
    assert cursor.fetchall() == []
    cursor.execute("UPDATE a SET t = 'x' WHERE n > ?", (1,))
    assert cursor.rowcount == 2
    cursor.execute("UPDATE a SET t = 'x' WHERE n > 99")
    assert cursor.rowcount == 0
    cursor.executemany("UPDATE a SET t = ? WHERE n = ?", [("y", 1), ("y", 99)])
    assert cursor.rowcount == 1
    cursor.executemany("DELETE FROM a WHERE n = ?", [(1,), (2,), (99,)])
    assert cursor.rowcount == 2
    cursor.execute("DELETE FROM a WHERE n = 99")
    assert cursor.rowcount == 0


def test_returning_gives_rows(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("INSERT INTO a (n) VALUES (1), (2) RETURNING id")
    assert cursor.description[0][0] == "id"
    assert sorted(cursor.fetchall()) == [(1,), (2,)]


def test_transactions_are_the_caller_s(connection: Any) -> None:
    connection.commit()
    connection.rollback()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO a (n) VALUES (1)")
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM a").fetchone() == (0,)
    connection.execute("BEGIN")
    connection.execute("INSERT INTO a (n) VALUES (1)")
    connection.commit()
    assert connection.execute("SELECT count(*) FROM a").fetchone() == (1,)


@pytest.mark.parametrize(
    ("statement", "parameters", "error", "message"),
    [
        ("INSERT INTO a (n) VALUES (7)", (), "IntegrityError", "UNIQUE constraint failed: a.n"),
        ("INSERT INTO a (n) VALUES (NULL)", (), "IntegrityError", "NOT NULL constraint failed: a.n"),
        ("INSERT INTO b VALUES (99)", (), "IntegrityError", "FOREIGN KEY constraint failed"),
        ("INSERT INTO a (id, n) VALUES ('x', 1)", (), "IntegrityError", "datatype mismatch"),
        ("SELECT * FROM nowhere", (), "OperationalError", "no such table: nowhere"),
        ("SELEC", (), "OperationalError", "syntax error"),
        ("SELECT ?", (), "ProgrammingError", ""),
        ("SELECT ?", (object(),), "InterfaceError", ""),
        ("SELECT zeroblob(2000000000)", (), "DataError", "string or blob too big"),
    ],
)
def test_errors_have_the_names_and_messages_of_sqlite3(
    driver: Any, connection: Any, statement: str, parameters: tuple[Any, ...], error: str, message: str
) -> None:
    connection.execute("INSERT INTO a (n) VALUES (7)")
    with pytest.raises(getattr(driver, error)) as caught:
        connection.execute(statement, parameters).fetchall()
    assert message in str(caught.value)
    assert isinstance(caught.value, driver.Error)


def test_the_code_of_an_error_is_kept(driver: Any, connection: Any) -> None:
    with pytest.raises(driver.IntegrityError) as caught:
        connection.cursor().executemany("INSERT INTO a (n) VALUES (?)", [(1,), (1,)])
    assert caught.value.sqlite_errorcode == 19


def test_a_locked_database_is_an_operational_error(driver: Any, connection: Any, tmp_path: Path) -> None:
    other = driver.connect(str(tmp_path / "a.sqlite"), timeout=0.01)
    other.isolation_level = None
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(driver.OperationalError, match="database is locked"):
        other.execute("BEGIN IMMEDIATE")
    connection.rollback()
    other.close()


def test_a_closed_connection_is_known_as_one(driver: Any, tmp_path: Path) -> None:
    connection = driver.connect(str(tmp_path / "b.sqlite"))
    connection.close()
    with pytest.raises(driver.ProgrammingError, match=r"Cannot operate on a closed database\."):
        connection.cursor()


def test_a_result_that_nobody_reads_to_its_end_holds_nothing(
    driver: Any, connection: Any, tmp_path: Path
) -> None:
    connection.execute("INSERT INTO a (n) VALUES (1), (2)")
    assert connection.execute("SELECT n FROM a ORDER BY n").fetchone() == (1,)
    other = driver.connect(str(tmp_path / "a.sqlite"), timeout=0.01)
    other.isolation_level = None
    other.execute("DROP TABLE b")
    unread = other.execute("SELECT n FROM a")
    other.close()
    del unread
    connection.execute("DROP TABLE a")


def test_a_database_that_cannot_be_opened(driver: Any, tmp_path: Path) -> None:
    with pytest.raises(driver.OperationalError, match="unable to open database file"):
        driver.connect(str(tmp_path / "missing" / "c.sqlite"))


def test_functions_of_python_s(connection: Any) -> None:
    connection.create_function("twice", 1, lambda n: 2 * n, deterministic=True)
    assert connection.execute("SELECT twice(21)").fetchone() == (42,)


def test_a_migrated_database_serves_the_orm(makers: Callable[[str], Maker], tmp_path: Path) -> None:
    engine = create_engine(makers("sqlite").clone(), module=apsw_driver)
    sqlite.configure(engine)
    with Session(engine) as session:
        session.add_all([Department(code=str(n), name_zh="部", name_en="Department") for n in range(3)])
        session.commit()
        assert session.scalar(select(func.count()).select_from(Department)) == 3
        changed = session.scalars(select(Department).where(Department.code == "1")).one()
        changed.name_en = "Changed"
        session.commit()
        assert (changed.version, changed.name_en) == (2, "Changed")
        session.add(Department(code="1", name_zh="部", name_en="Again"))
        with pytest.raises(WrappedIntegrityError, match=r"department\.code"):
            session.commit()
        session.rollback()
        with session.begin_nested():
            session.delete(changed)
        session.commit()
        assert session.scalars(select(Department.code).order_by(Department.code)).all() == ["0", "2"]
        assert session.scalar(text("SELECT 'Ab1' REGEXP '^[A-Z]b'")) == 1
    engine.dispose()
