"""The matrix as data."""

from datetime import timedelta

from sqlalchemy import event, func, select

from admin_app.engine.access import Policy, acting
from admin_app.engine.change import delete_rows
from admin_app.services import clock
from admin_app.services.matrix import read_matrix
from models.duty import Duty, PositionDuty
from models.organisation import Position, Post, User

TODAY = clock.today()


def test_every_position_duty_and_letter_is_in_it(session):
    matrix = read_matrix(session, TODAY)
    columns = [column for _department, columns in matrix.departments for column in columns]
    assert len(columns) == session.scalar(select(func.count(Position.id)))
    assert len(matrix.rows) == session.scalar(select(func.count(Duty.id)))
    letters = [letter for row in matrix.rows for letter in row.cells if letter]
    assert len(letters) == session.scalar(select(func.count(PositionDuty.id)))
    assert all(len(row.cells) == len(columns) for row in matrix.rows)


def test_a_letter_stands_where_position_and_duty_meet(session):
    matrix = read_matrix(session, TODAY)
    codes = [column.position.code for _department, columns in matrix.departments for column in columns]
    (row,) = [row for row in matrix.rows if row.duty.code == "CMP2"]
    assert row.cells[codes.index("CRS")] == "A"
    assert row.owners == row.cells.count("A")


def test_gaps_are_those_of_the_starting_data(session):
    owners = [row.owners for row in read_matrix(session, TODAY).rows]
    assert (len(owners), owners.count(0), sum(number > 1 for number in owners)) == (63, 37, 12)


def test_positions_of_no_department_come_last(session):
    departments = read_matrix(session, TODAY).departments
    assert departments[-1][0] is None
    assert {column.position.code for column in departments[-1][1]} == {"DPM", "MGR", "AM"}


def test_people_count_while_they_hold_the_position_and_may_sign_in(session):
    position = session.scalars(select(Position).where(Position.code == "EXE")).one()
    people = session.scalars(select(User).order_by(User.id).limit(4)).all()
    people[3].is_active = False
    delete_rows(session, Post, Post.position_id == position.id)
    for user, start, end in (
        (people[0], 0, None),
        (people[0], -9, None),
        (people[1], 1, None),
        (people[2], -9, -1),
        (people[3], -9, None),
    ):
        session.add(
            Post(
                user=user,
                position=position,
                department_id=position.department_id,
                valid_from=TODAY + timedelta(days=start),
                valid_to=None if end is None else TODAY + timedelta(days=end),
            )
        )
    session.flush()
    columns = {
        column.position.code: column.people
        for _department, columns in read_matrix(session, TODAY).departments
        for column in columns
    }
    assert columns["EXE"] == 1


def test_somebody_without_any_duty_reads_it_too_in_as_many_statements(session):
    statements = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
    with acting(session, Policy("newcomer", 10**6)):
        assert len(read_matrix(session, TODAY).rows) == 63
    assert len(statements) <= 6
