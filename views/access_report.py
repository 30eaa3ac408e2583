"""The access report as a page that prints, and as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from flask import Response, request, url_for
from flask_admin import expose
from flask_babel import gettext as _

from admin_app.engine.access import current_policy
from admin_app.engine.exchange.export import harmless
from admin_app.engine.site import Page, site
from admin_app.errors import BadInput
from admin_app.services.access_report import Filters, Line, report
from admin_app.services.reasons import named
from admin_app.services.sentences import plain
from views.asking import AccessPage, explainer, href, thing
from views.matrix import signed_in

#: By what the lines stand together, and the attribute that heads them.
ORDERS: Final = {"person": "person", "position": "position", "department": "department", "entity": "things"}
#: More lines than anybody reads on one page; the file has them all.
SHOWN: Final = 1_000


class ReportView(AccessPage):
    """`/access_report/`: an administrator reads of all people, a head of those led, everybody else of themselves."""

    @expose("/")
    def index(self) -> str:
        """The page."""
        found, filters, order = explainer(), _filters(), _order()
        lines = _sorted(report(found, current_policy(), filters), order)
        given = {key: value for key, value in vars(filters).items() if value}
        return str(
            self.render(
                "admin/why/report.html",
                groups=_groups(lines[:SHOWN], order),
                total=len(lines),
                shown=min(len(lines), SHOWN),
                order=order,
                orders=[(key, label) for key, label in _labels().items()],
                filters=filters,
                href=href,
                positions=_choices(found.world.positions),
                departments=_choices(found.world.departments),
                entities=sorted(
                    ((each.name, thing(each.name)) for each in site().entities), key=lambda pair: pair[1]
                ),
                csv_url=url_for("access_report.download", **given),
            )
        )

    @expose("/csv")
    def download(self) -> Response:
        """All lines as CSV, UTF-8 with a byte-order mark so that Excel reads it."""
        lines = report(explainer(), current_policy(), _filters())
        out = io.StringIO()
        table = csv.writer(out)
        table.writerow(
            (
                *(_("Person"), _("User name"), _("Position"), _("Department"), _("What"), _("Actions")),
                *(_("On whose records"), _("Because of"), _("Until")),
            )
        )
        for line in lines:
            values = [line.person, line.username, line.position, line.department, line.things]
            values += [", ".join(line.actions), line.rows, plain(line.because)]
            values.append(line.until.isoformat() if line.until else "")
            table.writerow([harmless(value) for value in values])
        return Response(
            b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace"),
            mimetype="text/csv",
            headers={"Content-Disposition": "attachment; filename=access_report.csv"},
        )


def _filters() -> Filters:
    return Filters(
        **{key: request.args.get(key, "").strip() for key in ("person", "position", "department", "entity")}
    )


def _order() -> str:
    order = request.args.get("by", "person")
    if order not in ORDERS:
        raise BadInput(_("The report cannot be put in this order."))
    return order


def _labels() -> dict[str, str]:
    return {
        "person": _("By person"),
        "position": _("By position"),
        "department": _("By department"),
        "entity": _("By what it is about"),
    }


def _choices(items: Any) -> list[tuple[str, str]]:
    return [(each.code, f"{named(each)} {each.code}") for each in items.values()]


def _sorted(lines: list[Line], order: str) -> list[Line]:
    return sorted(lines, key=lambda line: getattr(line, ORDERS[order]))


def _groups(lines: list[Line], order: str) -> list[tuple[str, list[Line]]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(getattr(line, ORDERS[order]) or str(_("Without a position")), []).append(line)
    return list(found.items())


REPORT = Page("access_report", "access", "file-check", ReportView, signed_in)
