"""The gate that every request passes: nobody anonymous gets beyond the doors listed here.

Deny by default: a view that nobody thought of is shut, and so is an address that leads nowhere. The same
place checks the CSRF token of everything that changes something.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, redirect, request, url_for
from flask_babel import lazy_gettext

from admin_app.account import ask_again
from admin_app.csrf import MaskedCSRF
from admin_app.error_pages import wants_json
from admin_app.errors import DutybookError
from admin_app.kept import keep
from admin_app.sessions import person

#: All doors that open without a sign-in. A test holds that there are no others.
ANONYMOUS_ENDPOINTS: Final = frozenset({"static", "healthz", "account.login", "account.language"})


def _gate() -> Response | None:
    if person() is not None or request.endpoint in ANONYMOUS_ENDPOINTS:
        return None
    if wants_json():
        raise DutybookError(401, lazy_gettext("Your session has ended. Sign in again."))
    kept = keep()
    if kept is not None:
        return ask_again(kept)
    answer = redirect(url_for("account.login", next=_way_back()))
    assert isinstance(answer, Response)
    return answer


def _way_back() -> str | None:
    """Return the address to come back to after the sign-in; None where it could not be opened by a link."""
    if request.url_rule is None or "GET" not in (request.url_rule.methods or ()):
        return None
    wanted = request.script_root + (request.full_path if request.query_string else request.path)
    return None if wanted == request.script_root + "/" else wanted


def init_gate(app: Flask) -> None:
    """Close `app` to whoever is not signed in, and to forged forms; call it after `init_sessions`."""
    app.before_request(_gate)
    # The token lives as long as the session that it belongs to: a form that stood open over lunch still
    # saves.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    MaskedCSRF(app)
