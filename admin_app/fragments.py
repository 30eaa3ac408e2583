"""Pieces of pages that stay the same for one reader, drawn once: `{% call drawn_once("topbar") %}…{% endcall %}`.

A piece is kept under who reads it, with which rights and in which language, and under the key that the template
gives; whatever else it shows has to be part of that key. A nonce or a token never belongs in one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from flask import Flask, request
from markupsafe import Markup

from admin_app.engine.access import current_policy
from admin_app.engine.language import lang
from admin_app.engine.site import site
from admin_app.engine.tight import tight
from admin_app.sessions import person


def drawn_once(*key: Hashable, caller: Callable[[], Markup]) -> Markup:
    """What the block draws, drawn at its first use under this key."""
    who = person()
    # An administrator who views as somebody has that person's rights, and another name on the page.
    whole = ("fragment", lang(), request.script_root, who.id if who else None, *key)
    return site().kept(current_policy(), whole, lambda: tight(caller()))


def init_fragments(app: Flask) -> None:
    """Give templates `drawn_once`."""
    app.jinja_env.globals["drawn_once"] = drawn_once
