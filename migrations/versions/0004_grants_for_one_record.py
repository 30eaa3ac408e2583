"""A manual grant reaches rows, or one record.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-24 13:40:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

reach = sa.String(length=40)


def upgrade() -> None:
    with op.batch_alter_table("access_grant") as table:
        table.add_column(sa.Column("record_key", sa.String(length=200), nullable=True))
        table.alter_column("rows", existing_type=reach, nullable=True)
        table.create_check_constraint(
            op.f("ck_access_grant_rows_or_record"), "(rows IS NULL) <> (record_key IS NULL)"
        )
        table.create_index(op.f("ix_access_grant_record_key"), ["record_key"])


def downgrade() -> None:
    # The older schema knows reaches alone; a grant for one record would become one for many.
    op.execute(
        "UPDATE access_review_item SET grant_id = NULL"
        " WHERE grant_id IN (SELECT id FROM access_grant WHERE record_key IS NOT NULL)"
    )
    op.execute("DELETE FROM access_grant WHERE record_key IS NOT NULL")
    with op.batch_alter_table("access_grant") as table:
        table.drop_index(op.f("ix_access_grant_record_key"))
        table.drop_constraint(op.f("ck_access_grant_rows_or_record"), type_="check")
        table.alter_column("rows", existing_type=reach, nullable=False)
        table.drop_column("record_key")
