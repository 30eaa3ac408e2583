"""What a customer gets by itself when it is saved."""

from __future__ import annotations

from typing import Final

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy
from admin_app.services import clock
from admin_app.services.numbering import next_customer_code
from admin_app.services.ownership import fill_ownership
from admin_app.services.regrading import note_by_hand
from models.customer import Customer

#: The subtypes of each content class; the first one is the usual one.
SUBTYPES: Final = {"resource": ("enterprise", "admin_public"), "project": ("single", "multi")}


def before_customer_saved(session: Session, policy: Policy, customer: Customer) -> None:
    """Fill an empty code, class or subtype, owner and department.

    A subtype tells its class; a class without a subtype gets its usual one. A pair that does not belong together is
    left for the database to refuse: which of the two is meant, only a person knows. A grade that is typed is by hand.
    """
    fill_ownership(session, policy, customer)
    if not customer.customer_class and customer.customer_subtype:
        customer.customer_class = next(
            (key for key, subtypes in SUBTYPES.items() if customer.customer_subtype in subtypes), "resource"
        )
    if customer.customer_class in SUBTYPES and not customer.customer_subtype:
        customer.customer_subtype = SUBTYPES[customer.customer_class][0]
    history = inspect(customer).attrs.grade.history
    if history.has_changes():
        note_by_hand(customer, history.deleted[0] if history.deleted else None, clock.today())
    if not customer.code:
        customer.code = next_customer_code(session)
