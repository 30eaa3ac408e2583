"""The role-duty matrix, whole: positions by department across, duties by category down, a letter where they meet.

Six statements, whatever its size. Who may read what is not decided here: departments, positions, duties and cells
are open to everybody who is signed in; of people only their number is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import distinct, func, or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from models.duty import Duty, PositionDuty
from models.organisation import Department, Position, Post, User


@dataclass(frozen=True)
class Column:
    """A position; `people` is how many hold it on the day."""

    position: Position
    people: int


@dataclass(frozen=True)
class Row:
    """A duty; `cells` are letters in the order of all columns, `owners` how many of them are an A."""

    duty: Duty
    cells: Sequence[str | None]

    @property
    def owners(self) -> int:
        """How many positions own the duty."""
        return sum(letter == "A" for letter in self.cells)


@dataclass(frozen=True)
class Matrix:
    """Columns by department (None last: positions that belong to none), rows by category code, both in code order."""

    departments: Sequence[tuple[Department | None, Sequence[Column]]]
    categories: Sequence[Sequence[Row]]

    @property
    def rows(self) -> list[Row]:
        """All duties."""
        return [row for category in self.categories for row in category]


def read_matrix(session: Session, today: date) -> Matrix:
    """The matrix as it stands; posts in force on `today` count, of people who may sign in."""
    people = _people(session, today)
    # Rows and columns stand in the order in which the company entered them: that of the starting data has a sense.
    positions = session.scalars(select(Position).order_by(Position.id)).all()
    departments = []
    for department in [*session.scalars(select(Department).order_by(Department.id)), None]:
        home = department.id if department else None
        columns = [Column(each, people.get(each.id, 0)) for each in positions if each.department_id == home]
        if columns:
            departments.append((department, columns))
    places = {
        column.position.id: place
        for place, column in enumerate(column for _department, columns in departments for column in columns)
    }
    return Matrix(departments, _categories(session, places))


def _people(session: Session, today: date) -> dict[int, int]:
    statement = (
        select(Post.position_id, func.count(distinct(Post.user_id)))
        .join(User, User.id == Post.user_id)
        .where(User.is_active, Post.valid_from <= today, or_(Post.valid_to.is_(None), Post.valid_to >= today))
        .group_by(Post.position_id)
    )
    with acting(session, SYSTEM):
        return dict(session.execute(statement).all())


def _categories(session: Session, places: dict[int, int]) -> list[list[Row]]:
    letters: dict[int, list[str | None]] = {}
    cells = select(PositionDuty.position_id, PositionDuty.duty_id, PositionDuty.letter)
    for position, duty, letter in session.execute(cells):
        if position in places:
            letters.setdefault(duty, [None] * len(places))[places[position]] = letter
    categories: dict[str, list[Row]] = {}
    for each in session.scalars(select(Duty).order_by(Duty.id)):
        row = Row(each, letters.get(each.id, [None] * len(places)))
        categories.setdefault(each.category, []).append(row)
    return list(categories.values())
