"""Searching everything: as one types into the box on top, and on a page of its own."""

from __future__ import annotations

from typing import Any, Final

from flask import jsonify, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from admin_app.db import db
from admin_app.engine.access import current_policy
from admin_app.engine.addresses import address
from admin_app.engine.labels import labels
from admin_app.engine.search.everywhere import Group, everywhere
from admin_app.engine.site import Page
from views.asking import AccessPage
from views.matrix import signed_in

#: Records of one entity that the box and the page show.
SUGGESTED: Final = 4
SHOWN: Final = 10


class SearchView(AccessPage):
    """`/search/` is the page, `/search/suggest` the same as JSON for the box on top."""

    @expose("/")
    def index(self) -> str:
        """What a text finds, by entity."""
        text = _text()
        return str(self.render("admin/search.html", q=text, groups=_shown(text, SHOWN)))

    @expose("/suggest")
    def suggest(self) -> Response:
        """The same in short: groups with hits, a sentence for those who listen, and where all of it is."""
        text = _text()
        groups = _shown(text, SUGGESTED)
        number = sum(len(group["hits"]) for group in groups)
        said = ngettext("%(num)s suggestion", "%(num)s suggestions", number) if number else _("Nothing found")
        answer = jsonify(q=text, groups=groups, said=said, all=url_for("search.index", q=text))
        assert isinstance(answer, Response)
        return answer


def _text() -> str:
    return request.args.get("q", "").replace("\x00", "").strip()


def _shown(text: str, size: int) -> list[dict[str, Any]]:
    return [_group(group, text) for group in everywhere(db.session(), current_policy(), text, size)]


def _group(group: Group, text: str) -> dict[str, Any]:
    name = group.entity.name
    return {
        "name": name,
        "label": labels().plural(name),
        "icon": group.entity.icon,
        "count": f"{group.number}+" if group.more else str(group.number),
        "url": address(f"{name}.index_view", q=text),
        "hits": [
            {
                "label": hit.label,
                "code": hit.code or "",
                "url": address(f"{name}.details_view", id=str(hit.key)),
            }
            for hit in group.hits
        ],
    }


SEARCH = Page("search", None, "search", SearchView, signed_in, listed=False)
