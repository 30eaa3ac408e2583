"""The declaration of a state machine: one field, the states in which a record begins, and the steps between states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from admin_app.engine.bulk.action import Barrier
    from admin_app.engine.entity import Entity

#: (entity, session, policy, what was sent or None) -> the form of a step.
FormMaker = Callable[["Entity", Session, Policy, "MultiDict[str, Any] | None"], Any]
#: (session, policy, condition on the records that go, the valid form); flushes, never commits.
Effect = Callable[[Session, Policy, ColumnElement[bool], Any], None]
#: (session, policy, SELECT of `id`, `went` and `back`: each record with the state it leaves and its earlier one).
Back = Callable[[Session, Policy, Select[Any]], None]


def _no_values(_form: Any) -> Mapping[str, Any]:
    return {}


def _no_barriers(_session: Session, _policy: Policy) -> Sequence[Barrier]:
    return ()


@dataclass(frozen=True)
class Step:
    """A way from some states to another one.

    Args:
        name: as it stands in addresses and commands, unlike that of any other action of the entity; what the button
            says is a label of the site under this name.
        sources: the states in which it can be taken.
        target: the state that it leads to.
        word: the action word that a duty has to give.
        form: what else it asks for; nothing by default.
        values: what else it writes, by field key, from the valid form: literal values, or expressions.
        barriers: what else stands in the way, in SQL; `reasons` are the sentences of their codes.
        before, after: what else follows, called around the change with the records that go.
        needs_reason: whether it is not taken without a word why.
        taken_back: whether an undo may go the way back. What has to be earned anew (an approval) is not.
    """

    name: str
    icon: str
    sources: tuple[str, ...]
    target: str
    word: str = "work"
    form: FormMaker | None = None
    values: Callable[[Any], Mapping[str, Any]] = _no_values
    barriers: Callable[[Session, Policy], Sequence[Barrier]] = _no_barriers
    reasons: Mapping[str, Any] = field(default_factory=dict)
    before: Effect | None = None
    after: Effect | None = None
    needs_reason: bool = False
    taken_back: bool = True

    @property
    def guarded(self) -> bool:
        """Whether more than the word decides about it, so that it is taken by its own door alone."""
        return self.barriers is not _no_barriers


@dataclass(frozen=True, eq=False)
class Machine:
    """The states of an entity. What is stored in `field` changes by `steps` alone; no form shows it as a field.

    Args:
        field: key of the choice field that holds the state; its codes are the states.
        begins: the states in which a form makes a new record, the default first.
        taken_over: further states in which a record may come from elsewhere, by an import or a service: its earlier
            life is another system's.
        steps: all ways between states.
        undone: told of each record that an undo brings to an earlier state.
    """

    field: str
    begins: tuple[str, ...]
    steps: tuple[Step, ...]
    taken_over: tuple[str, ...] = ()
    undone: Back | None = None

    @cached_property
    def first(self) -> frozenset[str]:
        """All states that a record may be stored with as a new one."""
        return frozenset((*self.begins, *self.taken_over))

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Every (from, to) that some step goes."""
        return frozenset((source, step.target) for step in self.steps for source in step.sources)

    def step(self, name: str) -> Step | None:
        """The step of that name; None where there is none."""
        return next((step for step in self.steps if step.name == name), None)

    def sources(self, target: str) -> tuple[str, ...]:
        """The states from which some step leads to this one."""
        return tuple(sorted(source for source, reached in self.pairs if reached == target))

    def names(self, states: Sequence[str]) -> list[str]:
        """What is wrong with the declaration, given all states that the field knows; empty when it is sound."""
        known = set(states)
        used = {*self.first, *(state for pair in self.pairs for state in pair)}
        found = [f"there is no state {each}" for each in sorted(used - known)]
        reached = {*self.first, *(target for _source, target in self.pairs)}
        found += [f"no step leads to {each}" for each in sorted(known - reached)]
        doubled = sorted({step.name for step in self.steps if self.step(step.name) is not step})
        return found + [f"two steps are called {each}" for each in doubled]
