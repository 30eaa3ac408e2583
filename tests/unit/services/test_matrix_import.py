"""Matrices from other houses: their shapes, their letters, and the edits that they become."""

import pytest

from admin_app.engine.access.world import Cell, read_world
from admin_app.engine.exchange.reading import NoTable, read_table
from admin_app.engine.exchange.sheets import read_xlsx, write_xlsx
from admin_app.errors import BadInput
from admin_app.services import matrix_import
from admin_app.services.matrix_import import read_sheet


def table(text):
    """The rows of a CSV text."""
    read = read_table(text.encode())
    return [list(read.headers), *(list(row.texts) for row in read.rows)]


ROLES = """Activity/Deliverable,DevOps Team,Client Team (w365)
Infrastructure,,
Server installation,R/A,I
Server backup,R·A,—
Access,,
User administration,R,C
"""
NAMES = """Activity,Responsible,Accountable,Consulted,Informed
Define the index,Planner,Project Manager,"Analyst, Lender",Council
Build the analysis,Analyst;Planner,Analyst,,Buyers and Council
"""


def test_activities_by_roles_with_sections():
    sheet = read_sheet(table(ROLES))
    assert sheet.activities == ("Server installation", "Server backup", "User administration")
    assert sheet.roles == ("DevOps Team", "Client Team (w365)")
    assert sheet.cells == {
        ("Server installation", "DevOps Team"): "A",
        ("Server installation", "Client Team (w365)"): "I",
        ("Server backup", "DevOps Team"): "A",
        ("User administration", "DevOps Team"): "R",
        ("User administration", "Client Team (w365)"): "C",
    }


def test_columns_of_names_with_several_in_a_cell():
    sheet = read_sheet(table(NAMES))
    assert sheet.activities == ("Define the index", "Build the analysis")
    assert sheet.cells["Define the index", "Lender"] == "C"
    assert sheet.cells["Define the index", "Analyst"] == "C"
    assert sheet.cells["Define the index", "Council"] == "I"
    # Who answers for it and does it is written once, as A.
    assert sheet.cells["Build the analysis", "Analyst"] == "A"
    assert sheet.cells["Build the analysis", "Planner"] == "R"
    assert sheet.cells["Build the analysis", "Buyers"] == "I"


def test_roles_may_go_down():
    sheet = read_sheet(table("Role,Calls,Mails\nAgent,R,\nHead,A,I\n"), turned=True)
    assert sheet.cells == {("Calls", "Agent"): "R", ("Calls", "Head"): "A", ("Mails", "Head"): "I"}
    assert (sheet.activities, sheet.roles) == (("Calls", "Mails"), ("Agent", "Head"))


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("R", "R"),
        ("r", "R"),
        ("R/A", "A"),
        ("A/R", "A"),
        ("R·A", "A"),
        ("RA", "A"),
        ("C, I", "C"),
        ("Consulted", "C"),
        ("Informed", "I"),
        ("负责", "A"),
        ("知会", "I"),
        ("maybe", None),
        ("R?", None),
    ],
)
def test_letters_in_the_usual_writings(text, letter):
    assert matrix_import.strongest(text) == letter


def test_what_cannot_be_read_is_told_and_the_rest_is_kept():
    sheet = read_sheet(table("Activity,Agent,Head\nCalls,R,perhaps\n"))
    assert len(sheet.problems) == 1 and len(sheet.cells) == 1
    for text in ("Activity\nCalls\n", "Activity,Agent\nCalls,\n", "Activity,Agent\nCalls,-\n"):
        with pytest.raises(BadInput):
            read_sheet(table(text))


def test_names_are_guessed_and_mapped_to_edits(session):
    world = read_world(session)
    names = ["CSD 客户服务部专员", "客户服务主管", "service supervisor", "Nobody"]
    assert matrix_import.guess(names, world.positions) == {
        "CSD 客户服务部专员": "CSD",
        "客户服务主管": "CSS",
        "service supervisor": "CSS",
    }
    sheet = read_sheet(table("Activity,Agent,Head\nContracts,R,I\nCalls,R,\n"))
    roles, duties = {"Agent": "CSD", "Head": ""}, {"Contracts": "CTR4", "Calls": "CMP1"}
    (edit,) = matrix_import.edits(sheet, world, roles, duties)
    assert (world.positions[edit.position].code, world.duties[edit.duty].code) == ("CSD", "CTR4")
    assert (edit.cell, edit.seen) == (Cell("R"), None)


def test_workbooks_go_out_and_come_in():
    rows = [["Activity", "Agent", "Head"], ["=1+1", "R/A", ""], ["2026", "", "I"]]
    content = write_xlsx("Matrix", rows, (20, 10))
    assert read_xlsx(content) == rows


def test_what_is_no_workbook_is_refused():
    for content in (b"", b"PK\x03\x04 and nothing", write_xlsx("x", [["a"]], (1,))[:900]):
        with pytest.raises(NoTable):
            read_xlsx(content)
