"""A run in the reader's words: counts with reasons, what goes where, twenty samples, and the file of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from flask import url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.bulk.action import sentence
from admin_app.engine.bulk.applying import Opened
from admin_app.engine.bulk.classify import attributes, tally
from admin_app.engine.bulk.selection import key_of, version_of
from admin_app.engine.entity import Entity, Field
from admin_app.engine.exchange.export import csv_line
from admin_app.engine.inputs import LookupField
from admin_app.engine.labels import labels
from admin_app.engine.listing import Plan as ListPlan
from admin_app.engine.site import site
from models.bulk import BulkItem

SAMPLES: Final = 20
#: Groups of the distribution that are shown; the smaller ones are added up.
GROUPS: Final = 12
_BATCH: Final = 1_000
_ITEMS: Final[Any] = BulkItem.__table__
ORDER: Final = ("change", "same", "denied", "locked", "invalid", "moved")


def outcome_label(outcome: str, done: bool) -> str:
    """What an outcome is called, before and after the run."""
    return str(
        {
            "change": _("Changed") if done else _("Will change"),
            "same": _("So already"),
            "denied": _("Not permitted"),
            "locked": _("Locked"),
            "invalid": _("Not possible"),
            "moved": _("Changed meanwhile"),
        }[outcome]
    )


def outcomes(session: Session, opened: Opened, done: bool) -> list[dict[str, Any]]:
    """The outcomes that occur, each with its number and its reasons, as [{key, label, count, reasons}]."""
    run, entity = opened.run, opened.entity
    with acting(session, SYSTEM):
        found = tally(session, run.id)
    shown = []
    for key in ORDER:
        parts = [each for each in found if each.outcome == key]
        if not parts and key != "change":
            continue
        reasons = [
            {
                "text": sentence(opened.action, entity, each.why, labels()),
                "count": format_decimal(each.count),
                "example": each.example,
                "why_action": _asked(opened, each.why) if key == "denied" else None,
            }
            for each in parts
            if each.why
        ]
        number = sum(each.count for each in parts)
        shown.append(
            {
                "key": key,
                "label": outcome_label(key, done),
                "number": number,
                "count": format_decimal(number),
                "reasons": reasons,
            }
        )
    return shown


def _asked(opened: Opened, why: str) -> str:
    """The action word that the page "why not" is asked about."""
    return "bulk" if why == "bulk" else "edit" if why.startswith("field:") else opened.action.word


def distribution(session: Session, opened: Opened) -> list[dict[str, Any]]:
    """For each field that changes, how many records go from which value to which new one; a statement a field."""
    entity, run = opened.entity, opened.run
    fields = site().fields(opened.policy, entity)
    found = []
    for key, attribute in attributes(entity, opened.plan.values).items():
        each = entity.fields[key]
        if not fields.readable(key):
            continue
        new = computed_value(opened, key)
        grouped = [attribute] if new is None else [attribute, new]
        with acting(session, SYSTEM):
            rows = session.execute(
                select(func.count(), *grouped)
                .select_from(entity.model)
                .join(_ITEMS, _ITEMS.c.record_id == key_of(entity))
                .where(_ITEMS.c.run_id == run.id, _ITEMS.c.outcome == "change")
                .group_by(*grouped)
                .order_by(func.count().desc(), *grouped)
                .limit(GROUPS + 1)
            ).all()
        names = names_of(session, each, [value for row in rows for value in row[1:]])
        after = after_text(opened, key) if new is None else ""
        lines = [
            {
                "before": value_text(each, names, before),
                "after": value_text(each, names, found[0]) if found else after,
                "count": format_decimal(number),
                "number": number,
            }
            for number, before, *found in rows[:GROUPS]
        ]
        rest = len(rows) > GROUPS
        found.append(
            {
                "label": labels().field(entity.name, key),
                "lines": lines,
                "more": rest,
                "most": max((line["number"] for line in lines), default=1),
            }
        )
    return found


def names_of(session: Session, each: Field, values: Sequence[Any]) -> dict[Any, str]:
    """The labels of a reference's targets, within the reader's rows; one statement, none for other fields."""
    target = site().target(each) if each.reference else None
    if target is None:
        return {}
    label = getattr(target.model, target.label_key) if target.label_key else target.key_attributes[0]
    keys = [value for value in values if value is not None]
    found = select(target.key_attributes[0], label).where(target.key_attributes[0].in_(keys))
    return {key: str(name) for key, name in session.execute(found)}


def value_text(each: Field, names: dict[Any, str], value: Any) -> str:
    """One value as the reader sees it; `names` are the labels of a reference's targets."""
    if value is None or value == "":
        return "—"
    if each.reference is not None:
        return names.get(value) or str(_("Not visible to you"))
    return str(each.kind.cell(value).text)


def computed_value(opened: Opened, key: str) -> Any | None:
    """The SQL of a field's new value where it was computed for each record; None where all get the same."""
    value = opened.plan.values[key]
    return value if isinstance(value, ColumnElement) else None


