"""The first schema: organisation, access, customers, contracts, complaints, logins.

Revision ID: 0001
Revises: none
Create Date: 2026-11-24 10:21:21.635036
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
money = sa.Numeric(18, 2).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "department",
        sa.Column("id", key, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("parent_id", key, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_department_not_own_parent")),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["department.id"],
            name=op.f("fk_department_parent_id_department"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
        sa.UniqueConstraint("code", name=op.f("uq_department_code")),
    )
    op.create_index(op.f("ix_department_name_en"), "department", ["name_en"])
    op.create_index(op.f("ix_department_name_zh"), "department", ["name_zh"])
    op.create_index(op.f("ix_department_parent_id"), "department", ["parent_id"])

    op.create_table(
        "duty",
        sa.Column("id", key, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("category_zh", sa.String(length=60), nullable=False),
        sa.Column("category_en", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
        sa.UniqueConstraint("code", name=op.f("uq_duty_code")),
    )
    op.create_index(op.f("ix_duty_category"), "duty", ["category"])
    op.create_index(op.f("ix_duty_name_en"), "duty", ["name_en"])
    op.create_index(op.f("ix_duty_name_zh"), "duty", ["name_zh"])

    op.create_table(
        "letter_profile",
        sa.Column("id", key, nullable=False),
        sa.Column(
            "letter",
            sa.Enum(
                "R", "A", "V", "C", "S", name="letter", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("actions", sa.Text(), nullable=False),
        sa.Column(
            "rows",
            sa.Enum(
                "own",
                "subordinates",
                "department",
                "department_tree",
                "all",
                name="rows",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_profile")),
        sa.UniqueConstraint("letter", name=op.f("uq_letter_profile_letter")),
    )
    op.create_index(op.f("ix_letter_profile_rows"), "letter_profile", ["rows"])

    op.create_table(
        "login_attempt",
        sa.Column("id", key, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempt")),
    )
    op.create_index(op.f("ix_login_attempt_at"), "login_attempt", ["at"])
    op.create_index(op.f("ix_login_attempt_key_at"), "login_attempt", ["key", "at"])

    op.create_table(
        "tag_family",
        sa.Column("id", key, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_family")),
        sa.UniqueConstraint("code", name=op.f("uq_tag_family_code")),
    )
    op.create_index(op.f("ix_tag_family_name_en"), "tag_family", ["name_en"])
    op.create_index(op.f("ix_tag_family_name_zh"), "tag_family", ["name_zh"])

    op.create_table(
        "user",
        sa.Column("id", key, nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column(
            "language",
            sa.Enum("zh", "en", name="language", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=True),
        sa.Column("last_login_at", moment, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("username", name=op.f("uq_user_username")),
    )
    op.create_index(op.f("ix_user_email"), "user", ["email"])
    op.create_index(op.f("ix_user_is_active"), "user", ["is_active"])
    op.create_index(op.f("ix_user_last_login_at"), "user", ["last_login_at"])
    op.create_index(op.f("ix_user_name"), "user", ["name"])

    op.create_table(
        "contact",
        sa.Column("id", key, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("mobile", sa.String(length=40), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("wechat", sa.String(length=60), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column(
            "language",
            sa.Enum("zh", "en", name="language", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("owner_id", key, nullable=True),
        sa.Column("department_id", key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_contact_department_id_department"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["user.id"], name=op.f("fk_contact_owner_id_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index(op.f("ix_contact_birthday"), "contact", ["birthday"])
    op.create_index(op.f("ix_contact_department_id_id"), "contact", ["department_id", "id"])
    op.create_index(op.f("ix_contact_email"), "contact", ["email"])
    op.create_index(op.f("ix_contact_mobile"), "contact", ["mobile"])
    op.create_index(op.f("ix_contact_name"), "contact", ["name"])
    op.create_index(op.f("ix_contact_owner_id"), "contact", ["owner_id"])
    op.create_index(op.f("ix_contact_phone"), "contact", ["phone"])
    op.create_index(op.f("ix_contact_wechat"), "contact", ["wechat"])

    op.create_table(
        "customer",
        sa.Column("id", key, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "customer_class",
            sa.Enum(
                "resource",
                "project",
                name="customer_class",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "customer_subtype",
            sa.Enum(
                "admin_public",
                "enterprise",
                "single",
                "multi",
                name="customer_subtype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "transaction_status",
            sa.Enum(
                "existing",
                "signed_unperformed",
                "potential",
                "lapsed",
                name="transaction_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "lifecycle",
            sa.Enum(
                "potential",
                "active",
                "loyal",
                "lapsed",
                name="lifecycle",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "grade",
            sa.Enum("A", "B", "C", name="grade", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("region", sa.String(length=60), nullable=True),
        sa.Column("industry", sa.String(length=60), nullable=True),
        sa.Column("credit_code", sa.String(length=40), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("website", sa.String(length=300), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("employees", sa.Integer(), nullable=True),
        sa.Column("annual_revenue", money, nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("founded_year", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=60), nullable=True),
        sa.Column("parent_id", key, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("contract_total", money, nullable=False),
        sa.Column("next_action", sa.String(length=300), nullable=True),
        sa.Column("last_contact_on", sa.Date(), nullable=True),
        sa.Column("owner_id", key, nullable=True),
        sa.Column("department_id", key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint(
            "(customer_class = 'resource' AND customer_subtype IN ('admin_public', 'enterprise'))"
            " OR (customer_class = 'project' AND customer_subtype IN ('single', 'multi'))",
            name=op.f("ck_customer_subtype_belongs_to_class"),
        ),
        sa.CheckConstraint("annual_revenue >= 0", name=op.f("ck_customer_annual_revenue_not_negative")),
        sa.CheckConstraint("employees >= 0", name=op.f("ck_customer_employees_not_negative")),
        sa.CheckConstraint(
            "founded_year BETWEEN 1000 AND 9999", name=op.f("ck_customer_founded_year_of_four_digits")
        ),
        sa.CheckConstraint("length(currency) = 3", name=op.f("ck_customer_currency_code")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_customer_not_own_parent")),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_customer_department_id_department"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["user.id"], name=op.f("fk_customer_owner_id_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["customer.id"], name=op.f("fk_customer_parent_id_customer"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("code", name=op.f("uq_customer_code")),
        sa.UniqueConstraint("credit_code", name=op.f("uq_customer_credit_code")),
    )
    op.create_index(op.f("ix_customer_contract_total"), "customer", ["contract_total"])
    op.create_index(op.f("ix_customer_customer_class"), "customer", ["customer_class"])
    op.create_index(op.f("ix_customer_department_id_id"), "customer", ["department_id", "id"])
    op.create_index(op.f("ix_customer_grade"), "customer", ["grade"])
    op.create_index(op.f("ix_customer_industry"), "customer", ["industry"])
    op.create_index(op.f("ix_customer_last_contact_on"), "customer", ["last_contact_on"])
    op.create_index(op.f("ix_customer_lifecycle"), "customer", ["lifecycle"])
    op.create_index(op.f("ix_customer_name"), "customer", ["name"])
    op.create_index(op.f("ix_customer_owner_id"), "customer", ["owner_id"])
    op.create_index(op.f("ix_customer_parent_id"), "customer", ["parent_id"])
    op.create_index(op.f("ix_customer_region"), "customer", ["region"])
    op.create_index(op.f("ix_customer_transaction_status"), "customer", ["transaction_status"])

    op.create_table(
        "duty_access",
        sa.Column("id", key, nullable=False),
        sa.Column("duty_id", key, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["duty_id"], ["duty.id"], name=op.f("fk_duty_access_duty_id_duty"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_access")),
        sa.UniqueConstraint("duty_id", "entity", name=op.f("uq_duty_access_duty_id_entity")),
    )
    op.create_index(op.f("ix_duty_access_duty_id"), "duty_access", ["duty_id"])
    op.create_index(op.f("ix_duty_access_entity"), "duty_access", ["entity"])

    op.create_table(
        "login_session",
        sa.Column("id", key, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_seen_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=True),
        sa.Column("user_agent", sa.String(length=400), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_login_session_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_session_token_hash")),
    )
    op.create_index(op.f("ix_login_session_expires_at"), "login_session", ["expires_at"])
    op.create_index(op.f("ix_login_session_user_id"), "login_session", ["user_id"])

    op.create_table(
        "position",
        sa.Column("id", key, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("department_id", key, nullable=True),
        sa.Column("overlay", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_position_department_id_department"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position")),
        sa.UniqueConstraint("code", name=op.f("uq_position_code")),
    )
    op.create_index(op.f("ix_position_department_id"), "position", ["department_id"])
    op.create_index(op.f("ix_position_name_en"), "position", ["name_en"])
    op.create_index(op.f("ix_position_name_zh"), "position", ["name_zh"])

    op.create_table(
        "tag",
        sa.Column("id", key, nullable=False),
        sa.Column("family_id", key, nullable=False),
        sa.Column("name_zh", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("colour", sa.String(length=7), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint(
            "length(colour) = 7 AND substr(colour, 1, 1) = '#'", name=op.f("ck_tag_colour_of_six_digits")
        ),
        sa.ForeignKeyConstraint(
            ["family_id"], ["tag_family.id"], name=op.f("fk_tag_family_id_tag_family"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("family_id", "name_zh", name=op.f("uq_tag_family_id_name_zh")),
    )
    op.create_index(op.f("ix_tag_family_id"), "tag", ["family_id"])
    op.create_index(op.f("ix_tag_name_en"), "tag", ["name_en"])
    op.create_index(op.f("ix_tag_name_zh"), "tag", ["name_zh"])

    op.create_table(
        "activity",
        sa.Column("id", key, nullable=False),
        sa.Column("customer_id", key, nullable=False),
        sa.Column("contact_id", key, nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "call",
                "visit",
                "meeting",
                "mail",
                "note",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("at", moment, nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("owner_id", key, nullable=True),
        sa.Column("department_id", key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_activity_contact_id_contact"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_activity_customer_id_customer"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_activity_department_id_department"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["user.id"], name=op.f("fk_activity_owner_id_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    op.create_index(op.f("ix_activity_at"), "activity", ["at"])
    op.create_index(op.f("ix_activity_contact_id"), "activity", ["contact_id"])
    op.create_index(op.f("ix_activity_customer_id_at"), "activity", ["customer_id", "at"])
    op.create_index(op.f("ix_activity_department_id_id"), "activity", ["department_id", "id"])
    op.create_index(op.f("ix_activity_kind"), "activity", ["kind"])
    op.create_index(op.f("ix_activity_owner_id"), "activity", ["owner_id"])
    op.create_index(op.f("ix_activity_subject"), "activity", ["subject"])

    op.create_table(
        "affiliation",
        sa.Column("id", key, nullable=False),
        sa.Column("contact_id", key, nullable=False),
        sa.Column("customer_id", key, nullable=False),
        sa.Column("title", sa.String(length=100), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("primary", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_affiliation_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_affiliation_contact_id_contact"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_affiliation_customer_id_customer"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliation")),
        sa.UniqueConstraint(
            "contact_id",
            "customer_id",
            "valid_from",
            name=op.f("uq_affiliation_contact_id_customer_id_valid_from"),
        ),
    )
    op.create_index(op.f("ix_affiliation_contact_id"), "affiliation", ["contact_id"])
    op.create_index(op.f("ix_affiliation_customer_id"), "affiliation", ["customer_id"])
    op.create_index(op.f("ix_affiliation_title"), "affiliation", ["title"])
    op.create_index(op.f("ix_affiliation_valid_from"), "affiliation", ["valid_from"])
    op.create_index(op.f("ix_affiliation_valid_to"), "affiliation", ["valid_to"])

    op.create_table(
        "complaint",
        sa.Column("id", key, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("customer_id", key, nullable=False),
        sa.Column("contact_id", key, nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "phone",
                "mail",
                "visit",
                "social",
                "web",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "complaint",
                "dispute",
                "suggestion",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "severity",
            sa.Enum(
                "low",
                "medium",
                "high",
                "critical",
                name="severity",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("reputation", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "new",
                "assigned",
                "in_progress",
                "waiting",
                "solved",
                "confirmed",
                "closed",
                "reopened",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("root_cause", sa.Text(), nullable=True),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("respond_by", moment, nullable=True),
        sa.Column("resolve_by", moment, nullable=True),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("owner_id", key, nullable=True),
        sa.Column("department_id", key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("closed_at >= received_at", name=op.f("ck_complaint_closed_after_received")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_complaint_contact_id_contact"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_complaint_customer_id_customer"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_complaint_department_id_department"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["user.id"], name=op.f("fk_complaint_owner_id_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("number", name=op.f("uq_complaint_number")),
    )
    op.create_index(op.f("ix_complaint_channel"), "complaint", ["channel"])
    op.create_index(op.f("ix_complaint_closed_at"), "complaint", ["closed_at"])
    op.create_index(op.f("ix_complaint_contact_id"), "complaint", ["contact_id"])
    op.create_index(op.f("ix_complaint_customer_id"), "complaint", ["customer_id"])
    op.create_index(op.f("ix_complaint_department_id_id"), "complaint", ["department_id", "id"])
    op.create_index(op.f("ix_complaint_kind"), "complaint", ["kind"])
    op.create_index(op.f("ix_complaint_owner_id"), "complaint", ["owner_id"])
    op.create_index(op.f("ix_complaint_received_at"), "complaint", ["received_at"])
    op.create_index(op.f("ix_complaint_resolve_by"), "complaint", ["resolve_by"])
    op.create_index(op.f("ix_complaint_respond_by"), "complaint", ["respond_by"])
    op.create_index(op.f("ix_complaint_severity"), "complaint", ["severity"])
    op.create_index(op.f("ix_complaint_status"), "complaint", ["status"])
    op.create_index(op.f("ix_complaint_subject"), "complaint", ["subject"])

    op.create_table(
        "contact_role",
        sa.Column("id", key, nullable=False),
        sa.Column("contact_id", key, nullable=False),
        sa.Column("customer_id", key, nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "investor",
                "decision_maker",
                "user",
                "supporter",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_contact_role_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_contact_role_contact_id_contact"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_contact_role_customer_id_customer"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_role")),
        sa.UniqueConstraint(
            "contact_id",
            "customer_id",
            "role",
            "valid_from",
            name=op.f("uq_contact_role_contact_id_customer_id_role_valid_from"),
        ),
    )
    op.create_index(op.f("ix_contact_role_contact_id"), "contact_role", ["contact_id"])
    op.create_index(op.f("ix_contact_role_customer_id"), "contact_role", ["customer_id"])
    op.create_index(op.f("ix_contact_role_role"), "contact_role", ["role"])
    op.create_index(op.f("ix_contact_role_valid_from"), "contact_role", ["valid_from"])
    op.create_index(op.f("ix_contact_role_valid_to"), "contact_role", ["valid_to"])

    op.create_table(
        "contract",
        sa.Column("id", key, nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "counterparty_kind",
            sa.Enum(
                "customer",
                "supplier",
                "partner",
                name="counterparty_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("customer_id", key, nullable=True),
        sa.Column("counterparty_name", sa.String(length=200), nullable=True),
        sa.Column("amount", money, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "review",
                "approved",
                "signed",
                "performing",
                "completed",
                "terminated",
                "archived",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("terms", sa.Text(), nullable=True),
        sa.Column("risks", sa.Text(), nullable=True),
        sa.Column("archive_number", sa.String(length=60), nullable=True),
        sa.Column("owner_id", key, nullable=True),
        sa.Column("department_id", key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint(
            "customer_id IS NOT NULL OR (counterparty_kind <> 'customer' AND counterparty_name IS NOT NULL)",
            name=op.f("ck_contract_counterparty_given"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('signed', 'performing', 'completed') OR signed_on IS NOT NULL",
            name=op.f("ck_contract_signed_needs_date"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_contract_amount_not_negative")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_contract_ends_after_start")),
        sa.CheckConstraint("length(currency) = 3", name=op.f("ck_contract_currency_code")),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_contract_customer_id_customer"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_contract_department_id_department"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["user.id"], name=op.f("fk_contract_owner_id_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint("number", name=op.f("uq_contract_number")),
    )
    op.create_index(op.f("ix_contract_amount"), "contract", ["amount"])
    op.create_index(op.f("ix_contract_archive_number"), "contract", ["archive_number"])
    op.create_index(op.f("ix_contract_counterparty_kind"), "contract", ["counterparty_kind"])
    op.create_index(op.f("ix_contract_customer_id"), "contract", ["customer_id"])
    op.create_index(op.f("ix_contract_department_id_id"), "contract", ["department_id", "id"])
    op.create_index(op.f("ix_contract_ends_on"), "contract", ["ends_on"])
    op.create_index(op.f("ix_contract_owner_id"), "contract", ["owner_id"])
    op.create_index(op.f("ix_contract_signed_on"), "contract", ["signed_on"])
    op.create_index(op.f("ix_contract_starts_on"), "contract", ["starts_on"])
    op.create_index(op.f("ix_contract_status"), "contract", ["status"])
    op.create_index(op.f("ix_contract_title"), "contract", ["title"])

    op.create_table(
        "customer_tag",
        sa.Column("id", key, nullable=False),
        sa.Column("customer_id", key, nullable=False),
        sa.Column("tag_id", key, nullable=False),
        sa.Column(
            "source",
            sa.Enum("hand", "rule", name="source", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_customer_tag_customer_id_customer"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tag.id"], name=op.f("fk_customer_tag_tag_id_tag"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_tag")),
        sa.UniqueConstraint("customer_id", "tag_id", name=op.f("uq_customer_tag_customer_id_tag_id")),
    )
    op.create_index(op.f("ix_customer_tag_customer_id"), "customer_tag", ["customer_id"])
    op.create_index(op.f("ix_customer_tag_expires_on"), "customer_tag", ["expires_on"])
    op.create_index(op.f("ix_customer_tag_source"), "customer_tag", ["source"])
    op.create_index(op.f("ix_customer_tag_tag_id"), "customer_tag", ["tag_id"])

    op.create_table(
        "position_duty",
        sa.Column("id", key, nullable=False),
        sa.Column("position_id", key, nullable=False),
        sa.Column("duty_id", key, nullable=False),
        sa.Column(
            "letter",
            sa.Enum(
                "R", "A", "V", "C", "S", name="letter", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("detail_zh", sa.Text(), nullable=True),
        sa.Column("detail_en", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["duty_id"], ["duty.id"], name=op.f("fk_position_duty_duty_id_duty"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["position_id"],
            ["position.id"],
            name=op.f("fk_position_duty_position_id_position"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_duty")),
        sa.UniqueConstraint("position_id", "duty_id", name=op.f("uq_position_duty_position_id_duty_id")),
    )
    op.create_index(op.f("ix_position_duty_duty_id"), "position_duty", ["duty_id"])
    op.create_index(op.f("ix_position_duty_letter"), "position_duty", ["letter"])
    op.create_index(op.f("ix_position_duty_position_id"), "position_duty", ["position_id"])

    op.create_table(
        "post",
        sa.Column("id", key, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("position_id", key, nullable=False),
        sa.Column("department_id", key, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("acting", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_post_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_post_department_id_department"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["position_id"], ["position.id"], name=op.f("fk_post_position_id_position"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_post_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint(
            "user_id",
            "position_id",
            "department_id",
            "valid_from",
            name=op.f("uq_post_user_id_position_id_department_id_valid_from"),
        ),
    )
    op.create_index(op.f("ix_post_department_id_id"), "post", ["department_id", "id"])
    op.create_index(op.f("ix_post_position_id"), "post", ["position_id"])
    op.create_index(op.f("ix_post_user_id"), "post", ["user_id"])
    op.create_index(op.f("ix_post_valid_from"), "post", ["valid_from"])
    op.create_index(op.f("ix_post_valid_to"), "post", ["valid_to"])

    op.create_table(
        "complaint_event",
        sa.Column("id", key, nullable=False),
        sa.Column("complaint_id", key, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "logged",
                "assessed",
                "assigned",
                "relayed",
                "escalated",
                "contacted",
                "noted",
                "waiting",
                "resumed",
                "solved",
                "confirmed",
                "closed",
                "reopened",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("author_id", key, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_complaint_event_author_id_user"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            ["complaint.id"],
            name=op.f("fk_complaint_event_complaint_id_complaint"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_event")),
    )
    op.create_index(op.f("ix_complaint_event_at"), "complaint_event", ["at"])
    op.create_index(op.f("ix_complaint_event_author_id"), "complaint_event", ["author_id"])
    op.create_index(op.f("ix_complaint_event_complaint_id_at"), "complaint_event", ["complaint_id", "at"])
    op.create_index(op.f("ix_complaint_event_kind"), "complaint_event", ["kind"])

    op.create_table(
        "obligation",
        sa.Column("id", key, nullable=False),
        sa.Column("contract_id", key, nullable=False),
        sa.Column(
            "side",
            sa.Enum("ours", "theirs", name="side", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("amount", money, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_obligation_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_obligation_contract_id_contract"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obligation")),
    )
    op.create_index(op.f("ix_obligation_contract_id"), "obligation", ["contract_id"])
    op.create_index(op.f("ix_obligation_done_on"), "obligation", ["done_on"])
    op.create_index(op.f("ix_obligation_due_on"), "obligation", ["due_on"])
    op.create_index(op.f("ix_obligation_side"), "obligation", ["side"])

    op.create_table(
        "performance",
        sa.Column("id", key, nullable=False),
        sa.Column("contract_id", key, nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column("amount", money, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_performance_contract_id_contract"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance")),
    )
    op.create_index(op.f("ix_performance_amount"), "performance", ["amount"])
    op.create_index(op.f("ix_performance_contract_id"), "performance", ["contract_id"])
    op.create_index(op.f("ix_performance_performed_on"), "performance", ["performed_on"])


def downgrade() -> None:
    op.drop_table("performance")
    op.drop_table("obligation")
    op.drop_table("complaint_event")
    op.drop_table("post")
    op.drop_table("position_duty")
    op.drop_table("customer_tag")
    op.drop_table("contract")
    op.drop_table("contact_role")
    op.drop_table("complaint")
    op.drop_table("affiliation")
    op.drop_table("activity")
    op.drop_table("tag")
    op.drop_table("position")
    op.drop_table("login_session")
    op.drop_table("duty_access")
    op.drop_table("customer")
    op.drop_table("contact")
    op.drop_table("user")
    op.drop_table("tag_family")
    op.drop_table("login_attempt")
    op.drop_table("letter_profile")
    op.drop_table("duty")
    op.drop_table("department")
