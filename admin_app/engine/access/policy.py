"""What one person may do: an immutable table from (entity, action) to rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

ACTIONS: Final = (
    "view",
    "create",
    "edit",
    "delete",
    "assign",
    "approve",
    "configure",
    "export",
    "bulk",
    "comment",
    "report",
    "import",
    "reveal",
    "work",
)
"""The action words that a letter profile may use; `work` stands for the entity's own working actions."""

LEVELS: Final = ("hidden", "masked", "read", "write")
"""How much of a field one gets, each containing the one before."""

REACHES: Final = ("own", "subordinates", "department", "department_tree", "all")
"""The reach words, from narrow to wide."""

RECORD: Final = "record"
"""The reach of a grant that names one record; narrower than all of them, and no word of the matrix."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A set of rows by who owns them. Rows only add up; the empty set is the default.

    `owners` are user ids, `departments` department ids; `everything` covers all rows whatever they belong to. `keys`
    names single records, (entity, key as it stands in addresses); the parts of such a record belong to the set too.
    """

    everything: bool = False
    owners: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()
    keys: frozenset[tuple[str, str]] = frozenset()

    def __bool__(self) -> bool:
        return self.broad or bool(self.keys)

    @property
    def broad(self) -> bool:
        """Whether it holds more than single records."""
        return self.everything or bool(self.owners) or bool(self.departments)

    def __or__(self, other: Rows) -> Rows:
        if self.everything or other.everything:
            return EVERYTHING
        return Rows(
            False, self.owners | other.owners, self.departments | other.departments, self.keys | other.keys
        )

    def __ge__(self, other: Rows) -> bool:
        """Whether every row of `other` is in this set, as far as owners, departments and keys tell by themselves."""
        if self.everything:
            return True
        return (
            not other.everything
            and self.owners >= other.owners
            and self.departments >= other.departments
            and self.keys >= other.keys
        )

    def hold(self, owner_id: int | None, department_id: int | None) -> bool:
        """Whether a row of this owner and department belongs to the set, whatever its key."""
        return self.everything or owner_id in self.owners or department_id in self.departments


EVERYTHING: Final = Rows(everything=True)
NOTHING: Final = Rows()


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that gives somebody something: a matrix cell of a post in force, or a manual grant.

    `position`, `duty` and `department` are ids (None where there is none); `levels` are field levels by group, with
    "" for all other groups; `until` is the last day. `acting` says that the post is held in somebody's place, and
    `acting_for` in whose, where that is known. A grant for one record has the reach "record" and its `record` key.
    """

    entity: str
    actions: frozenset[str]
    rows: Rows
    reach: str
    levels: Mapping[str, str]
    department: int
    letter: str | None = None
    position: int | None = None
    duty: int | None = None
    grant: int | None = None
    acting: bool = False
    until: date | None = None
    acting_for: int | None = None
    record: str | None = None

    def level(self, group: str) -> int:
        """How much of the fields in `group` it gives, as an index into LEVELS."""
        return LEVELS.index(self.levels.get(group, self.levels.get("", "hidden")))


@dataclass(frozen=True, eq=False)
class Policy:
    """One actor's rights. Identity is what the row scope caches its criteria by, so `eq` is off.

    `grants` maps (entity, action) to rows; `sources` say where each comes from. `unlimited` is the administrator and
    the system itself. `home_department` is where new records of this person go when nothing else is chosen;
    `position_names` is how the page calls the person, by language.
    """

    actor: str
    user_id: int | None = None
    unlimited: bool = False
    home_department: int | None = None
    position_names: Mapping[str, str] = field(default_factory=dict)
    grants: Mapping[tuple[str, str], Rows] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()

    def rows(self, action: str, entity: str) -> Rows:
        """The rows of `entity` on which `action` is allowed; empty where nothing grants it."""
        if self.unlimited:
            return EVERYTHING
        return self.grants.get((entity, action), NOTHING)

    def field_rows(self, entity: str, group: str, level: str) -> Rows:
        """The rows of `entity` on which this person gets at least `level` of the fields in `group`."""
        if self.unlimited:
            return EVERYTHING
        wanted = LEVELS.index(level)
        found = NOTHING
        for source in self.sources:
            if source.entity == entity and "view" in source.actions and source.level(group) >= wanted:
                found = found | source.rows
        return found

    def may(self, action: str, entity: str) -> bool:
        """Whether `action` is allowed on at least some rows of `entity`."""
        return bool(self.rows(action, entity))


SYSTEM: Final = Policy(actor="system", unlimited=True)
"""The explicit actor of commands, jobs and start-up."""

NOBODY: Final = Policy(actor="nobody")
"""Sees nothing: the actor of a request that has not signed in."""
