"""What the duty matrix gives to whom: a second implementation, slow and obvious, to compare the app with.

It reads the CSV files of the starting organisation and the site's declarations (open, directory, follows, forbids),
asks the database only who holds which post and who owns which row, and goes through rows one by one. It shares no
code with `admin_app.engine.access`.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import Flask

from admin_app.actor import company_today
from admin_app.config import ROOT
from admin_app.db import db

ORGANISATION = ROOT / "seed" / "organisation"
#: What a part needs of its whole; everything else needs the right to edit the whole.
SAME_FOR_THE_WHOLE = ("view", "export", "report", "reveal")


def facts(name: str) -> list[dict[str, str]]:
    """The lines of one CSV file of the starting organisation."""
    with (ORGANISATION / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


#: The demo user of each starting position bears its code in lower case.
POSITIONS = tuple(fact["code"].lower() for fact in facts("positions"))


@dataclass(frozen=True)
class Grant:
    """One action on one entity in a department (its code), out of a cell of the matrix or a grant by hand.

    `record` is the number of the one record that a grant is for; it has no reach then.
    """

    entity: str
    action: str
    reach: str | None
    department: str
    record: int | None = None


@dataclass(frozen=True)
class Actor:
    """Somebody with a user name; nobody with an empty one."""

    username: str
    user_id: int | None
    unlimited: bool
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Row:
    """Who owns a record: a user's key and a department's code; `whole` is the key of what it is a part of."""

    owner: int | None = None
    department: str | None = None
    whole: Any = None


class Expectation:
    """The prediction for one database, read once; keys of records are their numbers."""

    def __init__(self, app: Flask) -> None:
        #: Records to visit, by user name and entity, as `doors.samples` chose them.
        self.samples: dict[tuple[str, str], list[int]] = {}
        self._known: dict[tuple[str, str, str], list[Grant]] = {}
        self.site = app.extensions["dutybook"]
        with app.app_context(), db.engine.connect() as connection:
            self._connection_facts(connection, company_today().date())

    def _connection_facts(self, connection: sa.Connection, today: date) -> None:
        codes = sa.text("SELECT id, code FROM department")
        self.department_codes = {row.id: row.code for row in connection.execute(codes)}
        users = sa.text('SELECT id, username, is_admin, is_active FROM "user"')
        posts = sa.text(
            "SELECT post.user_id, position.code AS position, department.code AS department,"
            " post.valid_from, post.valid_to FROM post"
            " JOIN position ON position.id = post.position_id JOIN department ON department.id = post.department_id"
        )
        held = list(connection.execute(posts))
        by_hand = sa.text(
            "SELECT access_grant.*, department.code AS department FROM access_grant"
            " JOIN department ON department.id = access_grant.department_id"
        )
        grants = list(connection.execute(by_hand))
        self._actors = {
            row.username: Actor(
                row.username,
                row.id,
                bool(row.is_admin),
                tuple(
                    grant
                    for post in held
                    if post.user_id == row.id and row.is_active and _in_force(post, today)
                    for grant in grants_of(post.position, post.department)
                )
                + tuple(
                    Grant(grant.entity, action, grant.rows, grant.department, _whole_number(grant.record_key))
                    for grant in grants
                    if grant.user_id == row.id and row.is_active and _in_force(grant, today)
                    for action in grant.actions.split()
                ),
            )
            for row in connection.execute(users)
        }
        self.rows: dict[str, dict[int, Row]] = {}
        #: By entity and column: the keys of the rows that hold each value.
        self.pointing: dict[tuple[str, str], dict[Any, set[int]]] = defaultdict(lambda: defaultdict(set))
        for entity in self.site.entities:
            self._read_rows(connection, entity)

    def _read_rows(self, connection: sa.Connection, entity: Any) -> None:
        table = entity.table
        owned = "owner_id" in table.c and "department_id" in table.c
        found: dict[int, Row] = {}
        for row in connection.execute(sa.select(table)).mappings():
            found[row["id"]] = Row(
                row["owner_id"] if owned else None,
                self.department_codes[row["department_id"]] if owned else None,
                row[f"{entity.follows}_id"] if entity.follows else None,
            )
            for column in table.columns:
                if column.foreign_keys:
                    self.pointing[entity.name, column.name][row[column.name]].add(row["id"])
        self.rows[entity.name] = found

    def actor(self, username: str) -> Actor:
        """The person with this user name, or nobody."""
        return self._actors.get(username) or Actor("", None, False, ())

    def may(self, actor: Actor, action: str, name: str) -> bool:
        """Whether some post of `actor` gives `action` on the entity, whatever the rows."""
        entity = self.site.by_name[name]
        if action in entity.forbids or actor.user_id is None:
            return False
        return actor.unlimited or self._open(action, entity) or bool(self._grants(actor, action, entity))

    def covers(self, actor: Actor, action: str, name: str, key: int) -> bool:
        """Whether `actor` may do `action` on the row with this key."""
        entity = self.site.by_name[name]
        if not self.may(actor, action, name):
            return False
        if actor.unlimited or self._open(action, entity):
            return True
        row = self.rows[name][key]
        chain = {name: key}
        while entity.follows:
            entity = self._whole(entity)
            chain[entity.name] = row.whole
            row = self.rows[entity.name][row.whole]
        grants = self._grants(actor, action, self.site.by_name[name])
        if any(grant.record is not None and chain.get(grant.entity) == grant.record for grant in grants):
            return True
        grants = [grant for grant in grants if grant.record is None]
        if row.department is None:
            return bool(grants)
        return any(reaches(grant, actor, row) for grant in grants)

    def keys(self, actor: Actor, action: str, name: str) -> set[int]:
        """All rows on which `actor` may do `action`."""
        return {key for key in self.rows[name] if self.covers(actor, action, name, key)}

    def seen(self, actor: Actor, name: str) -> set[int]:
        """All rows whose label `actor` may see: those of a directory are everybody's."""
        if self.site.by_name[name].reading == "directory" and actor.user_id is not None:
            return set(self.rows[name])
        return self.keys(actor, "view", name)

    def _whole(self, entity: Any) -> Any:
        return self.site.by_name[getattr(entity.model, entity.follows).property.mapper.local_table.name]

    def _open(self, action: str, entity: Any) -> bool:
        return action == "view" and entity.reading == "open"

    def _grants(self, actor: Actor, action: str, entity: Any) -> list[Grant]:
        place = (actor.username, action, entity.name)
        if place not in self._known:
            found = [each for each in actor.grants if (each.entity, each.action) == (entity.name, action)]
            if entity.follows:
                needed = action if action in SAME_FOR_THE_WHOLE else "edit"
                found += self._grants(actor, needed, self._whole(entity))
            self._known[place] = found
        return self._known[place]


