"""The change set that a transaction is writing: its rows wait in memory until the commit, which writes and chains them.

Only statements over many rows, and flushes of very many, write rows earlier. Savepoints that are rolled back take their
rows along.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Text, bindparam, func, insert, select, update
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.orm.util import identity_key

from admin_app.engine.access import NOBODY, SYSTEM, Policy, acting, policy_of
from admin_app.engine.change.digest import content_digest, link_sql, row_digest
from admin_app.engine.change.doors import send
from admin_app.engine.change.values import codec
from models.change import ChangeHead, ChangeRow, ChangeSet
from models.organisation import User
from models.types import utc_now

#: Rows that may wait in memory.
LIMIT: Final = 2_000
_RECORDER: Final = "change_recorder"
_WORDS: Final = "change_words"
_OP_ACTIONS: Final = {"create": "create", "update": "edit", "delete": "delete"}
_HEAD: Final[Any] = ChangeHead.__table__
_SETS: Final[Any] = ChangeSet.__table__
_ROWS: Final[Any] = ChangeRow.__table__
_INSERT_SET: Final = insert(_SETS).returning(_SETS.c.id)
#: The documents are texts already, and stay as they were hashed.
_INSERT: Final = insert(_ROWS).values(
    before=bindparam("told_before", type_=Text), after=bindparam("told_after", type_=Text)
)


class Waiting(NamedTuple):
    """A row that is not written yet; `before` and `after` are JSON texts."""

    number: int
    entity: str
    key: str
    op: str
    before: str | None
    after: str | None


@dataclass
class Words:
    """What a change set says of itself; None means the usual."""

    reason: str | None = None
    action: str | None = None
    source: str | None = None
    undo_of: int | None = None
    request_id: str | None = None


@dataclass
class Recorder:
    """One transaction's change set. `number` is the last row's; `set_id` is None until it has to be known."""

    session: Session
    waiting: list[Waiting] = field(default_factory=list)
    number: int = 0
    early: bool = False
    sealed: bool = False
    set_id: int | None = None
    tally: dict[str, int] = field(default_factory=dict)
    actor: Policy | None = None
    acting_for: int | None = None
    first_op: str | None = None
    marks: WeakKeyDictionary[SessionTransaction, int] = field(default_factory=WeakKeyDictionary)

    def add(self, entity: str, key: str, op: str, before: str | None, after: str | None) -> None:
        """Note one row."""
        if self.sealed:
            raise RuntimeError(f"{entity} {key} was written after its change set was closed")
        self.number += 1
        self.first_op = self.first_op or op
        self.waiting.append(Waiting(self.number, entity, key, op, before, after))

    def note_actor(self) -> None:
        """Remember who writes: services act as the system at times, and the person is who did it."""
        policy = policy_of(self.session)
        if self.actor is None or (self.actor.user_id is None and policy.user_id is not None):
            self.actor = None if policy is NOBODY else policy

    def reserve(self) -> int:
        """The id of the set, before it is stored."""
        if self.set_id is None:
            with acting(self.session, SYSTEM):
                if _dialect(self.session) == "postgresql":
                    following = select(func.nextval(func.pg_get_serial_sequence(_SETS.name, "id")))
                else:
                    # Whoever writes to SQLite is alone: nobody takes this number before the commit.
                    following = select(func.coalesce(func.max(_SETS.c.id), 0) + 1)
                self.set_id = int(self.session.execute(following, bind_arguments=_BIND).scalar_one())
        return self.set_id

    def wrote(self, rows: int, op: str) -> None:
        """Say that a statement wrote `rows` rows with the numbers that follow."""
        self.number += rows
        self.first_op = self.first_op or op
        self.early = self.early or rows > 0

    def spill(self) -> None:
        """Write out what waits, where it is too much. Rows from before the savepoint wait on: they may outlive it."""
        if len(self.waiting) <= LIMIT:
            return
        nested = self.session.get_nested_transaction()
        mark = 0 if nested is None else self.marks.get(nested, 0)
        due = [row for row in self.waiting if row.number > mark]
        if due:
            self.waiting = [row for row in self.waiting if row.number <= mark]
            self._write(due)
            self.early = True

    def _write(self, due: list[Waiting]) -> None:
        set_id = self.reserve()
        send(self.session, _INSERT, [_stored(set_id, row) for row in due])

    def forget_after(self, number: int) -> None:
        """Drop the rows with higher numbers: their savepoint was rolled back, and with it what was written."""
        self.number = min(self.number, number)
        self.waiting = [row for row in self.waiting if row.number <= number]

    def seal(self, words: Words) -> None:
        """Store the set and its rows, and tie them to the chain; three statements for a usual save."""
        if self.number == 0 and not self.tally:
            return
        with acting(self.session, SYSTEM):
            digest = self._rows_digest()
            values = self._values(words)
            at = values["at"]
            content = content_digest(
                codec(_SETS.c.at).plain(at), values, self.number, self.tally or None, digest
            )
            place = self._advance(content)
            values |= {"position": place.position, "previous": place.previous, "hash": place.hash}
            if self.set_id is not None:
                values["id"] = self.set_id
            made = send(self.session, _INSERT_SET, values)
            self.set_id = int(made.scalar_one())
            if self.waiting:
                self._write(self.waiting)
                self.waiting = []
        self.sealed = True

    def _rows_digest(self) -> str:
        if not self.early:
            return sha256(b"".join(_digest(row) for row in self.waiting)).hexdigest()
        if self.waiting:
            self._write(self.waiting)
            self.waiting = []
        digest = sha256()
        hashes = select(_ROWS.c.hash).where(_ROWS.c.set_id == self.set_id).order_by(_ROWS.c.number)
        count = 0
        result = self.session.execute(hashes, execution_options={"yield_per": 10_000}, bind_arguments=_BIND)
        for part in result.partitions():
            digest.update(b"".join([row[0] for row in part]))
            count += len(part)
        if count != self.number:
            raise RuntimeError(f"change set {self.set_id} has {count} rows instead of {self.number}")
        return digest.hexdigest()

    def _values(self, words: Words) -> dict[str, Any]:
        policy = policy_of(self.session) if self.actor is None else self.actor
        return {
            "at": utc_now(),
            "actor_id": policy.user_id,
            "actor_name": self._actor_name(policy)[:100],
            "acting_for_id": self.acting_for,
            "source": words.source or "system",
            "action": (words.action or _OP_ACTIONS.get(self.first_op or "", "load"))[:40],
            "reason": words.reason,
            "undo_of_id": words.undo_of,
            "request_id": words.request_id,
            "rows": self.number,
            "tally": self.tally or None,
        }

    def _actor_name(self, policy: Policy) -> str:
        """The person's name where the session holds the person, as it does in a request; else the user name."""
        key = identity_key(User, policy.user_id) if policy.user_id is not None else None
        person = self.session.identity_map.get(key) if key is not None else None
        return str(person.__dict__.get("name") or policy.actor) if person is not None else policy.actor

    def _advance(self, content: str) -> Any:
        """Take the next place in the chain. The row stays locked until the commit, so there is one chain."""
        return send(self.session, _advancing(_dialect(self.session)), {"content": content}).one()


