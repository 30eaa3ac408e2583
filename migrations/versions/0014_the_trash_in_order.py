"""An index over deletions alone, so that the trash of an entity is read in its order.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

DELETIONS = sa.text("op = 'delete'")


def upgrade() -> None:
    op.create_index(
        "ix_change_row_deleted",
        "change_row",
        ["entity", "set_id", "number"],
        sqlite_where=DELETIONS,
        postgresql_where=DELETIONS,
    )


def downgrade() -> None:
    op.drop_index("ix_change_row_deleted", "change_row")
