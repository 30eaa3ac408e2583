"""The role-duty matrix as a page, for everybody who is signed in."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_admin import BaseView, expose
from flask_babel import gettext as _

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.engine.site import Page, site
from admin_app.errors import BadInput, Forbidden
from admin_app.services import clock
from admin_app.services.matrix import Matrix, read_matrix
from views.matrix_editing import EditingDoors

LETTERS = ("R", "A", "V", "C", "S", "I")
GAPS = ("", "none", "many")
#: The department code of positions that belong to none.
NOWHERE = "-"


class MatrixView(EditingDoors, BaseView):  # type: ignore[misc]  # Flask-Admin brings no types
    """`/matrix/`; the arguments department, category, q and gaps hide what they leave out."""

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
        found = read_matrix(db.session(), clock.today())
        return str(self.render("admin/matrix.html", matrix=describe(found, read_filters())))


def read_filters() -> dict[str, str]:
    """The arguments of the page; BadInput for a kind of gap that there is not."""
    found = {key: request.args.get(key, "").strip() for key in ("department", "category", "q", "gaps")}
    if found["gaps"] not in GAPS:
        raise BadInput(_("There is no gap “%(name)s”.", name=found["gaps"]))
    return found


def describe(matrix: Matrix, filters: dict[str, str]) -> dict[str, Any]:
    """What the template shows of a matrix, in the reader's language."""
    owners = [row.owners for row in matrix.rows]
    opens = (
        site().may(current_policy(), "view", site().by_name["duty"]) if "duty" in site().by_name else False
    )
    return {
        "departments": [
            {
                "code": department.code if department else NOWHERE,
                "label": _name(department) if department else _("In any department"),
                "positions": [
                    {"code": column.position.code, "label": _name(column.position), "people": column.people}
                    for column in columns
                ],
            }
            for department, columns in matrix.departments
        ],
        "categories": [
            {
                "code": rows[0].duty.category,
                "label": getattr(rows[0].duty, f"category_{lang()}"),
                "duties": [
                    {
                        "code": row.duty.code,
                        "label": _name(row.duty),
                        "owners": row.owners,
                        "cells": list(row.cells),
                        "url": url_for("duty.details_view", id=row.duty.id) if opens else None,
                    }
                    for row in rows
                ],
            }
            for rows in matrix.categories
        ],
        "letters": [
            {"code": letter, "label": labels().choice("position_duty", "letter", letter)}
            for letter in LETTERS
        ],
        "filters": filters,
        "totals": {
            "positions": sum(len(columns) for _department, columns in matrix.departments),
            "duties": len(owners),
            "without_owner": owners.count(0),
            "many_owners": sum(number > 1 for number in owners),
        },
    }


def _name(record: Any) -> str:
    return str(getattr(record, f"name_{lang()}"))


def signed_in(policy: Policy) -> bool:
    """Whether anybody at all is asking."""
    return policy.unlimited or policy.user_id is not None


MATRIX = Page("matrix", "organisation", "layout-grid", MatrixView, signed_in)
