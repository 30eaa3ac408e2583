"""In debug mode: a bar at the foot of each page that tells administrators what the page asked the database.

It shows the statements with their time and rows, and on a click the plan that the database has for one of them.
Without `flask --debug` there is no bar, no address and nothing is kept.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from flask import Flask, Response, current_app, g, jsonify, render_template
from flask_babel import gettext as _

from admin_app.db import db
from admin_app.edge import request_id
from admin_app.errors import NotFound
from admin_app.sessions import person
from admin_app.statements import Statement, recorded

#: Pages whose statements can still be explained.
PAGES: Final = 50
_FOOT: Final = "</body>"
_EXPLAIN: Final = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}
#: What a database explains.
_EXPLAINED: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass(frozen=True)
class _Page:
    request: str
    statements: list[Statement]


def _shown() -> bool:
    who = person()
    return who is not None and who.is_admin and g.get("viewed") is None


def _pages() -> deque[_Page]:
    found: deque[_Page] = current_app.extensions["dutybook_debug"]
    return found


def _add(response: Response) -> Response:
    if response.mimetype != "text/html" or response.is_streamed or not _shown():
        return response
    statements = list(recorded())
    page, foot, rest = response.get_data(as_text=True).rpartition(_FOOT)
    if foot:
        _pages().append(_Page(request_id(), statements))
        bar = render_template(
            "admin/debug_bar.html",
            statements=statements,
            request=request_id(),
            milliseconds=sum(each.seconds for each in statements) * 1000,
            rows=sum(each.rows for each in statements),
        )
        response.set_data(page + bar + foot + rest)
    return response


def plan(request: str, number: int) -> Response:
    """The database's plan for statement `number` of that request, as JSON lines; only what was asked is explained."""
    found = next((page for page in _pages() if page.request == request), None)
    if not _shown() or found is None or not 0 <= number < len(found.statements):
        raise NotFound(_("The record is gone, or it is not yours to see."))
    statement = found.statements[number]
    if not statement.text.lstrip().upper().startswith(_EXPLAINED):
        return jsonify([])
    with db.engine.connect() as connection:
        question = _EXPLAIN[connection.dialect.name] + statement.text
        rows = connection.exec_driver_sql(question, statement.parameters).all()
        connection.rollback()
    return jsonify([str(row[-1]) for row in rows])


def init_debug_bar(app: Flask) -> None:
    """Add the bar to an app in debug mode, and nothing to any other; call it after all that opens a request."""
    if not app.debug:
        return
    app.extensions["dutybook_debug"] = deque[_Page](maxlen=PAGES)
    app.after_request(_add)
    app.add_url_rule("/debug/plan/<request>/<int:number>", "debug_plan", plan)
