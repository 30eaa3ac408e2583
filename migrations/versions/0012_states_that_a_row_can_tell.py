"""An archived contract has its number, and a complaint its moment of closing exactly when it is closed.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

CONTRACT = "status <> 'archived' OR archive_number IS NOT NULL"
COMPLAINT = "(status = 'closed') = (closed_at IS NOT NULL)"


def upgrade() -> None:
    op.execute(
        "UPDATE contract SET archive_number = substr('DA-' || number, 1, 60)"
        " WHERE status = 'archived' AND archive_number IS NULL"
    )
    # Nobody knows better than the last change when it was closed.
    op.execute(
        "UPDATE complaint SET closed_at = CASE WHEN updated_at >= received_at THEN updated_at ELSE received_at END"
        " WHERE status = 'closed' AND closed_at IS NULL"
    )
    op.execute("UPDATE complaint SET closed_at = NULL WHERE status <> 'closed' AND closed_at IS NOT NULL")
    with op.batch_alter_table("contract") as table:
        table.create_check_constraint(op.f("ck_contract_archived_needs_number"), CONTRACT)
    with op.batch_alter_table("complaint") as table:
        table.create_check_constraint(op.f("ck_complaint_closed_has_moment"), COMPLAINT)


def downgrade() -> None:
    with op.batch_alter_table("complaint") as table:
        table.drop_constraint(op.f("ck_complaint_closed_has_moment"), type_="check")
    with op.batch_alter_table("contract") as table:
        table.drop_constraint(op.f("ck_contract_archived_needs_number"), type_="check")
