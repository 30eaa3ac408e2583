"""What a customer gets by itself."""

import pytest

from admin_app.engine.access import SYSTEM
from admin_app.services.customers import before_customer_saved
from models.customer import Customer
from models.organisation import Department


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"customer_class": "resource"}, ("resource", "enterprise")),
        ({"customer_class": "project"}, ("project", "single")),
        ({"customer_class": None, "customer_subtype": "admin_public"}, ("resource", "admin_public")),
        ({"customer_class": None, "customer_subtype": "multi"}, ("project", "multi")),
        ({"customer_class": "project", "customer_subtype": "multi"}, ("project", "multi")),
    ],
)
def test_class_and_subtype_complete_each_other(make_customer, given, expected):
    customer = make_customer(**given)
    assert (customer.customer_class, customer.customer_subtype) == expected


def test_a_new_customer_belongs_to_its_maker(make_customer, clerk):
    customer = make_customer()
    assert (customer.owner_id, customer.department_id) == (clerk.user_id, clerk.home_department)


def test_an_owner_that_was_chosen_stays(session, make_customer, clerk):
    sales = Department(code="X1", name_zh="销售一部", name_en="Sales one")
    customer = make_customer(department=sales)
    assert customer.department_id == sales.id != clerk.home_department


def test_an_emptied_owner_is_not_filled_again(session, make_customer, clerk):
    customer = make_customer()
    customer.owner = None
    before_customer_saved(session, clerk, customer)
    assert customer.owner is None


def test_the_system_owns_nothing(session, clerk):
    customer = Customer(name="From a file", customer_class="project", department_id=clerk.home_department)
    before_customer_saved(session, SYSTEM, customer)
    assert customer.owner is None
    assert customer.department_id == clerk.home_department
