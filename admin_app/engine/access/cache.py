"""Policies kept between requests, and dropped for all workers the moment anything that they rest on changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from threading import Lock
from typing import Any, Final

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session, UOWTransaction

from admin_app.engine.access.compile import Subject, compile_policy
from admin_app.engine.access.policy import Policy
from admin_app.engine.access.world import World, read_stamp, read_world, touch
from models.access import DutyAccess, LetterProfile
from models.duty import Duty, PositionDuty
from models.grant import AccessGrant
from models.organisation import Department, Position, Post, User

#: Everything that rights rest on. Of a person only these attributes count: a changed phone number changes no right.
RULES: Final = (Department, Position, Post, Duty, PositionDuty, DutyAccess, LetterProfile, AccessGrant)
PERSON: Final = ("is_active", "is_admin")
#: More people than sign in to one worker in a day; beyond it the cache begins anew.
_LIMIT: Final = 2_000


class PolicyCache:
    """One per app. A policy is good for one stamp and one day: posts and grants begin and end by themselves."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._world: World | None = None
        self._policies: dict[int, tuple[int, date, Policy]] = {}

    def world(self, session: Session, stamp: int | None = None) -> World:
        """The rules as they stand; one statement while they are unchanged."""
        stamp = read_stamp(session) if stamp is None else stamp
        world = self._world
        if world is None or world.stamp != stamp:
            world = read_world(session, stamp)
            self._world = world
        return world

    def policy(self, session: Session, user: Subject, today: date, stamp: int | None = None) -> Policy:
        """The policy of a person who may sign in.

        One statement while nothing has changed, and none where the `stamp` has just been read.
        """
        stamp = read_stamp(session) if stamp is None else stamp
        kept = self._policies.get(user.id)
        if kept is not None and kept[0] == stamp and kept[1] == today:
            return kept[2]
        policy = compile_policy(session, user, today, self.world(session, stamp))
        with self._lock:
            if len(self._policies) >= _LIMIT:
                self._policies.clear()
            self._policies[user.id] = (stamp, today, policy)
        return policy


def watch_rules(session_class: Any) -> None:
    """Change the stamp in the transaction of every write that rights rest on, whichever door it comes by; once."""
    if getattr(session_class, "_watches_rules", False):
        return
    session_class._watches_rules = True

    def after_flush(session: Session, context: UOWTransaction) -> None:
        come_or_gone = any(isinstance(each, (*RULES, User)) for each in (*session.new, *session.deleted))
        if come_or_gone or any(map(_matters, session.dirty)):
            touch(session)

    event.listen(session_class, "after_flush", after_flush)


def note_bulk(session: Session, model: type[Any], op: str, _keys: Any, columns: Iterable[str]) -> None:
    """The same for a write of many rows, which no flush sees; a listener of the history's bulk writes."""
    person = issubclass(model, User) and (op != "update" or any(name in PERSON for name in columns))
    if person or issubclass(model, RULES):
        touch(session)


def _matters(record: Any) -> bool:
    """Whether rights may rest on what changed of this record."""
    if isinstance(record, User):
        state = inspect(record)
        return any(state.attrs[name].history.has_changes() for name in PERSON)
    return isinstance(record, RULES)
