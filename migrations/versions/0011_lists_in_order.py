"""Indexes that keep the large lists in order, for everybody and within each department and each owner.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

#: (name, table, columns) of what goes: a column alone does not keep equal rows in an order.
GONE = (
    ("ix_activity_at", "activity", ("at",)),
    ("ix_activity_department_id_id", "activity", ("department_id", "id")),
    ("ix_activity_kind", "activity", ("kind",)),
    ("ix_activity_owner_id", "activity", ("owner_id",)),
    ("ix_activity_subject", "activity", ("subject",)),
    ("ix_complaint_channel", "complaint", ("channel",)),
    ("ix_complaint_closed_at", "complaint", ("closed_at",)),
    ("ix_complaint_department_id_id", "complaint", ("department_id", "id")),
    ("ix_complaint_kind", "complaint", ("kind",)),
    ("ix_complaint_owner_id", "complaint", ("owner_id",)),
    ("ix_complaint_received_at", "complaint", ("received_at",)),
    ("ix_complaint_resolve_by", "complaint", ("resolve_by",)),
    ("ix_complaint_respond_by", "complaint", ("respond_by",)),
    ("ix_complaint_severity", "complaint", ("severity",)),
    ("ix_complaint_status", "complaint", ("status",)),
    ("ix_complaint_subject", "complaint", ("subject",)),
    ("ix_contact_birthday", "contact", ("birthday",)),
    ("ix_contact_department_id_id", "contact", ("department_id", "id")),
    ("ix_contact_email", "contact", ("email",)),
    ("ix_contact_mobile", "contact", ("mobile",)),
    ("ix_contact_name", "contact", ("name",)),
    ("ix_contact_owner_id", "contact", ("owner_id",)),
    ("ix_contact_phone", "contact", ("phone",)),
    ("ix_contact_wechat", "contact", ("wechat",)),
    ("ix_contract_amount", "contract", ("amount",)),
    ("ix_contract_archive_number", "contract", ("archive_number",)),
    ("ix_contract_counterparty_kind", "contract", ("counterparty_kind",)),
    ("ix_contract_department_id_id", "contract", ("department_id", "id")),
    ("ix_contract_ends_on", "contract", ("ends_on",)),
    ("ix_contract_owner_id", "contract", ("owner_id",)),
    ("ix_contract_signed_on", "contract", ("signed_on",)),
    ("ix_contract_starts_on", "contract", ("starts_on",)),
    ("ix_contract_status", "contract", ("status",)),
    ("ix_contract_title", "contract", ("title",)),
    ("ix_customer_contract_total", "customer", ("contract_total",)),
    ("ix_customer_customer_class", "customer", ("customer_class",)),
    ("ix_customer_department_id_id", "customer", ("department_id", "id")),
    ("ix_customer_grade", "customer", ("grade",)),
    ("ix_customer_grade_locked_until", "customer", ("grade_locked_until",)),
    ("ix_customer_industry", "customer", ("industry",)),
    ("ix_customer_last_contact_on", "customer", ("last_contact_on",)),
    ("ix_customer_lifecycle", "customer", ("lifecycle",)),
    ("ix_customer_name", "customer", ("name",)),
    ("ix_customer_owner_id", "customer", ("owner_id",)),
    ("ix_customer_region", "customer", ("region",)),
    ("ix_customer_transaction_status", "customer", ("transaction_status",)),
)
MADE = (
    ("ix_activity_at_id", "activity", ("at", "id")),
    ("ix_activity_department_id_at_id", "activity", ("department_id", "at", "id")),
    ("ix_activity_department_id_id_owner_id", "activity", ("department_id", "id", "owner_id")),
    ("ix_activity_kind_id", "activity", ("kind", "id")),
    ("ix_activity_owner_id_at_id", "activity", ("owner_id", "at", "id")),
    ("ix_activity_owner_id_id_department_id", "activity", ("owner_id", "id", "department_id")),
    ("ix_activity_subject_id", "activity", ("subject", "id")),
    ("ix_complaint_channel_id", "complaint", ("channel", "id")),
    ("ix_complaint_closed_at_id", "complaint", ("closed_at", "id")),
    ("ix_complaint_department_id_id_owner_id", "complaint", ("department_id", "id", "owner_id")),
    ("ix_complaint_department_id_received_at_id", "complaint", ("department_id", "received_at", "id")),
    ("ix_complaint_department_id_resolve_by_id", "complaint", ("department_id", "resolve_by", "id")),
    ("ix_complaint_department_id_respond_by_id", "complaint", ("department_id", "respond_by", "id")),
    ("ix_complaint_kind_id", "complaint", ("kind", "id")),
    ("ix_complaint_owner_id_id_department_id", "complaint", ("owner_id", "id", "department_id")),
    ("ix_complaint_owner_id_received_at_id", "complaint", ("owner_id", "received_at", "id")),
    ("ix_complaint_owner_id_resolve_by_id", "complaint", ("owner_id", "resolve_by", "id")),
    ("ix_complaint_owner_id_respond_by_id", "complaint", ("owner_id", "respond_by", "id")),
    ("ix_complaint_received_at_id", "complaint", ("received_at", "id")),
    ("ix_complaint_resolve_by_id", "complaint", ("resolve_by", "id")),
    ("ix_complaint_respond_by_id", "complaint", ("respond_by", "id")),
    ("ix_complaint_severity_id", "complaint", ("severity", "id")),
    ("ix_complaint_status_id", "complaint", ("status", "id")),
    ("ix_complaint_subject_id", "complaint", ("subject", "id")),
    ("ix_contact_birthday_id", "contact", ("birthday", "id")),
    ("ix_contact_department_id_id_owner_id", "contact", ("department_id", "id", "owner_id")),
    ("ix_contact_email_id", "contact", ("email", "id")),
    ("ix_contact_mobile_id", "contact", ("mobile", "id")),
    ("ix_contact_name_id", "contact", ("name", "id")),
    ("ix_contact_owner_id_id_department_id", "contact", ("owner_id", "id", "department_id")),
    ("ix_contact_phone_id", "contact", ("phone", "id")),
    ("ix_contact_wechat_id", "contact", ("wechat", "id")),
    ("ix_contract_amount_id", "contract", ("amount", "id")),
    ("ix_contract_archive_number_id", "contract", ("archive_number", "id")),
    ("ix_contract_counterparty_kind_id", "contract", ("counterparty_kind", "id")),
    ("ix_contract_department_id_amount_id", "contract", ("department_id", "amount", "id")),
    ("ix_contract_department_id_ends_on_id", "contract", ("department_id", "ends_on", "id")),
    ("ix_contract_department_id_id_owner_id", "contract", ("department_id", "id", "owner_id")),
    ("ix_contract_department_id_signed_on_id", "contract", ("department_id", "signed_on", "id")),
    ("ix_contract_ends_on_id", "contract", ("ends_on", "id")),
    ("ix_contract_owner_id_amount_id", "contract", ("owner_id", "amount", "id")),
    ("ix_contract_owner_id_ends_on_id", "contract", ("owner_id", "ends_on", "id")),
    ("ix_contract_owner_id_id_department_id", "contract", ("owner_id", "id", "department_id")),
    ("ix_contract_owner_id_signed_on_id", "contract", ("owner_id", "signed_on", "id")),
    ("ix_contract_signed_on_id", "contract", ("signed_on", "id")),
    ("ix_contract_starts_on_id", "contract", ("starts_on", "id")),
    ("ix_contract_status_id", "contract", ("status", "id")),
    ("ix_contract_title_id", "contract", ("title", "id")),
    ("ix_customer_best", "customer", ("grade", "transaction_status", "contract_total", "id")),
    ("ix_customer_contract_total_id", "customer", ("contract_total", "id")),
    ("ix_customer_customer_class_id", "customer", ("customer_class", "id")),
    ("ix_customer_credit_code_id", "customer", ("credit_code", "id")),
    ("ix_customer_grade_locked_until_id", "customer", ("grade_locked_until", "id")),
    (
        "ix_customer_owner_id_best",
        "customer",
        ("owner_id", "grade", "transaction_status", "contract_total", "id"),
    ),
    (
        "ix_customer_department_id_best",
        "customer",
        ("department_id", "grade", "transaction_status", "contract_total", "id"),
    ),
    ("ix_customer_department_id_contract_total_id", "customer", ("department_id", "contract_total", "id")),
    ("ix_customer_department_id_id_owner_id", "customer", ("department_id", "id", "owner_id")),
    ("ix_customer_department_id_last_contact_on_id", "customer", ("department_id", "last_contact_on", "id")),
    ("ix_customer_grade_id", "customer", ("grade", "id")),
    ("ix_customer_industry_id", "customer", ("industry", "id")),
    ("ix_customer_last_contact_on_id", "customer", ("last_contact_on", "id")),
    ("ix_customer_lifecycle_id", "customer", ("lifecycle", "id")),
    ("ix_customer_name_id", "customer", ("name", "id")),
    ("ix_customer_owner_id_contract_total_id", "customer", ("owner_id", "contract_total", "id")),
    ("ix_customer_owner_id_id_department_id", "customer", ("owner_id", "id", "department_id")),
    ("ix_customer_owner_id_last_contact_on_id", "customer", ("owner_id", "last_contact_on", "id")),
    ("ix_customer_region_id", "customer", ("region", "id")),
    ("ix_customer_transaction_status_id", "customer", ("transaction_status", "id")),
)


def upgrade() -> None:
    for name, table, _columns in GONE:
        op.drop_index(name, table_name=table)
    for name, table, columns in MADE:
        op.create_index(name, table, list(columns))


def downgrade() -> None:
    for name, table, _columns in MADE:
        op.drop_index(name, table_name=table)
    for name, table, columns in GONE:
        op.create_index(name, table, list(columns))
