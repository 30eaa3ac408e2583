"""Changes of many records at once, and grades that are locked.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-24 14:00:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
document = sa.JSON().with_variant(JSONB(), "postgresql")


def coded(name: str, *codes: str) -> sa.Enum:
    """A string column that a CHECK keeps to `codes`."""
    return sa.Enum(*codes, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.create_table(
        "bulk_run",
        sa.Column("id", key, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("selection", document, nullable=False),
        sa.Column("values", document, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor_id", key, nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.Column(
            "state",
            coded("state", "previewed", "waiting", "refused", "ordered", "done", "undone"),
            nullable=False,
        ),
        sa.Column("counts", document, nullable=False),
        sa.Column("decided_by_id", key, nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("job_id", key, nullable=True),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("applied", sa.BigInteger(), nullable=False),
        sa.Column("sets", document, nullable=False),
        sa.CheckConstraint(
            "state <> 'waiting' OR decided_by_id IS NULL", name=op.f("ck_bulk_run_waits_undecided")
        ),
        sa.CheckConstraint("decided_by_id <> actor_id", name=op.f("ck_bulk_run_decided_by_another")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["user.id"], name=op.f("fk_bulk_run_actor_id_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["user.id"], name=op.f("fk_bulk_run_decided_by_id_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_bulk_run_job_id_job"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_run")),
    )
    for column in ("actor_id", "at", "decided_by_id", "job_id", "state"):
        op.create_index(op.f(f"ix_bulk_run_{column}"), "bulk_run", [column])
    op.create_table(
        "bulk_item",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            coded("outcome", "change", "same", "denied", "locked", "invalid", "moved"),
            nullable=False,
        ),
        sa.Column("why", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "record_id", name=op.f("pk_bulk_item")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("customer") as table:
        table.add_column(sa.Column("grade_locked_until", sa.Date(), nullable=True))
        table.add_column(sa.Column("grade_lock_reason", sa.String(length=300), nullable=True))
        table.create_check_constraint(
            op.f("ck_customer_grade_lock_explained"),
            "grade_locked_until IS NULL OR length(trim(coalesce(grade_lock_reason, ''))) > 0",
        )
        table.create_index(op.f("ix_customer_grade_locked_until"), ["grade_locked_until"])


def downgrade() -> None:
    with op.batch_alter_table("customer") as table:
        table.drop_index(op.f("ix_customer_grade_locked_until"))
        table.drop_constraint(op.f("ck_customer_grade_lock_explained"), type_="check")
        table.drop_column("grade_lock_reason")
        table.drop_column("grade_locked_until")
    op.drop_table("bulk_item")
    op.drop_table("bulk_run")
