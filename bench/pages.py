"""Our pages as people use them: the addresses, the forms, and whether an answer is what it should be."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.listing import ListArgs, Listing
from admin_app.engine.listing.keyset import Order
from admin_app.errors import DutybookError
from admin_app.services import clock
from bench.browser import Answer, Browser, local
from bench.load import CLERK
from bench.rows import DEPARTMENT_SHARE, Source, in_department
from bench.serving import Server
from bench.timing import Probe
from models.organisation import User

PAGE = 20
LIST = "/customer/"
FILTERED = {"grade:eq": "A", "transaction_status:eq": "existing", "sort": "-contract_total"}
#: An address, or how to find it.
Place = str | Callable[[], str]
_FIRST = re.compile(r"<tr[^>]*\bdata-row\b.*?</th>", re.DOTALL)
_ROW = re.compile(r"<tr[^>]*\bdata-row\b(?!-)")


class Person:
    """One signed-in person at our server, with everything that is timed for that person."""

    def __init__(
        self, app: Flask, server: Server, source: Source, name: str, browser: Browser, rows: int
    ) -> None:
        self.app, self.server, self.source, self.name = app, server, source, name
        self.browser, self.rows = browser, rows
        self.scoped = name == CLERK
        self.visible = rows // DEPARTMENT_SHARE if self.scoped else rows
        #: A customer in the middle of what this person sees.
        self.record = next(n for n in range(rows // 2, rows) if not self.scoped or in_department(n))

    def _probe(
        self,
        name: str,
        path: str | Callable[[], str],
        check: Callable[[Answer], None],
        roots: tuple[int, ...],
    ) -> Probe:
        """A page to time; where it cannot be had or shows the wrong thing, a probe that only says so."""
        try:
            place = path if isinstance(path, str) else path()
            first = self.browser.get(place)
            check(first)
        except (AssertionError, LookupError, DutybookError) as error:
            return Probe(f"{self.name}:{name}", lambda: 0.0, error=str(error))
        return Probe(
            f"{self.name}:{name}", lambda: self._timed(place), roots, extra={"bytes": len(first.body)}
        )

    def _timed(self, path: str) -> float:
        answer = self.browser.get(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        return answer.seconds

    def listed(self, name: str, path: Place, roots: tuple[int, ...], least: int = PAGE) -> Probe:
        """A page of a list that shows `least` rows or more."""

        def check(answer: Answer) -> None:
            assert answer.status == 200, answer.status
            shown = len(_ROW.findall(answer.text))
            assert shown >= least, f"{shown} rows, {least} expected"

        return self._probe(name, path, check, roots)

    def lists(self, roots: tuple[int, ...]) -> list[Probe]:
        """The customer list: first page, its neighbours, the middle, the end, every order, a filter."""
        full, some = min(PAGE, self.visible), min(PAGE, self.visible // 3)

        def middle(sort: str | None) -> str:
            return f"{LIST}?{urlencode({**({'sort': sort} if sort else {}), 'after': self.cursor(sort)})}"

        found = [
            self.listed("list_first", LIST, roots, full),
            self.listed("list_next", lambda: _link(self.browser.get(LIST).text, "next"), roots, 1),
            self.listed("list_middle", lambda: middle(None), roots, some),
            self.listed("list_prev", lambda: _link(self.browser.get(middle(None)).text, "prev"), roots, 1),
            self.listed("list_last", f"{LIST}?end=1", roots, full),
            self.listed("list_filtered", f"{LIST}?{urlencode(FILTERED)}", roots, 1),
        ]
        for sort in self.sorts():
            found.append(
                self.listed(f"sort_first {sort}", f"{LIST}?{urlencode({'sort': sort})}", roots, full)
            )
            found.append(self.listed(f"sort_middle {sort}", lambda sort=sort: middle(sort), roots, some))
        return found

    def sorts(self) -> list[str]:
        """Every order that the customer list offers to this person at any size, and two of them backwards."""
        entity = self.app.extensions["dutybook"].by_name["customer"]
        offered = sorted(entity.scope_sorts if self.scoped else entity.sortable)
        return [*offered, *(f"-{key}" for key in ("name", "contract_total") if key in offered)]

    def jumps(self, roots: tuple[int, ...]) -> list[Probe]:
        """The page that begins with a value, the one in the middle, which must not be the first page."""

        def page(sort: str) -> str:
            plain = f"{LIST}?{urlencode({'sort': sort})}"
            jumped = f"{plain}&{urlencode({'from': str(self.middle(sort)[1][0])})}"
            titles = [_FIRST.search(self.browser.get(path).text) for path in (plain, jumped)]
            if not all(titles) or titles[0][0] == titles[1][0]:  # type: ignore[index]
                raise LookupError("not there")
            return jumped

        return [
            self.listed(f"jump {sort}", lambda sort=sort: page(sort), roots, 1)  # type: ignore[misc]
            for sort in ("name", "-contract_total")
        ]

    def searches(self, roots: tuple[int, ...]) -> list[Probe]:
        """The terms that the goals name, rare and frequent ones, on the customer list and one on contacts."""
        least = 0 if self.scoped else 1
        found = []
        for key, term in self.terms().items():
            page = "/contact/" if key.endswith("zgs") else LIST
            found.append(self.listed(f"search {key}", f"{page}?q={quote(term)}", roots, least))
        return found

    def terms(self) -> dict[str, str]:
        """What is searched, by a name that begins with `rare` or `frequent`."""
        source, rare = self.source, self.source.rare_chinese
        phone = next(row for row in source.customers(50))[10]
        return {
            "rare 1 character": rare[0],
            "rare 2 characters": rare[:2],
            "rare 4 characters": rare,
            "rare Latin": source.rare_latin,
            "rare initials": "qlgf",
            "rare pinyin": "qilinge",
            "rare end of a phone number": phone[-4:],
            "rare zgs": "zgs",
            "frequent 1 character": source.frequent_chinese[0],
            "frequent 2 characters": source.frequent_chinese,
            "frequent 4 characters": "有限公司",
            "frequent Latin": source.frequent_latin,
            "frequent initials": "yxgs",
        }

    def everywhere(self, roots: tuple[int, ...]) -> list[Probe]:
        """The search over all entities, as one types."""
        door = next(
            (str(rule) for rule in self.app.url_map.iter_rules() if rule.endpoint == "search.suggest"), None
        )
        found = []
        for key, term in (("rare", self.source.rare_chinese[:2]), ("frequent", self.source.frequent_chinese)):
            if door is None:
                found.append(Probe(f"{self.name}:global {key}", lambda: 0.0, error="not there"))
                continue
            path = f"{door}?q={quote(term)}"
            found.append(self._probe(f"global {key}", path, _opened, roots))
        return found

    def forms(self, roots: tuple[int, ...]) -> list[Probe]:
        """The edit form and the record's own page."""
        return [
            self._probe(name, f"{LIST}{name}/?id={self.record}", _opened, roots)
            for name in ("edit", "details")
        ]

    def cursor(self, sort: str | None) -> str:
        """What the link to the page after the middle of this order carries."""
        order, values = self.middle(sort)
        with self.app.test_request_context(LIST):
            return order.cursor(values)

    def middle(self, sort: str | None) -> tuple[Order, tuple[Any, ...]]:
        """An order, and the values by which the record in its middle stands there."""
        with self.app.test_request_context(LIST):
            session = db.session()
            with acting(session, SYSTEM):
                user = session.scalars(select(User).where(User.username == self.name)).one()
                policy = self.app.extensions["dutybook_policies"].policy(session, user, clock.today())
            with acting(session, policy):
                entity = self.app.extensions["dutybook"].by_name["customer"]
                args = ListArgs.parse(entity, MultiDict([("sort", sort)] if sort else []), policy)
                order = Listing(entity, args, policy, "customer.index_view").order(session)
                columns = [level.column for level in order.levels]
                wanted = select(*columns).order_by(*order.clauses()).offset(self.visible // 2).limit(1)
                values = session.execute(wanted).one()
                session.rollback()
                return order, tuple(values)


def _opened(answer: Answer) -> None:
    assert answer.status == 200, answer.status


def _link(page: str, rel: str) -> str:
    for tag in re.findall(r"<a [^>]*>", page):
        if re.search(rf'\brel="{rel}"', tag) and (href := re.search(r'href="([^"]*)"', tag)):
            return local(unescape(href[1]), LIST)
    raise LookupError(f"the page has no link to the {rel} one")
