"""Capture: whatever a flush writes becomes rows of the transaction's change set, whichever door it comes by.

Values before are those that the session loaded; what it never loaded is read before the flush. Values after are taken
when the flush is done, keys and defaults included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import ClauseElement, event, inspect, select, tuple_
from sqlalchemy.orm import InstanceState, Session, SessionTransaction, UOWTransaction
from sqlalchemy.orm.base import LoaderCallableStatus

from admin_app.engine.access import SYSTEM, acting, policy_of
from admin_app.engine.access.explain import acting_for
from admin_app.engine.change.cascade import record_along
from admin_app.engine.change.doors import FLUSHING, HOOKED, guard
from admin_app.engine.change.history import History
from admin_app.engine.change.recorder import Recorder, forget, recorder_of, words_of
from admin_app.engine.change.shape import Shape
from models.change import canonical

_BEFORE: Final = "history_before"
_UNKNOWN: Final = tuple(LoaderCallableStatus)
Before = dict[InstanceState[Any], dict[str, Any]]


def install_history(session_class: Any, history: Callable[[], History | None]) -> None:
    """Hook the capture into a session class, once, however many apps share it.

    Args:
        session_class: what `sqlalchemy.event` takes as a session target.
        history: gives the history of the app that the session runs in; None where nothing is written down.
    """
    if getattr(session_class, "_writes_history", False):
        return
    session_class._writes_history = True

    def after_begin(session: Session, _transaction: SessionTransaction, connection: Any) -> None:
        known = history()
        if known is not None:
            session.info[HOOKED] = True
            guard(session, connection, known.tables(session, connection))

    def before_flush(session: Session, _context: UOWTransaction, _instances: Any) -> None:
        session.info[FLUSHING] = True
        known = history()
        if known is not None:
            _look_before(session, known)

    def after_flush(session: Session, _context: UOWTransaction) -> None:
        session.info.pop(FLUSHING, None)
        known = history()
        if known is not None:
            _record(session, known)

    def before_commit(session: Session) -> None:
        if session.in_nested_transaction():
            return
        # The commit itself would flush after this, too late to be told.
        while session.new or session.dirty or session.deleted:
            session.flush()
            if not (session.new or session.deleted) and not any(map(session.is_modified, session.dirty)):
                break
        recorder, known = recorder_of(session, make=False), history()
        if recorder is not None and known is not None:
            recorder.note_actor()
            words = words_of(session)
            words.source, words.request_id = known.origin(words.source)
            recorder.seal(words)

    def after_transaction_create(session: Session, transaction: SessionTransaction) -> None:
        recorder = recorder_of(session, make=False) if transaction.nested else None
        if recorder is not None:
            recorder.marks[transaction] = recorder.number

    def after_soft_rollback(session: Session, previous: SessionTransaction) -> None:
        session.info.pop(FLUSHING, None)
        session.info.pop(_BEFORE, None)
        recorder = recorder_of(session, make=False) if previous.nested else None
        if recorder is not None:
            recorder.forget_after(recorder.marks.get(previous, 0))

    def after_transaction_end(session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            forget(session)

    for listener in (
        after_begin,
        before_flush,
        after_flush,
        before_commit,
        after_transaction_create,
        after_soft_rollback,
        after_transaction_end,
    ):
        event.listen(session_class, listener.__name__, listener)


def _captured(history: History, objects: Iterable[Any]) -> list[tuple[InstanceState[Any], Shape]]:
    found = []
    for each in objects:
        shape = history.shape(type(each))
        if shape is not None:
            found.append((inspect(each), shape))
    return found


def _look_before(session: Session, history: History) -> None:
    """Read what the flush is going to overwrite or delete and the session does not hold, and what goes along."""
    unknown: dict[Shape, list[InstanceState[Any]]] = {}
    gone = _captured(history, session.deleted)
    for state, shape in gone:
        if any(_stored_value(state, key) in _UNKNOWN for key in shape.columns):
            unknown.setdefault(shape, []).append(state)
    for state, shape in _captured(history, session.dirty):
        if _overwrites_unknown(state, shape):
            unknown.setdefault(shape, []).append(state)
    before: Before = {}
    for shape, states in unknown.items():
        before.update(_read(session, shape, states, lambda state: state.identity))
    if before:
        session.info[_BEFORE] = before
    if gone:
        recorder = recorder_of(session)
        assert recorder is not None
        recorder.note_actor()
        with acting(session, SYSTEM):
            record_along(session, recorder, history, gone)


def _stored_value(state: InstanceState[Any], key: str) -> Any:
    """What the database holds as far as the session knows; one of _UNKNOWN where it does not."""
    if key in state.committed_state:
        return state.committed_state[key]
    return state.dict.get(key, LoaderCallableStatus.NO_VALUE)


def _overwrites_unknown(state: InstanceState[Any], shape: Shape) -> bool:
    for key, old in state.committed_state.items():
        if key in shape.columns:
            if old in _UNKNOWN or isinstance(state.dict.get(key), ClauseElement):
                return True
        elif any(near not in state.dict for near in shape.links.get(key, ())):
            return True
    return False


def _read(
    session: Session, shape: Shape, states: list[InstanceState[Any]], key_of: Callable[[Any], Any]
) -> Before:
    """All stored values of these records, by one statement per 500."""
    columns = [column.label(key) for key, column in shape.columns.items()]
    keys = [shape.columns[key] for key in shape.keys]
    by_key = {tuple(key_of(state)): state for state in states}
    wanted = list(by_key)
    found: Before = {}
    with acting(session, SYSTEM):
        for start in range(0, len(wanted), 500):
            chunk = wanted[start : start + 500]
            which = (
                tuple_(*keys).in_(chunk) if len(keys) > 1 else keys[0].in_([values[0] for values in chunk])
            )
            statement = select(*columns).where(which)
            for row in session.execute(statement, bind_arguments={"mapper": shape.mapper}).mappings():
                found[by_key[tuple(row[key] for key in shape.keys)]] = dict(row)
    return found


def _record(session: Session, history: History) -> None:
    """Turn what the flush wrote into rows: first what went, since its key may be taken again by what came."""
    gone = _captured(history, session.deleted)
    come = _captured(history, session.new)
    changed = _captured(history, session.dirty)
    if not (gone or come or changed):
        return
    before: Before = session.info.pop(_BEFORE, {})
    rows = [_deleted(history, state, shape, before.get(state)) for state, shape in gone]
    rows += _created(session, history, come)
    rows += [
        row
        for state, shape in changed
        if (row := _updated(history, session, state, shape, before.get(state))) is not None
    ]
    if not rows:
        return
    recorder = recorder_of(session)
    assert recorder is not None
    recorder.note_actor()
    for row in rows:
        recorder.add(*row)
    _note_acting_for(session, history, recorder, [*gone, *come, *changed], rows[0][2])
    recorder.spill()


Row = tuple[str, str, str, str | None, str | None]


def _deleted(history: History, state: InstanceState[Any], shape: Shape, before: dict[str, Any] | None) -> Row:
    values = before or {key: _stored_value(state, key) for key in shape.columns}
    key = shape.record_key(state.identity or ())
    return history.name(shape), key, "delete", canonical(shape.plain(values)), None


def _created(session: Session, history: History, come: list[tuple[InstanceState[Any], Shape]]) -> list[Row]:
    unknown: dict[Shape, list[InstanceState[Any]]] = {}
    for state, shape in come:
        # What the database filled by itself is not known to the session; what nobody set is NULL.
        if any(
            key not in state.dict and (column.server_default is not None or column.default is not None)
            for key, column in shape.columns.items()
        ) or any(isinstance(state.dict.get(key), ClauseElement) for key in shape.columns):
            unknown.setdefault(shape, []).append(state)
    read: Before = {}
    for shape, states in unknown.items():
        read.update(_read(session, shape, states, _new_key(shape)))
    rows: list[Row] = []
    for state, shape in come:
        values = read.get(state) or {key: state.dict.get(key) for key in shape.columns}
        key = shape.record_key([values[each] for each in shape.keys])
        rows.append((history.name(shape), key, "create", None, canonical(shape.plain(values))))
    return rows


def _new_key(shape: Shape) -> Callable[[InstanceState[Any]], Any]:
    """The primary key of a record that the session does not know as stored yet."""
    return lambda state: [state.dict[key] for key in shape.keys]


def _updated(
    history: History,
    session: Session,
    state: InstanceState[Any],
    shape: Shape,
    before: dict[str, Any] | None,
) -> Row | None:
    keys = {key for key in state.committed_state if key in shape.columns}
    if before is not None:
        keys |= {key for link in shape.links.values() for key in link} | set(before)
    keys -= {key for key in keys if shape.columns[key].key in shape.bookkeeping}
    if not keys:
        return None
    now = state.dict
    if any(key not in now or isinstance(now[key], ClauseElement) for key in keys):
        now = _read(session, shape, [state], lambda each: each.identity).get(state, now)
    old = shape.plain({key: before[key] if before else _stored_value(state, key) for key in keys})
    new = shape.plain({key: now[key] for key in keys if key in now})
    different = [key for key in old if key in new and old[key] != new[key]]
    if any(shape.columns[key].info.get("secret") for key in keys) and not different:
        different = [
            column.key
            for key in keys
            if (column := shape.columns[key]).info.get("secret") and _moved(state, key)
        ]
    if not different:
        return None
    key = shape.record_key(state.identity or ())
    told = [canonical({each: values[each] for each in different}) for values in (old, new)]
    return history.name(shape), key, "update", told[0], told[1]


def _moved(state: InstanceState[Any], key: str) -> bool:
    return bool(state.attrs[key].history.has_changes())


def _note_acting_for(
    session: Session,
    history: History,
    recorder: Recorder,
    written: list[tuple[InstanceState[Any], Shape]],
    op: str,
) -> None:
    """Remember in whose place the person acts, where all that lets them is a post held for somebody."""
    policy = policy_of(session)
    if recorder.acting_for is not None or not any(source.acting for source in policy.sources):
        return
    action = {"create": "create", "update": "edit", "delete": "delete"}[op]
    with acting(session, SYSTEM), session.no_autoflush:
        for state, shape in written:
            record = state.obj()
            if record is None or shape.model not in history.access.by_model:
                continue
            recorder.acting_for = acting_for(history.access, policy, action, record)
            if recorder.acting_for is not None:
                return
