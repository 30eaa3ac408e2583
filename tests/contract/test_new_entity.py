"""A made-up entity takes one model file, one line, labels and a generated migration, and is covered unasked.

It happens in a copy of this repository, by the commands that a newcomer would type.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from admin_app.config import ROOT

MODEL = '''"""Gadgets: what nobody has asked for yet."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.customer import Customer
from models.mixins import Owned, Record
from models.types import Money, choice


class Widget(Record, Owned, Base):
    """A thing that a customer has."""

    __tablename__ = "widget"
    __table_args__ = (
        CheckConstraint("price >= 0", name="price_not_negative"),
        Index(None, "department_id", "id"),
    )

    name: Mapped[str] = mapped_column(String(80), unique=True)
    size: Mapped[str] = mapped_column(choice("size", "small", "large"), default="small", index=True)
    price: Mapped[Decimal | None] = mapped_column(Money())
    built_on: Mapped[date | None] = mapped_column(index=True)
    remark: Mapped[str | None] = mapped_column(Text)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)

    customer: Mapped[Customer] = relationship()
'''
#: The one line of the registration, and the import that it needs.
LINE = '    Entity(Widget, group="customer", icon="box"),\n'
IMPORT = "from models.widget import Widget\n"
LABELS = {
    "en": """
[entity.widget]
label = "Widget"
plural = "Widgets"
[entity.widget.field]
size = "Size"
price = "Price"
built_on = "Built on"
remark = "Remark"
[entity.widget.choice.size]
small = "Small"
large = "Large"
""",
    "zh": """
[entity.widget]
label = "器件"
plural = "器件"
[entity.widget.field]
size = "尺寸"
price = "价格"
built_on = "制造日期"
remark = "备注说明"
[entity.widget.choice.size]
small = "小"
large = "大"
""",
}
Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Call it with a module and its arguments to run it in the copy; it gives the output, and fails with it."""
    copy = tmp_path_factory.mktemp("copy") / "dutybook"
    _copy_repository(copy)
    _add_entity(copy)
    environment = {
        **os.environ,
        "DUTYBOOK_DATA_DIR": str(copy / "var"),
        "DUTYBOOK_DATABASE_URL": "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # A parallel run describes itself to its workers in here; the inner run is none of them.
    for name in [name for name in environment if name.startswith(("PYTEST_", "COV_", "COVERAGE_"))]:
        del environment[name]

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout + done.stderr

    return call


def _copy_repository(copy: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, copy / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _add_entity(copy: Path) -> None:
    (copy / "models" / "widget.py").write_text(MODEL, "utf-8")
    for language, labels in LABELS.items():
        with (copy / "views" / "labels" / f"{language}.toml").open("a", encoding="utf-8") as file:
            file.write(labels)
    views = copy / "views" / "customers.py"
    text = views.read_text("utf-8")
    start = "ENTITIES = (\n"
    assert text.count(start) == 1
    text = text.replace(start, start + LINE)
    first = "from models.tag import "
    assert text.count(first) == 1
    views.write_text(text.replace(first, IMPORT + first), "utf-8")


@pytest.fixture(scope="module")
def migrated(run: Run) -> Any:
    """The copy with its migration, generated and applied."""
    run("flask", "--app", "wsgi", "db", "upgrade")
    said = run("flask", "--app", "wsgi", "db", "migrate", "-m", "Add widgets")
    run("flask", "--app", "wsgi", "db", "upgrade")
    return said


def test_the_migration_is_generated_and_leaves_nothing_open(run: Run, migrated: str) -> None:
    assert "widget" in migrated
    run("flask", "--app", "wsgi", "db", "check")
    run("flask", "--app", "wsgi", "db", "downgrade")
    run("flask", "--app", "wsgi", "db", "upgrade")


def test_the_contract_tests_cover_a_made_up_entity_unasked(run: Run, migrated: str) -> None:
    chosen = "sqlite and (widget or declared_door or admin) and not postgresql"
    said = run("pytest", "tests/contract", "-p", "no:cacheprovider", "-v", "-k", chosen)
    for sentence in (
        "test_each_door_answers_what_the_matrix_predicts[sqlite-admin] PASSED",
        "test_each_list_shows_and_counts_exactly_the_predicted_rows[sqlite-admin] PASSED",
        "test_a_record_is_created_changed_and_deleted[sqlite-widget-zh] PASSED",
        "test_a_record_is_created_changed_and_deleted[sqlite-widget-en] PASSED",
        "test_a_stale_save_merges_or_asks_and_overwrites_nothing[sqlite-widget] PASSED",
        "test_saving_an_unchanged_record_changes_nothing[sqlite-widget] PASSED",
        "test_no_page_costs_more_with_two_hundred_more_rows[sqlite-widget] PASSED",
        "test_a_chinese_page_shows_no_english_word_of_ours[sqlite-widget] PASSED",
        "test_keys_that_are_none_lead_nowhere[sqlite-widget] PASSED",
    ):
        assert sentence in said, said[-3000:]
    assert "skipped" not in said
