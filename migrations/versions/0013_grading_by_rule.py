"""Rule sets that grade customers, more grades, and what a customer's grade comes from.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
money = sa.Numeric(18, 2).with_variant(sa.BigInteger(), "sqlite")
GRADES = ("A+", "A", "B", "C", "D")
FORMER = ("A", "B", "C")
ACTIVE = sa.text("state = 'active'")
KINDS = (
    "contract_amount",
    "contract_count",
    "contract_recency",
    "payments",
    "complaints",
    "open_complaints",
    "pipeline",
    "annual_revenue",
    "judgement",
)


def coded(name: str, *codes: str) -> sa.Enum:
    """A string column that a CHECK keeps to `codes`."""
    return sa.Enum(*codes, name=name, native_enum=False, create_constraint=True, length=40)


def one_of(column: str, codes: tuple[str, ...]) -> str:
    """The text of such a CHECK."""
    listed = ", ".join(f"'{code}'" for code in codes)
    return f"{column} IN ({listed})"


def record() -> list[sa.Column[object]]:
    """What every table has at its end."""
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
    ]


def part(name: str, whole: str, reference: str, *columns: sa.schema.SchemaItem) -> None:
    """A table whose rows go with those of another one."""
    op.create_table(
        name,
        sa.Column("id", key, nullable=False),
        sa.Column(reference, key, nullable=False),
        *columns,
        *record(),
        sa.ForeignKeyConstraint(
            [reference], [f"{whole}.id"], name=op.f(f"fk_{name}_{reference}_{whole}"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_{reference}"), name, [reference])


def upgrade() -> None:
    op.create_table(
        "grade_rule",
        sa.Column("id", key, nullable=False),
        sa.Column("customer_class", coded("customer_class", "resource", "project"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", coded("state", "draft", "active", "retired"), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("floor", coded("floor", *GRADES), nullable=True),
        sa.Column("ceiling", coded("ceiling", *GRADES), nullable=True),
        sa.Column("margin", sa.Integer(), nullable=False),
        sa.Column("min_stay_days", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("active_from", sa.Date(), nullable=True),
        sa.Column("active_to", sa.Date(), nullable=True),
        *record(),
        sa.CheckConstraint("margin >= 0", name=op.f("ck_grade_rule_margin_not_negative")),
        sa.CheckConstraint("min_stay_days BETWEEN 0 AND 36500", name=op.f("ck_grade_rule_stay_in_days")),
        sa.CheckConstraint("length(currency) = 3", name=op.f("ck_grade_rule_currency_code")),
        sa.CheckConstraint(
            "state = 'draft' OR active_from IS NOT NULL", name=op.f("ck_grade_rule_active_has_a_day")
        ),
        sa.CheckConstraint("active_to >= active_from", name=op.f("ck_grade_rule_ends_after_start")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grade_rule")),
        sa.UniqueConstraint("customer_class", "number", name=op.f("uq_grade_rule_customer_class_number")),
    )
    for column in ("customer_class", "name", "state", "active_from", "active_to"):
        op.create_index(op.f(f"ix_grade_rule_{column}"), "grade_rule", [column])
    op.create_index(
        "uq_grade_rule_active",
        "grade_rule",
        ["customer_class"],
        unique=True,
        sqlite_where=ACTIVE,
        postgresql_where=ACTIVE,
    )
    part(
        "grade_step",
        "grade_rule",
        "rule_id",
        sa.Column("grade", coded("grade", *GRADES), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.UniqueConstraint("rule_id", "grade", name=op.f("uq_grade_step_rule_id_grade")),
        sa.UniqueConstraint("rule_id", "points", name=op.f("uq_grade_step_rule_id_points")),
    )
    part(
        "grade_rate",
        "grade_rule",
        "rule_id",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rate", money, nullable=False),
        sa.CheckConstraint("length(currency) = 3", name=op.f("ck_grade_rate_currency_code")),
        sa.CheckConstraint("rate > 0", name=op.f("ck_grade_rate_rate_positive")),
        sa.UniqueConstraint("rule_id", "currency", name=op.f("uq_grade_rate_rule_id_currency")),
    )
    part(
        "grade_dimension",
        "grade_rule",
        "rule_id",
        sa.Column("kind", coded("kind", *KINDS), nullable=False),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name=op.f("ck_grade_dimension_weight_positive")),
        sa.CheckConstraint("months BETWEEN 1 AND 600", name=op.f("ck_grade_dimension_months_positive")),
    )
    op.create_index(op.f("ix_grade_dimension_kind"), "grade_dimension", ["kind"])
    part(
        "grade_band",
        "grade_dimension",
        "dimension_id",
        sa.Column("threshold", money, nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.CheckConstraint("points BETWEEN -1000 AND 1000", name=op.f("ck_grade_band_points_in_range")),
        sa.UniqueConstraint("dimension_id", "threshold", name=op.f("uq_grade_band_dimension_id_threshold")),
    )
    op.add_column("bulk_item", sa.Column("after", sa.Text(), nullable=True))
    with op.batch_alter_table("customer") as table:
        table.drop_constraint(op.f("ck_customer_grade"), type_="check")
        table.create_check_constraint(op.f("ck_customer_grade"), one_of("grade", GRADES))
        table.add_column(sa.Column("grade_since", sa.Date(), nullable=True))
        table.add_column(sa.Column("grade_rule_id", key, nullable=True))
        table.add_column(sa.Column("grade_points", sa.Integer(), nullable=True))
        table.add_column(sa.Column("drift_grade", sa.String(40), nullable=True))
        table.add_column(sa.Column("drift_since", sa.Date(), nullable=True))
        table.add_column(sa.Column("judgement", sa.Integer(), nullable=True))
        table.add_column(sa.Column("judgement_note", sa.String(300), nullable=True))
        table.create_check_constraint(op.f("ck_customer_drift_grade"), one_of("drift_grade", GRADES))
        table.create_check_constraint(op.f("ck_customer_judgement_in_range"), "judgement BETWEEN 0 AND 10")
        table.create_check_constraint(
            op.f("ck_customer_judgement_explained"),
            "judgement IS NULL OR length(trim(coalesce(judgement_note, ''))) > 0",
        )
        table.create_foreign_key(
            op.f("fk_customer_grade_rule_id_grade_rule"),
            "grade_rule",
            ["grade_rule_id"],
            ["id"],
            ondelete="RESTRICT",
        )
        table.create_index(op.f("ix_customer_grade_rule_id"), ["grade_rule_id"])
        table.create_index(op.f("ix_customer_drift_since_id"), ["drift_since", "id"])


def downgrade() -> None:
    # A grade that the older schema does not know becomes the nearest one that it does.
    customer = sa.table("customer", sa.column("grade"))
    for grade, nearest in (("A+", "A"), ("D", "C")):
        op.execute(customer.update().where(customer.c.grade == grade).values(grade=nearest))
    with op.batch_alter_table("customer") as table:
        table.drop_index(op.f("ix_customer_drift_since_id"))
        table.drop_index(op.f("ix_customer_grade_rule_id"))
        table.drop_constraint(op.f("fk_customer_grade_rule_id_grade_rule"), type_="foreignkey")
        for name in ("judgement_explained", "judgement_in_range", "drift_grade", "grade"):
            table.drop_constraint(op.f(f"ck_customer_{name}"), type_="check")
        table.create_check_constraint(op.f("ck_customer_grade"), one_of("grade", FORMER))
        for name in (
            "judgement_note",
            "judgement",
            "drift_since",
            "drift_grade",
            "grade_points",
            "grade_rule_id",
            "grade_since",
        ):
            table.drop_column(name)
    op.drop_column("bulk_item", "after")
    for name in ("grade_band", "grade_dimension", "grade_rate", "grade_step", "grade_rule"):
        op.drop_table(name)
