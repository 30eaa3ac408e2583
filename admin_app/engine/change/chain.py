"""The chain of change sets: whether it is whole, and how its oldest part may leave.

`verify` reads everything once, a page of sets at a time, and names the first thing that does not fit: a row or set that
was altered, removed or put in. What was removed at the very end shows against the head row, and whoever may rewrite
that too is found out by an anchor: a hash of the chain that was noted down elsewhere, on paper or in a mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Text, delete, func, select, type_coerce, update
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change.digest import COVERED, content_digest, link, row_digest
from admin_app.engine.change.doors import send
from admin_app.engine.change.recorder import context, recorder_of
from admin_app.engine.change.values import codec
from models.change import ChangeHead, ChangeRow, ChangeSet

_PAGE: Final = 500
_ROWS_AT_ONCE: Final = 5_000
_SETS: Any = ChangeSet.__table__
_ROWS: Any = ChangeRow.__table__
_HEAD: Any = ChangeHead.__table__


@dataclass(frozen=True)
class Fault:
    """The first thing that does not fit. `what` is altered, removed or inserted; the rest as far as it can be told."""

    what: str
    set_id: int | None
    number: int | None = None
    entity: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        parts = [f"change set {self.set_id}" if self.set_id is not None else "a change set"]
        if self.number is not None:
            parts.append(f"row {self.number}")
        if self.entity is not None:
            parts.append(f"{self.entity} {self.key}")
        return f"{', '.join(parts)}: {self.what}"


@dataclass(frozen=True)
class Verdict:
    """How much was read, the hash of the chain's end (an anchor for later), and the first fault, if any."""

    sets: int
    rows: int
    hash: str
    fault: Fault | None = None


@dataclass
class _Told:
    """What the rows of one set come to."""

    digest: Any = field(default_factory=sha256)
    count: int = 0
    fault: Fault | None = None


def verify(session: Session, anchor: str | None = None) -> Verdict:
    """Walk the whole chain; memory does not grow with it. Sets that are written meanwhile wait for the next time."""
    with acting(session, SYSTEM):
        head = session.execute(select(_HEAD).where(_HEAD.c.id == 1)).one()
        walk = _Walk(session, head, anchor)
        fault = walk.run()
        return Verdict(walk.sets, walk.rows, head.hash, fault)


