"""Why a grade, what another rule set would say, and where the two differ, as pages for those who may read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM
from admin_app.engine.change import update_rows
from admin_app.services import clock
from admin_app.services.clock import months_before
from admin_app.services.contracts import CONCLUDED
from admin_app.services.grade_trial import Trial
from admin_app.services.grading_score import score
from admin_app.services.regrading import active_rules, refresh_drift
from models.contract import Contract
from models.customer import Customer
from models.duty import PositionDuty
from models.grading import GradeRule
from models.organisation import Department, Position, User
from tests.conftest import sign_in
from tests.functional.test_bulk import Bulk

ACTION = "regrade_by_rule"


@pytest.fixture
def client_of(app: Any, rollback: None) -> Callable[[str], Any]:
    """Somebody in a browser of their own."""
    return lambda username: sign_in(app.test_client(), username)


def verdicts(session: Session) -> dict[int, Any]:
    """What the rules say of every customer, by number."""
    rows = score(active_rules(session), clock.today()).rows
    return {row.id: row for row in session.execute(select(rows))}


def test_a_grade_shows_its_points_and_the_contracts_that_count(
    session: Session, client_of: Callable[[str], Any]
) -> None:
    key, row = max(verdicts(session).items(), key=lambda pair: pair[1].total)
    page = client_of("admin").get(f"/grade/?id={key}").text
    assert f">{row.total}</b>" in page
    title = session.scalar(
        select(Contract.number).where(Contract.customer_id == key, Contract.signed_on.is_not(None)).limit(1)
    )
    assert title in page


def test_a_customer_leads_to_its_grade(session: Session, client_of: Callable[[str], Any]) -> None:
    key = session.scalars(select(Customer.id)).first()
    assert f"/grade/?id={key}" in client_of("admin").get(f"/customer/details/?id={key}").text


@pytest.mark.parametrize("text", ["", "x", "0", "99999999999999999999", "²"])
def test_no_customer_no_grade(client_of: Callable[[str], Any], text: str) -> None:
    assert client_of("admin").get("/grade/", query_string={"id": text}).status_code == 404


def test_the_customer_of_another_department_is_not_explained(
    session: Session, client_of: Callable[[str], Any]
) -> None:
    foreign = session.scalars(select(Customer.id).where(~Customer.department.has(code="CS"))).first()
    own = session.scalars(select(Customer.id).where(Customer.department.has(code="CS"))).first()
    clerk = client_of("csd")
    assert clerk.get(f"/grade/?id={own}").status_code == 200
    assert clerk.get(f"/grade/?id={foreign}").status_code == 404


@pytest.mark.parametrize("level", ["masked", "hidden"])
def test_points_tell_nothing_of_amounts_that_the_reader_may_not_read(
    session: Session, client_of: Callable[[str], Any], level: str
) -> None:
    own = select(Customer).where(Customer.department.has(code="CS"), Customer.contract_total > 0)
    customer = session.scalars(own.order_by(Customer.contract_total.desc())).first()
    clerk, url = client_of("csd"), f"/grade/?id={customer.id}"
    assert "db-grade-table" in clerk.get(url).text.partition("past")[0]
    position = select(Position.id).where(Position.code == "CSD").scalar_subquery()
    for cell in session.scalars(select(PositionDuty).where(PositionDuty.position_id == position)):
        cell.field_levels = {"customer.money": level}
    session.commit()
    page = clerk.get(url)
    assert page.status_code == 200
    shown = page.text.partition('id="past"')[0]
    assert "<td" not in shown and f"{customer.contract_total:,.2f}" not in page.text


def test_contracts_of_others_count_and_are_not_shown(
    session: Session, client_of: Callable[[str], Any]
) -> None:
    counted = select(Contract).where(
        Contract.customer.has(Customer.department.has(code="CS")),
        Contract.status.in_(CONCLUDED),
        Contract.signed_on > months_before(clock.today(), 30),
    )
    contract = session.scalars(counted).first()
    url, head = f"/grade/?id={contract.customer_id}", client_of("css")
    place = select(Department).where(Department.code == "CS")
    contract.department = session.scalars(place).one()
    session.commit()
    assert contract.number in head.get(url).text
    contract.department = session.scalars(select(Department).where(Department.code == "SAL")).one()
    contract.owner = session.scalars(select(User).where(User.username == "exe")).one()
    session.commit()
    page = head.get(url)
    assert page.status_code == 200
    assert contract.number not in page.text and contract.title not in page.text
    assert contract.number in client_of("admin").get(url).text


def test_rule_sets_that_the_reader_may_not_read_are_not_tried_on_a_customer_either(
    session: Session, client_of: Callable[[str], Any]
) -> None:
    rule = active_rules(session)[0]
    customer = select(Customer.id).where(
        Customer.department.has(code="CS"), Customer.customer_class == rule.customer_class
    )
    key = session.scalars(customer).first()
    assert client_of("csd").get(f"/grade/?id={key}&set={rule.id}").status_code == 404
    assert client_of("admin").get(f"/grade/?id={key}&set={rule.id}").status_code == 200


def test_the_past_of_a_grade_is_drawn_and_told(session: Session, client_of: Callable[[str], Any]) -> None:
    """Given by hand, then by rule, then taken back: three steps, and each says whence it came."""
    head = Bulk(client_of("admin"))
    row = next(row for row in verdicts(session).values() if row.stored and row.grade != row.stored)
    head.apply(head.preview("regrade", {"id": [row.id]}, grade="D", reason="Lost its way"))
    # As if that had been long ago: no minimum stay is in the way.
    update_rows(session, Customer, Customer.id == row.id, {"grade_since": date(2020, 1, 1)})
    session.commit()
    url = head.preview(ACTION, {"id": [row.id]}, reason="Year's review")
    head.apply(url)
    head.client.post(f"{url}undo", data={"csrf_token": head.token, "reason": "too early"})
    page = head.client.get(f"/grade/?id={row.id}").text
    assert page.count("<circle") == 4
    cells = re.findall(r'<td class="db-day">([^<]+)</td><th scope="row">([^<]+)</th>', page)
    assert [grade for _day, grade in reversed(cells)] == [row.stored, "D", row.plain, "D"]
    assert "Year&#39;s review" in page
    # By their names, as everywhere else in the history.
    name = session.scalar(select(User.name).where(User.username == "admin"))
    assert page.count(f"<td>{name}</td>") == 3
    assert f"{row.total}" in page


def cells_of(page: str) -> list[int]:
    """The numbers of the matrix."""
    table = page.partition('class="db-migration"')[2].partition("</table>")[0]
    return [int(number.replace(",", "")) for number in re.findall(r"<b>([\d,]+)</b>", table)]


def test_a_trial_counts_everybody_and_writes_nothing(
    session: Session, client_of: Callable[[str], Any]
) -> None:
    (rule, *_others) = active_rules(session)
    everybody = select(func.count()).where(Customer.customer_class == rule.customer_class)
    before = dict(session.execute(select(Customer.id, Customer.version)).all())
    head = client_of("admin")
    page = head.get(f"/grading/?set={rule.id}").text
    assert sum(cells_of(page)) == session.scalar(everybody)
    assert sum(cells_of(head.get(f"/grading/?set={rule.id}&day=2000-01-01").text)) == session.scalar(
        everybody
    )
    assert dict(session.execute(select(Customer.id, Customer.version)).all()) == before


def test_a_trial_knows_only_the_readers_customers(session: Session, client_of: Callable[[str], Any]) -> None:
    (rule, *_others) = active_rules(session)
    seen = sum(cells_of(client_of("acm").get(f"/grading/?set={rule.id}").text))
    assert 0 < seen < sum(cells_of(client_of("admin").get(f"/grading/?set={rule.id}").text))


def test_a_cell_opens_its_customers(session: Session, client_of: Callable[[str], Any]) -> None:
    (rule, *_others) = active_rules(session)
    moving = [row for row in verdicts(session).values() if row.rule_id == rule.id and row.grade != row.stored]
    row = moving[0]
    page = client_of("admin").get(f"/grading/?set={rule.id}&was={row.stored or '-'}&to={row.grade}").text
    alike = [each for each in moving if (each.stored, each.grade) == (row.stored, row.grade)]
    assert page.count(f"&amp;set={rule.id}") + page.count(f"set={rule.id}&amp;") >= len(alike)
    for each in alike:
        assert f"/customer/details/?id={each.id}" in page


def test_two_versions_are_compared(session: Session, client_of: Callable[[str], Any]) -> None:
    (rule, *_others) = active_rules(session)
    page = client_of("admin").get(f"/grading/?set={rule.id}&other={rule.id}").text
    # A version beside itself moves nobody.
    assert "is-move" not in page
    assert sum(cells_of(page)) > 0


@pytest.mark.parametrize("query", ["set=x", "set=999999", "other=999999"])
def test_a_version_that_is_not_there(client_of: Callable[[str], Any], query: str) -> None:
    assert client_of("admin").get(f"/grading/?{query}").status_code == 404


@pytest.mark.parametrize(
    "query", ["day=x", "day=1900-01-01", "day=2999-01-01", "was=zzz&to=A", "was=A&to=%3Cb%3E"]
)
def test_a_day_or_a_grade_that_cannot_be_used(client_of: Callable[[str], Any], query: str) -> None:
    assert client_of("admin").get(f"/grading/?{query}").status_code == 400


def test_versions_of_two_classes_are_not_compared(session: Session, client_of: Callable[[str], Any]) -> None:
    one, other = active_rules(session)
    assert client_of("admin").get(f"/grading/?set={one.id}&other={other.id}").status_code == 400


def test_a_draft_that_cannot_grade_yet_says_so(session: Session, client_of: Callable[[str], Any]) -> None:
    rule = GradeRule(customer_class="project", number=50, name="Empty", currency="CNY")
    session.add(rule)
    session.commit()
    assert "db-alert" in client_of("admin").get(f"/grading/?set={rule.id}").text


def test_drifting_customers_are_counted_on_the_first_page(
    session: Session, client_of: Callable[[str], Any]
) -> None:
    refresh_drift(session, None, clock.today())
    session.commit()
    number = session.scalar(select(func.count()).where(Customer.drift_since.is_not(None)))
    head = client_of("admin")
    page = head.get("/").text
    found = re.search(r'href="(/customer/\?drift_since[^"]+)"', page)
    assert found
    listed = head.get(found[1].replace("&amp;", "&")).text
    assert f"{number}" in listed


def test_the_matrix_of_a_trial_is_what_the_rules_say(session: Session) -> None:
    for rule in active_rules(session):
        cells = Trial(rule, clock.today()).matrix(session, SYSTEM)
        expected: dict[Any, int] = {}
        for row in verdicts(session).values():
            if row.rule_id == rule.id:
                expected[row.stored, row.grade] = expected.get((row.stored, row.grade), 0) + 1
        assert {pair: cell.number for pair, cell in cells.items()} == expected
        assert sum(sum(cell.money.values()) for cell in cells.values()) == session.scalar(
            select(func.sum(Customer.contract_total)).where(Customer.customer_class == rule.customer_class)
        )
