"""The role-duty matrix as a page, for everybody who is signed in; whoever leads a department edits it there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import ngettext

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.access.policy import LEVELS, REACHES
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.engine.site import Page, site
from admin_app.errors import BadInput, Forbidden
from admin_app.services import clock, matrix_editing, matrix_requests
from admin_app.services.matrix import Matrix, read_matrix
from views.matrix_editing import EditingDoors, world_now
from views.matrix_files import FileDoors, exports
from views.matrix_history import HistoryDoors

GAPS = ("", "none", "many")
#: The department code of positions that belong to none.
NOWHERE = "-"


class MatrixView(EditingDoors, HistoryDoors, FileDoors):
    """`/matrix/`; the arguments department, category, q and gaps hide what they leave out, turn=1 turns it."""

    def __init__(self, page: Page) -> None:
        super().__init__(name=page.key, endpoint=page.key, url=f"/{page.key}")
        self.page = page

    def is_accessible(self) -> bool:
        """Whether the page opens for who asks."""
        return self.page.allowed(current_policy())

    def inaccessible_callback(self, name: str, **kwargs: Any) -> None:
        """A refusal instead of Flask-Admin's empty page."""
        raise Forbidden(_("None of your positions opens this page."))

    @expose("/")
    def index(self) -> str:
        """The grid."""
        return self.grid([])

    def grid(self, pending: list[dict[str, Any]], imported: tuple[str, int, int] | None = None) -> str:
        """The page, with edits that are not saved yet; `imported` is a file's name, its edits here and elsewhere."""
        if imported:
            flash(import_words(*imported), "ok" if pending else "warning")
        found = read_matrix(db.session(), clock.today())
        may_edit = bool(matrix_editing.editable(current_policy(), world_now()))
        shown = describe(found, read_filters(), request.args.get("turn") == "1")
        shown |= {"may_edit": may_edit, "pending": pending, **surroundings(may_edit, shown["turned"])}
        return str(self.render("admin/matrix.html", matrix=shown))


def read_filters() -> dict[str, str]:
    """The arguments of the page; BadInput for a kind of gap that there is not."""
    found = {key: request.args.get(key, "").strip() for key in ("department", "category", "q", "gaps")}
    if found["gaps"] not in GAPS:
        raise BadInput(_("There is no gap “%(name)s”.", name=found["gaps"]))
    return found


def describe(matrix: Matrix, filters: dict[str, str], turned: bool = False) -> dict[str, Any]:
    """What the template shows of a matrix, in the reader's language; turned, positions go down and duties across."""
    owners = [row.owners for row in matrix.rows]
    opens = site().may(current_policy(), "view", site().by_name["duty"])
    departments: list[dict[str, Any]] = [
        {
            "code": department.code if department else NOWHERE,
            "label": _name(department) if department else _("In any department"),
            "items": [
                {
                    "code": column.position.code,
                    "label": _name(column.position),
                    "people": column.people,
                    "title": ngettext("%(num)s person", "%(num)s people", column.people),
                }
                for column in columns
            ],
        }
        for department, columns in matrix.departments
    ]
    categories: list[dict[str, Any]] = [
        {
            "code": rows[0].duty.category,
            "label": getattr(rows[0].duty, f"category_{lang()}"),
            "items": [
                {
                    "code": row.duty.code,
                    "label": _name(row.duty),
                    "title": _("no A") if not row.owners else _("%(num)s A", num=row.owners),
                    "owners": row.owners,
                    "cells": list(row.cells),
                    "url": url_for("duty.details_view", id=row.duty.id) if opens else None,
                }
                for row in rows
            ],
        }
        for rows in matrix.categories
    ]
    if turned:
        places: list[dict[str, Any]] = [item for each in departments for item in each["items"]]
        for place, item in enumerate(places):
            item["cells"] = [row.cells[place] for row in matrix.rows]
    return {
        "turned": turned,
        "across": categories if turned else departments,
        "down": departments if turned else categories,
        "departments": departments,
        "categories": categories,
        "picks": [{"label": each["label"], "positions": each["items"]} for each in departments],
        "letters": _choices("letter", matrix_editing.LETTERS),
        "reaches": _choices("rows", REACHES),
        "levels": _choices("field_level", LEVELS),
        "filters": filters,
        "totals": {
            "positions": sum(len(columns) for _department, columns in matrix.departments),
            "duties": len(owners),
            "without_owner": owners.count(0),
            "many_owners": sum(number > 1 for number in owners),
        },
    }


def surroundings(may_edit: bool, turned: bool) -> dict[str, Any]:
    """Links around the grid, and what its scripts need: addresses and words."""
    turn = url_for("matrix.index", turn=None if turned else 1)
    waiting = matrix_requests.waiting(db.session(), current_policy())
    links: list[dict[str, Any]] = [
        {
            "label": _("Duties down") if turned else _("Positions down"),
            "url": turn,
            "icon": "arrows-up-down",
            "wide": True,
        },
        {"label": _("Versions"), "url": url_for("matrix.versions"), "icon": "history"},
    ]
    if may_edit:
        asked = {"label": _("Requests"), "url": url_for("matrix.requests"), "icon": "git-merge", "wide": True}
        links.insert(1, {**asked, "count": waiting})
        brought = {"label": _("Import"), "url": url_for("matrix.import_view"), "icon": "table-import"}
        links.append({**brought, "wide": True})
    found: dict[str, Any] = {"links": links, "exports": exports(turned)}
    if may_edit:
        found["urls"] = {
            "page": url_for("matrix.index"),
            "data": url_for("matrix.data"),
            "preview": url_for("matrix.preview"),
            "save": url_for("matrix.save"),
            "request": url_for("matrix.request_beyond"),
        }
        found["words"] = {
            "empty": _("empty"),
            "unsaved": _("not saved, was: {before}"),
            "copied": _("Copied: {name}"),
            "onto": _("Onto {name}; what stands there is replaced."),
            "theirs": _("This position is not in a department that you lead."),
            "count": _("{count} not saved"),
            "owners": _("Who answers for it"),
            "back": _("Put back"),
            "rule": _("See the rule"),
            "nobody": _("Nobody gains or loses anything."),
            "reason": _("Write the reason: it goes into the history."),
            "failed": _("It did not work. Try again."),
        }
    return found


def import_words(file: str, here: int, elsewhere: int) -> str:
    """What a file brought, in words."""
    text = ngettext(
        "%(file)s changes %(num)s cell. Look at the impact, then save.",
        "%(file)s changes %(num)s cells. Look at the impact, then save.",
        here,
        file=file,
    )
    if elsewhere:
        text += " " + ngettext(
            "%(num)s more is in a position that you do not lead.",
            "%(num)s more are in positions that you do not lead.",
            elsewhere,
        )
    return str(text)


def _choices(field: str, codes: Sequence[str]) -> list[dict[str, str]]:
    return [{"code": code, "label": labels().choice("position_duty", field, code)} for code in codes]


def _name(record: Any) -> str:
    return str(getattr(record, f"name_{lang()}"))


def signed_in(policy: Policy) -> bool:
    """Whether anybody at all is asking."""
    return policy.unlimited or policy.user_id is not None


MATRIX = Page("matrix", "organisation", "layout-grid", MatrixView, signed_in)