class Matrix:
    """The CSV files, read once."""

    @cached_property
    def cells(self) -> list[dict[str, str]]:
        """Position, duty and letter."""
        return facts("position_duties")

    @cached_property
    def entities(self) -> dict[str, list[str]]:
        """What each duty needs, by its code."""
        return {fact["code"]: fact["entities"].split() for fact in facts("duties")}

    @cached_property
    def profiles(self) -> dict[str, tuple[list[str], str]]:
        """Actions and rows of each letter."""
        return {fact["letter"]: (fact["actions"].split(), fact["rows"]) for fact in facts("letter_profiles")}

    @cached_property
    def parents(self) -> dict[str, str]:
        """Department codes with the code of what they belong to, which may be empty."""
        return {fact["code"]: fact["parent"] for fact in facts("departments")}


MATRIX = Matrix()


def grants_of(position: str, department: str) -> Iterator[Grant]:
    """What a post gives."""
    for cell in MATRIX.cells:
        if cell["position"] != position:
            continue
        actions, reach = MATRIX.profiles[cell["letter"]]
        for entity in MATRIX.entities[cell["duty"]]:
            for action in actions:
                yield Grant(entity, action, cell.get("rows") or reach, department)


def reaches(grant: Grant, actor: Actor, row: Row) -> bool:
    """Whether a grant covers a row: one's own is always within reach, then the department, those below, all."""
    if grant.reach == "all" or (row.owner is not None and row.owner == actor.user_id):
        return True
    if grant.reach == "own":
        return False
    if row.department == grant.department:
        return grant.reach != "subordinates"
    above = MATRIX.parents.get(row.department or "", "")
    while above and above != grant.department:
        above = MATRIX.parents.get(above, "")
    return bool(above) and grant.reach in ("department_tree", "subordinates")


def _whole_number(key: str | None) -> int | None:
    return None if key is None else int(key)


def _in_force(post: Any, today: date) -> bool:
    first, last = _day(post.valid_from), _day(post.valid_to)
    return first is not None and first <= today and (last is None or today <= last)


def _day(value: Any) -> date | None:
    # Text SQL brings dates as SQLite stores them: as text.
    return date.fromisoformat(value) if isinstance(value, str) else value
