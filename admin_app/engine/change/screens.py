"""The doors to the past of one entity: a record's timeline, the record as it was at a moment, the trash."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, request, url_for
from flask_admin import BaseView, expose
from flask_babel import format_datetime
from flask_babel import gettext as _

from admin_app.db import db
from admin_app.engine import details
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.addresses import path_of
from admin_app.engine.change.history import history
from admin_app.engine.change.past import AsItWas, as_it_was
from admin_app.engine.change.reading import Entry, Place, timeline, trash
from admin_app.engine.change.telling import heads, shown_field, told
from admin_app.engine.entity import Entity
from admin_app.engine.forms import describe, find_record
from admin_app.engine.kinds.base import Unreadable
from admin_app.engine.kinds.time import DateTimeKind
from admin_app.engine.labels import labels
from admin_app.engine.site import site
from admin_app.errors import BadInput, NotFound
from models.types import utc_now

#: Entries of a page.
SHOWN: Final = 20
DELETED: Final = 50
#: A related list of the past shows so many.
LISTED: Final = 20
_MOMENT: Final = DateTimeKind(zoned=True)
Answer = str | tuple[str, int]


class HistoryDoors(BaseView):  # type: ignore[misc]  # Flask-Admin brings no types
    """`/<entity>/history/`, `/<entity>/past/` and `/<entity>/trash/`; the view of the entity guards them."""

    entity: Entity
    _key: Callable[[], str]

    @expose("/history/")
    def history_view(self) -> str:
        """What happened to one record, newest first; also of a record that is gone."""
        session, policy, key = db.session(), current_policy(), self._key()
        if not has_history(self.entity):
            raise NotFound(_("There is no such page."))
        found = timeline(session, self.entity, key, policy, read_place(), SHOWN + 1)
        record = find_record(session, self.entity, key)
        if record is None and not found:
            raise NotFound(_("The record is gone, or it is not yours to see."))
        entries, older = _paged(found, SHOWN)
        columns = _restorable(policy, self.entity, record)
        known = heads(session, (each.change_set for each in entries))
        shown = [
            {
                "set": known[each.change_set.id],
                "then_url": url_for(
                    f"{self.entity.name}.past_view", id=key, at=each.change_set.at.isoformat()
                ),
                **told(each, columns, _takes_back(policy, self.entity, each, columns, record is None)),
            }
            for each in entries
        ]
        label = describe(self.entity, record)[1] if record is not None else found[0].label
        return str(
            self.render(
                "admin/history/timeline.html",
                **_around(self.entity, key, label, policy, record is not None, "history"),
                entries=shown,
                older=url_for(f"{self.entity.name}.history_view", id=key, before=older) if older else None,
                first_page="before" not in request.args,
            )
        )

    @expose("/past/")
    def past_view(self) -> Answer:
        """One record as it was at a moment (`at`, ISO 8601; typed in the company's zone), beside what it is."""
        session, policy, key = db.session(), current_policy(), self._key()
        if not has_history(self.entity):
            raise NotFound(_("There is no such page."))
        typed, trouble, status = request.args.get("at", "").strip(), "", 200
        moment = utc_now()
        try:
            moment = _MOMENT.parse(typed) if typed else moment
        except Unreadable as problem:
            trouble, status = str(problem), 400
        found = as_it_was(session, self.entity, key, moment, policy)
        if found is None:
            raise NotFound(_("The record is gone, or it is not yours to see."))
        page = self.render(
            "admin/history/past.html",
            **_around(self.entity, key, found.label, policy, found.exists, "history"),
            asked=bool(typed) and not trouble,
            at=typed if trouble else _MOMENT.show(moment),
            trouble=trouble,
            moment=format_datetime(moment, "medium"),
            found=found,
            fields=_then_and_now(found),
            related=_related(found),
        )
        return str(page), status

    @expose("/trash/")
    def trash_view(self) -> str:
        """Deleted records that were not restored, newest first."""
        session, policy, name = db.session(), current_policy(), self.entity.name
        if not has_trash(self.entity):
            raise NotFound(_("There is no such page."))
        found = trash(session, self.entity, policy, read_place(), DELETED + 1)
        entries, older = _paged(found, DELETED)
        known = heads(session, (each.change_set for each in entries))
        may = site().may(policy, "create", self.entity)
        return str(
            self.render(
                "admin/history/trash.html",
                entity=_words(self.entity),
                entries=[{"set": known[each.change_set.id], **told(each, whole=may)} for each in entries],
                older=url_for(f"{name}.trash_view", before=older) if older else None,
                first_page="before" not in request.args,
                list_url=url_for(f"{name}.index_view") if site().may(policy, "view", self.entity) else None,
            )
        )


def trash_url(name: str) -> str | None:
    """The trash of an entity, where there is one that opens to the reader: lists link to it."""
    entity, policy = site().by_name[name], current_policy()
    may = any(site().may(policy, action, entity) for action in ("create", "delete"))
    return path_of(f"{name}.trash_view") if may and has_trash(entity) else None


def init_history(app: Flask) -> None:
    """Let templates ask for the trash of an entity."""
    app.jinja_env.globals["trash_url"] = trash_url


def has_history(entity: Entity) -> bool:
    """Whether anything is written down of its records."""
    return history().shape(entity.model) is not None


def has_trash(entity: Entity) -> bool:
    """Whether its deleted records can be found and brought back."""
    shape = history().shape(entity.model)
    return shape is not None and history().in_sql(shape) and not {"create", "delete"} <= {*entity.forbids}


def read_place() -> Place | None:
    """Where a page of entries begins, as `before=<set>.<number>` in the address."""
    text = request.args.get("before", "")
    if not text:
        return None
    parts = re.fullmatch(r"([0-9]{1,18})\.([0-9]{1,18})", text)
    if parts is None:
        raise BadInput(_("This page cannot be found. Begin at the newest."))
    return int(parts[1]), int(parts[2])


def _paged(found: list[Entry], size: int) -> tuple[list[Entry], str | None]:
    """One page of what was read with one entry more, and where the next page begins."""
    shown = found[:size]
    return shown, "{}.{}".format(*shown[-1].place) if len(found) > size else None


def _words(entity: Entity) -> dict[str, str]:
    return {
        "name": entity.name,
        "label": labels().entity(entity.name),
        "plural": labels().plural(entity.name),
        "icon": entity.icon,
    }


def _around(
    entity: Entity, key: str, label: str, policy: Policy, exists: bool, current: str
) -> dict[str, Any]:
    """What stands around the pages of one record."""
    name = entity.name
    return {
        "entity": _words(entity),
        "record": {"key": key, "label": label, "exists": exists},
        "tabs": details.tabs(db.session(), entity, policy, key, current) if exists else [],
        "urls": {
            "list": url_for(f"{name}.index_view"),
            "details": url_for(f"{name}.details_view", id=key) if exists else None,
            "history": url_for(f"{name}.history_view", id=key),
            "past": url_for(f"{name}.past_view", id=key),
        },
    }


def _restorable(policy: Policy, entity: Entity, record: Any) -> set[str]:
    """The fields of this record, by column key, that the reader may put back: those that they may type."""
    shape = history().shape(entity.model)
    if record is None or shape is None or not history().in_sql(shape):
        return set()
    if not site().may_record(policy, "edit", entity, record):
        return set()
    levels = site().fields(policy, entity)
    exact = {column.key for key, column in shape.columns.items() if shape.codecs[key].exact}
    return exact & {
        column.key
        for key in entity.form_fields
        if not entity.fields[key].is_key and site().access.contains(levels.rows(key, "write"), record)
        for column in entity.fields[key].columns
    }


def _takes_back(policy: Policy, entity: Entity, entry: Entry, columns: set[str], gone: bool) -> bool:
    if entry.op == "delete":
        return gone and has_trash(entity) and site().may(policy, "create", entity)
    return entry.op == "update" and bool(columns and entry.changes)


def _then_and_now(found: AsItWas) -> list[dict[str, Any]]:
    return [
        {**shown_field(found.entity, each), "changed": found.exists and each.old_text != each.new_text}
        for each in found.fields
    ]


def _related(found: AsItWas) -> list[dict[str, Any]]:
    doubled = [each.entity for each in found.related]
    return [
        {
            "label": labels().plural(each.entity)
            + (f" · {labels().field(each.entity, each.field)}" if doubled.count(each.entity) > 1 else ""),
            "records": [
                {"label": label, "url": url_for(f"{each.entity}.history_view", id=key)}
                for key, label in each.records[:LISTED]
            ],
            "more": len(each.records) > LISTED,
        }
        for each in found.related
    ]
