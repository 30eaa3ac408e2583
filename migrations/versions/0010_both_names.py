"""For whom somebody approved, and who saw the product as somebody else.

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-24 14:20:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: Who stands in a matrix version stays; elsewhere the name goes with the person.
SIGNED = {
    "access_grant": "SET NULL",
    "access_request": "SET NULL",
    "access_review_item": "SET NULL",
    "matrix_version": "RESTRICT",
}


def upgrade() -> None:
    for name, ondelete in SIGNED.items():
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("acting_for_id", key, nullable=True))
            table.create_foreign_key(
                op.f(f"fk_{name}_acting_for_id_user"), "user", ["acting_for_id"], ["id"], ondelete=ondelete
            )
            table.create_index(op.f(f"ix_{name}_acting_for_id"), ["acting_for_id"])
    op.create_table(
        "view_as_log",
        sa.Column("id", key, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("step", _coded("step", "began", "ended"), nullable=False),
        sa.Column("kind", _coded("kind", "position", "person"), nullable=False),
        sa.Column("seen_as", sa.String(length=60), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_view_as_log_user_id_user"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_view_as_log")),
    )
    for column in ("user_id", "step", "kind", "seen_as", "at"):
        op.create_index(op.f(f"ix_view_as_log_{column}"), "view_as_log", [column])


def downgrade() -> None:
    op.drop_table("view_as_log")
    for name in SIGNED:
        with op.batch_alter_table(name) as table:
            table.drop_index(op.f(f"ix_{name}_acting_for_id"))
            table.drop_constraint(op.f(f"fk_{name}_acting_for_id_user"), type_="foreignkey")
            table.drop_column("acting_for_id")


def _coded(name: str, *codes: str) -> sa.Enum:
    return sa.Enum(*codes, name=name, native_enum=False, create_constraint=True, length=40)
