"""Filling a database: migrated by the app, the starting organisation with its people, then the rows to measure on.

Rows go past the ORM, in the form in which each database keeps them: COPY on PostgreSQL, `executemany` on SQLite, and
the plain indexes are built at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Table, create_engine, func, select, text
from sqlalchemy.engine import make_url

from admin_app import sqlite
from admin_app.config import ROOT, with_driver
from admin_app.db import db, upgrade_database
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.search import building as search
from admin_app.factory import create_app
from admin_app.passwords import hash_password
from bench.rows import OWNERS, Source, in_department, person_name, scatter
from models.base import Base
from models.organisation import Department
from models.types import Money
from seed.accounts import create_admin
from seed.bulk import Loader, indexes_built_last
from seed.demo import load_demo
from seed.organisation import load_organisation
from seed.people import hire
from views.site import build_site

PASSWORD = "a long word for measuring"  # noqa: S105 - of invented people
ADMIN, CLERK = "admin", "csd"
#: The department of the clerk.
CLERKS = "CS"
BATCH = 5_000
#: One contact with its affiliation, and one contract, for so many customers; one complaint for five times as many.
RELATED = 4
_CLASSES = {
    "enterprise": ("resource", "enterprise"),
    "government": ("resource", "admin_public"),
    "education": ("project", "multi"),
    "partner": ("project", "multi"),
    "smb": ("project", "single"),
    "individual": ("project", "single"),
}
_STANDING = {
    "lead": ("potential", "potential"),
    "active": ("existing", "active"),
    "dormant": ("signed_unperformed", "loyal"),
}
_LAPSED = ("lapsed", "lapsed")
_NEXT = (None, "电话回访", "上门拜访", "寄送报价", "Send the offer", "Call back")


def make_app(url: str, data_dir: Path) -> Flask:
    """The app as wsgi.py makes it, over this database."""
    site = build_site(
        {"organisation": load_organisation, "demo": load_demo, "admin": create_admin},
        mappings=ROOT / "seed" / "mappings",
    )
    address = with_driver(make_url(url)).render_as_string(hide_password=False)
    # A load is slow by nature: nothing for the log.
    return create_app(site, {"SQLALCHEMY_DATABASE_URI": address, "DATA_DIR": data_dir, "SLOW_QUERY_MS": 0})


def fill(app: Flask, url: str, source: Source, rows: int) -> None:
    """Migrate, and load `rows` customers with what belongs to them."""
    upgrade_database(app)
    with app.app_context():
        with acting(db.session(), SYSTEM) as session:
            app.extensions["dutybook"].loaders["organisation"](session)
            session.commit()
        db.engine.dispose()
    engine = _engine(url)
    with engine.connect() as connection:
        postgres = engine.dialect.name == "postgresql"
        if postgres:
            # Foreign keys are right by construction, and a crash would only mean to load again.
            connection.execute(text("SET session_replication_role = replica"))
            connection.execute(text("SET synchronous_commit = off"))
        else:
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        _load(connection, source, rows)
        connection.commit()
    with app.app_context():
        with acting(db.session(), SYSTEM) as session:
            search.fill(session)
            session.commit()
        db.engine.dispose()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)" if postgres else "ANALYZE"))
        connection.execute(text("CHECKPOINT" if postgres else "PRAGMA journal_mode = WAL"))
    engine.dispose()


def _engine(url: str) -> Any:
    options = sqlite.engine_options() if url.startswith("sqlite") else {}
    return create_engine(with_driver(make_url(url)), **options)


def _load(connection: Connection, source: Source, rows: int) -> None:
    moment = datetime.combine(date(2026, 1, 5), time(1), UTC)
    loader = Loader(connection, moment)
    hire(loader, moment.date(), hash_password(PASSWORD))
    loader.finish()
    places = dict(connection.execute(select(Department.code, Department.id)).all())
    clerks = places.pop(CLERKS)
    others = sorted(places.values())
    first_owner = _owners(connection, moment)
    tables = [
        Base.metadata.tables[name] for name in ("customer", "contact", "affiliation", "contract", "complaint")
    ]

    def whose(number: int) -> int:
        return clerks if in_department(number) else others[scatter(number, 9) % len(others)]

    with indexes_built_last(connection, tables):
        _write(connection, tables[0], _CUSTOMER, _customers(source, rows, first_owner, whose))
        few = rows // RELATED
        _write(connection, tables[1], _CONTACT, _contacts(few, first_owner, whose))
        _write(connection, tables[2], _AFFILIATION, _affiliations(few))
        _write(connection, tables[3], _CONTRACT, _contracts(few, first_owner, whose))
        _write(connection, tables[4], _COMPLAINT, _complaints(few // 5, first_owner, whose))


def _owners(connection: Connection, moment: datetime) -> int:
    """Add people who own customers and never sign in; returns the key of the first."""
    table = Base.metadata.tables["user"]
    first: int = (connection.scalar(select(func.max(table.c.id))) or 0) + 1
    rows = [
        (first + at, f"owner{at:03}", person_name(scatter(at, 5)), True, str(moment), str(moment))
        for at in range(OWNERS)
    ]
    _write(connection, table, ("id", "username", "name", "is_active", "created_at", "updated_at"), rows)
    return first


_TIMES = ("created_at", "updated_at")
_CUSTOMER = (
    "id", "code", "name", "customer_class", "customer_subtype", "transaction_status", "lifecycle", "grade", "region",
    "industry", "phone", "email", "source", "note", "contract_total", "next_action", "last_contact_on", "owner_id",
    "department_id", *_TIMES,
)  # fmt: skip
_CONTACT = ("id", "name", "mobile", "email", "owner_id", "department_id", *_TIMES)
_AFFILIATION = ("id", "contact_id", "customer_id", "title", "primary", *_TIMES)
_CONTRACT = (
    "id", "number", "title", "customer_id", "amount", "status", "signed_on", "starts_on", "ends_on", "owner_id",
    "department_id", "archive_number", *_TIMES,
)  # fmt: skip
_COMPLAINT = (
    "id", "number", "customer_id", "channel", "status", "subject", "received_at", "owner_id", "department_id",
    "closed_at", *_TIMES,
)  # fmt: skip
#: SQLAlchemy keeps moments with microseconds in SQLite's text, and compares them as text.
_MICROSECONDS = ".000000"


def _customers(source: Source, rows: int, first_owner: int, whose: Any) -> Iterator[tuple[Any, ...]]:
    for (
        number, name, kind, origin, grade, value, state, owner, place, trade, phone, email, created, updated, note,
    ) in source.customers(rows):  # fmt: skip
        yield (
            number,
            f"KH-{number:05}",
            name,
            *_CLASSES[kind],
            *_STANDING.get(state, _LAPSED),
            grade if grade in "ABC" else None,
            place,
            trade,
            phone,
            email,
            origin,
            note or None,
            round(value, 2),
            _NEXT[number % 6],
            updated[:10] if number % 4 else None,
            first_owner + owner - 1,
            whose(number),
            created + _MICROSECONDS,
            updated + _MICROSECONDS,
        )


def _contacts(count: int, first_owner: int, whose: Any) -> Iterator[tuple[Any, ...]]:
    for number in range(1, count + 1):
        drawn = scatter(number, 3)
        yield (
            number,
            "张国石" if number % (count // 7 + 1) == count // 9 + 1 else person_name(drawn),
            f"13{drawn % 10**9:09}",
            f"p{number}@mail.example",
            first_owner + drawn % OWNERS,
            whose(number * RELATED),
            *_moments(number),
        )


def _affiliations(count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(1, count + 1):
        yield number, number, number * RELATED, "经理" if number % 2 else "Buyer", True, *_moments(number)


def _contracts(count: int, first_owner: int, whose: Any) -> Iterator[tuple[Any, ...]]:
    for number in range(1, count + 1):
        drawn = scatter(number, 4)
        day = f"2025-{1 + drawn % 12:02}-{1 + drawn // 12 % 28:02}"
        yield (
            number,
            f"HT-2025-{number:06}",
            f"{'设备' if drawn % 3 else '服务'}采购合同 {number % 997}",
            number * RELATED,
            drawn % 9_000_000 / 10,
            ("performing", "signed", "completed", "archived")[drawn % 4],
            day,
            day,
            "2027" + day[4:],
            first_owner + drawn % OWNERS,
            whose(number * RELATED),
            f"DA-2025-{number:06}",
            *_moments(number),
        )


def _complaints(count: int, first_owner: int, whose: Any) -> Iterator[tuple[Any, ...]]:
    for number in range(1, count + 1):
        drawn = scatter(number, 6)
        created, updated = _moments(number)
        yield (
            number,
            f"TS-2025-{number:06}",
            number * RELATED * 5,
            ("phone", "mail", "web")[drawn % 3],
            ("new", "in_progress", "closed", "closed")[drawn % 4],
            "交货延期" if drawn % 2 else "Late delivery",
            created,
            first_owner + drawn % OWNERS,
            whose(number * RELATED * 5),
            updated if drawn % 4 > 1 else None,
            created,
            updated,
        )


def _moments(number: int) -> tuple[str, str]:
    day = f"2025-{1 + number % 12:02}-{1 + number % 28:02} {1 + number % 9:02}:{number % 60:02}:00{_MICROSECONDS}"
    return day, day


def _write(
    connection: Connection, table: Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Write `rows` and fill what they leave out and the table needs with the columns' own defaults."""
    dialect = connection.dialect
    quote = dialect.identifier_preparer.quote
    extra: dict[str, Any] = {}
    for column in table.columns:
        default = column.default
        if column.name not in names and not column.nullable and default is not None and default.is_scalar:
            encode = column.type.dialect_impl(dialect).bind_processor(dialect)
            extra[column.name] = encode(default.arg) if encode else default.arg  # type: ignore[attr-defined]
    columns = ", ".join(map(quote, [*names, *extra]))
    constants = tuple(extra.values())
    driver: Any = connection.connection.driver_connection
    source = iter(rows)
    if dialect.name == "postgresql":
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN") as copy,
        ):
            tail = "".join(f"\t{_copied(value)}" for value in constants) + "\n"
            while batch := list(islice(source, BATCH)):
                copy.write("".join(["\t".join(map(_copied, row)) + tail for row in batch]))
        last = connection.scalar(select(func.max(table.c.id)))
        connection.execute(select(func.setval(func.pg_get_serial_sequence(quote(table.name), "id"), last)))
        return
    marks = ", ".join("?" * (len(names) + len(constants)))
    # Whole cents there.
    money = [at for at, name in enumerate(names) if isinstance(table.c[name].type, Money)]
    statement = f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({marks})"  # noqa: S608 - names of the models
    cursor = driver.cursor()
    while batch := list(islice(source, BATCH)):
        for at in money:
            batch = [(*row[:at], round(row[at] * 100), *row[at + 1 :]) for row in batch]
        cursor.executemany(statement, [row + constants for row in batch])
    cursor.close()


def _copied(value: Any) -> str:
    if value is None:
        return "\\N"
    if value is True or value is False:
        return "t" if value else "f"
    return str(value)
