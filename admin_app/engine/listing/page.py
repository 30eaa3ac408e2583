"""What the template of a list shows: a page of a listing in the reader's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy, Rows
from admin_app.engine.addresses import address, path_of, quoted
from admin_app.engine.entity import Entity
from admin_app.engine.keys import encode_key
from admin_app.engine.kinds import Cell
from admin_app.engine.kinds.number import money
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.engine.listing.args import SIZES
from admin_app.engine.listing.drawing import draw_rows
from admin_app.engine.listing.listing import Listing
from admin_app.engine.listing.plan import Plan
from admin_app.engine.listing.tools import choosable
from admin_app.engine.site import site
from admin_app.engine.tight import tight
from admin_app.errors import BadInput


class Listed(NamedTuple):
    """One row; `cells` match the page's columns, the title not among them.

    `ways` holds a letter for each way on from it: o(pen), e(dit), d(elete).
    """

    key: str
    url: str
    ways: str
    title: str
    code: str | None
    cells: Sequence[Cell]


class Presenter:
    """Prepares one page of `listing`."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.entity = listing.entity
        self.args = listing.args
        self.policy = listing.policy
        self.exact = False

    def page(self, session: Session) -> ListPage:
        """Run the list's statements and prepare what the template shows."""
        return ListPage(self, session)

    def frame(self) -> dict[str, Any]:
        """What stands around the rows and asks the database nothing."""
        return {"entity": self.entity_info(), "urls": self.urls(), "q": self.args.q, "hidden": self.hidden()}

    def hidden(self) -> list[tuple[str, Any]]:
        """The arguments that a form of the list carries along."""
        return list(self.args.query(self.entity, q="").items())

    def rights(self) -> dict[str, Rows]:
        """The rows on which the reader may do what a list offers."""
        return {
            action: site().rows(self.policy, action, self.entity)
            for action in ("create", "edit", "delete", "export")
        }

    def totals(self, sums: Sequence[tuple[str, str | None, Any]]) -> list[dict[str, Any]]:
        found: dict[str, list[Cell]] = {}
        for key, unit, amount in sums:
            found.setdefault(key, []).append(Cell("money", money(amount), unit=unit))
        return [
            {"label": labels().field(self.entity.name, key), "cells": cells} for key, cells in found.items()
        ]

    def entity_info(self) -> dict[str, Any]:
        name = self.entity.name
        titles = self.listing.title_keys
        sort_key = titles[0] if titles and self.listing.sorts(titles[0], self.exact) else None
        return {
            "name": name,
            "label": labels().entity(name),
            "plural": labels().plural(name),
            "icon": self.entity.icon,
            "title_column": self.column(sort_key) | {"label": self._title_label()}
            if sort_key
            else {"key": "title", "label": self._title_label(), "sort_url": None, "direction": None},
        }

    def _title_label(self) -> str:
        titles = self.listing.title_keys
        if not titles:
            return labels().entity(self.entity.name)
        return " · ".join(labels().field(self.entity.name, key) for key in titles)

    def count_info(self, number: int, exact: bool) -> dict[str, Any]:
        shown = f"{number:,}" + ("" if exact else "+")
        text = ngettext("%(shown)s record", "%(shown)s records", number if exact else 2, shown=shown)
        return {
            "text": text,
            "shown": shown,
            "number": number,
            "exact_url": None if exact else self._exact_url(),
        }

    def _exact_url(self) -> str:
        return address(self.listing.endpoint, **self.listing.fixed, **self.args.query(self.entity), exact=1)

    def column(self, key: str) -> dict[str, Any]:
        each = self.entity.fields[key]
        url = direction = None
        if self.listing.sorts(key, self.exact):
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

    def rows(
        self, plan: Plan, found: Sequence[Any], keys: Sequence[str], may: dict[str, Rows]
    ) -> list[Listed]:
        path = path_of(f"{self.entity.name}.details_view")
        titles, edit, delete = self.listing.title_keys, may["edit"], may["delete"]
        rows = []
        for row in found:
            key = plan.key(row)
            ways = "o" + ("e" if plan.within(row, edit) else "") + ("d" if plan.within(row, delete) else "")
            cells = [plan.cell(row, each) for each in keys]
            url = f"{path}?id={quoted(key)}"
            rows.append(Listed(key, url, ways, plan.title(row, titles), plan.code(row), cells))
        return rows

    def chips(self, session: Session) -> list[dict[str, Any]]:
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

    def pager(self, shown: int, cursors: dict[str, str | None]) -> dict[str, Any]:
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

    def urls(self) -> dict[str, str]:
        name, asked, here = self.entity.name, self.args.query(self.entity), self.listing.url()
        return {
            "self": here,
            "create": address(f"{name}.create_view", _url=here),
            "export": url_for(f"{name}.export", export_type="csv", **asked),
            "import": path_of(f"{name}.import_view"),
            "reset": address(self.listing.endpoint, **self.listing.fixed),
            "delete": path_of(f"{name}.delete_view"),
            "edit": path_of(f"{name}.edit_view"),
            "tools": address(f"{name}.tools_view", **asked),
        }


