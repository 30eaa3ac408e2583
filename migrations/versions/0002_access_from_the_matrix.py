"""Access from the matrix: own reach and levels of cells, the letter I, grants, versions of the matrix, reviews.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24 10:53:56.930228
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
document = sa.JSON().with_variant(JSONB(), "postgresql")

REACHES = ("own", "subordinates", "department", "department_tree", "all")
LEVELS = ("hidden", "masked", "read", "write")
FIVE_LETTERS = ("R", "A", "V", "C", "S")
LETTERS = (*FIVE_LETTERS, "I")
TABLES = (
    "access_stamp",
    "access_request",
    "access_review",
    "access_use",
    "duty_conflict",
    "matrix_request",
    "matrix_version",
    "reveal_log",
    "access_grant",
    "access_review_item",
)

profile = sa.table(
    "letter_profile",
    sa.column("letter", sa.String),
    sa.column("actions", sa.Text),
    sa.column("rows", sa.String),
    sa.column("field_level", sa.String),
    sa.column("version", sa.Integer),
    sa.column("created_at", moment),
    sa.column("updated_at", moment),
)
cell = sa.table("position_duty", sa.column("letter", sa.String))
stamp = sa.table("access_stamp", sa.column("id", sa.Integer), sa.column("value", sa.Integer))


def coded(name: str, *codes: str) -> sa.Enum:
    """A string column that a CHECK keeps to `codes`."""
    return sa.Enum(*codes, name=name, native_enum=False, create_constraint=True, length=40)


def reach() -> sa.Enum:
    """On whose records."""
    return coded("rows", *REACHES)


def level() -> sa.Enum:
    """What one may do with a group of fields."""
    return coded("field_level", *LEVELS)


def one_of(column: str, codes: tuple[str, ...]) -> str:
    """The CHECK that an Enum of `codes` makes."""
    return f"{column} IN ({', '.join(repr(code) for code in codes)})"


def upgrade() -> None:
    widen_letters()
    give_letters_their_level()
    create_tables()
    op.execute(stamp.insert().values(id=1, value=1))


def widen_letters() -> None:
    """Let a cell be an I, and have a reach and levels of its own."""
    with op.batch_alter_table("position_duty") as table:
        table.drop_constraint(op.f("ck_position_duty_letter"), type_="check")
        table.create_check_constraint(op.f("ck_position_duty_letter"), one_of("letter", LETTERS))
        table.add_column(sa.Column("rows", sa.String(40), nullable=True))
        table.create_check_constraint(op.f("ck_position_duty_rows"), one_of("rows", REACHES))
        table.add_column(sa.Column("field_levels", document, nullable=True))
        table.create_index(op.f("ix_position_duty_rows"), ["rows"])


def give_letters_their_level() -> None:
    """Those who work with records go on writing; an organisation that is loaded already gets its letter I."""
    with op.batch_alter_table("letter_profile") as table:
        table.drop_constraint(op.f("ck_letter_profile_letter"), type_="check")
        table.create_check_constraint(op.f("ck_letter_profile_letter"), one_of("letter", LETTERS))
        table.add_column(sa.Column("field_level", sa.String(40), nullable=False, server_default="read"))
        table.create_check_constraint(op.f("ck_letter_profile_field_level"), one_of("field_level", LEVELS))
        table.create_index(op.f("ix_letter_profile_field_level"), ["field_level"])
    op.execute(profile.update().where(profile.c.letter.in_(("R", "A", "S"))).values(field_level="write"))
    now = sa.literal(datetime.now(UTC), moment)
    informed = (
        sa.literal("I"),
        sa.literal("view"),
        sa.literal("department"),
        sa.literal("read"),
        sa.literal(1),
    )
    loaded = sa.select(sa.literal(1)).select_from(profile).exists()
    op.execute(
        profile.insert().from_select(list(profile.c.keys()), sa.select(*informed, now, now).where(loaded))
    )
    with op.batch_alter_table("letter_profile") as table:
        # From here on the model says it.
        table.alter_column("field_level", existing_type=sa.String(40), server_default=None)


def create_tables() -> None:
    op.create_table(
        "access_stamp",
        sa.Column("id", key, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_access_stamp_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_stamp")),
    )
    op.create_table(
        "access_request",
        sa.Column("id", key, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("record_key", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", coded("status", "open", "granted", "refused", "withdrawn"), nullable=False),
        sa.Column("head_id", key, nullable=True),
        sa.Column("decided_by_id", key, nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'withdrawn') OR length(trim(coalesce(answer, ''))) > 0",
            name=op.f("ck_access_request_answer_given"),
        ),
        sa.CheckConstraint("length(trim(reason)) > 0", name=op.f("ck_access_request_reason_given")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["user.id"],
            name=op.f("fk_access_request_decided_by_id_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["head_id"], ["user.id"], name=op.f("fk_access_request_head_id_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_access_request_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_request")),
    )
    op.create_index(op.f("ix_access_request_action"), "access_request", ["action"])
    op.create_index(op.f("ix_access_request_decided_at"), "access_request", ["decided_at"])
    op.create_index(op.f("ix_access_request_decided_by_id"), "access_request", ["decided_by_id"])
    op.create_index(op.f("ix_access_request_entity_record_key"), "access_request", ["entity", "record_key"])
    op.create_index(op.f("ix_access_request_head_id"), "access_request", ["head_id"])
    op.create_index(op.f("ix_access_request_status"), "access_request", ["status"])
    op.create_index(op.f("ix_access_request_user_id"), "access_request", ["user_id"])

    op.create_table(
        "access_review",
        sa.Column("id", key, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("head_id", key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("year BETWEEN 1000 AND 9999", name=op.f("ck_access_review_year_of_four_digits")),
        sa.ForeignKeyConstraint(
            ["head_id"], ["user.id"], name=op.f("fk_access_review_head_id_user"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_review")),
        sa.UniqueConstraint("year", "head_id", name=op.f("uq_access_review_year_head_id")),
    )
    op.create_index(op.f("ix_access_review_head_id"), "access_review", ["head_id"])
    op.create_index(op.f("ix_access_review_year"), "access_review", ["year"])

    op.create_table(
        "access_use",
        sa.Column("id", key, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_access_use_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_use")),
        sa.UniqueConstraint("user_id", "entity", "action", name=op.f("uq_access_use_user_id_entity_action")),
    )
    op.create_index(op.f("ix_access_use_action"), "access_use", ["action"])
    op.create_index(op.f("ix_access_use_entity"), "access_use", ["entity"])
    op.create_index(op.f("ix_access_use_last_on"), "access_use", ["last_on"])
    op.create_index(op.f("ix_access_use_user_id"), "access_use", ["user_id"])

    op.create_table(
        "duty_conflict",
        sa.Column("id", key, nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("reach", coded("reach", "position", "person", "record"), nullable=False),
        sa.Column("duty_id", key, nullable=True),
        sa.Column("other_duty_id", key, nullable=True),
        sa.Column("entity", sa.String(length=60), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=True),
        sa.Column("other_action", sa.String(length=40), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint(
            "reach <> 'record' OR entity IS NOT NULL", name=op.f("ck_duty_conflict_record_needs_actions")
        ),
        sa.CheckConstraint(
            "(duty_id IS NOT NULL AND other_duty_id IS NOT NULL AND entity IS NULL AND action IS NULL AND other_action IS NULL) OR (duty_id IS NULL AND other_duty_id IS NULL AND entity IS NOT NULL AND action IS NOT NULL AND other_action IS NOT NULL)",
            name=op.f("ck_duty_conflict_one_kind_of_pair"),
        ),
        sa.CheckConstraint("action <> other_action", name=op.f("ck_duty_conflict_two_actions")),
        sa.CheckConstraint("duty_id <> other_duty_id", name=op.f("ck_duty_conflict_two_duties")),
        sa.ForeignKeyConstraint(
            ["duty_id"], ["duty.id"], name=op.f("fk_duty_conflict_duty_id_duty"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_duty_id"],
            ["duty.id"],
            name=op.f("fk_duty_conflict_other_duty_id_duty"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_conflict")),
    )
    op.create_index(op.f("ix_duty_conflict_action"), "duty_conflict", ["action"])
    op.create_index(op.f("ix_duty_conflict_duty_id"), "duty_conflict", ["duty_id"])
    op.create_index(op.f("ix_duty_conflict_entity"), "duty_conflict", ["entity"])
    op.create_index(op.f("ix_duty_conflict_name_en"), "duty_conflict", ["name_en"])
    op.create_index(op.f("ix_duty_conflict_name_zh"), "duty_conflict", ["name_zh"])
    op.create_index(op.f("ix_duty_conflict_other_action"), "duty_conflict", ["other_action"])
    op.create_index(op.f("ix_duty_conflict_other_duty_id"), "duty_conflict", ["other_duty_id"])
    op.create_index(op.f("ix_duty_conflict_reach"), "duty_conflict", ["reach"])

    op.create_table(
        "matrix_request",
        sa.Column("id", key, nullable=False),
        sa.Column("author_id", key, nullable=False),
        sa.Column("asked_id", key, nullable=True),
        sa.Column("changes", document, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", coded("status", "open", "applied", "refused"), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("decided_by_id", key, nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint(
            "status <> 'refused' OR length(trim(coalesce(answer, ''))) > 0",
            name=op.f("ck_matrix_request_refusal_explained"),
        ),
        sa.CheckConstraint("length(trim(reason)) > 0", name=op.f("ck_matrix_request_reason_given")),
        sa.ForeignKeyConstraint(
            ["asked_id"], ["user.id"], name=op.f("fk_matrix_request_asked_id_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_matrix_request_author_id_user"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["user.id"],
            name=op.f("fk_matrix_request_decided_by_id_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matrix_request")),
    )
    op.create_index(op.f("ix_matrix_request_asked_id"), "matrix_request", ["asked_id"])
    op.create_index(op.f("ix_matrix_request_author_id"), "matrix_request", ["author_id"])
    op.create_index(op.f("ix_matrix_request_decided_at"), "matrix_request", ["decided_at"])
    op.create_index(op.f("ix_matrix_request_decided_by_id"), "matrix_request", ["decided_by_id"])
    op.create_index(op.f("ix_matrix_request_status"), "matrix_request", ["status"])

    op.create_table(
        "matrix_version",
        sa.Column("id", key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("author_id", key, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", document, nullable=False),
        sa.Column("cells", document, nullable=False),
        sa.Column("restored_from", sa.Integer(), nullable=True),
        sa.CheckConstraint("length(trim(reason)) > 0", name=op.f("ck_matrix_version_reason_given")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_matrix_version_author_id_user"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matrix_version")),
        sa.UniqueConstraint("number", name=op.f("uq_matrix_version_number")),
    )
    op.create_index(op.f("ix_matrix_version_at"), "matrix_version", ["at"])
    op.create_index(op.f("ix_matrix_version_author_id"), "matrix_version", ["author_id"])
    op.create_index(op.f("ix_matrix_version_restored_from"), "matrix_version", ["restored_from"])

    op.create_table(
        "reveal_log",
        sa.Column("id", key, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_key", sa.String(length=200), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("acting_for_id", key, nullable=True),
        sa.CheckConstraint("length(trim(reason)) > 0", name=op.f("ck_reveal_log_reason_given")),
        sa.ForeignKeyConstraint(
            ["acting_for_id"], ["user.id"], name=op.f("fk_reveal_log_acting_for_id_user"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_reveal_log_user_id_user"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reveal_log")),
    )
    op.create_index(op.f("ix_reveal_log_acting_for_id"), "reveal_log", ["acting_for_id"])
    op.create_index(op.f("ix_reveal_log_at"), "reveal_log", ["at"])
    op.create_index(op.f("ix_reveal_log_entity_record_key"), "reveal_log", ["entity", "record_key"])
    op.create_index(op.f("ix_reveal_log_field"), "reveal_log", ["field"])
    op.create_index(op.f("ix_reveal_log_user_id"), "reveal_log", ["user_id"])

    op.create_table(
        "access_grant",
        sa.Column("id", key, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("actions", sa.Text(), nullable=False),
        sa.Column("rows", reach(), nullable=False),
        sa.Column("department_id", key, nullable=False),
        sa.Column("field_level", level(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approver_id", key, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("request_id", key, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("approver_id <> user_id", name=op.f("ck_access_grant_approver_not_receiver")),
        sa.CheckConstraint("length(trim(reason)) > 0", name=op.f("ck_access_grant_reason_given")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_access_grant_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["approver_id"], ["user.id"], name=op.f("fk_access_grant_approver_id_user"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_access_grant_department_id_department"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["access_request.id"],
            name=op.f("fk_access_grant_request_id_access_request"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_access_grant_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
    )
    op.create_index(op.f("ix_access_grant_approver_id"), "access_grant", ["approver_id"])
    op.create_index(op.f("ix_access_grant_department_id_id"), "access_grant", ["department_id", "id"])
    op.create_index(op.f("ix_access_grant_entity"), "access_grant", ["entity"])
    op.create_index(op.f("ix_access_grant_field_level"), "access_grant", ["field_level"])
    op.create_index(op.f("ix_access_grant_request_id"), "access_grant", ["request_id"])
    op.create_index(op.f("ix_access_grant_rows"), "access_grant", ["rows"])
    op.create_index(op.f("ix_access_grant_user_id"), "access_grant", ["user_id"])
    op.create_index(op.f("ix_access_grant_valid_from"), "access_grant", ["valid_from"])
    op.create_index(op.f("ix_access_grant_valid_to"), "access_grant", ["valid_to"])

    op.create_table(
        "access_review_item",
        sa.Column("id", key, nullable=False),
        sa.Column("review_id", key, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("source", coded("source", "cell", "grant"), nullable=False),
        sa.Column("position_id", key, nullable=True),
        sa.Column("duty_id", key, nullable=True),
        sa.Column("grant_id", key, nullable=True),
        sa.Column("decision", coded("decision", "open", "confirmed", "removed"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("decided_by_id", key, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint(
            "(source = 'cell' AND grant_id IS NULL) OR (source = 'grant' AND position_id IS NULL AND duty_id IS NULL)",
            name=op.f("ck_access_review_item_one_source"),
        ),
        sa.CheckConstraint(
            "decision <> 'removed' OR length(trim(coalesce(reason, ''))) > 0",
            name=op.f("ck_access_review_item_removal_explained"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["user.id"],
            name=op.f("fk_access_review_item_decided_by_id_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["duty_id"], ["duty.id"], name=op.f("fk_access_review_item_duty_id_duty"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["access_grant.id"],
            name=op.f("fk_access_review_item_grant_id_access_grant"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["position_id"],
            ["position.id"],
            name=op.f("fk_access_review_item_position_id_position"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["access_review.id"],
            name=op.f("fk_access_review_item_review_id_access_review"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_access_review_item_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_review_item")),
    )
    op.create_index(op.f("ix_access_review_item_decided_at"), "access_review_item", ["decided_at"])
    op.create_index(op.f("ix_access_review_item_decided_by_id"), "access_review_item", ["decided_by_id"])
    op.create_index(op.f("ix_access_review_item_decision"), "access_review_item", ["decision"])
    op.create_index(op.f("ix_access_review_item_duty_id"), "access_review_item", ["duty_id"])
    op.create_index(op.f("ix_access_review_item_grant_id"), "access_review_item", ["grant_id"])
    op.create_index(op.f("ix_access_review_item_position_id"), "access_review_item", ["position_id"])
    op.create_index(op.f("ix_access_review_item_review_id"), "access_review_item", ["review_id"])
    op.create_index(op.f("ix_access_review_item_source"), "access_review_item", ["source"])
    op.create_index(op.f("ix_access_review_item_user_id"), "access_review_item", ["user_id"])


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
    # A letter that the older schema does not know goes, and with it the access that it gave.
    op.execute(cell.delete().where(cell.c.letter == "I"))
    op.execute(profile.delete().where(profile.c.letter == "I"))
    with op.batch_alter_table("letter_profile") as table:
        table.drop_index(op.f("ix_letter_profile_field_level"))
        table.drop_constraint(op.f("ck_letter_profile_field_level"), type_="check")
        table.drop_column("field_level")
        table.drop_constraint(op.f("ck_letter_profile_letter"), type_="check")
        table.create_check_constraint(op.f("ck_letter_profile_letter"), one_of("letter", FIVE_LETTERS))
    with op.batch_alter_table("position_duty") as table:
        table.drop_index(op.f("ix_position_duty_rows"))
        table.drop_constraint(op.f("ck_position_duty_rows"), type_="check")
        table.drop_column("rows")
        table.drop_column("field_levels")
        table.drop_constraint(op.f("ck_position_duty_letter"), type_="check")
        table.create_check_constraint(op.f("ck_position_duty_letter"), one_of("letter", FIVE_LETTERS))
