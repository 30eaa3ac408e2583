"""One customer with everything that belongs to it, as rows.

``customer_rows(number, …)`` is a pure function of the number and the plan: customer 17 is the same whether 300 or a
million are loaded, but for what only a rich load has. Keys and document numbers are given out by ``seed.demo``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from admin_app.services.activities import CONTACT_KINDS
from admin_app.services.contracts import CONCLUDED, RUNNING
from seed import names, texts
from seed.bulk import Row
from seed.dealings import ContractRows, Party, activity_rows, contract_rows
from seed.grievances import ComplaintRows, complaint_rows
from seed.names import Dice
from seed.plan import Plan

# Subtype, and whether the customer is Chinese, in the shares that the demo company has them.
_KINDS = (
    *(("admin_public", True),) * 16,
    *(("enterprise", True),) * 18,
    *(("enterprise", False),) * 8,
    *(("single", True),) * 20,
    *(("single", False),) * 9,
    *(("multi", True),) * 20,
    *(("multi", False),) * 9,
)
_CONTRACTS = {
    "admin_public": (0, 0, 0, 1, 1),
    "enterprise": (0, 0, 1, 1, 1, 2),
    "single": (0, 1, 1, 1, 1, 1),
    "multi": (1, 2, 2, 2, 3, 4),
}
_BIG_CONTRACTS = (0, 1, 1, 1, 1, 1, 1, 1, 2)
_COMPLAINTS = (0, 0, 0, 0, 0, 1, 1, 1, 1, 2)
_SERVICE_COMPLAINTS = (0, 0, 1, 1, 1, 2, 2, 3)
_BIG_COMPLAINTS = 0.02
_ROLES = ("decision_maker", "user", "supporter", "investor")


class Kind(NamedTuple):
    """What a customer's number alone decides."""

    subtype: str
    chinese: bool


@dataclass
class CustomerRows:
    """A customer and its parts; where a part points to a contact, it gives the index in ``contacts``."""

    customer: Row
    contacts: list[Row]
    affiliations: list[Row]
    roles: list[Row]
    contracts: list[ContractRows]
    complaints: list[ComplaintRows] = field(default_factory=list)
    activities: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)


def kind_of(number: int) -> Kind:
    """Subtype and language of customer `number`."""
    return Kind(*_KINDS[number * 48_271 % 2_147_483_647 % len(_KINDS)])


