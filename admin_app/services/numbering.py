"""Numbers to quote on the phone: KH-00001 is a customer, HT-2026-0001 a contract, TS-2611-0001 a complaint."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.services import clock
from models.complaint import Complaint
from models.contract import Contract
from models.customer import Customer

#: How many of the newest records are looked at: numbers that people typed themselves may lie between ours.
_LOOK_BACK: Final = 50
#: How many numbers are looked up at once: the first is hardly ever taken.
_FIRST_PROBES: Final = 3
_PROBES: Final = 100


def next_customer_code(session: Session) -> str:
    """KH- and five digits, more from the hundred-thousandth on."""
    return next_number(session, Customer.code, "KH-", 5)


def next_contract_number(session: Session) -> str:
    """HT-, the company's year, and four digits that begin anew each year."""
    return next_number(session, Contract.number, f"HT-{clock.today():%Y}-", 4)


def next_complaint_number(session: Session) -> str:
    """TS-, the company's year and month, and four digits that begin anew each month."""
    return next_number(session, Complaint.number, f"TS-{clock.today():%y%m}-", 4)


def next_number(session: Session, column: InstrumentedAttribute[str], prefix: str, width: int) -> str:
    """The next free number in `column`, which has to be unique, of a mapped class with an `id`.

    It is `prefix` and digits, with leading zeros up to `width` of them.

    Two who ask at once never get the same one. On SQLite whoever writes holds the only write lock from the beginning
    of the transaction. On PostgreSQL the asker takes a lock that lasts until the commit; the next one then sees what
    was committed. A counter row would do the same for one more table, and would have to be kept true when records
    come in by import. Numbers follow the newest record, so that no sort by text (KH-100000 < KH-99999) misleads.
    """
    _take_turn(session, f"{column.class_.__name__}.{column.key}")
    with acting(session, SYSTEM):
        pending = _pending(session, column)
        taken = _highest(session, column, prefix, width, pending)
        probes = _FIRST_PROBES
        while True:
            wanted = [f"{prefix}{number:0{width}}" for number in range(taken + 1, taken + 1 + probes)]
            used = {*session.scalars(select(column).where(column.in_(wanted))), *pending}
            for number in wanted:
                if number not in used:
                    return number
            taken, probes = taken + probes, _PROBES


def _highest(
    session: Session, column: InstrumentedAttribute[str], prefix: str, width: int, pending: list[str]
) -> int:
    """The highest number with this prefix among the newest records; 0 where there is none."""
    pattern = re.compile(rf"{re.escape(prefix)}(\d{{1,15}})")

    def highest(numbers: Iterable[str | None]) -> int:
        matches = (pattern.fullmatch(number) for number in numbers if number)
        return max((int(match.group(1)) for match in matches if match), default=0)

    newest = select(column).order_by(column.class_.id.desc()).limit(_LOOK_BACK)
    found = highest([*session.scalars(newest), *pending])
    first = f"{prefix}{1:0{width}}"
    if found or session.scalar(select(column).where(column == first)) is None:
        # Numbers that begin anew: nobody walks back through the last year to find none of this one.
        return found
    return highest(session.scalars(newest.where(column.startswith(prefix, autoescape=True))))


def _pending(session: Session, column: Any) -> list[str]:
    """Numbers of records that are not flushed yet."""
    numbers = (getattr(record, column.key) for record in session.new if isinstance(record, column.class_))
    return [number for number in numbers if number]


def _take_turn(session: Session, name: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        # A lock is no row that anybody's rights could narrow.
        with acting(session, SYSTEM):
            session.execute(select(func.pg_advisory_xact_lock(key)))
