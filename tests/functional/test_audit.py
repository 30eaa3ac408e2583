"""The commands of the history, from the outside: check it, export it, shorten it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from admin_app.db import db
from tests.conftest import make_app, seed_demo
from tests.databases import make_maker


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A small company of its own, since the commands commit."""
    folder = tmp_path_factory.mktemp("audit")
    maker = make_maker("sqlite", folder)
    app = make_app(maker.clone(), folder)
    seed_demo(app, customers=5)
    yield app
    with app.app_context():
        db.engine.dispose()


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    """(exit code, output) of `audit …`."""
    result = app.test_cli_runner().invoke(args=["audit", *arguments])
    return result.exit_code, result.output


def test_a_whole_history_prints_an_anchor_that_it_holds_later(company: Flask) -> None:
    code, output = run(company, "verify")
    assert code == 0 and "are as they were written" in output
    anchor = output.split("Anchor: ")[1].strip()
    assert run(company, "verify", "--anchor", anchor)[0] == 0
    code, output = run(company, "verify", "--anchor", "0" * 63 + "1")
    assert code == 1 and "anchor" in output


def test_the_export_goes_to_a_file(company: Flask, tmp_path: Path) -> None:
    target = tmp_path / "history.jsonl"
    assert run(company, "export", "--output", str(target)) == (0, "")
    records = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert records[0]["action"] == "create" and records[0]["tally"]["customer"] == 5
    code, output = run(company, "export", "--format", "csv", "--until", "2001-01-01")
    assert code == 0 and output.startswith("set_id,position,at")
    assert run(company, "export", "--since", "yesterday")[0] == 2


def test_history_is_kept_for_ever_unless_somebody_says_otherwise(company: Flask) -> None:
    code, output = run(company, "prune", "--yes")
    assert code == 1 and "DUTYBOOK_HISTORY_DAYS" in output
    company.config["HISTORY_DAYS"] = 30
    assert run(company, "prune", "--yes") == (0, "0 change sets were removed.\n")


def test_a_row_that_somebody_altered_is_named_and_the_command_fails(company: Flask) -> None:
    with company.app_context(), db.engine.connect() as connection:
        # Whoever owns the database can take a trigger away; the hashes remain.
        connection.execute(text("DROP TRIGGER change_row_is_not_updated"))
        connection.execute(text("UPDATE change_row SET after = '{}' WHERE set_id = 1 AND number = 7"))
        connection.commit()
    code, output = run(company, "verify")
    assert code == 1 and "change set 1, row 7" in output and "altered" in output
