"""What can be done to customers beside what every entity offers: tags on and off, and a grade by hand."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, and_, exists, func, literal, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import DateField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import Action, ActionForm, Barrier, Plan
from admin_app.engine.bulk.shipped import plan_update
from admin_app.engine.change import delete_rows, insert_rows, update_rows
from admin_app.engine.entity import Entity
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.services import clock
from admin_app.services.regrading import BY_RULE, by_hand
from models.customer import Customer
from models.tag import CustomerTag, Tag, TagFamily

CUSTOMER: Final = frozenset({"customer"})


class TagsForm(ActionForm):
    """Some tags, by number."""

    tags = SelectMultipleField(
        lazy_gettext("Tags"), coerce=int, validators=[InputRequired(lazy_gettext("Choose at least one tag."))]
    )


def _tags_form(
    _entity: Entity, session: Session, _policy: Policy, sent: MultiDict[str, Any] | None
) -> TagsForm:
    form = TagsForm(sent)
    name = f"name_{lang()}"
    found = session.execute(
        select(Tag.id, getattr(TagFamily, name), getattr(Tag, name))
        .join(TagFamily, TagFamily.id == Tag.family_id)
        .order_by(getattr(TagFamily, name), getattr(Tag, name))
    )
    form.tags.choices = [(key, f"{group} · {tag}") for key, group, tag in found]
    return form


def _bearing(tags: list[int]) -> Any:
    """How many of these tags a customer bears."""
    borne = select(func.count()).where(CustomerTag.customer_id == Customer.id, CustomerTag.tag_id.in_(tags))
    return borne.correlate(Customer).scalar_subquery()


def _plan_add(_session: Session, _policy: Policy, _entity: Entity, form: TagsForm) -> Plan:
    tags = list(form.tags.data)

    def write(session: Session, _policy: Policy, which: ColumnElement[bool]) -> int:
        missing = (
            select(Customer.id.label("customer_id"), Tag.id.label("tag_id"), literal("hand").label("source"))
            .join(Tag, Tag.id.in_(tags))
            .where(which)
            .where(~exists().where(CustomerTag.customer_id == Customer.id, CustomerTag.tag_id == Tag.id))
        )
        with acting(session, SYSTEM):
            touched = session.scalar(select(func.count(missing.subquery().c.customer_id.distinct()))) or 0
            insert_rows(session, CustomerTag, missing)
        return int(touched)

    return Plan(_bearing(tags) == len(set(tags)), write)


def _plan_remove(_session: Session, _policy: Policy, _entity: Entity, form: TagsForm) -> Plan:
    tags = list(form.tags.data)

    def write(session: Session, _policy: Policy, which: ColumnElement[bool]) -> int:
        borne = and_(
            CustomerTag.customer_id.in_(select(Customer.id).where(which)), CustomerTag.tag_id.in_(tags)
        )
        with acting(session, SYSTEM):
            touched = session.scalar(select(func.count(CustomerTag.customer_id.distinct())).where(borne)) or 0
            delete_rows(session, CustomerTag, borne, policy=SYSTEM)
        return int(touched)

    return Plan(_bearing(tags) == 0, write)


class RegradeForm(ActionForm):
    """A grade, and perhaps until when no rule and no other bulk change moves it."""

    grade = SelectField(lazy_gettext("Grade"), validators=[InputRequired(lazy_gettext("Fill this in."))])
    locked_until = DateField(lazy_gettext("Locked until"), validators=[Optional()])
    lock_reason = StringField(lazy_gettext("Why it is locked"), validators=[Optional(), Length(max=300)])

    def validate_locked_until(self, field: Any) -> None:
        """A lock ends in the future, and says why it is there."""
        if field.data is not None and field.data < clock.today():
            raise ValidationError(_("This day is over."))
        if field.data is not None and not (self.lock_reason.data or "").strip():
            raise ValidationError(_("Write why it is locked."))


def _regrade_form(
    entity: Entity, _session: Session, _policy: Policy, sent: MultiDict[str, Any] | None
) -> RegradeForm:
    form = RegradeForm(sent)
    codes = entity.fields["grade"].kind.codes  # type: ignore[attr-defined]  # a choice has codes
    form.grade.choices = [("", ""), *((code, labels().choice("customer", "grade", code)) for code in codes)]
    return form


def _plan_regrade(_session: Session, policy: Policy, entity: Entity, form: RegradeForm) -> Plan:
    values: dict[str, Any] = {"grade": form.grade.data}
    given = by_hand(form.grade.data, clock.today())
    if form.locked_until.data is not None:
        values["grade_locked_until"] = form.locked_until.data
        values["grade_lock_reason"] = form.lock_reason.data.strip()
    plan = plan_update(policy, entity, values)

    def write(session: Session, policy: Policy, which: ColumnElement[bool]) -> int:
        return update_rows(session, entity, which, values | given, policy=policy, action="edit")

    locked = func.coalesce(Customer.grade_locked_until >= clock.today(), False)
    barriers = [*plan.barriers, Barrier("locked", "grade_lock", locked)]
    return Plan(plan.same, write, plan.values, barriers)


ADD_TAGS: Final = Action(
    "add_tags", lazy_gettext("Add tags"), "tags", "edit", _tags_form, _plan_add, CUSTOMER
)
REMOVE_TAGS: Final = Action(
    "remove_tags", lazy_gettext("Remove tags"), "tag", "edit", _tags_form, _plan_remove, CUSTOMER
)
REGRADE: Final = Action(
    "regrade",
    lazy_gettext("Regrade"),
    "star",
    "edit",
    _regrade_form,
    _plan_regrade,
    CUSTOMER,
    reasons={"grade_lock": lazy_gettext("Their grade is locked.")},
    needs_reason=True,
)

ACTIONS: Final = (REGRADE, BY_RULE, ADD_TAGS, REMOVE_TAGS)
