"""Each owner's and each department's records in the order in which lookups offer them.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-24 14:40:00
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LABELS = {"customer": "name", "contact": "name", "contract": "title", "complaint": "subject"}


def upgrade() -> None:
    for table, label in LABELS.items():
        for whose in ("department_id", "owner_id"):
            op.create_index(op.f(f"ix_{table}_{whose}_{label}_id"), table, [whose, label, "id"])


def downgrade() -> None:
    for table, label in LABELS.items():
        for whose in ("department_id", "owner_id"):
            op.drop_index(op.f(f"ix_{table}_{whose}_{label}_id"), table_name=table)
