"""What a refusal leads to: the records that hold the rule, for whoever may open them."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from admin_app.engine.access import current_policy
from admin_app.engine.site import site
from admin_app.errors import Refused


def rule_urls(refusal: Refused) -> list[str]:
    """The addresses of the rules behind a refusal."""
    found = []
    for name, key in refusal.see:
        entity = site().by_name.get(name)
        if entity is not None and site().may(current_policy(), "view", entity):
            found.append(url_for(f"{name}.details_view", id=key))
    return found


def told(refusal: Refused) -> str:
    """The message as a form shows it, with a link to each rule behind it."""
    link = Markup('{} <a href="{}">{}</a>')
    text: str = str(refusal)
    for url in rule_urls(refusal):
        text = link.format(text, url, _("See the rule"))
    return text
