"""Contracts: who approves one, and how customers stand through theirs (status and total, derived, never typed)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, case, func, inspect, select, true
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.change import delete_rows, update_rows
from admin_app.engine.site import site
from admin_app.errors import Refused
from admin_app.services import clock, conflicts
from admin_app.services.numbering import next_contract_number
from admin_app.services.ownership import fill_ownership
from models.contract import Contract, Performance
from models.customer import Customer
from models.deed import Deed

#: A customer without performance for this many months, and without a running contract, has lapsed.
LAPSE_MONTHS: Final = 12
#: Contracts that are under way.
RUNNING: Final = ("signed", "performing")
#: Contracts that were concluded, whatever became of them: their amounts count.
CONCLUDED: Final = (*RUNNING, "completed", "terminated", "archived")
#: Nobody has approved it yet.
UNAPPROVED: Final = ("draft", "review")
#: What a contract becomes by being approved, at once or on the way.
APPROVED: Final = ("approved", *RUNNING, "completed")
#: Most databases take some 32,000 parameters in one statement.
_CHUNK: Final = 10_000
_FEW: Final = 100
_STASH: Final = "customers_to_refresh"
_WRITTEN: Final = "contract_written"
_WHOSE_AND_WHERE: Final = ("status", "owner", "owner_id", "department", "department_id")


def refresh_customers(session: Session, customer_ids: Iterable[int] | None, today: date) -> None:
    """Write transaction status and contract total of these customers (None: of all), set-based, and flush.

    - existing: has performance; signed_unperformed: has a concluded contract but no performance;
    - lapsed: had performance, none within LAPSE_MONTHS before `today`, and no contract is running;
    - potential: anything else.

    The total adds concluded contracts in the customer's own currency: amounts in another one are no part of it, for
    yuan and euros do not add up. Neither version nor time of change move: nobody's open form goes stale over this.
    """
    session.flush()
    with acting(session, SYSTEM):
        if customer_ids is None:
            update_rows(session, Customer, true(), _standing(today), touch=False)
            return
        wanted = sorted(set(customer_ids))
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            which, few = Customer.id.in_(chunk), len(chunk) <= _FEW
            update_rows(session, Customer, which, _standing(today), touch=False, few=few)


def _standing(today: date) -> dict[str, ColumnElement[Any]]:
    performed = _performances()
    recent = performed.where(Performance.performed_on > clock.months_before(today, LAPSE_MONTHS))
    running = _contracts().where(Contract.status.in_(RUNNING))
    concluded = _contracts().where(Contract.status.in_(CONCLUDED))
    status = case(
        (performed.exists() & ~recent.exists() & ~running.exists(), "lapsed"),
        (performed.exists(), "existing"),
        (concluded.exists(), "signed_unperformed"),
        else_="potential",
    )
    total = (
        select(func.coalesce(func.sum(Contract.amount), 0))
        .where(
            Contract.customer_id == Customer.id,
            Contract.status.in_(CONCLUDED),
            Contract.currency == Customer.currency,
        )
        .correlate(Customer)
        .scalar_subquery()
    )
    return {"transaction_status": status, "contract_total": total}


def _contracts() -> Select[Any]:
    return select(Contract.id).where(Contract.customer_id == Customer.id).correlate(Customer)


def _performances() -> Select[Any]:
    return (
        select(Performance.id)
        .join(Contract, Contract.id == Performance.contract_id)
        .where(Contract.customer_id == Customer.id)
        .correlate(Customer)
    )


def before_contract_saved(session: Session, policy: Policy, contract: Contract) -> None:
    """Fill an empty number, owner and department; remember whose contract it was until now."""
    fill_ownership(session, policy, contract)
    if not contract.number:
        contract.number = next_contract_number(session)
    before = None
    if inspect(contract).persistent:
        _remember(session, select(Contract.customer_id).where(Contract.id == contract.id))
        with acting(session, SYSTEM), session.no_autoflush:
            before = session.scalar(select(Contract.status).where(Contract.id == contract.id))
    _refuse_approval(session, policy, contract, before)
    if before is None or (before in UNAPPROVED and _is_rewritten(contract)):
        session.info[_WRITTEN] = contract


def _refuse_approval(session: Session, policy: Policy, contract: Contract, before: str | None) -> None:
    """Raise Refused where this save would approve the contract, and this person may not.

    A new record of a contract that is signed already approves nothing: it tells what happened elsewhere.
    """
    approving = contract.status in APPROVED if before in UNAPPROVED else contract.status == "approved"
    if not approving or contract.status == before:
        return
    if not site().access.holds(policy, "approve", contract):
        raise Refused(_("None of your positions lets you approve this contract."), "status")
    if before is None:
        raise Refused(_("A new contract is approved by somebody else, after it is written."), "status")
    conflicts.refuse_second(session, policy, "contract", contract, "approve", "status")
    conflicts.note(session, policy, "contract", [contract], "approve")


def _is_rewritten(contract: Contract) -> bool:
    """Whether more changes than where it stands and who looks after it."""
    return any(
        each.history.has_changes() for each in inspect(contract).attrs if each.key not in _WHOSE_AND_WHERE
    )


@conflicts.known_by("contract", "create")
def _whose_contract(session: Session, contract: Contract) -> Iterable[int | None]:
    """Whoever looks after a contract counts as its author too, and so does who did so before this save."""
    return [
        contract.owner.id if contract.owner else contract.owner_id,
        session.scalar(select(Contract.owner_id).where(Contract.id == contract.id)),
    ]


def after_contract_saved(session: Session, policy: Policy, contract: Contract) -> None:
    """Refresh the customer, and the one that had this contract before; remember who wrote it."""
    if session.info.pop(_WRITTEN, None) is contract:
        conflicts.note(session, policy, "contract", [contract], "create")
    _refresh_with(session, contract.customer_id)


def after_contracts_imported(session: Session, policy: Policy, contracts: Sequence[Contract]) -> None:
    """Refresh the customers of many new contracts at once, and remember who wrote them."""
    session.info.pop(_WRITTEN, None)
    conflicts.note(session, policy, "contract", contracts, "create")
    ids = {contract.customer_id for contract in contracts}
    refresh_customers(session, (each for each in ids if each is not None), clock.today())


def after_contract_deleted(session: Session, policy: Policy, contract: Contract) -> None:
    """Refresh the customer that had it, and forget who did what on it: its number may be given out again."""
    theirs = (Deed.entity == "contract") & (Deed.record_key == str(contract.id))
    delete_rows(session, Deed, theirs, policy=SYSTEM, few=True)
    _refresh_with(session, contract.customer_id)


def before_performance_saved(session: Session, policy: Policy, performance: Performance) -> None:
    """Remember whose performance it was until now."""
    if not inspect(performance).persistent:
        return
    stored = (
        select(Contract.customer_id)
        .join(Performance, Performance.contract_id == Contract.id)
        .where(Performance.id == performance.id)
    )
    _remember(session, stored)


def after_performance_saved(session: Session, policy: Policy, performance: Performance) -> None:
    """Refresh the contract's customer, and the one that had this performance before."""
    with acting(session, SYSTEM):
        customer_id = session.scalar(
            select(Contract.customer_id).where(Contract.id == performance.contract_id)
        )
    _refresh_with(session, customer_id)


def after_performances_imported(
    session: Session, policy: Policy, performances: Sequence[Performance]
) -> None:
    """Refresh the customers of many new performances at once."""
    wanted = sorted({performance.contract_id for performance in performances})
    customer_ids: set[int | None] = set()
    with acting(session, SYSTEM):
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            customer_ids.update(session.scalars(select(Contract.customer_id).where(Contract.id.in_(chunk))))
    refresh_customers(session, (each for each in customer_ids if each is not None), clock.today())


after_performance_deleted = after_performance_saved


def _remember(session: Session, stored: Select[Any]) -> None:
    # After the flush the old customer is known to nobody.
    with acting(session, SYSTEM), session.no_autoflush:
        session.info.setdefault(_STASH, set()).update(session.scalars(stored))


def _refresh_with(session: Session, customer_id: int | None) -> None:
    affected = session.info.pop(_STASH, set()) | {customer_id}
    refresh_customers(session, (each for each in affected if each is not None), clock.today())