@cache
def _advancing(dialect: str) -> Any:
    """The statement that takes the next place; built once, for it goes with every save."""
    head = _HEAD.c
    step = {
        "position": head.position + 1,
        "previous": head.hash,
        "hash": link_sql(head.hash, bindparam("content", type_=Text), dialect),
    }
    returned = head.position, head.previous, head.hash
    return update(_HEAD).where(head.id == 1).values(step).returning(*returned)


_BIND: Final[dict[str, Any]] = {"mapper": ChangeRow.__mapper__}


def _dialect(session: Session) -> str:
    return session.get_bind(ChangeRow.__mapper__).dialect.name


def _digest(row: Waiting) -> bytes:
    return row_digest(row.number, row.op, row.entity, row.key, row.before, row.after)


def _stored(set_id: int, row: Waiting) -> dict[str, Any]:
    return {
        "set_id": set_id,
        "number": row.number,
        "entity": row.entity,
        "record_key": row.key,
        "op": row.op,
        "told_before": row.before,
        "told_after": row.after,
        "hash": _digest(row),
    }


def recorder_of(session: Session, make: bool = True) -> Recorder | None:
    """The change set of the session's transaction; None where nothing was written and none is to be made."""
    found: Recorder | None = session.info.get(_RECORDER)
    if found is None and make:
        found = session.info[_RECORDER] = Recorder(session)
    return found


def words_of(session: Session) -> Words:
    """What the change set of this transaction is to say."""
    words: Words = session.info.setdefault(_WORDS, Words())
    return words


def forget(session: Session) -> None:
    """End the change set of a transaction that is over."""
    session.info.pop(_RECORDER, None)
    session.info.pop(_WORDS, None)


def context(
    session: Session,
    *,
    reason: str | None = None,
    action: str | None = None,
    source: str | None = None,
    undo_of: int | None = None,
) -> None:
    """Say what the change set of this transaction tells of itself; what is None stays as it was.

    It holds until the transaction ends, by commit or by rollback.
    """
    words = words_of(session)
    words.reason = reason if reason is not None else words.reason
    words.action = action if action is not None else words.action
    words.source = source if source is not None else words.source
    words.undo_of = undo_of if undo_of is not None else words.undo_of


def current_set(session: Session) -> int:
    """The id of the change set that this transaction will write, so that other records can name it."""
    found = recorder_of(session)
    assert found is not None
    found.note_actor()
    return found.reserve()
