"""History: change sets, their rows and the end of the chain; triggers that refuse to alter what is written.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-24 13:50:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
GENESIS = "0" * 64

head = sa.table(
    "change_head",
    *(sa.column(name) for name in ("id", "position", "previous", "hash", "base_position", "base_hash")),
    sa.column("pruning", sa.Boolean()),
)


def upgrade() -> None:
    op.create_table(
        "change_set",
        sa.Column("id", key, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.Column("acting_for_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "screen",
                "import",
                "job",
                "api",
                "command",
                "system",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("undo_of_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.String(length=40), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("tally", sa.Text(), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_change_set_rows_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_set")),
        sa.UniqueConstraint("position", name=op.f("uq_change_set_position")),
    )
    op.create_index(op.f("ix_change_set_actor_id_id"), "change_set", ["actor_id", "id"])
    for column in ("at", "source", "action", "undo_of_id"):
        op.create_index(op.f(f"ix_change_set_{column}"), "change_set", [column])

    op.create_table(
        "change_row",
        sa.Column("set_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_key", sa.String(length=200), nullable=False),
        sa.Column(
            "op",
            sa.Enum(
                "create", "update", "delete", name="op", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("set_id", "number", name=op.f("pk_change_row")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_change_row_entity_record_key_set_id_number"),
        "change_row",
        ["entity", "record_key", "set_id", "number"],
    )

    op.create_table(
        "change_head",
        sa.Column("id", key, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("base_position", sa.BigInteger(), nullable=False),
        sa.Column("base_hash", sa.String(length=64), nullable=False),
        sa.Column("pruning", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_change_head_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_head")),
    )
    start = {"id": 1, "position": 0, "previous": GENESIS, "hash": GENESIS, "base_position": 0}
    op.execute(sa.insert(head).values(**start, base_hash=GENESIS, pruning=False))
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_postgresql() -> None:
    op.execute(
        """
        CREATE OR REPLACE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND (SELECT pruning FROM change_head) THEN
                RETURN NULL;
            END IF;
            RAISE EXCEPTION 'history is append-only: % on %', TG_OP, TG_TABLE_NAME;
        END $$
        """
    )
    for table in ("change_set", "change_row"):
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change()"
        )


def _guard_sqlite() -> None:
    for table in ("change_set", "change_row"):
        op.execute(
            f"CREATE TRIGGER {table}_is_not_updated BEFORE UPDATE ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_is_not_deleted BEFORE DELETE ON {table} "  # noqa: S608 - fixed names
            "WHEN NOT (SELECT pruning FROM change_head) "
            "BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
        )


def downgrade() -> None:
    op.drop_table("change_row")
    op.drop_table("change_set")
    op.drop_table("change_head")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_history_change()")
