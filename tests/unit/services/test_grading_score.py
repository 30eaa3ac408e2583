"""What the databases score is what slow Python says, at every edge."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from admin_app.engine.change import without_rows
from admin_app.services.grading import AMOUNTS, Band, Dimension, RuleSet
from admin_app.services.grading_score import score
from models.complaint import Complaint
from models.contract import Contract, Performance
from models.customer import Customer
from models.organisation import Department
from tests import grading_oracle as oracle

#: Customers of one example, and examples a database: 5,200 drawn customers in a run on both.
CROWD, EXAMPLES = 20, 130
MOMENT = datetime(2020, 1, 1, tzinfo=UTC)
EDGES = [
    Decimal(text) for text in ("0", "0.01", "99.99", "100", "100.01", "5000", "80000", "149999.99", "150000")
]
DAYS = [
    date(2023, 2, 28),
    date(2024, 2, 28),
    date(2024, 2, 29),
    date(2024, 3, 1),
    date(2025, 2, 28),
    date(2024, 12, 31),
    date(2025, 1, 1),
    date(2026, 11, 24),
]
KINDS = (
    "contract_amount",
    "contract_count",
    "contract_recency",
    "payments",
    "complaints",
    "open_complaints",
    "pipeline",
    "annual_revenue",
    "judgement",
)
amount = st.sampled_from(EDGES) | st.decimals(0, 10**9, places=2)
currency = st.sampled_from(("CNY", "CNY", "USD", "EUR"))
grades = st.none() | st.sampled_from(oracle.ORDER)
#: Around midnight in Shanghai, which is no midnight in UTC.
TIMES = (time(0), time(15, 59), time(16), time(16, 1), time(23, 59))
MONTHS = (1, 11, 12, 24, 36)
STAYS = (1, 30, 366)


def people(day: date) -> st.SearchStrategy[oracle.Person]:
    """Customers whose days lie at, before and behind whatever a rule set can mean on that day."""
    edges = [
        day,
        *(oracle.earlier(day, each) for each in MONTHS),
        *(day - timedelta(days=each) for each in STAYS),
    ]
    near = st.builds(lambda edge, off: edge + timedelta(days=off), st.sampled_from(edges), st.integers(-1, 1))
    moment = st.builds(lambda when, at: datetime.combine(when, at, UTC), near, st.sampled_from(TIMES))
    deals = st.builds(
        oracle.Deal,
        status=st.sampled_from(
            ("draft", "approved", "signed", "performing", "completed", "terminated", "archived")
        ),
        signed_on=near,
        amount=amount,
        currency=currency,
        created_at=moment,
        payments=st.lists(st.tuples(near, amount | amount.map(lambda each: -each)), max_size=2),
    )
    complaints = st.builds(
        lambda begun, lasted, kind: oracle.Complaint(
            begun, None if lasted is None else begun + timedelta(hours=lasted), kind
        ),
        moment,
        st.none() | st.sampled_from((0, 1, 24, 24 * 400)),
        st.sampled_from(("complaint", "dispute", "suggestion")),
    )
    return st.builds(
        oracle.Person,
        grade=grades,
        since=st.none() | near,
        locked_until=st.none() | near,
        currency=currency,
        annual_revenue=st.none() | amount,
        judgement=st.none() | st.integers(0, 10),
        deals=st.lists(deals, max_size=3),
        complaints=st.lists(complaints, max_size=2),
    )


@st.composite
def rules(draw: st.DrawFn) -> RuleSet:
    """A rule set of up to five dimensions, whose bands and steps lie where the drawn values do."""
    dimensions = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5))):
        edges = EDGES if kind in AMOUNTS else [Decimal(each) for each in (0, 1, 2, 3, 30, 365, 366)]
        thresholds = sorted(draw(st.sets(st.sampled_from(edges), min_size=1, max_size=4)))
        bands = tuple(Band(edge, draw(st.integers(-10, 10))) for edge in thresholds)
        months = draw(st.none() | st.sampled_from((*MONTHS, 600)))
        dimensions.append(Dimension(number + 1, kind, months, draw(st.integers(1, 3)), bands))
    chosen = sorted(draw(st.sets(st.sampled_from(oracle.ORDER), min_size=1)), key=oracle.ORDER.index)
    totals = sorted(
        draw(st.sets(st.integers(-20, 30), min_size=len(chosen), max_size=len(chosen))), reverse=True
    )
    limits = sorted(
        draw(st.tuples(st.sampled_from(oracle.ORDER), st.sampled_from(oracle.ORDER))), key=oracle.ORDER.index
    )
    return RuleSet(
        id=7,
        customer_class="project",
        number=1,
        name="Drawn",
        state="active",
        currency="CNY",
        dimensions=tuple(dimensions),
        steps=tuple(zip(chosen, totals, strict=True)),
        rates={"USD": Decimal("7.13")},
        ceiling=draw(st.sampled_from((None, limits[0]))),
        floor=draw(st.sampled_from((None, limits[1]))),
        margin=draw(st.sampled_from((0, 0, 1, 5))),
        min_stay_days=draw(st.sampled_from((0, *STAYS))),
    )


def store(session, crowd: list[oracle.Person]) -> list[int]:
    """Write the crowd down, and give the numbers of its customers in their order."""
    department = session.scalars(select(Department.id)).first()
    last = max(session.scalars(select(Customer.id)), default=0)
    contract = max(session.scalars(select(Contract.id)), default=0)
    record = {"version": 1, "created_at": MOMENT, "updated_at": MOMENT, "department_id": department}
    part = {key: record[key] for key in ("version", "created_at", "updated_at")}
    customers, contracts, performances, raised = [], [], [], []
    for number, person in enumerate(crowd, last + 1):
        customers.append(
            record
            | {
                "id": number,
                "code": f"T-{number}",
                "name": f"Lindqvist {number}",
                "customer_class": "project",
                "customer_subtype": "multi",
                "grade": person.grade,
                "grade_since": person.since,
                "grade_locked_until": person.locked_until,
                "grade_lock_reason": "drawn",
                "currency": person.currency,
                "annual_revenue": person.annual_revenue,
                "judgement": person.judgement,
                "judgement_note": "drawn",
            }
        )
        for deal in person.deals:
            contract += 1
            contracts.append(
                record
                | {
                    "id": contract,
                    "number": f"T-{contract}",
                    "title": "Drawn",
                    "customer_id": number,
                    "status": deal.status,
                    "signed_on": deal.signed_on,
                    "amount": deal.amount,
                    "currency": deal.currency,
                    "archive_number": f"T-{contract}",
                    "created_at": deal.created_at,
                }
            )
            performances += [
                part | {"contract_id": contract, "performed_on": when, "amount": paid}
                for when, paid in deal.payments
            ]
        raised += [
            record
            | {
                "number": f"T-{number}-{place}",
                "customer_id": number,
                "channel": "phone",
                "kind": each.kind,
                "subject": "Drawn",
                "received_at": each.received_at,
                "closed_at": each.closed_at,
                "status": "new" if each.closed_at is None else "closed",
            }
            for place, each in enumerate(person.complaints)
        ]
    with without_rows(session, {}, "drawn customers"):
        for model, rows in (
            (Customer, customers),
            (Contract, contracts),
            (Performance, performances),
            (Complaint, raised),
        ):
            if rows:
                session.execute(insert(model.__table__), rows)
    return [each["id"] for each in customers]


def told(rule: RuleSet, row) -> oracle.Verdict:
    """A row of the database, as the slow version says it."""
    found = row._mapping
    values = []
    for dimension in rule.dimensions:
        value = found[f"v{dimension.id}"]
        if value is not None and dimension.kind in AMOUNTS:
            value = value / 100
        values.append(value)
    points = [found[f"p{dimension.id}"] for dimension in rule.dimensions]
    return oracle.Verdict(
        found["total"], found["plain"], found["ruled"], found["grade"], found["kept"], points, values
    )


def compare(session, rule: RuleSet, day: date, crowd: list[oracle.Person]) -> None:
    """Every drawn customer is scored as the slow version scores it."""
    with session.begin_nested() as savepoint:
        ids = store(session, crowd)
        rows = session.execute(select(score([rule], day, [Customer.id.in_(ids)]).rows)).all()
        savepoint.rollback()
    by_id = {row.id: told(rule, row) for row in rows}
    for key, person in zip(ids, crowd, strict=True):
        expected, found = oracle.grade(rule, person, day), by_id[key]
        for place, dimension in enumerate(rule.dimensions):
            if dimension.kind == "contract_recency" and found.values[place] is not None:
                found.values[place] = (day - found.values[place]).days
        assert found == expected, (rule, person, day)


crowds = st.sampled_from(DAYS).flatmap(
    lambda day: st.tuples(st.just(day), st.lists(people(day), min_size=CROWD, max_size=CROWD))
)


@given(rule=rules(), crowd=crowds)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
def test_drawn_customers_are_scored_as_by_slow_python(session, rule, crowd) -> None:
    compare(session, rule, *crowd)
