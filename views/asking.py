"""What the pages about access share: the rules as they stand, and where the parts of a sentence lead."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for
from flask_admin import BaseView
from flask_babel import gettext as _

from admin_app.db import db
from admin_app.engine.access import current_policy
from admin_app.engine.access.world import World
from admin_app.engine.labels import labels
from admin_app.engine.site import Page, site
from admin_app.errors import Forbidden
from admin_app.services import clock
from admin_app.services.explanations import Explainer
from admin_app.services.sentences import Part


class AccessPage(BaseView):  # type: ignore[misc]  # Flask-Admin brings no types
    """A page of its own at `/<key>/` that opens to whom its declaration allows."""

    def __init__(self, page: Page) -> None:
        super().__init__(name=page.key, endpoint=page.key, url=f"/{page.key}")
        self.page = page

    def is_accessible(self) -> bool:
        """Whether the page opens for who asks."""
        return self.page.allowed(current_policy())

    def inaccessible_callback(self, name: str, **kwargs: Any) -> None:
        """A refusal instead of Flask-Admin's empty page."""
        raise Forbidden(_("None of your positions opens this page."))


def explainer() -> Explainer:
    """Today's rules, ready to be put into words."""
    world: World = current_app.extensions["dutybook_policies"].world(db.session())
    return Explainer(db.session(), site(), world, clock.today())


def href(part: Part) -> str | None:
    """The address that a part of a sentence leads to; None where it is plain text or the page is not the reader's."""
    if part.endpoint is None or part.endpoint not in current_app.view_functions:
        return None
    entity = site().by_name.get(part.endpoint.partition(".")[0])
    if entity is not None and not site().may(current_policy(), "view", entity):
        return None
    return url_for(part.endpoint, **dict(part.values))


def thing(entity: str) -> str:
    """Many records of an entity, as a label; also of what a duty names and no page shows."""
    return labels().plural(entity)
