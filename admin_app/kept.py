"""What somebody typed while the session ended: the sign-in page carries it, and the form comes back with it.

Nothing is kept on the server. The page holds a signed text with the fields, the address, and whose they are; it is good
for that person alone and for KEPT. Files, tokens and passwords are no part of it, and a form that is too large is not
carried: its page is still in the browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask import current_app, request, session
from itsdangerous import BadData, URLSafeTimedSerializer

#: How long a sign-in page can give back what it carries.
KEPT: Final = timedelta(hours=12)
#: Characters of the signed text; a long description fits.
MOST: Final = 200_000
#: In Flask's session: whose it is. It outlives the session on the server, and ends with the sign-out.
WHO: Final = "who"
#: The doors whose forms can be shown again without saving anything.
_DOORS: Final = ("create_view", "edit_view")
_SALT: Final = "kept form"


@dataclass(frozen=True)
class Kept:
    """A form that was sent too late: where to, and its fields."""

    to: str
    fields: tuple[tuple[str, str], ...]


def keep() -> str | None:
    """The form of this request as a signed text; None where it cannot come back, or nobody knows whose it is."""
    user = session.get(WHO)
    name, _dot, door = (request.endpoint or "").rpartition(".")
    if request.method != "POST" or not isinstance(user, int) or door not in _DOORS:
        return None
    if name not in current_app.extensions["dutybook"].by_name:
        return None
    fields = [
        [key, text]
        for key, text in request.form.items(multi=True)
        if key not in ("csrf_token", "_again") and "password" not in key.lower()
    ]
    to = request.script_root + (request.full_path if request.query_string else request.path)
    text = str(_signer().dumps({"u": user, "to": to, "f": fields}))
    return text if len(text) <= MOST else None


def give_back(text: str | None, user: int) -> Kept | None:
    """What `keep` made of this person's form; None for anything else, and when it is too old."""
    if not text or len(text) > MOST:
        return None
    try:
        held = _signer().loads(text, max_age=int(KEPT.total_seconds()))
    except BadData:
        return None
    if held.get("u") != user:
        return None
    return Kept(str(held["to"]), tuple((str(key), str(value)) for key, value in held["f"]))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=_SALT)
