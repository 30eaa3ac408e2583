"""Why, why not, and who: verdicts of the access engine as sentences in the reader's language.

A yes names the cell or the grant behind it. A no names the positions that could, and who holds them; it never says
whether a record exists that the person may not see: whoever calls leaves such a record out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_app.engine.access import ACTIONS, SYSTEM, AccessMap, Policy, acting
from admin_app.engine.access.compile import policies
from admin_app.engine.access.explain import Able, Holder, holders, who_can, why
from admin_app.engine.access.world import World
from admin_app.engine.forms import describe, find_record
from admin_app.engine.site import Site
from admin_app.errors import BadInput
from admin_app.services.answers import ON_RECORDS, Deed, Explanation, Way, Witness
from admin_app.services.reasons import Reasons, named
from admin_app.services.sentences import Part, Sentence, weave


@dataclass(frozen=True)
class Explainer:
    """Puts verdicts of one site at one moment into words.

    Args:
        session: any session; what it reads beyond the record it reads as the system.
        site: whose entities, guards and labels.
        world: the rules as they stand.
        today: the company's date.
    """

    session: Session
    site: Site
    world: World
    today: date

    @cached_property
    def reasons(self) -> Reasons:
        """What puts single reasons into words."""
        return Reasons(self.session, self.access, self.world)

    @cached_property
    def everybody(self) -> Mapping[int, tuple[Any, Policy]]:
        """(person, policy) of all who may sign in, by user id; read once."""
        return policies(self.session, self.world, self.today)

    @property
    def access(self) -> AccessMap:
        """The guards of the site."""
        return self.site.access

    def check(self, action: str, entity: str) -> None:
        """BadInput unless there is such an action and such a thing to do it with."""
        named = {name for names in self.world.entities.values() for name in names}
        if entity not in self.site.by_name and entity not in named:
            raise BadInput(_("There is nothing called “%(name)s” here.", name=entity))
        words = {*ACTIONS, *(word for each in self.world.profiles.values() for word in each.actions)}
        if action not in words:
            raise BadInput(_("There is no action “%(name)s”.", name=action))

    def explain(
        self, policy: Policy, action: str, entity: str, record: Any = None, name: str | None = None
    ) -> Explanation:
        """Why `policy` may do it, or why not.

        Args:
            policy: whose rights.
            action, entity: as in the matrix; see `check`.
            record: one that this person may see, or None for the entity as a whole.
            name: how to call the person; None addresses the reader.
        """
        declared = self.site.by_name.get(entity)
        deed = self.reasons.deed(action, entity)
        if declared is not None and action in declared.forbids:
            answer = weave(_("No: nobody may %(deed)s, whatever the duties."), deed=deed)
            return Explanation(False, "forbidden", answer)
        verdict = why(self.access, policy, action, entity, record)
        place = self.place(record) if record is not None else ()
        if verdict.allowed:
            answer = (
                weave(_("Yes: you may %(deed)s."), deed=deed)
                if name is None
                else weave(_("Yes: %(person)s may %(deed)s."), person=name, deed=deed)
            )
            because = self.reasons.because(verdict.ground, verdict.reasons, entity, name)
            return Explanation(True, verdict.ground, answer, because, place)
        answer = (
            weave(_("No: none of your duties lets you %(deed)s."), deed=deed)
            if name is None
            else weave(_("No: none of the duties of %(person)s allows to %(deed)s."), person=name, deed=deed)
        )
        short: Sequence[Sentence] = ()
        able: Sequence[Witness] = ()
        if record is not None:
            wider = why(self.access, policy, action, entity)
            short = self.reasons.sentences(wider.reasons, entity, name)
            answer = (
                weave(_("No: this record lies beyond what lets you %(deed)s."), deed=deed)
                if wider.allowed and name is None
                else answer
            )
            able = self.who(action, entity, record)
        return Explanation(False, "nobody", answer, (), place, short, self._ways(action, entity), able)

    def overview(self, policy: Policy, entity: str, record: Any = None) -> list[Deed]:
        """All actions on the entity, or with one record that this person may see, each with one sentence.

        Actions are those that some letter gives, in their usual order. A no says who may: with a record the people,
        without one the people who may with some.
        """
        return [
            self._deed(policy, action, entity, record)
            for action in self.actions()
            if record is None or action in ON_RECORDS
        ]

    def actions(self) -> list[str]:
        """The actions that some letter gives, in their usual order."""
        given = {word for profile in self.world.profiles.values() for word in profile.actions}
        return [word for word in ACTIONS if word in given]

    def _deed(self, policy: Policy, action: str, entity: str, record: Any) -> Deed:
        declared = self.site.by_name.get(entity)
        deed = self.reasons.deed(action, entity)
        if declared is not None and action in declared.forbids:
            return Deed(
                action, False, "forbidden", weave(_("Nobody may %(deed)s, whatever the duties."), deed=deed)
            )
        verdict = why(self.access, policy, action, entity, record)
        if verdict.allowed:
            because = self.reasons.because(verdict.ground, verdict.reasons, entity, None)
            return Deed(action, True, verdict.ground, because[0], len(because) - 1)
        wider = record is not None and why(self.access, policy, action, entity).allowed
        pattern = (
            _("This record lies beyond what lets you %(deed)s.")
            if wider
            else _("None of your duties lets you %(deed)s.")
        )
        able = self.able(action, entity, record)
        return Deed(action, False, "nobody", weave(pattern, deed=deed), able=able)

    def able(self, action: str, entity: str, record: Any = None) -> list[str]:
        """The names of all who may, those first whom a duty lets; administrators last."""
        may = [
            (policy.unlimited, person.name)
            for person, policy in self.everybody.values()
            if why(self.access, policy, action, entity, record).allowed
        ]
        return [name for _admin, name in sorted(may, key=lambda pair: pair[0])]

    def who(
        self, action: str, entity: str, record: Any = None, whole: frozenset[int] | None = None
    ) -> list[Witness]:
        """Everybody who may, with reasons.

        `whole` are the people whose grants are told with their reasons; None: of nobody.
        """
        declared = self.site.by_name.get(entity)
        if declared is not None and action in declared.forbids:
            return []
        found = who_can(self.session, self.world, self.access, self.today, action, entity, record)
        return [self._witness(each, entity, whole or frozenset()) for each in found]

    def _witness(self, able: Able, entity: str, whole: frozenset[int]) -> Witness:
        ground = "admin" if able.admin else "cells" if able.reasons else "open"
        because = self.reasons.because(ground, able.reasons, entity, able.name, able.user in whole)
        return Witness(able.user, able.name, able.username, because)

    def place(self, record: Any) -> Sentence:
        """Whose a record is, in a sentence; empty where that is nobody's question."""
        entity = self.site.by_model[type(record)]
        with acting(self.session, SYSTEM):
            key, label = describe(entity, record)
            link = Part(label, f"{entity.name}.details_view", {"id": key})
            root = self.root(record)
            if root is None or not hasattr(root, "department_id"):
                return ()
            department = named(self.world.departments[root.department_id])
            owner = getattr(root, "owner", None)
            if owner is None:
                return weave(_("%(record)s belongs to %(department)s."), record=link, department=department)
            return weave(
                _("%(record)s belongs to %(owner)s in %(department)s."),
                record=link,
                owner=owner.name,
                department=department,
            )

    def root(self, record: Any) -> Any:
        """The whole that a record is a part of in the end; itself where it is no part, None where its whole is gone."""
        guard = self.access.by_model.get(type(record))
        with acting(self.session, SYSTEM):
            while guard is not None and guard.follows and record is not None:
                record = getattr(record, guard.follows)
                guard = self.access.by_model.get(type(record))
        return record

    def visible(self, policy: Policy, entity: str, key: str | None) -> Any:
        """The record with this key if this person may open it, else None, whether or not there is one."""
        declared = self.site.by_name.get(entity)
        if declared is None or not key:
            return None
        with acting(self.session, policy):
            record = find_record(self.session, declared, key)
        if record is None or not self.site.may_record(policy, "view", declared, record):
            return None
        return record

    def _ways(self, action: str, entity: str) -> list[Way]:
        return self.gather(holders(self.session, self.world, self.access, self.today, action, entity))

    def gather(self, found: Iterable[Holder]) -> list[Way]:
        """Cells by position, in words."""
        ways: dict[int, tuple[list[tuple[str, Part]], tuple[str, ...]]] = {}
        for each in found:
            cells, _people = ways.setdefault(each.position, ([], tuple(name for _key, name in each.people)))
            cells.append((each.letter, self.reasons.duty(each.position, each.duty)))
        return [
            Way(self.reasons.position(position), cells, people) for position, (cells, people) in ways.items()
        ]
