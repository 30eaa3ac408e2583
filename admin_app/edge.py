"""What every response carries, whatever view made it: a request id, security headers, a line in the log.

Pages load nothing from elsewhere and run no inline script or style, so the content security policy needs no
`unsafe-*`. Templates get `csp_nonce` and `icon(name)` from here.
"""

from __future__ import annotations

import logging
import secrets
import sys
import time
from typing import Final, cast
from urllib.parse import quote

from flask import Flask, Response, current_app, g, has_request_context, request, url_for
from markupsafe import Markup
from werkzeug.local import LocalProxy

from admin_app.assets import MARK, init_assets
from admin_app.packing import pack

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'"
)
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
#: Doors that serve no person: they are logged at DEBUG and never touch the database.
IMPERSONAL_ENDPOINTS: Final = frozenset({"static", "healthz"})
LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(request_id)s %(name)s: %(message)s"

_access_log = logging.getLogger("dutybook.access")


class RequestIdFilter(logging.Filter):
    """Give each log record `request_id`: that of the request under way, "-" outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        record.request_id = request_id()
        return True


def request_id() -> str:
    """Return the id of the request under way, 16 hexadecimal digits, or "-" outside of one.

    It is always made here: an id taken from the client could forge lines in the log.
    """
    if not has_request_context():
        return "-"
    return cast(str, g.get("request_id", "-"))


def csp_nonce() -> str:
    """Return the nonce that the scripts of this response carry."""
    return cast(str, g.csp_nonce)


def icon(name: str) -> Markup:
    """Return the icon `name` of the sprite as markup, hidden from screen readers: words stand beside it."""
    kept: dict[tuple[str, str], Markup] = current_app.extensions.setdefault("dutybook_icons", {})
    found = kept.get((request.script_root, name))
    if found is None:
        sprite = url_for("static", filename="vendor/icons.svg")
        found = Markup('<svg class="ti" aria-hidden="true"><use href="{}#{}"/></svg>').format(sprite, name)
        if MARK in sprite:
            # Only the address of a sprite that is there stays the same.
            kept[request.script_root, name] = found
    return found


def static_url(filename: str) -> str:
    """The address of a static file with its hash, found once per process."""
    kept: dict[tuple[str, str], str] = current_app.extensions.setdefault("dutybook_static", {})
    key = (request.script_root, filename)
    if key not in kept or current_app.debug:
        kept[key] = url_for("static", filename=filename)
    return kept[key]


def _begin() -> None:
    g.request_id = secrets.token_hex(8)
    g.csp_nonce = secrets.token_urlsafe(16)
    g.request_began = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.format(nonce=csp_nonce())
    response.headers.update(HEADERS)
    if request.endpoint != "static" or response.status_code not in (200, 304):
        # Pages hold people's data: a shared or stolen computer must not show them from its cache.
        response.headers["Cache-Control"] = "no-store"
    milliseconds = (time.perf_counter() - g.request_began) * 1000
    _access_log.log(
        logging.DEBUG if request.endpoint in IMPERSONAL_ENDPOINTS else logging.INFO,
        "%s %s %d %.0f ms",
        request.method,
        # Without the query, which may hold names that somebody searched for; quoted, so that no path ends the
        # line.
        quote(request.path),
        response.status_code,
        milliseconds,
    )
    return response


def _healthy() -> Response:
    return Response("ok", mimetype="text/plain")


def init_logging(level: int = logging.INFO) -> None:
    """Send the process's log to standard error, each line with its request id; twice is harmless."""
    root = logging.getLogger()
    root.setLevel(level)
    if any(isinstance(kept, RequestIdFilter) for handler in root.handlers for kept in handler.filters):
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    handler.addFilter(RequestIdFilter())
    root.addHandler(handler)


def init_edge(app: Flask) -> None:
    """Put the edge around `app`. Call it first: its hooks have to run before, and around, all others."""
    app.before_request(_begin)
    app.after_request(_finish)
    app.after_request(pack)
    init_assets(app)
    app.add_url_rule("/healthz", "healthz", _healthy)
    # A LocalProxy and not a context variable, so that imported macros see the nonce as well.
    app.jinja_env.globals["csp_nonce"] = LocalProxy(csp_nonce)
    app.jinja_env.globals["icon"] = icon
    app.jinja_env.globals["static_url"] = static_url
