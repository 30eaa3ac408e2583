"""The first page after the sign-in: what waits for this person, and three charts; every number opens its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from flask import url_for
from flask_admin import AdminIndexView, expose
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.figures import Figure
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.engine.site import Page, site
from admin_app.errors import Forbidden
from admin_app.services import clock, metrics, worklist
from admin_app.services.worklist import CAP, ENDING_DAYS, Item, Tally
from admin_app.sessions import person
from models.types import utc_now
from views.matrix import signed_in

T = TypeVar("T")
#: Entities whose own records are listed by their last change.
RECENT = ("customer", "contact", "contract", "complaint")
_SHOWN = 6


class DashboardView(AdminIndexView):  # type: ignore[misc]  # Flask-Admin brings no types
    """`/`, open to everybody who is signed in; each block is there for those who may view what it counts."""

    def __init__(self, page: Page) -> None:
        super().__init__(name=page.key, endpoint=page.key, url="/", template="admin/dashboard.html")
        self.page = page

    def is_accessible(self) -> bool:
        """Whether the page opens for who asks."""
        return self.page.allowed(current_policy())

    def inaccessible_callback(self, name: str, **kwargs: Any) -> None:
        """A refusal instead of Flask-Admin's empty page."""
        raise Forbidden(_("None of your positions opens this page."))

    @expose("/")
    def index(self) -> str:
        """The page."""
        return str(
            self.render(self._template, dashboard=compose(db.session(), current_policy(), clock.today()))
        )


def compose(session: Session, policy: Policy, today: date) -> dict[str, Any]:
    """Everything on the page. The number of statements depends on what one may view, never on the rows."""

    def may(name: str) -> bool:
        return name in site().by_name and site().may(policy, "view", site().by_name[name])

    return {
        "greeting": _greeting(),
        "cards": _cards(session, policy, today, may),
        "lists": _lists(session, policy, today, may),
        "charts": _charts(session, today, may),
    }


def _greeting() -> str:
    who = person()
    hour = utc_now().astimezone(clock.company_zone()).hour
    name = who.name if who else ""
    if hour < 12:
        words = _("Good morning, %(name)s", name=name)
    elif hour < 18:
        words = _("Good afternoon, %(name)s", name=name)
    else:
        words = _("Good evening, %(name)s", name=name)
    return str(words)


def _cards(session: Session, policy: Policy, today: date, may: Callable[[str], bool]) -> list[dict[str, Any]]:
    cards = []
    if may("complaint"):
        severe = worklist.severe_complaints(session)
        note = ngettext(
            "%(n)s high or critical", "%(n)s high or critical", severe.count, n=_shown(severe.count)
        )
        everything = worklist.open_complaints(session)
        cards.append(
            _card(_("Open complaints"), "complaint", everything, note if severe.count else None, "bad")
        )
        if policy.user_id is not None:
            own = worklist.own_complaints(session, policy.user_id)
            cards.append(_card(_("My open complaints"), "complaint", own))
    if may("contract"):
        ending = worklist.ending_contracts(session, today)
        note = ngettext("within %(n)s day", "within %(n)s days", ENDING_DAYS, n=ENDING_DAYS)
        cards.append(_card(_("Contracts that end soon"), "contract", ending, note, "warn"))
    if may("obligation"):
        overdue = worklist.overdue_obligations(session, today)
        note = _("due before today") if overdue.count else None
        cards.append(_card(_("Overdue obligations"), "obligation", overdue, note, "bad"))
    if may("customer"):
        waiting = worklist.unperformed_customers(session)
        cards.append(_card(_("Signed, not performed"), "customer", waiting))
        drifting = worklist.drifting_customers(session)
        cards.append(_card(_("Grade differs from the rules"), "customer", drifting))
    return cards


def _card(
    label: str, entity: str, tally: Tally, note: str | None = None, tone: str | None = None
) -> dict[str, Any]:
    return {
        "label": label,
        "value": _shown(tally.count),
        "url": _list_url(entity, tally.filters),
        "note": note,
        "tone": tone if note and tally.count else None,
    }


def _lists(session: Session, policy: Policy, today: date, may: Callable[[str], bool]) -> list[dict[str, Any]]:
    lists = []
    if may("complaint"):
        items = worklist.complaints_to_handle(session)
        url = _list_url("complaint", worklist.OPEN_COMPLAINTS)
        lists.append(_list(_("Complaints to handle"), url, items, _("No complaint is open."), "bad"))
    if may("contract"):
        items = worklist.contracts_to_renew(session, today)
        url = _list_url("contract", worklist.ending_filters(today) | {"sort": "ends_on"})
        lists.append(_list(_("Contracts that end soon"), url, items, _("No contract ends soon."), "warn"))
    recent = [name for name in RECENT if may(name)]
    if recent and policy.user_id is not None:
        lists.append(_recent(session, policy.user_id, recent))
    duties = _duties(session, policy.user_id, today) if policy.user_id is not None and may("duty") else None
    return [*lists, duties] if duties else lists


