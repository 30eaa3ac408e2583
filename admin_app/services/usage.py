"""When access was last used: the last day on which a person did an action on an entity.

Uses are noted in the process and written together, so that reading never waits for a writer; a use is noted once a
day. What a process has noted and not written when it ends is lost, which shortens no "unused for N days" by more
than that day.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from threading import Lock
from typing import Any, Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from models.usage import AccessUse

Use = tuple[int, str, str]
#: More uses than people make in a day; beyond it what is known is forgotten and noted again.
_LIMIT: Final = 50_000
_INSERTS: Final[Mapping[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_log = logging.getLogger(__name__)


class UsageBook:
    """The uses that one app has noted: `known` today, of which some wait to be written."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._day: date | None = None
        self._known: set[Use] = set()
        self._waiting: dict[Use, date] = {}

    def note(self, user: int, entity: str, action: str, day: date) -> None:
        """Note that a person did `action` on `entity` on `day`; writes nothing."""
        use = user, entity, action
        with self._lock:
            if day != self._day or len(self._known) >= _LIMIT:
                self._day, self._known = day, set()
            if use not in self._known:
                self._known.add(use)
                self._waiting[use] = day

    @property
    def waits(self) -> bool:
        """Whether anything is to be written."""
        return bool(self._waiting)

    def write(self, session: Session) -> int:
        """Write what waits, and commit; returns how many uses. A refusal of the database is logged, not raised.

        `session` is one of its own: nothing of a request goes along with this commit.
        """
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if not waiting:
            return 0
        try:
            with acting(session, SYSTEM):
                self._store(session, waiting)
                session.commit()
        except SQLAlchemyError as error:
            # A person who is gone, or a busy database: what was used shows again with the next use, tomorrow.
            session.rollback()
            _log.warning("%s uses were not written: %s", len(waiting), error)
            return 0
        return len(waiting)

    def _store(self, session: Session, waiting: Mapping[Use, date]) -> None:
        # In one order, so that two workers never wait for each other.
        rows = [
            {"user_id": user, "entity": entity, "action": action, "last_on": day}
            for (user, entity, action), day in sorted(waiting.items())
        ]
        statement = _INSERTS[session.get_bind().dialect.name](AccessUse)
        statement = statement.on_conflict_do_update(
            index_elements=[AccessUse.user_id, AccessUse.entity, AccessUse.action],
            set_={"last_on": statement.excluded.last_on},
            where=AccessUse.last_on < statement.excluded.last_on,
        )
        session.execute(statement.values(rows), execution_options={"synchronize_session": False})
