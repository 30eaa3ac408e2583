"""The search index: beside each table, the terms under which its records are found.

On SQLite an FTS5 table that keeps the terms and nothing else, on PostgreSQL a table with a text-search vector under a
GIN index. Documents go with their records by the database's own means. The indexes are empty until
`flask --app wsgi search rebuild` or the next start fills them.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-24 14:10:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXED = (
    "activity",
    "complaint",
    "contact",
    "contract",
    "customer",
    "department",
    "duty",
    "position",
    "tag",
    "tag_family",
    "user",
)


def upgrade() -> None:
    op.create_table(
        "search_state",
        sa.Column("id", key, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("making", sa.String(length=40), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_state")),
        sa.UniqueConstraint("name", name=op.f("uq_search_state_name")),
    )
    for table in INDEXED:
        if op.get_context().dialect.name == "sqlite":
            op.execute(
                f"CREATE VIRTUAL TABLE search_{table} USING fts5"
                "(terms, content='', contentless_delete=1, detail=none, tokenize='ascii')"
            )
            op.execute(
                f'CREATE TRIGGER IF NOT EXISTS search_{table}_gone AFTER DELETE ON "{table}" '  # noqa: S608 - our own names
                f"BEGIN DELETE FROM search_{table} WHERE rowid = old.id; END"
            )
            continue
        op.create_table(
            f"search_{table}",
            sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("terms", TSVECTOR(), nullable=False),
            sa.Column("literal", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_search_{table}")),
            sa.ForeignKeyConstraint(
                ["id"], [f"{table}.id"], name=op.f(f"fk_search_{table}_id_{table}"), ondelete="CASCADE"
            ),
        )
        # The planner's list of frequent terms decides how a list is read: let it be a long one.
        op.execute(f"ALTER TABLE search_{table} ALTER COLUMN terms SET STATISTICS 500")
        op.execute(
            f"CREATE INDEX ix_search_{table}_terms ON search_{table} USING gin (terms) WITH (fastupdate = off)"
        )


def downgrade() -> None:
    for table in INDEXED:
        op.execute(f"DROP TABLE search_{table}")
        if op.get_context().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER IF EXISTS search_{table}_gone")
    op.drop_table("search_state")
