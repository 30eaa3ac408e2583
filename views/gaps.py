"""The gaps of the matrix, for whoever leads a department: numbers for all, and the cells to mend where one may."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import current_app, request, url_for
from flask_admin import BaseView, expose
from flask_babel import format_date, lazy_gettext, ngettext
from flask_babel import gettext as _

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.access.world import Named, World
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.engine.refusals import rule_urls
from admin_app.engine.site import Page, site
from admin_app.errors import BadInput, Forbidden, Refused
from admin_app.services import clock
from admin_app.services.conflicts import Clash, rules_of
from admin_app.services.gaps import Gaps, Unused, read_gaps
from admin_app.services.heads import editable_positions, leads
from views.matrix import NOWHERE

#: Findings of one kind that a page shows; the number beside the tab counts them all.
SHOWN: Final = 200


@dataclass(frozen=True)
class Kind:
    """A kind of gap: its name, what it means, its icon, and the findings in words."""

    key: str
    label: Any
    meaning: Any
    icon: str
    find: Callable[[Reader], list[dict[str, Any]]]


class Reader:
    """Puts findings into words for one person."""

    def __init__(self, gaps: Gaps, world: World, policy: Policy) -> None:
        self.gaps = gaps
        self.world = world
        self.policy = policy
        self.editable = editable_positions(policy, world)

    def unheld(self) -> list[dict[str, Any]]:
        """Duties without any letter."""
        return [self._duty(duty, "", bool(self.editable)) for duty in self.gaps.unheld]

    def ownerless(self) -> list[dict[str, Any]]:
        """Duties without an A."""
        return [
            self._duty(duty, self._held_by(duty), bool(self.editable), gaps="none")
            for duty in self.gaps.ownerless
        ]

    def shared(self) -> list[dict[str, Any]]:
        """Duties with several A's."""
        return [
            self._duty(
                duty,
                _("A: %(positions)s", positions=self._list(owners)),
                bool(self.editable & set(owners)),
                gaps="many",
            )
            for duty, owners in self.gaps.shared
        ]

    def vacant(self) -> list[dict[str, Any]]:
        """Positions without a person."""
        found = []
        for key in self.gaps.vacant:
            position = self.world.positions[key]
            duties = len(self.world.duties_of(key))
            found.append(
                _finding(
                    _name(position),
                    position.code,
                    ngettext("%(num)s duty", "%(num)s duties", duties),
                    self._cells(key),
                    url_for("people.appoint", position=key) if key in self.editable else None,
                )
            )
        return found

    def granted(self) -> list[dict[str, Any]]:
        """Manual grants in force."""
        opens = "access_grant" in site().by_name
        entity = site().by_name["access_grant"] if opens else None
        sees = bool(entity and site().may(self.policy, "view", entity))
        return [
            _finding(
                each.name,
                labels().plural(each.entity),
                _("until %(day)s: %(reason)s", day=format_date(each.until), reason=each.reason),
                url_for("access_grant.details_view", id=each.id) if sees else None,
            )
            for each in self.gaps.granted
        ]

    def unused(self) -> list[dict[str, Any]]:
        """Access that lies idle."""
        return [self._idle(each) for each in self.gaps.unused]

    def clashes(self) -> list[dict[str, Any]]:
        """Incompatible duties."""
        return [self._clash(each) for each in self.gaps.clashes]

    def _duty(self, key: int, note: str, may_mend: bool, gaps: str = "") -> dict[str, Any]:
        duty = self.world.duties[key]
        url = url_for("matrix.index", q=duty.code, gaps=gaps or None)
        return _finding(_name(duty), duty.code, note, url, url if may_mend else None)

    def _held_by(self, duty: int) -> str:
        held = [
            f"{_name(self.world.positions[position])} {cell.letter}"
            for (position, of), cell in sorted(self.world.cells.items())
            if of == duty
        ]
        return ", ".join(held)

    def _idle(self, each: Unused) -> dict[str, Any]:
        names = ", ".join(labels().plural(entity) for entity in each.entities)
        last = _("last used %(day)s", day=format_date(each.last)) if each.last else _("never used")
        url = mend = None
        of = _("Manual grant")
        if each.position is not None:
            of = _name(self.world.positions[each.position])
            url = self._cells(each.position)
            mend = url if each.position in self.editable else None
        return _finding(each.name, of, f"{names} · {last}", url, mend)

    def _clash(self, clash: Clash) -> dict[str, Any]:
        cells = [
            f"{_name(self.world.positions[position])}: {_name(self.world.duties[duty])}"
            for position, duty in clash.cells
        ]
        position, _duty = clash.cells[0]
        url = self._cells(position)
        mend = None
        if any(each[0] in self.editable for each in clash.cells):
            mend = url_for("people.person", id=clash.user) if clash.user else url
        name = clash.person or _name(self.world.positions[position])
        rule = next(iter(rule_urls(Refused("", see=rules_of([clash])))), None)
        return _finding(name, clash.rule.name, " + ".join(cells), url, mend) | {"rule": rule}

    def _cells(self, position: int) -> str:
        """The matrix, narrowed to one position."""
        named = self.world.positions[position]
        home = self.world.departments.get(named.parent or 0)
        return url_for("matrix.index", department=home.code if home else NOWHERE, q=named.code)

    def _list(self, positions: Sequence[int]) -> str:
        return ", ".join(_name(self.world.positions[each]) for each in positions)


