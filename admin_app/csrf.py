"""The CSRF token of a page, masked anew in each response.

Flask-WTF's token is the same text for as long as a session lives, but for its time stamp; next to words from the
address in a compressed page it could be guessed character by character. Masked, it never repeats.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from flask import Flask, g
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf


def mask(token: str) -> str:
    """`token` behind random bytes of the same length; another text each time."""
    plain = token.encode("ascii")
    pad = secrets.token_bytes(len(plain))
    return urlsafe_b64encode(pad + _mixed(plain, pad)).decode("ascii")


def unmask(masked: str) -> str:
    """The token behind `masked`; an empty text, which no session accepts, where there is none."""
    try:
        both = urlsafe_b64decode(masked.encode("ascii"))
        half = len(both) // 2
        return _mixed(both[half:], both[:half]).decode("ascii") if len(both) == 2 * half else ""
    except (ValueError, UnicodeError):
        return ""


def _mixed(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")


def masked_token() -> str:
    """The token for the forms of this page, the same in all of them."""
    if "masked_csrf" not in g:
        g.masked_csrf = mask(generate_csrf())
    token: str = g.masked_csrf
    return token


def forget_token() -> None:
    """Have the rest of this request use the token of the session that has just begun."""
    for name in ("csrf_token", "masked_csrf"):
        g.pop(name, None)


class MaskedCSRF(CSRFProtect):  # type: ignore[misc]  # Flask-WTF brings no types
    """Checks masked tokens, and hands templates nothing else."""

    def init_app(self, app: Flask) -> None:
        """Protect every request of `app` that changes something."""
        super().init_app(app)
        app.jinja_env.globals["csrf_token"] = masked_token
        app.jinja_env.globals.pop("csrf_meta_tag")
        # Flask-WTF's own context would put the bare token back into each template.
        app.template_context_processors[None].pop()

    def _get_csrf_token(self) -> str | None:
        masked = super()._get_csrf_token()
        return unmask(masked) if masked else None
