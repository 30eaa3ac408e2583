"""The fictitious demo company: people, customers, and two years of dealings with them.

Generated from a fixed random seed, so that the same day always gives the same company; all dates count from that
day, so that there are contracts about to end and open complaints whenever it is loaded.

Up to ``RICH_LIMIT`` customers the load is rich: for 300 customers about 600 contacts with roles, 400 contracts with
obligations and performance, 200 complaints with their timelines, 900 activities and 900 tags. Above it is a big one,
made to try the house under weight: for each customer one contact with its affiliation, one contract on average with
its performance, and a complaint with its timeline for one customer in fifty; no obligations, contact roles,
activities or tags. The first ``BLOCK`` customers of a big load are made one by one, the others are their divisions,
copied by the database itself (``seed.multiply``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from flask_babel import lazy_gettext
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from admin_app.engine.change import without_rows
from admin_app.engine.search.building import fill
from admin_app.errors import Conflict
from admin_app.passwords import hash_password, random_password
from admin_app.services import clock
from models.contact import Contact
from models.contract import Contract
from models.customer import Customer
from seed import names
from seed.bulk import Loader, indexes_built_last
from seed.chunk import write_chunk
from seed.customers import customer_rows
from seed.dealings import ContractRows, Party, contract_rows
from seed.multiply import COPIED, multiply
from seed.names import Dice
from seed.people import Login, hire
from seed.plan import Calendar, Plan
from seed.tags import load_tags

#: Above this a load is a big one.
RICH_LIMIT = 5_000
#: Customers of a big load that are made one by one.
BLOCK = 10_000
#: Customers made and written at a time.
CHUNK = 1_000
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DemoResult:
    """What a load wrote: rows by table name, the logins made, and the password that opens all of them."""

    counts: dict[str, int]
    logins: list[Login]
    password: str


def load_demo(
    session: Session,
    customers: int = 300,
    today: date | None = None,
    progress: Progress | None = None,
    password: str | None = None,
) -> DemoResult:
    """Write the demo company into a database that has the starting organisation and no customers.

    Everything goes through the session's connection in its one transaction, and committing is the caller's: a load
    that breaks off leaves nothing behind. Memory does not grow with `customers`.

    Args:
        session: a session that acts as the system.
        customers: how many; at least 1.
        today: the day that all dates count from; the company's today when left out.
        progress: called with (customers done, customers in all) after each chunk.
        password: of every login; a random one when left out.

    Raises:
        Conflict: when there are customers, contacts or contracts already, or no starting organisation.
    """
    today = today or clock.today()
    password = password or random_password()
    session.flush()
    connection = session.connection()
    _refuse_unless_empty(connection)
    loader = Loader(connection, datetime.combine(today - timedelta(days=1), time(1), UTC))
    report = progress or _silent
    # Starting data have no authors: history counts them, and tells no single record.
    with without_rows(session, loader.counts, f"Demo company of {customers:,} customers"):
        logins = _load(loader, customers, today, password, report)
        fill(session)
    session.expire_all()
    return DemoResult(loader.counts, logins, password)


def _load(loader: Loader, customers: int, today: date, password: str, report: Progress) -> list[Login]:
    """Write everything; returns the logins."""
    teams, logins = hire(loader, today, hash_password(password))
    if customers <= RICH_LIMIT:
        plan = Plan(Calendar(today), teams, rich=True, tags=load_tags(loader))
        _make(loader, plan, customers, lambda done: report(done, customers))
    else:
        plan = Plan(Calendar(today), teams, rich=False)
        block = min(BLOCK, customers)
        with indexes_built_last(loader.connection, COPIED):
            _make(loader, plan, block, lambda done: report(done, customers))
            multiply(loader, block, customers, lambda done: report(done, customers))
    loader.finish()
    return logins


def _silent(done: int, total: int) -> None:
    """Report nothing."""


def _refuse_unless_empty(connection: Connection) -> None:
    for model in (Customer, Contact, Contract):
        if connection.execute(select(model.__table__.c.id).limit(1)).first() is not None:
            raise Conflict(
                lazy_gettext(
                    "The company has customers already. The demo company goes only into an empty one."
                )
            )


def _make(loader: Loader, plan: Plan, customers: int, report: Callable[[int], None]) -> None:
    """Make the customers from 1 to `customers` and write them chunk by chunk."""
    dice, numbers = Dice(), Counter[str]()
    others = _suppliers(plan, dice, customers) if plan.rich else []
    for start in range(1, customers + 1, CHUNK):
        stop = min(start + CHUNK, customers + 1)
        write_chunk(
            loader, [customer_rows(number, plan, dice) for number in range(start, stop)], others, numbers
        )
        others = []
        report(stop - 1)


def _suppliers(plan: Plan, dice: Dice, customers: int) -> list[ContractRows]:
    """Contracts with suppliers and partners, who are no customers: 6 to a hundred customers."""
    plan.dice_for(0, dice)
    made = []
    for index in range(customers * 6 // 100):
        chinese = index % 3 > 0
        industry = dice.pick(names.INDUSTRY_NAMES)
        if chinese:
            name, _ = names.chinese_company(RICH_LIMIT + index, dice, dice.pick(names.CHINA), industry)
        else:
            name, _ = names.latin_company(RICH_LIMIT + index, dice, industry)
        party = Party("supplier" if index % 4 else "partner", name, chinese, "CNY", "BIZ")
        made.append(contract_rows(dice, plan, party, lapsed=False))
    return made