def customer_rows(number: int, plan: Plan, dice: Dice) -> CustomerRows:
    """All rows of customer `number`, the first being 1. `dice` is only a tool; what it threw before does not count."""
    plan.dice_for(number, dice)
    calendar, kind = plan.calendar, kind_of(number)
    department = plan.department(dice)
    owned: Row = {**plan.owned(dice, department)}
    public = kind.subtype == "admin_public"
    place = dice.pick(names.CHINA if kind.chinese else names.ABROAD)
    industry = names.PUBLIC_INDUSTRY if public else dice.pick(names.INDUSTRY_NAMES)
    if public:
        name, domain = names.public_body(number, dice)
    elif kind.chinese:
        name, domain = names.chinese_company(number, dice, place, industry)
    else:
        name, domain = names.latin_company(number, dice, industry)
    currency = "CNY" if kind.chinese or dice.chance(0.3) else place.currency
    lapsed = dice.chance(0.08)
    count = (
        max(1, dice.between(1, 2))
        if lapsed
        else dice.pick(_CONTRACTS[kind.subtype] if plan.rich else _BIG_CONTRACTS)
    )
    party = Party("customer", None, kind.chinese, currency, department)
    contracts = [contract_rows(dice, plan, party, lapsed) for _ in range(count)]
    total, status = _standing(contracts, plan)
    oldest = max(
        [(calendar.today - entry.contract["created_at"].date()).days for entry in contracts], default=0
    )
    since = max(oldest, 725) + dice.between(10, 700)
    born = calendar.moment(since, dice)
    contacts, affiliations, roles = _contacts(dice, plan, kind.chinese, domain, since, owned)
    tongue = 0 if kind.chinese else 1
    customer: Row = {
        "id": None,
        "code": f"KH-{number:05d}",
        "name": name,
        "customer_class": "resource" if kind.subtype in ("admin_public", "enterprise") else "project",
        "customer_subtype": kind.subtype,
        "transaction_status": status,
        "lifecycle": _lifecycle(status, total, len(contracts)),
        "grade": (grade := _grade(dice, kind.subtype, status, total)),
        "grade_since": born.date() if grade else None,
        "region": place.name,
        "industry": industry,
        "credit_code": names.credit_code(number, place, public) if place.code else None,
        "phone": names.landline(dice, place),
        "email": f"office@{domain}",
        "website": f"https://www.{domain}",
        "address": _address(dice, place, kind.chinese),
        "employees": dice.between(6, 90) * dice.pick((1, 1, 5, 20)),
        "annual_revenue": None
        if public
        else Decimal(dice.between(12, 900) * dice.pick((10_000, 100_000, 1_000_000))),
        "currency": currency,
        "founded_year": dice.between(1978, 2019),
        "source": dice.pick(texts.SOURCES),
        "parent_id": _parent(number, kind) if kind.subtype != "admin_public" and dice.chance(0.06) else None,
        "note": None,
        "contract_total": total,
        "next_action": dice.pick(texts.NEXT_ACTIONS)[tongue] if dice.chance(0.55) else None,
        "last_contact_on": None,
        **owned,
        "version": 1,
        "created_at": born,
        "updated_at": born,
    }
    result = CustomerRows(customer, contacts, affiliations, roles, contracts)
    if plan.rich:
        _enrich(result, dice, plan, kind, department)
    elif dice.chance(_BIG_COMPLAINTS):
        result.complaints.append(complaint_rows(dice, plan, kind.chinese, len(contacts), department))
    return result


def _enrich(result: CustomerRows, dice: Dice, plan: Plan, kind: Kind, department: str) -> None:
    customer, contacts = result.customer, len(result.contacts)
    pool = _SERVICE_COMPLAINTS if department == "CS" else _COMPLAINTS
    owned = {name: customer[name] for name in ("owner_id", "department_id")}
    result.complaints = [
        complaint_rows(dice, plan, kind.chinese, contacts, department) for _ in range(dice.pick(pool))
    ]
    result.activities = activity_rows(dice, plan, kind.chinese, contacts, owned)
    met = [row["at"] for row in result.activities if row["kind"] in CONTACT_KINDS]
    if met:
        customer.update(last_contact_on=max(met).date(), updated_at=max(met))
    result.tags = _tags(dice, plan, customer)


def _standing(contracts: list[ContractRows], plan: Plan) -> tuple[Decimal, str]:
    """The derived contract total and transaction status, as `admin_app.services.contracts` derives them."""
    concluded = [entry for entry in contracts if entry.contract["status"] in CONCLUDED]
    total = sum((entry.contract["amount"] for entry in concluded), Decimal(0))
    performed = [entry.performed_on for entry in concluded if entry.performed_on is not None]
    if not concluded:
        return total, "potential"
    if not performed:
        return total, "signed_unperformed"
    running = any(entry.contract["status"] in RUNNING for entry in concluded)
    return total, "existing" if running or max(performed) > plan.calendar.lapse_day else "lapsed"


def _lifecycle(status: str, total: Decimal, contracts: int) -> str:
    if status in ("potential", "lapsed"):
        return status
    return "loyal" if status == "existing" and (total >= 1_000_000 or contracts >= 3) else "active"


def _grade(dice: Dice, subtype: str, status: str, total: Decimal) -> str | None:
    if total >= 800_000:
        return "A"
    if subtype == "admin_public" and dice.chance(0.2):
        # Their standing counts, whatever they spend.
        return "A"
    if total >= 100_000:
        return "B"
    return None if status == "potential" and dice.chance(0.6) else "C"


