"""The actions that every entity has: fill in fields, give to somebody, take away as a file, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, exists, false, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import Policy
from admin_app.engine.bulk.action import Action, ActionForm, Barrier, Plan, beyond
from admin_app.engine.bulk.classify import attributes, same_as
from admin_app.engine.bulk.selection import key_of
from admin_app.engine.bulk.steps import step_actions
from admin_app.engine.change import delete_rows, update_rows
from admin_app.engine.deletion import delete
from admin_app.engine.entity import Entity
from admin_app.engine.forms import RecordForm
from admin_app.engine.inputs import LookupField
from admin_app.engine.orphans import drop_orphaned_grants
from admin_app.engine.site import site

#: In what is sent, the names of the fields that shall change; any other is left alone.
CHOSEN: Final = "set"


def editable_fields(entity: Entity, policy: Policy) -> tuple[str, ...]:
    """The fields that may be filled in for many records: typed ones that this person may write somewhere.

    What has to differ from record to record is none, nor what a hook of the entity watches.
    """
    unique = {
        column.name
        for rule in (*entity.table.constraints, *(each for each in entity.table.indexes if each.unique))
        if isinstance(rule, sa.UniqueConstraint | sa.Index)
        for column in rule.columns
    }
    watched = entity.before_save is not None or entity.after_save is not None
    allowed = entity.bulk_fields if entity.bulk_fields is not None else () if watched else entity.form_fields
    levels = site().fields(policy, entity)
    return tuple(
        key
        for key in entity.form_fields
        if key in allowed
        and len((each := entity.fields[key]).columns) == 1
        and not each.is_key
        and each.column.name not in unique
        and each.kind.name not in ("json", "binary")
        and levels.writable(key)
    )


def fields_form(
    entity: Entity, session: Session, policy: Policy, sent: MultiDict[str, Any] | None
) -> RecordForm:
    """The form of the fields: all of them to choose from, or, once sent, the chosen ones."""
    keys = editable_fields(entity, policy)
    if sent is None:
        return RecordForm(entity, session, keys, values={})
    wanted = set(sent.getlist(CHOSEN))
    chosen = [key for key in keys if key in wanted]
    form = RecordForm(entity, session, chosen, formdata=sent)
    if not chosen:
        form.form_errors.append(_("Choose at least one field."))
    return form


def new_values(form: RecordForm) -> dict[str, Any]:
    """What the form gives, by field key: the number of the target for a reference."""
    found: dict[str, Any] = {}
    for key, bound in form._fields.items():
        value, each = bound.data, form.entity.fields[key]
        if isinstance(bound, LookupField):
            target = site().target(each)
            value = None if value is None or target is None else getattr(value, target.key_attributes[0].key)
        elif value is None and not each.nullable:
            value = ""
        found[key] = value
    return found


def plan_update(policy: Policy, entity: Entity, values: Mapping[str, Any], word: str = "edit") -> Plan:
    """The plan that gives records these values, by field key, and leaves what one may not type in alone."""
    levels = site().fields(policy, entity)
    columns = {attribute.key: values[key] for key, attribute in attributes(entity, values).items()}
    barriers = (beyond(policy, entity, levels.rows(key, "write"), f"field:{key}") for key in values)

    def write(session: Session, policy: Policy, which: ColumnElement[bool]) -> int:
        changed = update_rows(session, entity, which, columns, policy=policy, action=word)
        if entity.after_bulk is not None and changed:
            entity.after_bulk(session, policy, select(key_of(entity)).where(which), values)
        return changed

    return Plan(same_as(entity, values), write, values, [each for each in barriers if each is not None])


def _plan_fields(_session: Session, policy: Policy, entity: Entity, form: RecordForm) -> Plan:
    return plan_update(policy, entity, new_values(form))


def _plan_owner(_session: Session, policy: Policy, entity: Entity, form: RecordForm) -> Plan:
    return plan_update(policy, entity, new_values(form), "assign")


def owner_form(
    entity: Entity, session: Session, _policy: Policy, sent: MultiDict[str, Any] | None
) -> RecordForm:
    """The form that asks whom records go to."""
    form = RecordForm(entity, session, ("owner",), values={}, formdata=sent)
    if sent is not None and not sent.get("owner"):
        form.form_errors.append(_("Choose whom they go to."))
    return form


def _has_owner(_policy: Policy, entity: Entity) -> bool:
    return "owner" in entity.form_fields


def _no_form(
    _entity: Entity, _session: Session, _policy: Policy, sent: MultiDict[str, Any] | None
) -> ActionForm:
    return ActionForm(sent)


def _plan_delete(_session: Session, policy: Policy, entity: Entity, _form: Any) -> Plan:
    held = []
    for table in entity.table.metadata.sorted_tables:
        for constraint in table.foreign_key_constraints:
            rule = (constraint.ondelete or "RESTRICT").upper()
            if constraint.referred_table is entity.table and rule not in ("CASCADE", "SET NULL"):
                child = table.alias()
                (column,) = constraint.columns
                held.append(exists(select(sa.literal(1)).where(child.c[column.key] == key_of(entity))))

    def write(session: Session, policy: Policy, which: ColumnElement[bool]) -> int:
        if entity.after_delete is None:
            gone = delete_rows(session, entity, which, policy=policy)
            drop_orphaned_grants(session, site())
            return gone
        # Its hook looks at each record, so each one is loaded.
        records = session.scalars(select(entity.model).where(which)).all()
        delete(session, entity, policy, records)
        return len(records)

    barriers = [Barrier("invalid", "held", each) for each in held]
    return Plan(false(), write, barriers=barriers, goes_along=True)


def _plan_nothing(_session: Session, _policy: Policy, _entity: Entity, _form: Any) -> Plan:
    return Plan(false(), lambda _session, _policy, _which: 0)


EDIT: Final = Action(
    "edit",
    lazy_gettext("Edit fields"),
    "pencil",
    "edit",
    fields_form,
    _plan_fields,
    offered=lambda policy, entity: bool(editable_fields(entity, policy)),
    button=False,
)
ASSIGN: Final = Action(
    "assign", lazy_gettext("Assign"), "user-share", "assign", owner_form, _plan_owner, offered=_has_owner
)
EXPORT: Final = Action(
    "export",
    lazy_gettext("Export"),
    "download",
    "export",
    _no_form,
    _plan_nothing,
    button=False,
    downloads=True,
    many="",
)
DELETE: Final = Action(
    "delete",
    lazy_gettext("Delete"),
    "trash",
    "delete",
    _no_form,
    _plan_delete,
    button=False,
    dangerous=True,
)

SHIPPED: Final = (EDIT, ASSIGN, EXPORT, DELETE)


def actions_of(entity: Entity) -> tuple[Action, ...]:
    """All actions of an entity: its own and its steps between those that every entity has."""
    edit, assign, export, delete = SHIPPED
    found = (edit, assign, *entity.actions, *step_actions(entity), export, delete)
    return tuple(each for each in found if each.fits(entity))


def action_of(entity: Entity, name: str) -> Action | None:
    """The action of that name; None where the entity has none."""
    return next((each for each in actions_of(entity) if each.name == name), None)
