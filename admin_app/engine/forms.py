"""Record forms: one WTForms field per typed field of an entity, made for one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_wtf.i18n import translations
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import Field as FormField
from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm
from wtforms.meta import DefaultMeta

from admin_app.engine.access import Policy
from admin_app.engine.entity import Entity, Field
from admin_app.engine.field_drawing import draw_field
from admin_app.engine.inputs import Filled, LookupField, TrackedField
from admin_app.engine.keys import decode_key, encode_key
from admin_app.engine.labels import labels
from admin_app.engine.listing.plan import Plan
from admin_app.engine.locked import locked_entries
from admin_app.engine.site import site


class _Meta(DefaultMeta):  # type: ignore[misc]  # WTForms brings no types
    def get_translations(self, form: Any) -> Any:
        return translations


def find_record(session: Session, entity: Entity, key: str) -> Any:
    """The record with this key within the actor's rows; None where there is none, or the key is none."""
    values = decode_key(key, entity.key_kinds)
    if values is None:
        return None
    return session.get(entity.model, values if len(values) > 1 else values[0], populate_existing=True)


def typed_fields(entity: Entity, policy: Policy, record: Any) -> tuple[str, ...]:
    """What this person may type of this record; any other field is no part of the form and keeps its value."""
    levels, access = site().fields(policy, entity), site().access
    return tuple(
        key
        for key in entity.form_fields
        if not entity.fields[key].is_key and access.contains(levels.rows(key, "write"), record)
    )


def typed_everywhere(entity: Entity, policy: Policy) -> tuple[str, ...] | None:
    """The same for any record that this person sees, without a look at it; None where it depends on the record."""

    def find() -> tuple[tuple[str, ...] | None]:
        seen, levels = site().rows(policy, "view", entity), site().fields(policy, entity)
        keys = tuple(key for key in entity.form_fields if not entity.fields[key].is_key)
        all_rows = [site().rows(policy, "edit", entity), *(levels.rows(key, "write") for key in keys)]
        return (keys if all(rows >= seen for rows in all_rows) else None,)

    return site().kept(policy, ("typed everywhere", entity.name), find)[0]


def describe(entity: Entity, record: Any) -> tuple[str, str]:
    """(key, label) of a loaded record."""
    values = tuple(getattr(record, attribute.key) for attribute in entity.key_attributes)
    key = encode_key(values, entity.key_kinds)
    label = getattr(record, entity.label_key) if entity.label_key else None
    return key, str(label) if label not in (None, "") else f"#{key}"


class RecordForm(BaseForm):  # type: ignore[misc]
    """The form of one entity, to create a record or to edit one.

    Fields are found by key, `form["name"]`, and never as attributes: a column may be called `data` or `validate`.

    Args:
        entity: whose form.
        session: for lookups; the row scope decides what may be chosen.
        keys: the fields that this actor may type; others keep what is stored.
        stored: (plan, row) of the record that is edited; None for a new one.
        formdata: what was sent, or None.
        values: what a new record begins with.
    """

    def __init__(
        self,
        entity: Entity,
        session: Session,
        keys: Sequence[str],
        stored: tuple[Plan, Any] | None = None,
        formdata: MultiDict[str, Any] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self.entity = entity
        self.session = session
        self.is_new = stored is None
        fields = {key: self._unbound(entity.fields[key]) for key in keys}
        super().__init__(fields, meta=_Meta())
        if stored is not None:
            self._remember(*stored)
        data = self._stored_values(*stored) if stored else dict(values or {})
        self.process(formdata, data=data)

    def _unbound(self, each: Field) -> UnboundField[Any]:
        entity = self.entity
        required = entity.required(each)
        # An old blank that nobody touched does not stop a save; a new record has nothing old.
        validators = [Filled(self.is_new)] if required else []
        label = LazyString(labels().field, entity.name, each.key)
        if each.reference is None:
            return each.kind.field(label, validators, not each.nullable)
        target = site().target(each)
        if target is None:
            return each.kind.field(label, validators, not each.nullable)
        return UnboundField(
            LookupField,
            label,
            validators=validators,
            find=lambda key: find_record(self.session, target, key),
            describe=lambda record: describe(target, record),
            render_kw={"data-lookup": url_for(f"{entity.name}.ajax_lookup", name=each.key)},
        )

    def _remember(self, plan: Plan, row: Any) -> None:
        for key, bound in self._fields.items():
            if isinstance(bound, LookupField):
                found = plan.reference(row, key)
                if found is not None:
                    # A hidden target keeps a stand-in key, so that leaving the field alone keeps the reference.
                    bound.keep(found[0] or "-", found[1])

    def _stored_values(self, plan: Plan, row: Any) -> dict[str, Any]:
        return {
            key: plan.value(row, key)
            for key, bound in self._fields.items()
            if not isinstance(bound, LookupField)
        }

    def touched(self) -> list[str]:
        """Keys of the fields that were changed in the browser."""
        return [
            key for key, bound in self._fields.items() if isinstance(bound, TrackedField) and bound.touched
        ]

    def refuse(self, key: str, message: str) -> None:
        """Put an error at a field, found out later than validation (by the database)."""
        bound: FormField = self._fields[key]
        bound.errors = [*bound.errors, message]

    def error_list(self) -> list[dict[str, str]]:
        """All errors with their fields, for the summary on top."""
        return [
            {
                "key": key,
                "label": str(bound.label.text),
                "message": message if isinstance(message, str) else str(message),
            }
            for key, bound in self._fields.items()
            for message in bound.errors
        ]


def layout(form: RecordForm, found: tuple[Plan, Any] | None = None) -> list[dict[str, Any]]:
    """The form's fields by section, as the template shows them, and between them those that may not be typed.

    `found` is the record as it is stored.
    """
    entity = form.entity
    locked = locked_entries(entity, form, found)
    shown = []
    for name, keys in entity.form_sections.items():
        rows = [
            locked.get(key)
            or {
                "field": form[key],
                "key": key,
                "kind": "reference" if isinstance(form[key], LookupField) else entity.fields[key].kind.name,
                "required": entity.required(entity.fields[key]),
                "help": labels().help(entity.name, key),
                "wide": _is_wide(entity.fields[key]),
            }
            for key in keys
            if key in form or key in locked
        ]
        if rows:
            shown.append({"key": name, "title": labels().section(entity.name, name), "fields": rows})
    return shown


def form_context(
    form: RecordForm, found: tuple[Plan, Any] | None, meanwhile: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What `form.html` shows of the form itself.

    `found` is the record as it is stored; `meanwhile` says, by field key, what somebody else changed (merging.py).
    """
    name = form.entity.name
    label = labels().entity(name)
    title = None
    if found is not None:
        plan, row = found
        title = plan.title(row)
    sections = layout(form, found)
    for section in sections:
        for entry in section["fields"]:
            if "locked" not in entry:
                entry["drawn"] = draw_field(name, entry)
                entry["meanwhile"] = (meanwhile or {}).get(entry["key"])
    return {
        "title": title or _("New %(entity)s", entity=labels().inside(label)),
        "entity": {"name": name, "label": label, "plural": labels().plural(name)},
        "is_new": found is None,
        "sections": sections,
        "errors": form.error_list(),
        "form_errors": list(form.form_errors),
        "record_label": title,
    }


def _is_wide(each: Field) -> bool:
    return each.kind.wide or bool(getattr(each.kind, "multiline", False))
