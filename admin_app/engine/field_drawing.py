"""Form fields as HTML: the template of a field is drawn once for each shape of field, and filled in for each record.

Most of a form's cost is in writing the attributes of its inputs, which are the same for every record. A field without
errors is drawn once with marks in place of its value; what it drew is cut at the marks, as rows of lists are.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from flask import current_app, request
from markupsafe import Markup

from admin_app.engine.inputs import CheckField, ChoiceField, LookupField, ParsedField, TrackedField
from admin_app.engine.language import lang
from admin_app.engine.marks import MARKS, Drawn

#: Shapes kept in a process: fields, codes of choices and languages together stay far below it.
_KEPT = 5_000


def draw_field(entity: str, entry: Mapping[str, Any]) -> Markup:
    """A form's field as the template draws it; `entry` is what the template's macro `field` reads."""
    bound = entry["field"]
    values = _values(bound)
    if values is None or bound.errors:
        return Markup(_template().field(entry))  # noqa: S704 - drawn by the template
    every: dict[Hashable, Drawn] = current_app.extensions.setdefault("dutybook_fields", {})
    shape = (entity, bound.name, entry["required"], lang(), request.script_root, *_shape(bound, values))
    form = every.get(shape)
    if form is None:
        if len(every) >= _KEPT:
            every.clear()
        form = every[shape] = Drawn(str(_template().field({**entry, "field": _marked(bound, values)})))
    return form.filled(values)


def _values(bound: Any) -> tuple[str, ...] | None:
    """The texts that differ from record to record; None for a field that is drawn as it is each time."""
    if isinstance(bound, LookupField):
        return bound.chosen() or ()
    if isinstance(bound, ParsedField):
        return (bound._value(),)
    return () if isinstance(bound, CheckField | ChoiceField) else None


def _shape(bound: TrackedField, values: tuple[str, ...]) -> tuple[Hashable, ...]:
    """What else decides how it is drawn: whether anything is chosen, or which of a few that are offered."""
    if isinstance(bound, ChoiceField):
        return (bound._value(), bound.blank, tuple(bound.options()))
    return (len(values), isinstance(bound, CheckField) and bound.data)


def _marked(bound: TrackedField, values: tuple[str, ...]) -> TrackedField:
    """The same field with marks for values."""
    # Not copy.copy: a field class that is called outside of a form gives an unbound field.
    marked: TrackedField = object.__new__(type(bound))
    marked.__dict__.update(bound.__dict__)
    if isinstance(marked, LookupField):
        marked.raw_data, marked.data = None, None
        marked.kept = (MARKS[0], MARKS[1]) if values else None
    elif isinstance(marked, ParsedField):
        marked.raw_data = [MARKS[0]]
    return marked


def _template() -> Any:
    return current_app.jinja_env.get_template("admin/model/fields.html").module
