"""Numbers that people quote on the phone: KH-00001 for customers, HT-00001 for contracts, TS-00001 for complaints."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from admin_app.engine.access import SYSTEM, acting

CUSTOMER_PREFIX: Final = "KH-"
CONTRACT_PREFIX: Final = "HT-"
COMPLAINT_PREFIX: Final = "TS-"
#: Digits of a number, with leading zeros; the hundred-thousandth record gets one more.
WIDTH: Final = 5
#: How many of the newest records are looked at: numbers that people typed themselves may lie between ours.
_LOOK_BACK: Final = 50
_PROBES: Final = 100


def next_number(session: Session, column: InstrumentedAttribute[str], prefix: str) -> str:
    """The next free number in `column`, which has to be unique, of a mapped class with an `id`.

    Two who ask at once never get the same one. On SQLite whoever writes holds the only write lock from the beginning
    of the transaction. On PostgreSQL the asker takes a lock that lasts until the commit; the next one then sees what
    was committed. A counter row would do the same for one more table, and would have to be kept true when records
    come in by import. Numbers follow the newest record, so that no sort by text (KH-100000 < KH-99999) misleads.
    """
    _take_turn(session, f"{column.class_.__name__}.{column.key}")
    newest = (
        select(column)
        .where(column.startswith(prefix, autoescape=True))
        .order_by(column.class_.id.desc())
        .limit(_LOOK_BACK)
    )
    pattern = re.compile(rf"{re.escape(prefix)}(\d{{1,15}})")
    with acting(session, SYSTEM):
        pending = _pending(session, column)
        matches = (pattern.fullmatch(number) for number in (*session.scalars(newest), *pending))
        following = max((int(match.group(1)) for match in matches if match), default=0) + 1
        while True:
            wanted = [f"{prefix}{number:0{WIDTH}}" for number in range(following, following + _PROBES)]
            taken = {*session.scalars(select(column).where(column.in_(wanted))), *pending}
            for number in wanted:
                if number not in taken:
                    return number
            following += _PROBES


def _pending(session: Session, column: Any) -> list[str]:
    """Numbers of records that are not flushed yet."""
    numbers = (getattr(record, column.key) for record in session.new if isinstance(record, column.class_))
    return [number for number in numbers if number]


def _take_turn(session: Session, name: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))