def _finding(title: str, code: str, note: str, url: str | None, mend: str | None = None) -> dict[str, Any]:
    return {"title": title, "code": code, "note": note, "url": url, "mend": mend}


def _name(named: Named) -> str:
    return named.names[lang()]


KINDS: Final = (
    Kind(
        "unheld",
        lazy_gettext("Without a holder"),
        lazy_gettext("No position has a letter for these duties: nobody does them."),
        "user-question",
        Reader.unheld,
    ),
    Kind(
        "ownerless",
        lazy_gettext("Without an A"),
        lazy_gettext("Somebody works on these duties, but nobody answers for them."),
        "alert-triangle",
        Reader.ownerless,
    ),
    Kind(
        "shared",
        lazy_gettext("Several A"),
        lazy_gettext("More than one position answers for these duties: in the end, none does."),
        "copy",
        Reader.shared,
    ),
    Kind(
        "vacant",
        lazy_gettext("Positions without a person"),
        lazy_gettext("Nobody who may sign in holds these positions today."),
        "user-question",
        Reader.vacant,
    ),
    Kind(
        "granted",
        lazy_gettext("Access without a duty"),
        lazy_gettext("Manual grants in force: what somebody may do although no duty asks for it."),
        "key",
        Reader.granted,
    ),
    Kind(
        "unused",
        lazy_gettext("Unused access"),
        lazy_gettext("What people may use and have not used for a long time."),
        "history",
        Reader.unused,
    ),
    Kind(
        "clashes",
        lazy_gettext("Incompatible duties"),
        lazy_gettext("Duties that a rule keeps apart are in one hand."),
        "ban",
        Reader.clashes,
    ),
)


class GapsView(BaseView):  # type: ignore[misc]  # Flask-Admin brings no types
    """`/gaps/?kind=`; without a kind the first one that has findings."""

    def __init__(self, page: Page) -> None:
        super().__init__(name=page.key, endpoint=page.key, url=f"/{page.key}")
        self.page = page

    def is_accessible(self) -> bool:
        """Whether the page opens for who asks."""
        return self.page.allowed(current_policy())

    def inaccessible_callback(self, name: str, **kwargs: Any) -> None:
        """A refusal instead of Flask-Admin's empty page."""
        raise Forbidden(_("Only whoever leads a department opens this page."))

    @expose("/")
    def index(self) -> str:
        """The findings of one kind, and the numbers of all."""
        session = db.session()
        world: World = current_app.extensions["dutybook_policies"].world(session)
        days = int(current_app.config["UNUSED_DAYS"])
        gaps = read_gaps(session, world, clock.today(), days, site().by_name)
        return str(self.render("admin/gaps.html", **describe(gaps, world, current_policy(), _kind(), days)))


def _kind() -> str:
    kind = request.args.get("kind", "")
    if kind and kind not in {each.key for each in KINDS}:
        raise BadInput(_("There is no gap “%(name)s”.", name=kind))
    return kind


def describe(gaps: Gaps, world: World, policy: Policy, wanted: str, days: int) -> Mapping[str, Any]:
    """What the template shows: `kinds` with their numbers, and the findings of the `current` one."""
    reader = Reader(gaps, world, policy)
    counts = {each.key: len(getattr(gaps, each.key)) for each in KINDS}
    current = wanted or next((key for key, count in counts.items() if count), KINDS[0].key)
    chosen = next(each for each in KINDS if each.key == current)
    findings = chosen.find(reader)
    return {
        "kinds": [
            {
                "key": each.key,
                "label": each.label,
                "count": counts[each.key],
                "url": url_for("gaps.index", kind=each.key),
                "current": each is chosen,
            }
            for each in KINDS
        ],
        "current": {"label": chosen.label, "meaning": chosen.meaning, "icon": chosen.icon},
        "findings": findings[:SHOWN],
        "more": max(0, len(findings) - SHOWN),
        "days": days if chosen.key == "unused" else None,
    }


GAPS = Page("gaps", "access", "alert-triangle", GapsView, leads)
