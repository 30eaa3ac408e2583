"""Errors become one page in the house's look, or one JSON problem, here and nowhere else.

Nobody sees SQL or a traceback: what went wrong inside is in the log, under the request id that the page
shows.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from flask import Flask, Response, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from admin_app.db import db
from admin_app.edge import request_id
from admin_app.engine.language import html_lang
from admin_app.engine.refusals import rule_urls
from admin_app.errors import BadInput, Busy, Conflict, DutybookError, Forbidden, Refused, Throttled
from admin_app.questions import refusal_url, why_url
from admin_app.sessions import person

TITLES: Final = {
    400: lazy_gettext("This cannot be read"),
    401: lazy_gettext("Sign in first"),
    403: lazy_gettext("Not allowed"),
    404: lazy_gettext("Nothing here"),
    405: lazy_gettext("Not in this way"),
    409: lazy_gettext("Something else is stored"),
    413: lazy_gettext("Too large"),
    415: lazy_gettext("Wrong kind of file"),
    429: lazy_gettext("Too many attempts"),
    500: lazy_gettext("Something broke here"),
    503: lazy_gettext("Busy"),
}
MESSAGES: Final = {
    400: lazy_gettext("Part of the address or of the form is missing or wrong. Go back and correct it."),
    401: lazy_gettext("Your session has ended. Sign in again."),
    403: lazy_gettext("None of your positions allows this."),
    404: lazy_gettext("The address leads nowhere, or the record is gone, or it is not yours to see."),
    405: lazy_gettext("This address does not take that kind of request. Start from the page that led here."),
    409: lazy_gettext("What is stored contradicts this. Load it again and compare."),
    413: lazy_gettext("More was sent than is taken at once. Send less, or a smaller file."),
    415: lazy_gettext("Files of this kind are not taken."),
    429: lazy_gettext("Wait a while, then try again."),
    500: lazy_gettext("Nothing was saved. Report the number below: the log has the cause under it."),
    503: lazy_gettext("The database is busy. Nothing was saved; try again in a minute."),
}
#: Headers of werkzeug's own answers that mean something to the client.
KEPT_HEADERS: Final = frozenset({"allow", "retry-after", "content-range"})

_log = logging.getLogger(__name__)


def wants_json() -> bool:
    """Tell whether a script asks, and not a person who opens a page."""
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return True
    accepted = request.accept_mimetypes
    if accepted["application/json"] > accepted["text/html"]:
        return True
    # fetch() without an Accept header of its own; browsers set this header themselves and say "document" for
    # pages.
    return request.headers.get("Sec-Fetch-Dest") == "empty" and "text/html" not in accepted.values()


def answer(
    status: int, message: object = None, retry_after: int | None = None, refusal: DutybookError | None = None
) -> Response:
    """Return the page or problem for `status`, by default with its standard message.

    `retry_after` is in whole seconds; `refusal` says of what, so that a 403 leads to why, and a rule to its record.
    """
    shown = status if status in TITLES else 500 if status >= 500 else 400
    title, text = str(TITLES[shown]), str(message or MESSAGES[shown])
    why = refusal_url(status, refusal if isinstance(refusal, Forbidden) else None) if person() else None
    rules = rule_urls(refusal) if isinstance(refusal, Refused) else []
    response = (
        _problem(status, title, text, why, rules) if wants_json() else _page(status, title, text, why, rules)
    )
    response.status_code = status
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _problem(status: int, title: str, text: str, why: str | None, rules: list[str]) -> Response:
    said = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": text,
        "request_id": request_id(),
    }
    response = jsonify(said | ({"why": why} if why else {}) | ({"rules": rules} if rules else {}))
    response.mimetype = "application/problem+json"
    return response


def _page(status: int, title: str, text: str, why: str | None, rules: list[str]) -> Response:
    context: dict[str, Any] = {
        "code": status,
        "title": title,
        "message": text,
        "request_id": request_id(),
        "links": [*({"label": gettext("See the rule"), "url": url} for url in rules), *_links(status, why)],
    }
    try:
        return make_response(render_template("admin/error.html", **context))
    except Exception:
        # The frame of the page asks the database for the menu; without one, words without a frame are better
        # than none.
        _log.exception("The error page itself cannot be made")
        return make_response(_bare_page(context))


def _bare_page(context: dict[str, Any]) -> str:
    page = Markup(
        '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title></head>'
        "<body><main><h1>{code} {title}</h1><p>{message}</p><p>{request_id}</p></main></body></html>"
    )
    return page.format(lang=html_lang(), **context)


def _links(status: int, why: str | None) -> list[dict[str, str]]:
    """Return where to go from here, the most useful first, each with `label` and `url`."""
    links = [{"label": gettext("Why?"), "url": why}] if why else []
    rule = request.url_rule
    if _again_helps(status) and rule is not None and "GET" in (rule.methods or ()):
        here = request.script_root + (request.full_path if request.query_string else request.path)
        links.append({"label": gettext("Load the page again"), "url": here})
    if person() is None:
        links.append({"label": gettext("Sign in"), "url": url_for("account.login")})
    else:
        links.append({"label": gettext("Start page"), "url": request.script_root + "/"})
    return links


def _again_helps(status: int) -> bool:
    return status in (409, 503) or (status == 400 and request.method == "POST")


def _undo() -> None:
    """Leave no half-done transaction behind for what is rendered next."""
    db.session.rollback()


def _on_refusal(error: DutybookError) -> Response:
    _undo()
    retry_after = error.retry_after if isinstance(error, Throttled | Busy) else None
    return answer(error.status, error.message, retry_after, error)


def _on_http(error: HTTPException) -> Response | HTTPException:
    if error.response is not None or error.code is None:
        return error
    # `description` is werkzeug's English or an implementation's words: the reader gets ours.
    if error.code >= 500:
        _undo()
    response = answer(error.code)
    for name, value in error.get_headers():
        if name.lower() in KEPT_HEADERS:
            response.headers[name] = value
    return response


def _on_csrf(error: CSRFError) -> Response:
    _log.info("CSRF: %s", error.description)
    return answer(
        400, gettext("The form belongs to an older session. Load the page again and send it from there.")
    )


def _on_stale(error: StaleDataError) -> Response:
    _log.info("Stale: %s", error)
    return _on_refusal(
        Conflict(lazy_gettext("Somebody saved this record before you. Load it again and compare."))
    )


def _on_integrity(error: IntegrityError) -> Response:
    # With the traceback: a form should have told it at its field, so somebody has to look.
    _log.warning("An integrity error reached the edge", exc_info=error)
    text = lazy_gettext(
        "Another record already has this value, or still needs this record. Nothing was saved."
    )
    return _on_refusal(Conflict(text))


def _on_data(error: DataError) -> Response:
    _log.warning("A value that the database refuses reached the edge", exc_info=error)
    return _on_refusal(
        BadInput(lazy_gettext("A value is too large or of the wrong kind. Nothing was saved."))
    )


def _on_operational(error: OperationalError) -> Response:
    if not _will_pass(error):
        # SQLite also calls a wrong statement "operational": that is a fault of ours, hence a 500.
        raise error
    _log.error("The database did not answer", exc_info=error)
    return _on_refusal(Busy(MESSAGES[503]))


def _will_pass(error: OperationalError) -> bool:
    """Tell whether the same request may work in a minute: a lock, a lost connection, a full server."""
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate:
        return str(sqlstate)[:2] in ("08", "40", "53", "55", "57")
    return error.connection_invalidated or any(
        words in str(error.orig) for words in ("locked", "busy", "full", "connect")
    )


def init_errors(app: Flask) -> None:
    """Register the handlers, and give templates `why_url(action, entity, key)`.

    What nobody caught is logged by Flask with its traceback and shown as a 500.
    """
    app.jinja_env.globals["why_url"] = why_url
    app.register_error_handler(DutybookError, _on_refusal)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(StaleDataError, _on_stale)
    app.register_error_handler(IntegrityError, _on_integrity)
    app.register_error_handler(DataError, _on_data)
    app.register_error_handler(OperationalError, _on_operational)
