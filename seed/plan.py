"""What one demo load has in common: its days, its teams, and how much each customer gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from admin_app.services.clock import months_before
from admin_app.services.contracts import LAPSE_MONTHS
from seed.names import Dice
from seed.people import Team

SEED = 20261124
#: How far back and ahead a calendar reaches, in days.
_PAST, _FUTURE = 1600, 1500
#: Office hours of the company, 09:00 to 18:00 in Shanghai, as minutes of the UTC day: a date is the same in both.
_OPENS, _SLOTS = 60, 18
_DEPARTMENTS = (
    ("CR",) * 27 + ("SAL",) * 29 + ("CS",) * 20 + ("BIZ",) * 16 + ("MAL",) * 3 + ("MKT",) * 3 + ("DAT",) * 2
)


class Calendar:
    """Days counted back from ``today``, looked up instead of made: a big load asks millions of times."""

    def __init__(self, today: date) -> None:
        self.today = today
        #: Whoever has had no performance after this day has lapsed, unless a contract is running.
        self.lapse_day = months_before(today, LAPSE_MONTHS)
        self._days = [today - timedelta(days=ago) for ago in range(_PAST, -_FUTURE, -1)]
        self._workdays = [day - timedelta(days=max(0, day.weekday() - 4)) for day in self._days]
        self._moments = [
            datetime.combine(self.workday(ago), time(), UTC) + timedelta(minutes=_OPENS + 30 * slot)
            for ago in range(_PAST + 1)
            for slot in range(_SLOTS)
        ]

    def day(self, ago: int) -> date:
        """The day `ago` days before today; a negative number is in the future."""
        return self._days[_PAST - ago]

    def workday(self, ago: int) -> date:
        """The same, or the Friday before when it falls on a weekend."""
        return self._workdays[_PAST - ago]

    def moment(self, ago: int, dice: Dice) -> datetime:
        """Some time in office hours of that working day, in UTC."""
        return self._moments[ago * _SLOTS + int(dice.random() * _SLOTS)]


@dataclass(frozen=True)
class Plan:
    """One load: ``rich`` gives every customer all that a customer can have, else only what a big load holds."""

    calendar: Calendar
    teams: dict[str, Team]
    rich: bool
    tags: dict[str, list[int]] = field(default_factory=dict)
    seed: int = SEED

    def dice_for(self, number: int, dice: Dice) -> Dice:
        """`dice`, set so that every throw for customer `number` is always the same, whoever came before."""
        dice.seed(self.seed * 10_000_019 + number)
        return dice

    def department(self, dice: Dice) -> str:
        """The code of a department that looks after a customer."""
        return dice.pick(_DEPARTMENTS)

    def owned(self, dice: Dice, department: str) -> dict[str, int | None]:
        """The owner and department columns of a record that somebody in `department` looks after."""
        team = self.teams[department]
        return {
            "owner_id": dice.pick(team.members) if dice.random() < 0.97 else None,
            "department_id": team.department_id,
        }