def _list(title: str, url: str | None, items: Sequence[Item], empty: str, tone: str) -> dict[str, Any]:
    rows = [
        {
            "label": item.label,
            "url": _record_url(item),
            "meta": " · ".join(part for part in (item.customer, _day(item)) if part),
            "tone": tone if item.pressing else None,
        }
        for item in items
    ]
    return {"title": title, "url": url, "rows": rows, "empty": empty}


def _day(item: Item) -> str:
    if item.due is not None:
        return str(_("due %(day)s", day=item.due.isoformat()))
    return str(_("since %(day)s", day=item.since.isoformat())) if item.since else ""


def _duties(session: Session, user_id: int, today: date) -> dict[str, Any] | None:
    """What the own positions have to do at all, for a page that is never empty for whoever holds one."""
    duties = worklist.duties_of(session, user_id, today)
    rows = [
        {
            "label": getattr(duty, f"name_{lang()}"),
            "url": url_for("duty.details_view", id=duty.id),
            "meta": f"{letter} · {labels().choice('position_duty', 'letter', letter)}",
            "tone": None,
        }
        for duty, letter in duties[:_SHOWN]
    ]
    title = ngettext("%(n)s duty of mine", "%(n)s duties of mine", len(duties), n=len(duties))
    return {"title": title, "url": url_for("matrix.index"), "rows": rows, "empty": None} if rows else None


def _recent(session: Session, user_id: int, names: Sequence[str]) -> dict[str, Any]:
    found: list[tuple[Any, Item]] = []
    for name in names:
        entity = site().by_name[name]
        found += worklist.changed_lately(session, entity.model, str(entity.label_key), user_id)
    found.sort(key=lambda pair: pair[0], reverse=True)
    rows = [
        {
            "label": item.label,
            "url": _record_url(item),
            "meta": f"{labels().entity(item.entity)} · {moment.astimezone(clock.company_zone()):%Y-%m-%d %H:%M}",
            "tone": None,
        }
        for moment, item in found[:_SHOWN]
    ]
    url = _list_url(names[0], {"owner:eq": "me"})
    return {
        "title": _("My records, changed lately"),
        "url": url,
        "rows": rows,
        "empty": _("None is yours yet."),
    }


def _charts(session: Session, today: date, may: Callable[[str], bool]) -> list[dict[str, Any]]:
    charts = []
    if may("customer"):
        found, counted = _figure("grades", today, lambda: metrics.customers_by_grade(session))
        points = [
            _point(
                labels().choice("customer", "grade", each.code) if each.code else _("No grade"),
                "customer",
                each,
            )
            for each in found
        ]
        charts.append(_chart("grades", _("Customers by grade"), "bar", None, "customer", points, counted))
    # A sum tells what its parts hide: the chart is for those who may read every amount behind it.
    if may("contract") and site().fields(current_policy(), site().by_name["contract"]).readable("amount"):
        monthly, counted = _figure(
            "amounts", today, lambda: metrics.contract_amounts_by_month(session, today)
        )
        points = [_point(each.code or "", "contract", each) for each in monthly.points]
        if points:
            # The current month is not over: it is drawn dashed.
            points[-1]["open"] = True
        title = _("Contract amount by month")
        charts.append(_chart("amounts", title, "bar", monthly.currency, "contract", points, counted))
    if may("complaint"):
        found, counted = _figure("complaints", today, lambda: metrics.complaints_by_status(session))
        points = [
            _point(labels().choice("complaint", "status", each.code or ""), "complaint", each)
            for each in found
        ]
        title = _("Complaints by status")
        charts.append(_chart("complaints", title, "bar", None, "complaint", points, counted))
    return charts


def _figure(key: str, today: date, count: Callable[[], T]) -> tuple[T, str | None]:
    """(numbers of a chart, at what time they were counted if not just now): at size each reads many rows."""
    figure: Figure[T] = site().kept(current_policy(), ("figure", key, today), Figure)
    found, age = figure.read(count)
    if age is None:
        return found, None
    return found, f"{(utc_now() - timedelta(seconds=age)).astimezone(clock.company_zone()):%H:%M}"


def _chart(
    key: str,
    title: str,
    kind: str,
    unit: str | None,
    entity: str,
    points: list[dict[str, Any]],
    counted: str | None,
) -> dict[str, Any]:
    drawn = points if any(point["value"] for point in points) else []
    return {
        "key": key,
        "title": title,
        "kind": kind,
        "unit": unit,
        "url": _list_url(entity, {}),
        "points": drawn,
        "counted": counted,
    }


def _point(label: str, entity: str, point: metrics.Point) -> dict[str, Any]:
    text = f"{point.value:,.2f}" if isinstance(point.value, Decimal) else format_decimal(point.value)
    # A drawing needs no cents; the table beside it has them.
    return {
        "label": label,
        "value": float(point.value),
        "text": text,
        "url": _list_url(entity, point.filters),
    }


def _shown(count: int) -> str:
    return f"{CAP:,}+" if count > CAP else f"{count:,}"


def _list_url(entity: str, filters: Mapping[str, str]) -> str:
    return str(url_for(f"{entity}.index_view", **dict[str, Any](filters)))


def _record_url(item: Item) -> str:
    return url_for(f"{item.entity}.details_view", id=item.id)


DASHBOARD = Page("dashboard", None, "layout-dashboard", DashboardView, signed_in)
