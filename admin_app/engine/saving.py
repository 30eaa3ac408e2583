"""Saving a form: stale saves refused, rights checked before and after, database refusals put at their field."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, PrimaryKeyConstraint, Select, Table, UniqueConstraint, bindparam, null
from sqlalchemy.exc import CircularDependencyError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from admin_app.engine.access import Policy, current_scope, policy_of
from admin_app.engine.entity import Entity
from admin_app.engine.forms import RecordForm
from admin_app.engine.inputs import LookupField
from admin_app.engine.keys import decode_key
from admin_app.engine.kinds import JsonKind
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.engine.listing.plan import Plan
from admin_app.engine.refusals import told
from admin_app.engine.site import site
from admin_app.errors import Forbidden, Refused


class Stale(Exception):
    """The record changed since the form was opened; nothing was written."""


def stored_row(session: Session, entity: Entity, key: str, keys: Sequence[str]) -> tuple[Plan, Any] | None:
    """One record as a tuple of the given fields, within the actor's rows; None where there is none."""
    values = decode_key(key, entity.key_kinds)
    if values is None:
        return None
    what = ("record", entity.name, lang(), tuple(keys))

    def make() -> Plan:
        made = Plan(entity, keys)
        made.version_places = [made.push_hidden(column) for column in _version_columns(entity)]
        return made

    plan = site().kept(policy_of(session), what, make)

    def build() -> Select[Any]:
        named = (
            attribute == bindparam(f"key{at}", type_=attribute.type, required=False)
            for at, attribute in enumerate(entity.key_attributes)
        )
        return plan.statement().where(*named)

    found = current_scope().prepared(session, entity.model, what, build)
    rows = found.rows(session, **{f"key{at}": value for at, value in enumerate(values)})
    return (plan, rows[0]) if rows else None


def token_of(plan: Plan, row: Any) -> str:
    """What a form carries to notice that its record has changed: the version, or a digest where there is none."""
    values = [row[place] for place in plan.version_places]
    if len(values) == 1 and isinstance(values[0], int):
        return str(values[0])
    return hashlib.sha256(repr(values).encode()).hexdigest()[:32]


def _version_columns(entity: Entity) -> list[Any]:
    version = entity.mapper.version_id_col
    if version is not None:
        return [getattr(entity.model, entity.mapper.get_property_by_column(version).key)]
    # A schema without version counters: all stored values together are the version.
    return [
        each.kind.select(getattr(entity.model, entity.mapper.get_property_by_column(column).key))
        for each in entity.fields.values()
        for column in each.columns
    ]


def create(session: Session, entity: Entity, policy: Policy, form: RecordForm) -> Any | None:
    """Make the record of a valid form and flush it; None where the database refuses, with the error at its field.

    Raises:
        Forbidden: the new record would be outside the rows on which the actor may create.
    """
    record = entity.model(**values_of(form, list(form._fields)))
    return record if _write(session, entity, policy, form, record, "create") else None


def update(session: Session, entity: Entity, policy: Policy, form: RecordForm, record: Any) -> bool:
    """Write the touched fields of a valid form; False where the database refuses, with the error at its field.

    Raises:
        Forbidden: the record is, or would be, outside the rows on which the actor may edit.
        Stale: somebody else saved between the check of the token and the flush.
    """
    if not site().may_record(policy, "edit", entity, record):
        raise Forbidden(_("None of your positions lets you edit this record."))
    touched = form.touched()
    if not touched:
        return True
    return _write(session, entity, policy, form, record, "edit", values_of(form, touched))


def values_of(form: RecordForm, keys: Sequence[str]) -> dict[str, Any]:
    """What a valid form gives for these fields; a blank that the class fills by itself is left out."""
    entity = form.entity
    values: dict[str, Any] = {}
    for key in keys:
        bound, each = form[key], entity.fields[key]
        value = bound.data
        if value is None:
            if form.is_new and (each.has_default or not entity.required(each)):
                continue
            if isinstance(each.kind, JsonKind) and not isinstance(bound, LookupField):
                value = null()
            elif not each.nullable and not each.reference:
                # A text that may not be NULL and may be blank.
                value = ""
        values[key] = value
    return values


