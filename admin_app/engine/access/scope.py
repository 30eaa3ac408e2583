"""The one door for rows: every ORM statement is narrowed to what its actor may see.

A session without an actor returns nothing. Classes that no guard names return nothing to anybody but the system.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from flask import current_app
from sqlalchemy import Select, event
from sqlalchemy.orm import Load, ORMExecuteState, Session, class_mapper, registry, with_loader_criteria

from admin_app.engine.access.guard import AccessMap
from admin_app.engine.access.policy import NOBODY, Policy
from admin_app.engine.access.prepared import Prepared

_KEY = "policy"
#: Statements kept per actor: more than a person's lists and filters of a day.
_KEPT = 200


def policy_of(session: Session) -> Policy:
    """The actor of this session; NOBODY until one is named."""
    policy: Policy = session.info.get(_KEY, NOBODY)
    return policy


@contextmanager
def acting(session: Session, policy: Policy) -> Iterator[Session]:
    """Run the block as `policy`, then give the session back to whoever had it."""
    before = session.info.get(_KEY)
    session.info[_KEY] = policy
    try:
        yield session
    finally:
        if before is None:
            session.info.pop(_KEY, None)
        else:
            session.info[_KEY] = before


def current_policy() -> Policy:
    """The actor of the request's session."""
    from admin_app.db import db

    return policy_of(db.session())


def current_scope() -> Scope:
    """The row scope of the running app."""
    found: Scope = current_app.extensions["dutybook_scope"]
    return found


class UnscopedStatement(RuntimeError):
    """Somebody sent a statement over bare tables as an actor with limits: a mistake in the code."""


class Scope:
    """The row scope of one app: loader criteria per policy, built once, since building costs more than a statement.

    Args:
        access: the guards of the site.
        registries: all ORM registries whose classes the session may meet.
    """

    def __init__(self, access: AccessMap, registries: Iterable[registry]) -> None:
        self.access = access
        self.registries = tuple(registries)
        self.built: WeakKeyDictionary[Policy, dict[tuple[str, bool], tuple[Any, ...]]] = WeakKeyDictionary()
        self.kept: WeakKeyDictionary[Policy, dict[Hashable, Prepared]] = WeakKeyDictionary()

    def options(self, policy: Policy, action: str, loaders: bool) -> tuple[Any, ...]:
        """The statement options that narrow every class to the rows on which `policy` allows `action`.

        `loaders` says that the statement loads references along with its rows, which have to be narrowed too.
        """
        built = self.built.setdefault(policy, {})
        if (action, loaders) not in built:
            built[action, loaders] = tuple(self._build(policy, action, loaders))
        return built[action, loaders]

    def prepared(
        self, session: Session, model: type[Any], key: Hashable, build: Callable[[], Select[Any]]
    ) -> Prepared:
        """The actor's statement under `key`, narrowed and compiled at its first use.

        `key` has to tell everything that the statement depends on, but for the actor and the named parameters; the
        statement selects plain columns. `model` is a class that it reads, for a session on several databases.
        """
        policy = policy_of(session)
        kept = self.kept.setdefault(policy, {})
        found = kept.get(key)
        if found is None:
            statement = build()
            if not policy.unlimited:
                statement = statement.options(*self.options(policy, "view", loaders=False))
            if len(kept) >= _KEPT:
                kept.clear()
            found = kept[key] = Prepared(statement, session.get_bind(class_mapper(model)).dialect, model)
        return found

    @cached_property
    def joins_unasked(self) -> bool:
        """Whether some class declares a reference that each of its statements joins in."""
        mappers = (mapper for mapped in self.registries for mapper in mapped.mappers)
        return any(relation.lazy == "joined" for mapper in mappers for relation in mapper.relationships)

    def _build(self, policy: Policy, action: str, loaders: bool) -> Iterator[Any]:
        for mapped in self.registries:
            for mapper in mapped.mappers:
                model = mapper.class_
                guard = self.access.by_model.get(model)
                name = guard.name if guard else ""
                viewing = action == "view"
                rows = (
                    self.access.visible(policy, name) if viewing else self.access.rows(policy, action, name)
                )
                if not rows.everything:
                    criterion = self.access.criterion(model, rows)
                    # Joined references are narrowed only by criteria that also go on to later lazy loads, where a
                    # service that acts as the system would meet them: hence not everywhere.
                    yield with_loader_criteria(
                        model, criterion, include_aliases=True, propagate_to_loaders=loaders
                    )


def install_scope(session_class: Any, scope: Callable[[], Scope]) -> None:
    """Hook the row scope into a session class, once, however many apps share it.

    Args:
        session_class: what `sqlalchemy.event` takes as a session target.
        scope: gives the scope of the app that the statement runs in.
    """
    if getattr(session_class, "_has_row_scope", False):
        return
    session_class._has_row_scope = True

    def narrow(state: ORMExecuteState) -> None:
        policy = policy_of(state.session)
        if policy.unlimited:
            return
        if not state.is_orm_statement or state.is_insert:
            # Core tables and text carry no entity that a criterion could narrow: shut, rather than open.
            raise UnscopedStatement(_words(state))
        # What only reads a record again that was let through gets it whatever its owner is now: the ORM narrows the
        # references that come along, not the record itself.
        action = "edit" if state.is_update else "delete" if state.is_delete else "view"
        rules = scope()
        loaders = rules.joins_unasked or any(isinstance(each, Load) for each in state.statement._with_options)
        state.statement = state.statement.options(*rules.options(policy, action, loaders))

    event.listen(session_class, "do_orm_execute", narrow)


def _words(state: ORMExecuteState) -> str:
    # An insert into a mapped class cannot be written out of its session.
    return f"insert into {state.bind_mapper}" if state.is_insert else str(state.statement)
