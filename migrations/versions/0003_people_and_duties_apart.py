"""Handovers, who did what on a record, and whom a person stands in for.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-24 11:20:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
document = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "deed",
        sa.Column("id", key, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_key", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_deed_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deed")),
        sa.UniqueConstraint(
            "entity", "record_key", "action", "user_id", name=op.f("uq_deed_entity_record_key_action_user_id")
        ),
    )
    op.create_index(op.f("ix_deed_user_id"), "deed", ["user_id"])

    op.create_table(
        "handover",
        sa.Column("id", key, nullable=False),
        sa.Column("from_user_id", key, nullable=False),
        sa.Column("to_user_id", key, nullable=False),
        sa.Column("author_id", key, nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("items", document, nullable=False),
        sa.Column("undone_at", moment, nullable=True),
        sa.Column("undone_by_id", key, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("length(trim(reason)) > 0", name=op.f("ck_handover_reason_given")),
        sa.CheckConstraint("from_user_id <> to_user_id", name=op.f("ck_handover_two_people")),
        *(
            sa.ForeignKeyConstraint(
                [column], ["user.id"], name=op.f(f"fk_handover_{column}_user"), ondelete="RESTRICT"
            )
            for column in ("from_user_id", "to_user_id", "author_id", "undone_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    for column in ("from_user_id", "to_user_id", "author_id", "at", "undone_at", "undone_by_id"):
        op.create_index(op.f(f"ix_handover_{column}"), "handover", [column])

    with op.batch_alter_table("post") as table:
        table.add_column(sa.Column("acting_for_id", key, nullable=True))
        table.create_foreign_key(
            op.f("fk_post_acting_for_id_user"), "user", ["acting_for_id"], ["id"], ondelete="SET NULL"
        )
        table.create_check_constraint(op.f("ck_post_acts_for_somebody"), "acting_for_id IS NULL OR acting")
        table.create_check_constraint(op.f("ck_post_acts_for_another"), "acting_for_id <> user_id")
        table.create_index(op.f("ix_post_acting_for_id"), ["acting_for_id"])
    with op.batch_alter_table("complaint_event") as table:
        table.add_column(sa.Column("acting_for_id", key, nullable=True))
        table.create_foreign_key(
            op.f("fk_complaint_event_acting_for_id_user"),
            "user",
            ["acting_for_id"],
            ["id"],
            ondelete="RESTRICT",
        )
        table.create_index(op.f("ix_complaint_event_acting_for_id"), ["acting_for_id"])


def downgrade() -> None:
    with op.batch_alter_table("complaint_event") as table:
        table.drop_index(op.f("ix_complaint_event_acting_for_id"))
        table.drop_constraint(op.f("fk_complaint_event_acting_for_id_user"), type_="foreignkey")
        table.drop_column("acting_for_id")
    with op.batch_alter_table("post") as table:
        table.drop_index(op.f("ix_post_acting_for_id"))
        table.drop_constraint(op.f("ck_post_acts_for_somebody"), type_="check")
        table.drop_constraint(op.f("ck_post_acts_for_another"), type_="check")
        table.drop_constraint(op.f("fk_post_acting_for_id_user"), type_="foreignkey")
        table.drop_column("acting_for_id")
    op.drop_table("handover")
    op.drop_table("deed")
