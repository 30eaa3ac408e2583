"""What the template of a list shows: a page of a listing in the reader's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy, Rows
from admin_app.engine.entity import Entity
from admin_app.engine.keys import encode_key
from admin_app.engine.kinds import Cell
from admin_app.engine.kinds.number import money
from admin_app.engine.labels import labels
from admin_app.engine.listing.args import SIZES, operators_of
from admin_app.engine.listing.listing import Listing
from admin_app.engine.listing.plan import Plan
from admin_app.engine.site import site


@dataclass(frozen=True)
class Listed:
    """One row as the template shows it; `cells` match the page's columns, the title not among them."""

    key: str
    url: str | None
    edit_url: str | None
    delete_url: str | None
    title: str
    code: str | None
    cells: Sequence[Cell]


@dataclass(frozen=True)
class ListPage:
    """Everything that `list.html` shows."""

    entity: dict[str, Any]
    count: dict[str, Any]
    columns: Sequence[dict[str, Any]]
    rows: Sequence[Listed]
    q: str
    chips: Sequence[dict[str, Any]]
    filter_fields: Sequence[dict[str, Any]]
    column_choices: Sequence[dict[str, Any]]
    size: int
    sizes: Sequence[int]
    pager: dict[str, Any]
    may: dict[str, bool]
    urls: dict[str, str]
    totals: Sequence[dict[str, Any]]
    filtered: bool
    hidden: Sequence[tuple[str, Any]]


