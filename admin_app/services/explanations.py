"""Why, why not, and who: verdicts of the access engine as sentences in the reader's language.

A yes names the cell or the grant behind it. A no names the positions that could, and who holds them; it never says
whether a record exists that the person may not see: whoever calls leaves such a record out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from admin_app.engine.access import ACTIONS, SYSTEM, AccessMap, Policy, acting
from admin_app.engine.access.explain import Able, Reason, holders, who_can, why
from admin_app.engine.access.policy import RECORD, Source
from admin_app.engine.access.world import Named, World
from admin_app.engine.forms import describe, find_record
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.engine.site import Site
from admin_app.errors import BadInput
from admin_app.services.answers import ACTION_WORDS, Explanation, Way, Witness, action_word
from admin_app.services.sentences import Part, Sentence, weave
from models.grant import AccessGrant
from models.organisation import User


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
    _grants: dict[int, AccessGrant] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)

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
        deed = self._deed(action, entity)
        if declared is not None and action in declared.forbids:
            answer = weave(_("No: nobody may %(deed)s, whatever the duties."), deed=deed)
            return Explanation(False, "forbidden", answer)
        verdict = why(self.access, policy, action, entity, record)
        place = self._place(record) if record is not None else ()
        if verdict.allowed:
            answer = (
                weave(_("Yes: you may %(deed)s."), deed=deed)
                if name is None
                else weave(_("Yes: %(person)s may %(deed)s."), person=name, deed=deed)
            )
            return Explanation(
                True,
                verdict.ground,
                answer,
                self._because(verdict.ground, verdict.reasons, entity, name),
                place,
            )
        answer = (
            weave(_("No: none of your duties lets you %(deed)s."), deed=deed)
            if name is None
            else weave(_("No: none of the duties of %(person)s allows to %(deed)s."), person=name, deed=deed)
        )
        short: Sequence[Sentence] = ()
        able: Sequence[Witness] = ()
        if record is not None:
            wider = why(self.access, policy, action, entity)
            short = self._reasons(wider.reasons, entity, name)
            answer = (
                weave(_("No: this record lies beyond what lets you %(deed)s."), deed=deed)
                if wider.allowed and name is None
                else answer
            )
            able = self.who(action, entity, record)
        return Explanation(False, "nobody", answer, (), place, short, self._ways(action, entity), able)

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
        because = self._because(ground, able.reasons, entity, able.name, able.user in whole)
        return Witness(able.user, able.name, able.username, because)

    def _because(
        self, ground: str, reasons: Sequence[Reason], entity: str, name: str | None, told: bool = True
    ) -> Sequence[Sentence]:
        if ground == "admin":
            if name is None:
                return (weave(_("Because you are an administrator, whom the duty matrix does not limit.")),)
            return (
                weave(
                    _("Because %(person)s is an administrator, whom the duty matrix does not limit."),
                    person=name,
                ),
            )
        if ground == "open":
            things = labels().inside(labels().plural(entity))
            return (weave(_("Because everybody who signs in may read %(things)s."), things=things),)
        return self._reasons(reasons, entity, name, told)

    def _reasons(
        self, reasons: Sequence[Reason], entity: str, name: str | None, told: bool = True
    ) -> list[Sentence]:
        self._read_grants([each.source.grant for each in reasons if each.source.grant is not None])
        found = []
        for reason in reasons:
            sentence = (
                self._grant(reason, told) if reason.source.grant is not None else self._cell(reason, name)
            )
            if reason.entity != entity:
                sentence += (Part(" "), *self._follows(reason, entity))
            if sentence not in found:
                found.append(sentence)
        return found

    def _cell(self, reason: Reason, name: str | None) -> Sentence:
        source = reason.source
        assert source.position is not None and source.duty is not None and source.letter is not None
        position: Sentence = (self.position(source.position),)
        slots: dict[str, Any] = {
            "position": self._acting(source, position) if source.acting else position,
            "department": named(self.world.departments[source.department]),
            "letter": self._letter(source.position, source.duty, source.letter),
            "duty": self.duty(source.position, source.duty),
            "deed": self._reach(reason),
        }
        if name is None:
            pattern = _(
                "Because as %(position)s in %(department)s you hold %(letter)s for %(duty)s,"
                " which lets you %(deed)s."
            )
        else:
            slots["person"] = name
            pattern = _(
                "Because as %(position)s in %(department)s %(person)s holds %(letter)s for %(duty)s,"
                " which allows to %(deed)s."
            )
        sentence = weave(pattern, **slots)
        if source.until is not None:
            sentence += (Part(" "), *weave(_("It ends after %(day)s."), day=source.until.isoformat()))
        return sentence

    def _acting(self, source: Source, position: Sentence) -> Sentence:
        if source.acting_for is None:
            return weave(_("acting %(position)s"), position=position)
        if source.acting_for not in self._names:
            with acting(self.session, SYSTEM):
                name = self.session.scalar(select(User.name).where(User.id == source.acting_for))
            self._names[source.acting_for] = name or "—"
        return weave(
            _("acting %(position)s for %(name)s"), position=position, name=self._names[source.acting_for]
        )

    def _grant(self, reason: Reason, told: bool) -> Sentence:
        source = reason.source
        grant = self._grants.get(source.grant or 0)
        until = source.until.isoformat() if source.until else "—"
        deed = self._reach(reason)
        if grant is None or not told:
            return weave(_("Because it was granted by hand until %(day)s: %(deed)s."), day=until, deed=deed)
        link = Part(_("granted by hand"), "access_grant.details_view", {"id": grant.id})
        return weave(
            _("Because it was %(granted)s by %(approver)s until %(day)s: %(deed)s. Reason: %(reason)s"),
            granted=link,
            approver=grant.approver.name,
            day=until,
            deed=deed,
            reason=grant.reason,
        )

    def _follows(self, reason: Reason, entity: str) -> Sentence:
        return weave(
            _("%(parts)s belong to %(wholes)s: whoever may %(action)s the whole may do it with the part."),
            parts=labels().plural(entity),
            wholes=labels().inside(labels().plural(reason.entity)),
            action=action_word(reason.action),
        )

    def _reach(self, reason: Reason) -> Sentence:
        """What a source lets one do, with its rows: "edit complaints of the department and those below"."""
        patterns = {
            "own": _("%(action)s own %(things)s"),
            "subordinates": _("%(action)s own %(things)s and those of the departments below"),
            "department": _("%(action)s %(things)s of the department"),
            "department_tree": _("%(action)s %(things)s of the department and those below"),
            "all": _("%(action)s all %(things)s"),
            RECORD: _("%(action)s a single one of the %(things)s"),
        }
        reach = reason.source.reach
        if reach != RECORD and not self._is_owned(reason.entity):
            reach = "all"
        return weave(
            patterns[reach],
            action=action_word(reason.action),
            things=labels().inside(labels().plural(reason.entity)),
        )

    def _is_owned(self, entity: str) -> bool:
        guard = self.access.by_name.get(entity)
        while guard is not None and (parent := self.access.parent_of(guard)) is not None:
            guard = parent
        return guard is None or hasattr(guard.model, "department_id")

    def _deed(self, action: str, entity: str) -> Sentence:
        things = labels().inside(labels().plural(entity))
        return weave(_("%(action)s %(things)s"), action=action_word(action), things=things)

    def _place(self, record: Any) -> Sentence:
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
        found: dict[int, tuple[list[tuple[str, Part]], tuple[str, ...]]] = {}
        for each in holders(self.session, self.world, self.access, self.today, action, entity):
            cells, _people = found.setdefault(each.position, ([], tuple(name for _key, name in each.people)))
            cells.append((each.letter, self.duty(each.position, each.duty)))
        return [Way(self.position(position), cells, people) for position, (cells, people) in found.items()]

    def position(self, key: int) -> Part:
        """A position's name, linked to its page."""
        return Part(named(self.world.positions[key]), "position.details_view", {"id": key})

    def duty(self, position: int, duty: int) -> Part:
        """A duty's name, linked to its cell in the matrix."""
        return Part(named(self.world.duties[duty]), "matrix.index", self._cell_address(position, duty))

    def _letter(self, position: int, duty: int, letter: str) -> Part:
        words = labels().choice("position_duty", "letter", letter)
        return Part(f"{letter} ({words})", "matrix.index", self._cell_address(position, duty))

    def _cell_address(self, position: int, duty: int) -> Mapping[str, Any]:
        codes = self.world.positions[position].code, self.world.duties[duty].code
        return {"q": codes[1], "_anchor": f"{codes[0]}-{codes[1]}"}

    def _read_grants(self, keys: Sequence[int]) -> None:
        missing = [key for key in keys if key not in self._grants]
        if not missing:
            return
        statement = (
            select(AccessGrant).where(AccessGrant.id.in_(missing)).options(joinedload(AccessGrant.approver))
        )
        with acting(self.session, SYSTEM):
            self._grants.update({grant.id: grant for grant in self.session.scalars(statement)})


def named(each: Named) -> str:
    """The name of a department, position or duty in the reader's language."""
    return each.names[lang()]


__all__ = ["ACTION_WORDS", "Explainer", "Explanation", "Way", "Witness", "action_word", "named"]