def _parent(number: int, kind: Kind) -> int | None:
    """The number of an enterprise a little before this one, in the same language; None when there is none."""
    wanted = Kind("enterprise", kind.chinese)
    return next(
        (other for other in range(number - 1, max(0, number - 40), -1) if kind_of(other) == wanted), None
    )


def _contacts(
    dice: Dice, plan: Plan, chinese: bool, domain: str, since: int, owned: Row
) -> tuple[list[Row], list[Row], list[Row]]:
    contacts: list[Row] = []
    affiliations: list[Row] = []
    roles: list[Row] = []
    tongue = 0 if chinese else 1
    taken: set[str] = set()
    for index in range(dice.pick((1, 1, 2, 2, 2, 3, 3)) if plan.rich else 1):
        who = names.person(dice, chinese)
        while who.name in taken:
            who = names.person(dice, chinese)
        taken.add(who.name)
        ago = since - dice.between(0, 9) - 120 * index
        at = plan.calendar.moment(ago, dice)
        begun = plan.calendar.day(ago)
        left = index > 0 and dice.chance(0.12)
        until = plan.calendar.day(dice.between(5, 200)) if left else None
        stamps = {"version": 1, "created_at": at, "updated_at": at}
        contacts.append(
            {
                "id": None,
                "name": who.name,
                "phone": None,
                "mobile": names.mobile(dice) if chinese else None,
                "email": f"{who.mailbox}@{domain}",
                "wechat": f"wx_{who.mailbox.replace('.', '')}{dice.between(10, 99)}" if chinese else None,
                "birthday": date(1962, 1, 1) + timedelta(days=dice.between(0, 14_000))
                if dice.chance(0.4)
                else None,
                "language": "zh" if chinese else "en",
                "note": None,
                **owned,
                **stamps,
            }
        )
        affiliations.append(
            {
                "id": None,
                "contact_id": index,
                "customer_id": None,
                "title": dice.pick(texts.JOB_TITLES)[tongue],
                "valid_from": begun,
                "valid_to": until,
                "primary": index == 0,
                **stamps,
            }
        )
        roles += [
            {
                "id": None,
                "contact_id": index,
                "customer_id": None,
                "role": role,
                "valid_from": begun,
                "valid_to": until,
                **stamps,
            }
            for role in (_parts(dice) if plan.rich else ())
        ]
    return contacts, affiliations, roles


def _address(dice: Dice, place: names.Place, chinese: bool) -> str:
    house = dice.between(1, 480)
    return f"{place.name}新岸路{house}号" if chinese else f"{house} Harbour Row, {place.name}"


def _parts(dice: Dice) -> list[str]:
    """The parts that a contact plays: none, one or two different ones."""
    if not dice.chance(0.85):
        return []
    first, second = dice.pick(_ROLES[:3]), dice.pick(_ROLES)
    return [first, second] if second != first and dice.chance(0.3) else [first]


def _tags(dice: Dice, plan: Plan, customer: Row) -> list[Row]:
    """Tags by rule that fit the customer's columns, and preferences by hand that may run out."""
    total = customer["contract_total"]
    industries = (*names.INDUSTRY_NAMES, names.PUBLIC_INDUSTRY)
    keys = [plan.tags["industry"][industries.index(customer["industry"])]]
    if total:
        keys.append(plan.tags["amount"][0 if total >= 1_000_000 else 1 if total >= 100_000 else 2])
        keys.append(dice.pick(plan.tags["frequency"]))
    rules = len(keys)
    if dice.chance(0.5):
        keys.append(dice.pick(plan.tags["preference"]))
    return [
        {
            "id": None,
            "customer_id": None,
            "tag_id": key,
            "source": "rule" if index < rules else "hand",
            "expires_on": plan.calendar.day(-dice.between(20, 300))
            if index >= rules and dice.chance(0.3)
            else None,
            "version": 1,
            "created_at": customer["created_at"],
            "updated_at": customer["created_at"],
        }
        for index, key in enumerate(keys)
    ]