class _Walk:
    def __init__(self, session: Session, head: Any, anchor: str | None) -> None:
        self.session = session
        self.head = head
        self.anchor = anchor
        self.anchored = anchor is None or anchor in (head.base_hash, head.hash)
        self.sets = self.rows = 0
        self.hash: str = head.base_hash
        self.position: int = head.base_position
        self.pruned = ""

    def run(self) -> Fault | None:
        for page in self._pages():
            told = self._tell([each.id for each in page])
            for each in page:
                fault = self._check(each, told.get(each.id, _Told()))
                if fault is not None:
                    return fault
        if self.position != self.head.position:
            return Fault("removed", None)
        if self.hash != self.head.hash:
            return Fault("altered", None)
        if self.head.base_position and self.head.base_hash not in self.pruned:
            return Fault("removed", None)
        if not self.anchored:
            return Fault("altered, for the chain does not hold the anchor", None)
        return self._stray()

    def _pages(self) -> Iterator[Sequence[Any]]:
        while True:
            page = self.session.execute(
                select(_SETS)
                .where(_SETS.c.position > self.position, _SETS.c.position <= self.head.position)
                .order_by(_SETS.c.position)
                .limit(_PAGE)
            ).all()
            if not page:
                return
            yield page

    def _check(self, each: Any, told: _Told) -> Fault | None:
        if each.position != self.position + 1:
            return Fault("removed", None if each.id is None else each.id - 1)
        if told.fault is not None:
            return told.fault
        fields = {name: getattr(each, name) for name in COVERED}
        moment = codec(_SETS.c.at).plain(each.at)
        content = content_digest(moment, fields, each.rows, each.tally, told.digest.hexdigest())
        if each.previous != self.hash or each.hash != link(self.hash, content):
            return self._unfitting(each, told)
        self.position, self.hash = each.position, each.hash
        self.sets, self.rows = self.sets + 1, self.rows + told.count
        self.anchored = self.anchored or each.hash == self.anchor
        if each.action == "prune":
            self.pruned = each.reason or ""
        return None

    def _unfitting(self, each: Any, told: _Told) -> Fault:
        if told.count < each.rows:
            return Fault("removed", each.id, told.count + 1)
        if told.count > each.rows:
            row = self.session.execute(
                select(_ROWS.c.entity, _ROWS.c.record_key).where(
                    _ROWS.c.set_id == each.id, _ROWS.c.number == each.rows + 1
                )
            ).one_or_none()
            return Fault("inserted", each.id, each.rows + 1, *(row or (None, None)))
        return Fault("altered", each.id)

    def _tell(self, ids: Sequence[int]) -> dict[int, _Told]:
        """What the rows of these sets come to, by set; read in one stream."""
        told: dict[int, _Told] = {}
        statement = (
            select(
                _ROWS.c.set_id,
                _ROWS.c.number,
                _ROWS.c.op,
                _ROWS.c.entity,
                _ROWS.c.record_key,
                type_coerce(_ROWS.c.before, Text),
                type_coerce(_ROWS.c.after, Text),
                _ROWS.c.hash,
            )
            .where(_ROWS.c.set_id.in_(ids))
            .order_by(_ROWS.c.set_id, _ROWS.c.number)
        )
        result = self.session.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE})
        for set_id, number, op, entity, key, before, after, digest in result:
            mine = told.setdefault(set_id, _Told())
            if mine.fault is not None:
                continue
            if number != mine.count + 1:
                mine.fault = Fault("removed", set_id, mine.count + 1)
            elif bytes(digest) != row_digest(number, op, entity, key, before, after):
                mine.fault = Fault("altered", set_id, number, entity, key)
            mine.digest.update(bytes(digest))
            mine.count += 1
        return told

    def _stray(self) -> Fault | None:
        """A row of no set: somebody put it in, or took its set away."""
        known = select(_SETS.c.id).where(_SETS.c.id == _ROWS.c.set_id).exists()
        row = self.session.execute(
            select(_ROWS.c.set_id, _ROWS.c.number, _ROWS.c.entity, _ROWS.c.record_key).where(~known).limit(1)
        ).one_or_none()
        return None if row is None else Fault("inserted", *row)


def prune(session: Session, before: datetime) -> int:
    """Remove the change sets from before a moment, keep where they ended, and say so in a change set; how many went.

    The newest set always stays. What is removed can no longer be undone.
    """
    with acting(session, SYSTEM):
        # Locked first: nobody adds to the chain while its beginning moves.
        send(session, update(_HEAD).where(_HEAD.c.id == 1).values(pruning=True))
        head = session.execute(select(_HEAD).where(_HEAD.c.id == 1)).one()
        kept = session.scalar(
            select(func.min(_SETS.c.position)).where(
                (_SETS.c.at >= before) | (_SETS.c.position == head.position)
            )
        )
        last = session.execute(select(_SETS).where(_SETS.c.position == (kept or 0) - 1)).one_or_none()
        gone = 0
        if last is not None:
            old = select(_SETS.c.id).where(_SETS.c.position <= last.position)
            send(session, delete(_ROWS).where(_ROWS.c.set_id.in_(old)))
            gone = send(session, delete(_SETS).where(_SETS.c.position <= last.position)).rowcount
            moved = {"base_position": last.position, "base_hash": last.hash}
            send(session, update(_HEAD).where(_HEAD.c.id == 1).values(moved))
            recorder = recorder_of(session)
            assert recorder is not None
            recorder.tally["change_set"] = gone
            context(session, action="prune", reason=f"Up to position {last.position}, hash {last.hash}")
        send(session, update(_HEAD).where(_HEAD.c.id == 1).values(pruning=False))
        return gone
