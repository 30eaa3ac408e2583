"""`flask why`: the page's answer on the command line."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.complaint import Complaint
from models.duty import PositionDuty
from models.organisation import Department, Position


@pytest.fixture
def ask(app: Flask, session: Session) -> Any:
    """Run the command with these words; gives its result."""
    return lambda *words: app.test_cli_runner().invoke(args=["why", *map(str, words)])


def test_it_says_yes_and_names_the_cell(ask: Any) -> None:
    result = ask("css", "edit", "complaint")
    assert result.exit_code == 0
    assert result.output.startswith("Yes: 罗嘉言 may edit complaints.\n")
    assert (
        "Because as Service supervisor in Customer service 罗嘉言 holds A (Owns and approves) for "
        "Last gate for hard complaints, which allows to edit complaints of the department and those below."
    ) in result.output


def test_it_says_no_and_who_could(ask: Any) -> None:
    result = ask("csd", "view", "contract")
    assert result.exit_code == 0
    assert result.output.startswith("No: none of the duties of 林小满 allows to view contracts.\n")
    assert "Contract role: " in result.output and "秦守信" in result.output


def test_it_says_whose_a_record_is(ask: Any, session: Session) -> None:
    there = select(Department.id).where(Department.code == "CS")
    key = session.scalar(select(func.min(Complaint.id)).where(Complaint.department_id.in_(there)))
    assert "belongs to" in ask("csd", "edit", "complaint", key).output


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("nobody", "edit", "complaint"), "There is no user nobody."),
        (("css", "fly", "complaint"), "There is no action “fly”."),
        (("css", "edit", "nonsense"), "There is nothing called “nonsense” here."),
        (("css", "edit", "complaint", "99999999"), "There is no complaint 99999999."),
        (("css", "edit", "complaint", "x"), "There is no complaint x."),
    ],
)
def test_it_refuses_what_it_does_not_know(ask: Any, words: tuple[str, ...], refusal: str) -> None:
    result = ask(*words)
    assert result.exit_code == 1
    assert refusal in result.output


def test_it_says_how_much_of_a_group_of_fields_somebody_sees(ask: Any, session: Session) -> None:
    position = select(Position.id).where(Position.code == "CSD").scalar_subquery()
    for cell in session.scalars(select(PositionDuty).where(PositionDuty.position_id == position)):
        cell.field_levels = {"customer.contact": "masked"}
    session.commit()
    masked = ask("csd", "view", "customer", "--fields", "contact").output
    assert masked.startswith("“How to reach them” of customers is masked for 林小满.\n")
    assert "Of “How to reach them” it gives: Masked." in masked
    assert "These positions could:" in masked
    assert "in full" not in ask("css", "view", "customer", "--fields", "contact").output
    assert "There is nothing called “x” here." in ask("css", "view", "customer", "--fields", "x").output