class Presenter:
    """Prepares one page of `listing`."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.entity = listing.entity
        self.args = listing.args
        self.policy = listing.policy

    def page(self, session: Session) -> ListPage:
        """Run the list's two statements and prepare what the template shows."""
        keys = self.listing.column_keys()
        plan = Plan(self.entity, keys)
        may = {
            action: site().rows(self.policy, action, self.entity)
            for action in ("create", "edit", "delete", "export")
        }
        found, cursors = self.listing.rows(session, plan)
        number, exact = self.listing.count(session)
        return ListPage(
            entity=self._entity_info(),
            count=self._count_info(number, exact),
            columns=[self._column(key) for key in keys],
            rows=[self._row(plan, row, keys, may) for row in found],
            q=self.args.q,
            chips=self._chips(session),
            filter_fields=self._filter_fields(),
            column_choices=self._column_choices(keys),
            size=self.args.size,
            sizes=SIZES,
            pager=self._pager(len(found), cursors),
            may={action: bool(rows) for action, rows in may.items()}
            | {"import": may_import(self.policy, self.entity)},
            urls=self._urls(),
            totals=self._totals(session) if exact else (),
            filtered=bool(self.args.q or self.args.filters),
            hidden=list(self.args.query(self.entity, q="").items()),
        )

    def _totals(self, session: Session) -> list[dict[str, Any]]:
        found: dict[str, list[Cell]] = {}
        for key, unit, amount in self.listing.totals(session):
            found.setdefault(key, []).append(Cell("money", money(amount), unit=unit))
        return [
            {"label": labels().field(self.entity.name, key), "cells": cells} for key, cells in found.items()
        ]

    def _entity_info(self) -> dict[str, Any]:
        name = self.entity.name
        titles = self.listing.title_keys
        sort_key = titles[0] if titles and titles[0] in self.entity.sortable else None
        return {
            "name": name,
            "label": labels().entity(name),
            "plural": labels().plural(name),
            "icon": self.entity.icon,
            "title_column": self._column(sort_key) | {"label": self._title_label()}
            if sort_key
            else {"key": "title", "label": self._title_label(), "sort_url": None, "direction": None},
        }

    def _title_label(self) -> str:
        titles = self.listing.title_keys
        if not titles:
            return labels().entity(self.entity.name)
        return " · ".join(labels().field(self.entity.name, key) for key in titles)

    def _count_info(self, number: int, exact: bool) -> dict[str, Any]:
        shown = format_decimal(number) + ("" if exact else "+")
        text = ngettext("%(shown)s record", "%(shown)s records", number if exact else 2, shown=shown)
        return {
            "text": text,
            "shown": shown,
            "number": number,
            "exact_url": None if exact else self._exact_url(),
        }

    def _exact_url(self) -> str:
        return url_for(self.listing.endpoint, **self.listing.fixed, **self.args.query(self.entity), exact=1)

    def _column(self, key: str) -> dict[str, Any]:
        each = self.entity.fields[key]
        url = direction = None
        if key in self.entity.sortable and self.listing.fields.readable(key):
            active = self.args.sort == key
            direction = ("desc" if self.args.descending else "asc") if active else None
            url = self.listing.url(sort=key, descending=active and not self.args.descending)
        return {
            "key": key,
            "label": labels().field(self.entity.name, key),
            "numeric": each.kind.numeric and not each.reference,
            "sort_url": url,
            "direction": direction,
        }

    def _row(self, plan: Plan, row: Any, keys: Sequence[str], may: dict[str, Rows]) -> Listed:
        key = plan.key(row)
        name = self.entity.name
        edit, delete = (plan.within(row, may[action]) for action in ("edit", "delete"))
        return Listed(
            key=key,
            url=url_for(f"{name}.details_view", id=key),
            edit_url=url_for(f"{name}.edit_view", id=key) if edit else None,
            delete_url=url_for(f"{name}.delete_view", id=key) if delete else None,
            title=plan.title(row, self.listing.title_keys),
            code=plan.code(row),
            cells=[plan.cell(row, each) for each in keys],
        )

    def _chips(self, session: Session) -> list[dict[str, Any]]:
        chips = []
        for each in self.args.filters:
            rest = tuple(other for other in self.args.filters if other is not each)
            chips.append(
                {
                    "key": each.name,
                    "label": labels().field(self.entity.name, each.field.key),
                    "op": str(each.operator.label),
                    "value": self._chip_value(session, each) if each.operator.arity else "",
                    "remove_url": self.listing.url(filters=rest),
                }
            )
        return chips

    def _chip_value(self, session: Session, each: Any) -> str:
        if each.field.reference is None:
            values = each.value if each.operator.many else [each.value]
            return ", ".join(each.field.kind.cell(value).text for value in values)
        if each.text == "me":
            return str(_("me"))
        target = site().target(each.field)
        assert target is not None
        label_key = target.label_key or target.key_attributes[0].key
        label = session.scalar(
            select(getattr(target.model, label_key)).where(target.key_attributes[0] == each.value)
        )
        return str(label) if label is not None else encode_key((each.value,), target.key_kinds)

    def _filter_fields(self) -> list[dict[str, Any]]:
        found = []
        for key, each in self.entity.fields.items():
            target = site().target(each) if each.reference else None
            ops = operators_of(each) if not each.reference or (target and len(target.key_kinds) == 1) else ()
            if not ops or key in self.listing.leave_out or not self.listing.fields.readable(key):
                continue
            choices = getattr(each.kind, "codes", ()) if not each.reference else ()
            found.append(
                {
                    "key": key,
                    "label": labels().field(self.entity.name, key),
                    "kind": "reference" if each.reference else each.kind.name,
                    "input_type": each.kind.input_type,
                    "ops": [{"key": op.key, "label": str(op.label), "arity": op.arity} for op in ops],
                    "choices": [(code, each.kind.cell(each.kind.parse(code)).text) for code in choices],
                    "lookup_url": url_for(f"{self.entity.name}.ajax_lookup", name=key)
                    if each.reference
                    else None,
                }
            )
        return found

    def _column_choices(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        return [
            {"key": key, "label": labels().field(self.entity.name, key), "shown": key in keys}
            for key in dict.fromkeys([*keys, *self.entity.fields])
            if key not in self.listing.title_keys
            and key not in self.listing.leave_out
            and self.listing.fields.visible(key)
        ]

    def _pager(self, shown: int, cursors: dict[str, str | None]) -> dict[str, Any]:
        after, before = cursors["next"], cursors["prev"]
        info = ngettext("%(n)s row on this page", "%(n)s rows on this page", shown, n=shown)
        if self.args.sort:
            info += " · " + _("by %(field)s", field=labels().field(self.entity.name, self.args.sort))
        return {
            "first": self.listing.url() if before or (self.args.after and not shown) else None,
            "prev": self.listing.url(before=before) if before else None,
            "next": self.listing.url(after=after) if after else None,
            "last": self.listing.url(end=1) if after else None,
            "info": info,
        }

    def _urls(self) -> dict[str, str]:
        name = self.entity.name
        return {
            "self": self.listing.url(),
            "create": url_for(f"{name}.create_view", _url=self.listing.url()),
            "export": url_for(f"{name}.export", export_type="csv", **self.args.query(self.entity)),
            "import": url_for(f"{name}.import_view"),
            "reset": url_for(self.listing.endpoint, **self.listing.fixed),
            "delete": url_for(f"{name}.delete_view"),
        }


def may_import(policy: Policy, entity: Entity) -> bool:
    """Importing is creating in bulk: it needs the right to create here, and a duty that names `import`."""
    return site().may(policy, "create", entity) and policy.may("create", "import")
