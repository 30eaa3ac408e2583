"""The sample's companies fall into the groups that a spreadsheet makes of them."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import date
from decimal import Decimal

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.services.grading import read_rules
from admin_app.services.grading_score import score
from models.customer import Customer
from models.grading import GradeBand, GradeDimension, GradeRule, GradeStep
from tests.functional.test_import import Source, source

__all__ = ("source",)
A, B = Decimal(150_000), Decimal(80_000)


def simple_rules(session: Session) -> GradeRule:
    """Contract amount alone: A from 150,000 dollars on, B from 80,000 on."""
    rule = GradeRule(customer_class="resource", number=99, name="By amount", currency="USD")
    amount = GradeDimension(rule=rule, kind="contract_amount", months=12, weight=1)
    session.add_all(
        [
            rule,
            amount,
            GradeBand(dimension=amount, threshold=A, points=2),
            GradeBand(dimension=amount, threshold=B, points=1),
            *(GradeStep(rule=rule, grade=code, points=each) for code, each in (("A", 2), ("B", 1), ("C", 0))),
        ]
    )
    session.flush()
    return rule


def spreadsheet(source: Source) -> dict[str, str]:
    """Company -> grade, by adding up the won deals of 2017 in the file."""
    accounts = csv.DictReader(io.StringIO(source.read("accounts.csv").decode("utf-8-sig")))
    deals = csv.DictReader(io.StringIO(source.read("sales_pipeline.csv").decode("utf-8-sig")))
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for deal in deals:
        if deal["deal_stage"] == "Won" and deal["close_date"][:4] == "2017":
            sums[deal["account"]] += Decimal(deal["close_value"])
    return {
        account["account"]: "A"
        if sums[account["account"]] >= A
        else "B"
        if sums[account["account"]] >= B
        else "C"
        for account in accounts
    }


def test_a_simple_rule_gives_the_groups_of_a_spreadsheet(
    session: Session, app: Flask, source: Source
) -> None:
    session.commit()
    runner = app.test_cli_runner()
    for name, entity, mapping in (
        ("accounts.csv", "customer", "maven_accounts"),
        ("sales_pipeline.csv", "contract", "maven_pipeline"),
    ):
        answer = runner.invoke(args=["import", str(source.folder / name), entity, "--mapping", mapping])
        assert answer.exit_code == 0, answer.output
    with acting(db.session(), SYSTEM):
        (rule,) = read_rules(session, [simple_rules(session).id])
        found = score([rule], date(2017, 12, 31), [Customer.source == "Maven"]).rows
        named = select(Customer.name, found.c.grade).join(found, found.c.id == Customer.id)
        assert dict(session.execute(named).all()) == spreadsheet(source)
