"""Reasons as sentences: the cell, the grant, or the standing that an answer rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from admin_app.engine.access import SYSTEM, AccessMap, acting
from admin_app.engine.access.explain import Reason
from admin_app.engine.access.policy import RECORD, Source
from admin_app.engine.access.world import Named, World
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.services.answers import action_word, signed
from admin_app.services.sentences import Part, Sentence, weave
from models.grant import AccessGrant
from models.organisation import User


@dataclass(frozen=True)
class Reasons:
    """Puts the reasons of one site at one moment into words; what it reads it reads as the system, once."""

    session: Session
    access: AccessMap
    world: World
    _grants: dict[int, AccessGrant] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)

    def because(
        self, ground: str, reasons: Sequence[Reason], entity: str, name: str | None, told: bool = True
    ) -> Sequence[Sentence]:
        """What a yes rests on. `name` None addresses the reader; `told` says whether grants are told with reasons."""
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
        return self.sentences(reasons, entity, name, told)

    def sentences(
        self, reasons: Sequence[Reason], entity: str, name: str | None, told: bool = True
    ) -> list[Sentence]:
        """One sentence for each reason, none twice; see `because`."""
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
            approver=signed(grant.approver.name, grant.acting_for),
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

    def deed(self, action: str, entity: str) -> Sentence:
        """An action with what it is done to: "edit contracts"."""
        things = labels().inside(labels().plural(entity))
        return weave(_("%(action)s %(things)s"), action=action_word(action), things=things)

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
            select(AccessGrant)
            .where(AccessGrant.id.in_(missing))
            .options(joinedload(AccessGrant.approver), joinedload(AccessGrant.acting_for))
        )
        with acting(self.session, SYSTEM):
            self._grants.update({grant.id: grant for grant in self.session.scalars(statement)})


def named(each: Named) -> str:
    """The name of a department, position or duty in the reader's language."""
    return each.names[lang()]
