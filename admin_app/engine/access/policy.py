"""What one person may do: an immutable table from (entity, action) to rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    "work",
)
"""The action words that a letter profile may use."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A set of rows by who owns them. Rows only add up; the empty set is the default.

    `owners` are user ids, `departments` department ids; `everything` covers all rows whatever they belong to.
    """

    everything: bool = False
    owners: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.everything or bool(self.owners) or bool(self.departments)

    def __or__(self, other: Rows) -> Rows:
        if self.everything or other.everything:
            return EVERYTHING
        return Rows(False, self.owners | other.owners, self.departments | other.departments)

    def hold(self, owner_id: int | None, department_id: int | None) -> bool:
        """Whether a row of this owner and department belongs to the set."""
        return self.everything or owner_id in self.owners or department_id in self.departments


EVERYTHING: Final = Rows(everything=True)
NOTHING: Final = Rows()


@dataclass(frozen=True, eq=False)
class Policy:
    """One actor's rights. Identity is what the row scope caches its criteria by, so `eq` is off.

    `grants` maps (entity, action) to rows. `unlimited` is the administrator and the system itself.
    `home_department` is where new records of this person go when nothing else is chosen; `position_names` is how
    the page calls the person, by language.
    """

    actor: str
    user_id: int | None = None
    unlimited: bool = False
    home_department: int | None = None
    position_names: Mapping[str, str] = field(default_factory=dict)
    grants: Mapping[tuple[str, str], Rows] = field(default_factory=dict)

    def rows(self, action: str, entity: str) -> Rows:
        """The rows of `entity` on which `action` is allowed; empty where nothing grants it."""
        if self.unlimited:
            return EVERYTHING
        return self.grants.get((entity, action), NOTHING)

    def may(self, action: str, entity: str) -> bool:
        """Whether `action` is allowed on at least some rows of `entity`."""
        return bool(self.rows(action, entity))


SYSTEM: Final = Policy(actor="system", unlimited=True)
"""The explicit actor of commands, jobs and start-up."""

NOBODY: Final = Policy(actor="nobody")
"""Sees nothing: the actor of a request that has not signed in."""