def _write(
    session: Session,
    entity: Entity,
    policy: Policy,
    form: RecordForm,
    record: Any,
    action: str,
    values: Mapping[str, Any] | None = None,
) -> bool:
    try:
        with session.begin_nested(), session.no_autoflush:
            # Opening a savepoint flushes: values set before it would be written outside of it, ahead of the hooks.
            for key, value in (values or {}).items():
                setattr(record, key, value)
            session.add(record)
            if entity.before_save:
                entity.before_save(session, policy, record)
            session.flush()
            if entity.after_save:
                entity.after_save(session, policy, record)
                session.flush()
            if not site().may_record(policy, action, entity, record) or not _may_fill(policy, form, record):
                raise Forbidden(_("None of your positions lets you put a record there."))
    except IntegrityError as problem:
        key, message = explain(entity, problem)
        if key in form:
            form.refuse(key, message)
        else:
            form.form_errors.append(message)
        return False
    except Refused as refusal:
        if refusal.key in form:
            form.refuse(refusal.key, told(refusal))
        else:
            form.form_errors.append(told(refusal))
        return False
    except CircularDependencyError:
        form.form_errors.append(_("A record cannot refer to itself."))
        return False
    except StaleDataError:
        raise Stale from None
    return True


def _may_fill(policy: Policy, form: RecordForm, record: Any) -> bool:
    """Whether each field that was filled may be typed on a record that is where this one is now."""
    levels, access = site().fields(policy, form.entity), site().access
    filled = (key for key in form.entity.group_of if key in form and form[key].data is not None)
    return all(access.contains(levels.rows(key, "write"), record) for key in filled)


def explain(entity: Entity, problem: IntegrityError) -> tuple[str, str]:
    """(field key, sentence) for a refused write; the key is "" where the rule is about several fields."""
    table = entity.table
    diag = getattr(problem.orig, "diag", None)
    # PostgreSQL's whole message quotes what was typed, which may read like anything.
    text = str(diag.message_primary if diag else problem.orig)
    name = diag.constraint_name if diag else None
    if "NOT NULL" in text or "not-null" in text:
        return _key_of(entity, [diag.column_name] if diag else _named(text)), _("Fill this in.")
    if "FOREIGN KEY" in text or "foreign key" in text:
        return "", _("Something that this record refers to is gone, or something still refers to it.")
    if "CHECK" in text or "check constraint" in text:
        found = name or text.rpartition(": ")[2]
        return _check(entity, table, found)
    columns, name = _unique(table, name, [] if diag else _named(text))
    rule = labels().constraint(name) if name else None
    return _key_of(entity, columns), rule or _("This is already in use.")


def _named(text: str) -> list[str]:
    """The columns that SQLite names: "UNIQUE constraint failed: pair.word, pair.number"."""
    return [part.rpartition(".")[2] for part in text.rpartition(": ")[2].split(", ")]


def _check(entity: Entity, table: Table, name: str) -> tuple[str, str]:
    message = labels().constraint(name) or _("These values do not go together.")
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint) and str(constraint.name) == name:
            words = set(re.findall(r"\w+", str(constraint.sqltext)))
            return _key_of(entity, [column.name for column in table.columns if column.name in words]), message
    return "", message


def _unique(table: Table, name: str | None, columns: list[str]) -> tuple[list[str], str | None]:
    """(columns, name) of the violated rule, of which PostgreSQL tells the name and SQLite the columns."""
    rules: list[Any] = [
        each for each in table.constraints if isinstance(each, UniqueConstraint | PrimaryKeyConstraint)
    ]
    rules += [index for index in table.indexes if index.unique]
    for rule in rules:
        own = [column.name for column in rule.columns]
        if str(rule.name) == name or sorted(own) == sorted(columns):
            return own, str(rule.name)
    return columns, name


def _key_of(entity: Entity, columns: Sequence[str]) -> str:
    """The first typed field among `columns`."""
    for key in entity.form_fields:
        if any(column.name in columns for column in entity.fields[key].columns):
            return key
    return ""
