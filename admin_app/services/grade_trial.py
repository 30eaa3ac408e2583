"""Trying a rule set: who would move from which grade to which, on a day's data, without anything being written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.site import site
from admin_app.services.grading import RANK, RuleSet
from admin_app.services.grading_score import score
from models.customer import Customer

#: Customers of one cell that a page lists.
LISTED: Final = 50


@dataclass
class Cell:
    """Customers that go from one grade to another, with their contract totals by currency."""

    number: int = 0
    money: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Mover:
    """One customer of a cell; `kept` says what keeps its grade although the rules say otherwise."""

    id: int
    name: str
    code: str
    before: str | None
    after: str | None
    total: int
    total_before: int | None
    kept: str | None


@dataclass(frozen=True)
class Trial:
    """A rule set on a day, against the stored grades or against `other`, for the customers that the reader may see."""

    rule: RuleSet
    day: date
    other: RuleSet | None = None

    def _rows(self, policy: Policy) -> tuple[Any, Any, Any, ColumnElement[Any], ColumnElement[Any]]:
        """(FROM, the new score, the other score or None, before, after)."""
        visible = site().access.visible(policy, "customer")
        chosen = [site().access.criterion(Customer, visible)]
        new = score([self.rule], self.day, chosen).rows
        source: Any = new.join(Customer, Customer.id == new.c.id)
        if self.other is None:
            return source, new, None, new.c.stored, new.c.grade
        old = score([self.other], self.day, chosen).rows.alias("score_before")
        return source.join(old, old.c.id == new.c.id), new, old, old.c.plain, new.c.plain

    def matrix(self, session: Session, policy: Policy) -> Mapping[tuple[str | None, str | None], Cell]:
        """Cells by (before, after); one statement."""
        source, _new, _old, before, after = self._rows(policy)
        grouped = (before, after, Customer.currency)
        statement = (
            select(*grouped, func.count(), func.sum(Customer.contract_total))
            .select_from(source)
            .group_by(*grouped)
        )
        cells: dict[tuple[str | None, str | None], Cell] = {}
        with acting(session, SYSTEM):
            for was, becomes, currency, number, money in session.execute(statement):
                cell = cells.setdefault((was, becomes), Cell())
                cell.number += number
                cell.money[currency] = money
        return cells

    def movers(
        self, session: Session, policy: Policy, was: str | None, becomes: str | None, after_id: int = 0
    ) -> list[Mover]:
        """The customers of one cell by number, from behind `after_id` on; LISTED and one more at most."""
        source, new, old, before, after = self._rows(policy)
        where = and_(
            before.is_not_distinct_from(was), after.is_not_distinct_from(becomes), Customer.id > after_id
        )
        other = new.c.total if old is None else old.c.total
        statement = (
            select(Customer.id, Customer.name, Customer.code, before, after, new.c.total, other, new.c.kept)
            .select_from(source)
            .where(where)
            .order_by(Customer.id)
            .limit(LISTED + 1)
        )
        with acting(session, SYSTEM):
            found = [Mover(*row) for row in session.execute(statement).all()]
        return found


def in_order(grades: Sequence[str | None]) -> list[str | None]:
    """Grades, the best one first, and none at the end."""
    return sorted(set(grades), key=lambda grade: RANK[grade] if grade is not None else len(RANK))
