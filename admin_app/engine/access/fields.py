"""The one door for fields: how much of a grouped field one person gets, on which rows.

Fields in no group follow the action alone. A field in a group ("a customer's contact details") has a level per cell
or letter: hidden, masked, read, write. Levels only add up, like rows: the widest source wins on each row.
"""

from __future__ import annotations

from collections.abc import Mapping

from admin_app.engine.access.explain import routes
from admin_app.engine.access.guard import AccessMap
from admin_app.engine.access.policy import EVERYTHING, NOTHING, Policy, Rows


class FieldAccess:
    """One actor's levels for the fields of one entity.

    Args:
        access: the guards of the site.
        policy: the actor.
        entity: the entity's name.
        groups: the group of each grouped field, by field key.
    """

    def __init__(self, access: AccessMap, policy: Policy, entity: str, groups: Mapping[str, str]) -> None:
        self.groups = groups
        self._view = access.rows(policy, "view", entity)
        self._rows: dict[tuple[str, str], Rows] = {}
        names = [name for name, _action in routes(access, "view", entity)]
        for group in set(groups.values()):
            for level in ("masked", "read", "write"):
                rows = EVERYTHING if policy.unlimited else NOTHING
                for name in names:
                    rows = rows | policy.field_rows(name, group, level)
                self._rows[group, level] = rows

    def rows(self, key: str, level: str) -> Rows:
        """The rows on which the actor gets at least `level` of this field."""
        group = self.groups.get(key)
        return EVERYTHING if group is None else self._rows[group, level]

    def visible(self, key: str) -> bool:
        """Whether the field exists for the actor: in lists, details and exports, perhaps masked."""
        return bool(self.rows(key, "masked"))

    def readable(self, key: str) -> bool:
        """Whether it is plain on every row that the actor sees: only then may it be searched, filtered or sorted by.

        Anything less would let a filter tell, row by row, what the mask hides.
        """
        return self.rows(key, "read") >= self._view

    def writable(self, key: str) -> bool:
        """Whether it may be typed on at least some rows."""
        return bool(self.rows(key, "write"))
