"""Counting failed sign-ins in SQL, so that all processes count together.

Within 15 minutes 10 failures are allowed for one user name from one address, and 30 from one address whatever
the name. An attempt is written down as failed, and committed, before the password is looked at: a hundred
attempts sent at once are counted before they are tried, not after.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final

from flask_babel import lazy_gettext
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.errors import Throttled
from models.session import LoginAttempt

WINDOW: Final = timedelta(minutes=15)
NAME_LIMIT: Final = 10
ADDRESS_LIMIT: Final = 30


@dataclass(frozen=True)
class Attempt:
    """An attempt that has been let through and counts as failed until `succeed` says otherwise."""

    name_key: str
    ids: tuple[int, ...]


def source(address: str | None) -> str:
    """Return what counts as one sender: an IPv4 address, or the /64 network of an IPv6 address.

    A single customer line has a whole /64 of IPv6 addresses, so counting them one by one would count nothing.
    """
    try:
        known = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ip_network((known, 64), strict=False))


def _keys(username: str, address: str | None) -> tuple[str, str]:
    sender = source(address)
    # A digest, because people type passwords into the field for the user name, and the table must not hold
    # them.
    name = unicodedata.normalize("NFKC", username).strip().casefold()
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"name {digest} {sender}", f"address {sender}"


def begin(database: Session, username: str, address: str | None, now: datetime) -> Attempt:
    """Count an attempt for `username` from `address` and let it through, or raise Throttled.

    Commits. A refused attempt is not counted, so that trying again does not prolong the wait.
    """
    keys = _keys(username, address)
    with acting(database, SYSTEM):
        _refuse_over(database, keys, now, spent=0)
        _forget_old(database, now)
        rows = [LoginAttempt(key=key, at=now, succeeded=False) for key in keys]
        database.add_all(rows)
        database.flush()
        attempt = Attempt(keys[0], tuple(row.id for row in rows))
        database.commit()
        try:
            # The attempts of the same moment are visible now, this one among them.
            _refuse_over(database, keys, now, spent=1)
        except Throttled:
            database.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(attempt.ids)))
            database.commit()
            raise
    return attempt


def succeed(database: Session, attempt: Attempt) -> None:
    """Say that `attempt` succeeded (not committed): it and the failures of that name count no more.

    The other failures of the address stay: whoever has one password must not get more tries at the others.
    """
    with acting(database, SYSTEM):
        database.execute(update(LoginAttempt).where(LoginAttempt.id.in_(attempt.ids)).values(succeeded=True))
        database.execute(
            delete(LoginAttempt).where(
                LoginAttempt.key == attempt.name_key, LoginAttempt.succeeded.is_(False)
            )
        )


def _forget_old(database: Session, now: datetime) -> None:
    database.execute(delete(LoginAttempt).where(LoginAttempt.at <= now - WINDOW))


def _refuse_over(database: Session, keys: tuple[str, str], now: datetime, spent: int) -> None:
    """Raise Throttled when a key has used up its limit; `spent` attempts of the count are this one itself."""
    waits = [
        _wait(database, key, limit + spent, now)
        for key, limit in zip(keys, (NAME_LIMIT, ADDRESS_LIMIT), strict=True)
    ]
    seconds = max(waits)
    if seconds:
        minutes = ceil(seconds / 60)
        raise Throttled(
            lazy_gettext("Too many failed sign-ins. Try again in %(minutes)s min.", minutes=minutes), seconds
        )


def _wait(database: Session, key: str, limit: int, now: datetime) -> int:
    """Return the whole seconds until `key` has fewer than `limit` failures in the window; 0 when so now."""
    recent = (
        select(LoginAttempt.at)
        .where(LoginAttempt.key == key, LoginAttempt.at > now - WINDOW, LoginAttempt.succeeded.is_(False))
        .order_by(LoginAttempt.at.desc())
        .limit(limit)
        .subquery()
    )
    count, oldest = database.execute(select(func.count(), func.min(recent.c.at))).one()
    if count < limit:
        return 0
    wait: timedelta = oldest + WINDOW - now
    return max(1, ceil(wait.total_seconds()))
