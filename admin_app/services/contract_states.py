"""A contract's life: draft → review → approved → signed → performing → completed or terminated → archived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import DateField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import ActionForm, Barrier
from admin_app.engine.entity import Entity
from admin_app.engine.states.machine import Machine, Step
from admin_app.services import clock
from admin_app.services.apart import TOLD, barriers_apart, note_deeds
from admin_app.services.contracts import refresh_customers
from models.contract import Contract


class SignForm(ActionForm):
    """The day on which both sides signed."""

    signed_on = DateField(
        lazy_gettext("Signed on"), validators=[InputRequired(lazy_gettext("Fill this in."))]
    )

    def validate_signed_on(self, field: Any) -> None:
        """Nobody has signed tomorrow."""
        if field.data is not None and field.data > clock.today():
            raise ValidationError(_("This day is still to come."))


class ArchiveForm(ActionForm):
    """Under which number it is kept."""

    archive_number = StringField(
        lazy_gettext("Archive number"),
        validators=[Optional(), Length(max=60)],
        description=lazy_gettext("Left empty, it is DA- and the contract's number"),
    )


def _sign_form(
    _entity: Entity, _session: Session, _policy: Policy, sent: MultiDict[str, Any] | None
) -> SignForm:
    return SignForm(sent, data={"signed_on": clock.today()})


def _archive_form(
    _entity: Entity, _session: Session, _policy: Policy, sent: MultiDict[str, Any] | None
) -> ArchiveForm:
    return ArchiveForm(sent)


def _signed(form: SignForm) -> Mapping[str, Any]:
    return {"signed_on": form.signed_on.data}


def _archived(form: ArchiveForm) -> Mapping[str, Any]:
    typed = (form.archive_number.data or "").strip()
    if typed:
        return {"archive_number": typed}
    own = func.substr(literal("DA-") + Contract.number, 1, 60)
    return {"archive_number": func.coalesce(func.nullif(Contract.archive_number, ""), own)}


def _not_by_its_author(session: Session, policy: Policy) -> Sequence[Barrier]:
    """Whoever wrote a contract, or looks after it, does not approve it."""
    own = Contract.owner_id.is_not_distinct_from(policy.user_id)
    return barriers_apart(session, policy, Contract, "approve", {"create": own})


def _note_approval(session: Session, policy: Policy, which: ColumnElement[bool], _form: Any) -> None:
    note_deeds(session, policy, Contract, which, "approve")


def _count_for_customers(session: Session, _policy: Policy, which: ColumnElement[bool], _form: Any) -> None:
    """Customers' totals and standing follow from their contracts' states."""
    theirs = select(Contract.customer_id).where(which, Contract.customer_id.is_not(None)).distinct()
    with acting(session, SYSTEM):
        ids = [key for key in session.scalars(theirs) if key is not None]
    refresh_customers(session, ids, clock.today())


CONTRACT_STATES: Final = Machine(
    "status",
    begins=("draft",),
    # What another system holds already was approved there.
    taken_over=("signed", "performing", "completed", "terminated", "archived"),
    steps=(
        Step("submit", "chevrons-right", ("draft",), "review"),
        Step("withdraw", "arrow-back-up", ("review",), "draft"),
        Step(
            "approve",
            "circle-check",
            ("review",),
            "approved",
            word="approve",
            barriers=_not_by_its_author,
            reasons=TOLD,
            before=_note_approval,
        ),
        Step(
            "send_back",
            "arrow-back-up",
            ("review",),
            "draft",
            word="approve",
            needs_reason=True,
        ),
        Step(
            "revise",
            "pencil",
            ("approved",),
            "draft",
            needs_reason=True,
            # What was rewritten meanwhile would be approved again by an undo.
            taken_back=False,
        ),
        Step(
            "sign",
            "pencil-plus",
            ("approved",),
            "signed",
            form=_sign_form,
            values=_signed,
            after=_count_for_customers,
        ),
        Step(
            "perform",
            "bolt",
            ("signed",),
            "performing",
            after=_count_for_customers,
        ),
        Step(
            "complete",
            "check",
            ("performing",),
            "completed",
            after=_count_for_customers,
        ),
        Step(
            "terminate",
            "ban",
            ("signed", "performing"),
            "terminated",
            word="approve",
            after=_count_for_customers,
            needs_reason=True,
        ),
        Step(
            "archive",
            "folders",
            ("completed", "terminated"),
            "archived",
            form=_archive_form,
            values=_archived,
            after=_count_for_customers,
        ),
    ),
)
