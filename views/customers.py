"""Customers, the people there, tags and dealings."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _

from admin_app.engine.access import Policy
from admin_app.engine.entity import Entity, Step
from admin_app.services.activities import after_activity_deleted, after_activity_saved, before_activity_saved
from admin_app.services.customer_actions import ACTIONS
from admin_app.services.customers import before_customer_saved
from admin_app.services.ownership import fill_ownership
from models.activity import Activity
from models.contact import Affiliation, Contact, ContactRole
from models.customer import Customer
from models.tag import CustomerTag, Tag, TagFamily

OWNERSHIP = ("owner", "department")


def grade_steps(_policy: Policy, key: str) -> list[Step]:
    """From a customer to what its grade comes from."""
    return [Step(_("Why this grade?"), url_for("grade.index", id=key), "stairs-up")]


GRADE_TONES = {"A+": "a", "A": "a", "B": "b", "C": "c", "D": "c"}
CUSTOMER_FIELDS = (
    "customer_class",
    "customer_subtype",
    "lifecycle",
    "region",
    "industry",
    "source",
    "currency",
    "parent",
    "next_action",
    "note",
    *OWNERSHIP,
)

ENTITIES = (
    Entity(
        Customer,
        group="customer",
        field_groups={
            "contact": ("phone", "email", "address"),
            "money": ("contract_total", "annual_revenue"),
        },
        icon="buildings",
        label="name",
        code="code",
        columns=(
            "grade",
            "transaction_status",
            "customer_subtype",
            "owner",
            "contract_total",
            "phone",
            "last_contact_on",
            "next_action",
        ),
        facts=(
            "grade",
            "transaction_status",
            "customer_class",
            "customer_subtype",
            "lifecycle",
            "contract_total",
            "owner",
            "last_contact_on",
        ),
        search=("name", "code", "credit_code", "phone"),
        sections={
            "basic": (
                "name",
                "customer_class",
                "customer_subtype",
                "lifecycle",
                "grade",
                "grade_locked_until",
                "grade_lock_reason",
                "judgement",
                "judgement_note",
                "region",
                "industry",
                "source",
            ),
            "responsibility": OWNERSHIP,
            "contact": ("phone", "email", "website", "address"),
            "company": ("credit_code", "parent", "employees", "annual_revenue", "currency", "founded_year"),
            "follow_up": ("next_action", "note"),
        },
        optional=("customer_subtype", "department"),
        tones={
            "grade": GRADE_TONES,
            "drift_grade": GRADE_TONES,
            "transaction_status": {
                "existing": "ok",
                "signed_unperformed": "sign",
                "potential": "new",
                "lapsed": "lapse",
            },
            "lifecycle": {"potential": "new", "active": "ok", "loyal": "ok", "lapsed": "lapse"},
        },
        before_save=before_customer_saved,
        actions=ACTIONS,
        steps=grade_steps,
        # Its hook only fills what a new customer leaves empty.
        bulk_fields=CUSTOMER_FIELDS,
    ),
    Entity(
        Contact,
        group="customer",
        field_groups={"contact": ("phone", "mobile", "email", "wechat")},
        icon="address-book",
        label="name",
        columns=("mobile", "phone", "email", "wechat", "birthday", "owner", "department"),
        facts=("mobile", "phone", "email", "wechat", "owner"),
        search=("name", "mobile", "phone", "email", "wechat"),
        sections={
            "basic": ("name", "birthday", "language"),
            "contact": ("mobile", "phone", "email", "wechat"),
            "responsibility": OWNERSHIP,
            "follow_up": ("note",),
        },
        optional=("department",),
        before_save=fill_ownership,
        bulk_fields=("language", "note", *OWNERSHIP),
    ),
    Entity(
        Affiliation,
        icon="briefcase",
        label="title",
        title=("contact", "customer"),
        columns=("title", "primary", "valid_from", "valid_to"),
        search=("title",),
        sections={
            "basic": ("contact", "customer", "title", "primary"),
            "term": ("valid_from", "valid_to"),
        },
        follows="customer",
    ),
    Entity(
        ContactRole,
        icon="user-check",
        title=("contact", "customer"),
        columns=("role", "valid_from", "valid_to"),
        sections={"basic": ("contact", "customer", "role"), "term": ("valid_from", "valid_to")},
        follows="customer",
    ),
    Entity(
        Activity,
        group="customer",
        icon="phone-call",
        label="subject",
        columns=("kind", "customer", "contact", "at", "owner"),
        facts=("kind", "at", "customer", "contact", "owner"),
        search=("subject",),
        sort="-at",
        sections={
            "basic": ("customer", "contact", "kind", "at"),
            "content": ("subject", "text"),
            "responsibility": OWNERSHIP,
        },
        optional=("at", "department"),
        before_save=before_activity_saved,
        after_save=after_activity_saved,
        after_delete=after_activity_deleted,
    ),
    Entity(
        Tag,
        group="customer",
        icon="tags",
        columns=("family", "colour", "updated_at"),
        search=("name_zh", "name_en"),
        sections={"basic": ("family", "name_zh", "name_en", "colour")},
        reading="directory",
    ),
    Entity(
        TagFamily,
        group="customer",
        icon="folders",
        code="code",
        columns=("updated_at",),
        search=("name_zh", "name_en", "code"),
        sections={"basic": ("code", "name_zh", "name_en")},
        reading="directory",
    ),
    Entity(
        CustomerTag,
        icon="tag",
        title=("customer", "tag"),
        columns=("source", "expires_on", "created_at"),
        sections={"basic": ("customer", "tag", "source"), "term": ("expires_on",)},
        follows="customer",
    ),
)
