"""The page that lists what one may import into."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_admin import BaseView, expose
from flask_babel import gettext as _

from admin_app.engine.access import Policy, current_policy
from admin_app.engine.exchange.mapping import mapping_files
from admin_app.engine.labels import labels
from admin_app.engine.listing import may_import
from admin_app.engine.site import Page, site
from admin_app.errors import Forbidden


class ImportView(BaseView):  # type: ignore[misc]  # Flask-Admin brings no types
    """`/import/`: the entities with a door for files, each linked to its own import page."""

    def __init__(self, page: Page) -> None:
        super().__init__(name=page.key, endpoint=page.key, url=f"/{page.key}")
        self.page = page

    def is_accessible(self) -> bool:
        """Whether the page opens for who asks."""
        return self.page.allowed(current_policy())

    def inaccessible_callback(self, name: str, **kwargs: Any) -> None:
        """A refusal instead of Flask-Admin's empty page."""
        raise Forbidden(_("None of your positions opens this page."), "create", "import")

    @expose("/")
    def index(self) -> str:
        """The groups of the menu, with what may be imported in each."""
        return str(self.render("admin/exchange/index.html", groups=open_doors(current_policy())))


def open_doors(policy: Policy) -> list[dict[str, Any]]:
    """Groups with label and entries {label, icon, url, mappings}; what belongs to no group comes last."""
    found: dict[str | None, list[dict[str, Any]]] = {group.key: [] for group in site().groups} | {None: []}
    for entity in site().entities:
        if may_import(policy, entity):
            found[entity.group].append(
                {
                    "label": labels().plural(entity.name),
                    "icon": entity.icon,
                    "url": url_for(f"{entity.name}.import_view"),
                    "mappings": list(mapping_files(entity)),
                }
            )
    return [
        {"label": labels().group(key) if key else _("What belongs to other records"), "entries": entries}
        for key, entries in found.items()
        if entries
    ]


IMPORT = Page(
    "import",
    group="data",
    icon="table-import",
    make=ImportView,
    allowed=lambda policy: policy.may("create", "import"),
)