class ListPage:
    """Everything that `list.html` shows; what asks the database nothing is prepared when the template reads it."""

    def __init__(self, presenter: Presenter, session: Session) -> None:
        self._by = presenter
        self._listing = listing = presenter.listing
        rights, args = presenter.rights(), presenter.args
        counted = None
        if args.sort and not listing.sorts(args.sort, False):
            counted = listing.count(session)
            if not listing.sorts(args.sort, counted[1]):
                field = labels().field(presenter.entity.name, args.sort)
                raise BadInput(
                    _("This list is too long to be sorted by “%(field)s”. Add a filter first.", field=field)
                )
        plan, found, cursors = listing.rows(session)
        whole = listing.is_whole(cursors)
        number, exact = (len(found), True) if whole else counted or listing.count(session)
        self.exact = presenter.exact = exact
        self.keys = listing.column_keys()
        self.rows: Sequence[Listed] = presenter.rows(plan, found, self.keys, rights)
        self.count = presenter.count_info(number, exact)
        self.pager = presenter.pager(len(found), cursors)
        sums = listing.totals_of(plan, found) if whole else listing.totals(session) if exact else ()
        self.totals = presenter.totals(sums)
        self.chips = presenter.chips(session)
        self.may = {action: bool(rows) for action, rows in rights.items()}
        self.may["import"] = may_import(presenter.policy, presenter.entity)
        self.q, self.size, self.sizes = presenter.args.q, presenter.args.size, SIZES
        self.filtered = bool(presenter.args.q or presenter.args.filters)

    @cached_property
    def entity(self) -> dict[str, Any]:
        """The entity's names, its icon, and the column of titles."""
        return self._by.entity_info()

    @cached_property
    def columns(self) -> Sequence[dict[str, Any]]:
        """Key, label, whether it is numeric, and how to sort by it; the title not among them."""
        return [self._by.column(key) for key in self.keys]

    @cached_property
    def choosable(self) -> int:
        """How many columns there are to choose from."""
        return len(choosable(self._listing))

    @cached_property
    def urls(self) -> dict[str, str]:
        """Where the list's links lead."""
        return self._by.urls()

    @cached_property
    def jump(self) -> dict[str, str] | None:
        """The field that the list is sorted by, to begin at a value of it; None without an order of its own."""
        sort = self._by.args.sort
        if not sort:
            return None
        kind = self._by.entity.fields[sort].kind
        name = self._by.entity.name
        return {
            "label": labels().field(name, sort),
            "type": kind.input_type if kind.name == "date" else "text",
        }

    @cached_property
    def hidden(self) -> Sequence[tuple[str, Any]]:
        """The arguments that a form of the list carries along."""
        return self._by.hidden()

    def once(self, piece: str, caller: Callable[[], Markup]) -> Markup:
        """What the block draws, drawn once for all pages of a plain list: it may depend on no row and on no count."""
        if self.filtered or self._listing.fixed:
            return caller()
        key = ("list", piece, lang(), request.script_root, self._listing.url(), self.exact)
        return site().kept(self._by.policy, key, lambda: tight(caller()))

    def draw(self, pick: bool) -> Markup:
        """The rows as HTML, with boxes to tick or without."""
        return draw_rows(self.rows, self.columns, pick)


def may_import(policy: Policy, entity: Entity) -> bool:
    """Importing is creating in bulk: it needs the right to create here, and a duty that names `import`."""
    return site().may(policy, "create", entity) and policy.may("create", "import")
