"""One bulk write under way: its class, whose rows it may touch, and what it leaves behind in session and history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, Select, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase

from admin_app.engine.access import SYSTEM, AccessMap, Policy, acting, policy_of
from admin_app.engine.access.explain import routes
from admin_app.engine.change.cascade import among, told_keys
from admin_app.engine.change.doors import HOOKED, send
from admin_app.engine.change.history import History, history
from admin_app.engine.change.recorder import Recorder, recorder_of
from admin_app.engine.change.shape import Shape
from admin_app.engine.change.values import DocumentCodec
from admin_app.engine.change.writing import columns_of, read_and_note, telling
from admin_app.engine.entity import Entity
from models.base import Base
from models.change import ChangeRow
from models.types import utc_now

Where = ColumnElement[bool] | Select[*tuple[Any, ...]]
Join = tuple[FromClause, ColumnElement[bool]]
#: Called after each bulk write with (session, model, op, SELECT of the written keys, attribute keys that were set);
#: a listener may be called several times for one write.
Listener = Callable[[Session, type[Any], str, Any, Sequence[str]], None]
_LISTENERS: list[Listener] = []
#: Keys in one statement.
_CHUNK = 400


def on_bulk(listener: Listener) -> Listener:
    """Call `listener` after each bulk write, in its transaction; once per process."""
    if listener not in _LISTENERS:
        _LISTENERS.append(listener)
    return listener


_BARE = History((), AccessMap(()), (Base.registry,), lambda: ("system", None))


class Writer:
    """One bulk write: its class, whose rows, and the change set that it goes into."""

    def __init__(
        self, session: Session, entity: Entity | type[Any], policy: Policy | None, action: str
    ) -> None:
        self.session = session
        session.flush()
        session.connection()
        #: A session without hooks (a script's own) writes, and tells nobody.
        self.told = session.info.get(HOOKED, False)
        self.history: History = history() if self.told else _BARE
        model = entity.model if isinstance(entity, Entity) else entity
        shape = self.history.shape(model)
        if shape is None:
            raise TypeError(f"{model.__name__} has no history")
        self.shape: Shape = shape
        self.name = self.history.name(shape)
        self.policy = policy_of(session) if policy is None else policy
        self.action = action
        recorder = recorder_of(session) if self.told else Recorder(session)
        assert recorder is not None
        self.recorder: Recorder = recorder
        recorder.note_actor()
        self._note_acting_for()
        self.set_based = self.history.in_sql(shape)
        self.dialect = session.get_bind(ChangeRow.__mapper__).dialect.name
        self.bind: Mapping[str, Any] = {"mapper": shape.mapper}

    def _note_acting_for(self) -> None:
        access = self.history.access
        sources = [
            source
            for name, word in routes(access, self.action, self.name)
            for source in self.policy.sources
            if source.entity == name and word in source.actions
        ]
        known = [source.acting_for for source in sources if source.acting_for is not None]
        if known and all(source.acting for source in sources):
            self.recorder.acting_for = self.recorder.acting_for or known[0]

    def conditions(self, where: Where, join: Join | None) -> list[ColumnElement[bool]]:
        """What a row has to fulfil: the caller's condition, within the policy's rows."""
        shape = self.shape
        chosen = shape.key_column.in_(where) if isinstance(where, Select) else where
        rows = self.history.rows(self.policy, self.action, self.name)
        found = [chosen, self.history.access.criterion(shape.model, rows)]
        return found if join is None else [join[1], *found]

    def telling(
        self,
        op: str,
        source: Any,
        before: Mapping[str, ColumnElement[Any]],
        after: Mapping[str, ColumnElement[Any]],
        where: Sequence[ColumnElement[bool]],
        key: ColumnElement[Any] | None = None,
    ) -> Select[Any]:
        """The history of the rows of `source`, as a SELECT."""
        key = self.shape.key_column if key is None else key
        return telling(
            self.name, self.recorder, self.shape, op, source, key, before, after, where, self.dialect
        )

    def update_one_by_one(
        self,
        given: Mapping[str, ColumnElement[Any]],
        conditions: Sequence[ColumnElement[bool]],
        touch: bool,
        join: Join | None,
    ) -> int:
        """The same for rows that the database cannot tell of by itself."""
        shape, session = self.shape, self.session
        own = columns_of(shape, shape.table)
        before = {key: own[key] for key in given}
        with acting(session, SYSTEM):
            keys = read_and_note(
                session, self.recorder, self.history, shape, "update", shape.table, before, given, conditions
            )
            moved = touched(shape) if touch else {}
            values = by_column(shape, {**given, **moved})
            for start in range(0, len(keys), _CHUNK):
                which = among(shape, keys[start : start + _CHUNK])
                which = which if join is None else join[1] & which
                send(session, update(shape.table).where(which).values(values), mapper=shape.mapper)
        self.finish_few("update", keys, [*given, *moved])
        return len(keys)

    def finish_few(self, op: str, keys: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> None:
        """The same as `finish` for keys that are known one by one; those of several columns are told to nobody."""
        self.expire(columns)
        if len(self.shape.keys) > 1:
            return
        for start in range(0, len(keys), _CHUNK):
            written = union_all(*(select(literal(key)) for (key,) in keys[start : start + _CHUNK]))
            for listener in _LISTENERS:
                listener(self.session, self.shape.model, op, written, columns)

    def send_untold(self, statement: UpdateBase, keys: Iterable[str]) -> int:
        """Send a statement that history says nothing of; how many rows it wrote."""
        with acting(self.session, SYSTEM):
            rows = int(send(self.session, statement, mapper=self.shape.mapper).rowcount)
        self.expire(list(keys))
        return rows

    def finish(self, op: str, rows: int, keys: Sequence[str], written: Any) -> None:
        """Let go of what the session has loaded, and tell the listeners; `written` is a SELECT of the keys."""
        self.expire(keys)
        if rows:
            for listener in _LISTENERS:
                listener(self.session, self.shape.model, op, written, keys)

    def told_since(self, first: int) -> Any:
        """A SELECT of the keys of the rows told since row `first`."""
        return told_keys(self.recorder, self.name, first)

    def expire(self, keys: Sequence[str]) -> None:
        """Have loaded records read these attributes, and what hangs on them, again."""
        links = [link for link, near in self.shape.links.items() if set(near) & set(keys)]
        for record in list(self.session.identity_map.values()):
            if isinstance(record, self.shape.model):
                self.session.expire(record, [*keys, *links])


def expression(shape: Shape, key: str, value: Any) -> ColumnElement[Any]:
    kind = shape.columns[key].type
    if isinstance(value, ColumnElement):
        return value
    if hasattr(value, "__clause_element__"):
        return sa.type_coerce(value.__clause_element__(), kind)
    return sa.cast(sa.null(), kind) if value is None else literal(value, kind)


def differs(shape: Shape, key: str, old: Any, new: ColumnElement[Any]) -> ColumnElement[bool]:
    if isinstance(shape.codecs[key], DocumentCodec):
        # JSON itself compares on neither database; JSONB does on PostgreSQL, and text on SQLite.
        document = sa.Text().with_variant(JSONB(), "postgresql")
        return sa.cast(old, document).is_distinct_from(sa.cast(new, document))
    differs: ColumnElement[bool] = old.is_distinct_from(new)
    return differs


def touched(shape: Shape) -> dict[str, ColumnElement[Any]]:
    moved: dict[str, ColumnElement[Any]] = {}
    for key, column in shape.columns.items():
        if column is shape.mapper.version_id_col:
            moved[key] = column + 1
        elif column.key in shape.bookkeeping:
            moved[key] = literal(utc_now(), column.type)
    return moved


def by_column(shape: Shape, values: Mapping[str, Any]) -> dict[Any, Any]:
    # What the class does at each update by itself is said here, or left as it is.
    kept = {
        column: column
        for column in shape.columns.values()
        if column.onupdate is not None and column.key not in {shape.columns[key].key for key in values}
    }
    return {**kept, **{shape.columns[key]: value for key, value in values.items()}}


def beside(table: sa.Table, join: Join | None) -> Any:
    return table if join is None else sa.join(table, join[0], join[1])