def after_text(opened: Opened, key: str) -> str:
    """The new value of a field, as the reader sees it."""
    each, value = opened.entity.fields[key], opened.plan.values[key]
    if isinstance(value, ColumnElement):
        return str(_("Filled in by itself"))
    bound = opened.form._fields.get(key)
    if isinstance(bound, LookupField) and bound.data is not None:
        return str(bound.describe(bound.data)[1])
    return value_text(each, {}, value)


def samples(session: Session, opened: Opened) -> list[dict[str, Any]]:
    """The first records that change, as [{label, url, changes: [{label, before, after}]}]; one statement."""
    entity = opened.entity
    rows = _rows(session, opened, 0, SAMPLES, "change")
    keys = list(opened.plan.values)
    return [
        {
            "label": plan.title(row),
            "code": plan.code(row),
            "url": url_for(f"{entity.name}.details_view", id=plan.key(row)),
            "changes": [
                {
                    "label": labels().field(entity.name, key),
                    "before": plan.cell(row, key, link=False).text,
                    "after": item.after.get(key) or after_text(opened, key),
                }
                for key in keys
                if key in plan.slots
            ],
            "why": url_for(opened.action.explains, id=plan.key(row)) if opened.action.explains else None,
        }
        for plan, row, item in rows
    ]


def left_out(session: Session, opened: Opened) -> list[dict[str, Any]]:
    """Records that changed after the preview and were left alone, as [{label, url}]; the first of them."""
    entity = opened.entity
    return [
        {"label": plan.title(row), "url": url_for(f"{entity.name}.details_view", id=plan.key(row))}
        for plan, row, _item in _rows(session, opened, 0, SAMPLES, "moved")
    ]


class _Item(NamedTuple):
    """What a run says of one record; `after` are new values that were computed for it, in words by field key."""

    number: int
    outcome: str
    why: str | None
    after: Mapping[str, str]


def _rows(
    session: Session, opened: Opened, after: int, size: int, outcome: str | None = None
) -> list[tuple[ListPlan, Any, _Item]]:
    entity, run = opened.entity, opened.run
    plan = ListPlan(entity, list(opened.plan.values))
    # The table and not the class: its rows belong to nobody, and whose run it is was asked already.
    item = _ITEMS.c
    places = [plan.push_hidden(column) for column in (item.record_id, item.outcome, item.why)]
    computed = {
        key: plan.push_hidden(value)
        for key in opened.plan.values
        if (value := computed_value(opened, key)) is not None
    }
    statement = plan.statement().join(_ITEMS, item.record_id == key_of(entity))
    statement = statement.where(item.run_id == run.id, item.record_id > after)
    if outcome is not None:
        statement = statement.where(item.outcome == outcome)
    found = session.execute(statement.order_by(item.record_id).limit(size))
    fields = entity.fields
    return [
        (
            plan,
            row,
            _Item(
                row[places[0]],
                row[places[1]],
                row[places[2]],
                {key: value_text(fields[key], {}, row[place]) for key, place in computed.items()},
            ),
        )
        for row in found
    ]


def csv_lines(session: Session, opened: Opened) -> Iterator[bytes]:
    """All records of the run as CSV: what they are, the outcome with its reason, each field now and afterwards."""
    entity, done = opened.entity, opened.run.state in ("done", "undone")
    titles = [*entity.title_keys, *([entity.code] if entity.code else [])]
    keys = list(opened.plan.values)
    head = [labels().field(entity.name, key) for key in titles] + [_("Outcome"), _("Reason")]
    for key in keys:
        label = labels().field(entity.name, key)
        head += [label] if done else [label, _("%(field)s after", field=label)]
    yield b"\xef\xbb\xbf" + csv_line(head)
    last = 0
    while True:
        rows = _rows(session, opened, last, _BATCH)
        lines = []
        for plan, row, item in rows:
            line = [plan.export(row, key) if key in plan.slots else "" for key in titles]
            because = sentence(opened.action, entity, item.why, labels()) if item.why else ""
            line += [outcome_label(item.outcome, done), because]
            for key in keys:
                line.append(plan.export(row, key) if key in plan.slots else "")
                if not done:
                    line.append(item.after.get(key) or after_text(opened, key))
            lines.append(csv_line(line))
            last = item.number
        yield b"".join(lines)
        if len(rows) < _BATCH:
            return


def versions_now(session: Session, entity: Entity, run_id: int) -> int:
    """How many records that would change did so since the preview; the session acts as the system."""
    moved = (
        select(func.count())
        .select_from(BulkItem)
        .outerjoin(
            entity.model, (key_of(entity) == BulkItem.record_id) & (version_of(entity) == BulkItem.version)
        )
        .where(BulkItem.run_id == run_id, BulkItem.outcome == "change", key_of(entity).is_(None))
    )
    return int(session.scalar(moved) or 0)
