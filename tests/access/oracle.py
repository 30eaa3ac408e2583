"""The rules of access once more, slow and obvious: plain Python over lists of dicts, one row and one right at a time.

Written from the domain's rule book and not from the engine, with which it shares no line. A world is a dict:

- `today`: a date; `users`: id, active, admin; `departments`: id, parent; `positions`: ids alone
- `letters`: letter, actions, reach, level; `duties`: id, entities
- `cells`: position, duty, letter, reach and levels (either may be None: as the letter has it)
- `posts`: user, position, department, first, last (None: until further notice), acting
- `grants`: user, entity, actions, reach, record (the id of the one row that it is for, or None), level, department,
  first, last
- `entities`: name -> reading, follows (the name of the whole, or None), owned, groups (field -> group), forbids
- `rows`: name -> id, owner, department, whole (the id of what it is a part of)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

World = dict[str, Any]
Row = dict[str, Any]
LEVELS = ["hidden", "masked", "read", "write"]
#: What reading a part asks of its whole; all other work on a part is work on the whole.
READING = ["view", "export", "report", "reveal"]
#: A department and a person that no world knows: where and whose a row could be tomorrow.
ELSEWHERE = -1
STRANGER = -1


def rights(world: World, user: int) -> list[dict[str, Any]]:
    """Everything that gives this person something today, one dict per matrix cell and entity, or per grant."""
    known = world.setdefault("rights", {})
    if user not in known:
        known[user] = [*_from_cells(world, user), *_from_grants(world, user)] if signs_in(world, user) else []
    found: list[dict[str, Any]] = known[user]
    return found


def _from_cells(world: World, user: int) -> Iterator[dict[str, Any]]:
    for post in world["posts"]:
        if post["user"] != user or not in_force(post, world["today"]):
            continue
        for cell in world["cells"]:
            if cell["position"] != post["position"]:
                continue
            for letter in world["letters"]:
                if letter["letter"] != cell["letter"]:
                    continue
                for entity in find(world["duties"], cell["duty"])["entities"]:
                    yield {
                        "entity": entity,
                        "actions": letter["actions"],
                        "reach": cell["reach"] or letter["reach"],
                        "record": None,
                        "department": post["department"],
                        "level": letter["level"],
                        "levels": cell["levels"] or {},
                    }


def _from_grants(world: World, user: int) -> Iterator[dict[str, Any]]:
    for grant in world["grants"]:
        if grant["user"] == user and in_force(grant, world["today"]):
            yield {**grant, "levels": {}}


def in_force(held: dict[str, Any], today: Any) -> bool:
    """From the first day to the last, both included."""
    if held["first"] > today:
        return False
    return held["last"] is None or held["last"] >= today


def find(things: list[dict[str, Any]], key: int) -> dict[str, Any]:
    """The one with this id."""
    (found,) = [each for each in things if each["id"] == key]
    return found


def signs_in(world: World, user: int) -> bool:
    """Whether the person counts at all."""
    return bool(find(world["users"], user)["active"])


def is_administrator(world: World, user: int) -> bool:
    """An administrator who may sign in has no limits."""
    return signs_in(world, user) and bool(find(world["users"], user)["admin"])


def may(world: World, user: int, action: str, entity: str) -> bool:
    """Whether some rows of the entity stand open for the action: what a menu or a button asks."""
    if action in world["entities"][entity]["forbids"]:
        return False
    return _some(world, user, action, entity)


def _some(world: World, user: int, action: str, entity: str) -> bool:
    if is_administrator(world, user):
        return True
    declared = world["entities"][entity]
    if action == "view" and declared["reading"] == "open" and signs_in(world, user):
        return True
    for right in rights(world, user):
        # Whatever its reach: each holds at least one's own rows, or the one that it names.
        if right["entity"] == entity and action in right["actions"]:
            return True
    return declared["follows"] is not None and _some(world, user, of_the_whole(action), declared["follows"])


def of_the_whole(action: str) -> str:
    """What an action on a part asks of its whole."""
    return action if action in READING else "edit"


def may_row(world: World, user: int, action: str, entity: str, row: Row) -> bool:
    """Whether the action stands open on this row: what a page of one record asks."""
    if action in world["entities"][entity]["forbids"]:
        return False
    return covers(world, user, action, entity, row)


def covers(world: World, user: int, action: str, entity: str, row: Row) -> bool:
    """Whether duties and grants reach the row, whatever the entity itself forbids."""
    if is_administrator(world, user):
        return True
    declared = world["entities"][entity]
    if action == "view" and declared["reading"] == "open" and signs_in(world, user):
        return True
    for right in rights(world, user):
        given = right["entity"] == entity and action in right["actions"]
        if given and reaches(world, user, right, entity, row):
            return True
    if declared["follows"] is None:
        return False
    return covers(world, user, of_the_whole(action), declared["follows"], whole_of(world, entity, row))


def whole_of(world: World, entity: str, row: Row) -> Row:
    """The row that this one is a part of."""
    return find(world["rows"][world["entities"][entity]["follows"]], row["whole"])


def reaches(world: World, user: int, right: dict[str, Any], entity: str, row: Row) -> bool:
    """Whether a right covers a row of its entity: the one that it names, or what its reach word says.

    A reach word looks at the row's own owner and department, or at those of its whole.
    """
    if right["record"] is not None:
        return bool(row["id"] == right["record"])
    declared = world["entities"][entity]
    if declared["follows"] is not None:
        return reaches(world, user, right, declared["follows"], whole_of(world, entity, row))
    if not declared["owned"]:
        # Nobody owns single rows of it, so there are no narrower rows than all.
        return True
    if right["reach"] == "all":
        return True
    if row["owner"] is not None and row["owner"] == user:
        return True
    same = row["department"] == right["department"]
    below = is_below(world, row["department"], right["department"])
    if right["reach"] == "department":
        return bool(same)
    if right["reach"] == "department_tree":
        return bool(same or below)
    if right["reach"] == "subordinates":
        return below
    return False


def is_below(world: World, department: int, above: int) -> bool:
    """Whether a department stands somewhere under another."""
    if department == ELSEWHERE:
        return False
    parent = find(world["departments"], department)["parent"]
    if parent is None:
        return False
    return bool(parent == above) or is_below(world, parent, above)


def sees(world: World, user: int, entity: str, row: Row) -> bool:
    """Whether a statement of this person may return the row: a directory shows its labels to whoever signs in."""
    if world["entities"][entity]["reading"] == "directory" and signs_in(world, user):
        return True
    return covers(world, user, "view", entity, row)


def level(world: World, user: int, entity: str, group: str, row: Row) -> int:
    """How much of a group's fields the person gets on a row: the most that any right gives, as an index of LEVELS.

    Only a right to view counts. The whole's rights count for its parts, group by group of the same name.
    """
    if is_administrator(world, user):
        return LEVELS.index("write")
    best = LEVELS.index("hidden")
    place, place_row = entity, row
    while True:
        for right in rights(world, user):
            if right["entity"] != place or "view" not in right["actions"]:
                continue
            if reaches(world, user, right, place, place_row):
                given = right["levels"].get(f"{place}.{group}", right["level"])
                best = max(best, LEVELS.index(given))
        if world["entities"][place]["follows"] is None:
            return best
        place, place_row = world["entities"][place]["follows"], whole_of(world, place, place_row)


def anywhere(world: World, entity: str) -> list[tuple[World, Row]]:
    """Every row that there could be, each in a world that holds it and its wholes.

    They differ in owner, in department, and in whether a grant names them or their wholes.
    """
    found = []
    chain = [entity]
    while world["entities"][chain[-1]]["follows"] is not None:
        chain.append(world["entities"][chain[-1]]["follows"])
    named = [
        {0, *(grant["record"] for grant in world["grants"] if grant["entity"] == name and grant["record"])}
        for name in chain
    ]
    owners = [None, STRANGER, *(user["id"] for user in world["users"])]
    departments = [ELSEWHERE, *(department["id"] for department in world["departments"])]
    for owner in owners:
        for department in departments:
            for ids in product(*named):
                rows = {
                    name: [{"id": key, "owner": owner, "department": department, "whole": whole}]
                    for name, key, whole in zip(chain, ids, [*ids[1:], None], strict=True)
                }
                found.append(({**world, "rows": rows}, rows[entity][0]))
    return found


def readable(world: World, user: int, entity: str, field: str) -> bool:
    """Whether a field is plain on every row that the person could ever see: then one may filter by it."""
    group = world["entities"][entity]["groups"].get(field)
    if group is None:
        return True
    for possible, row in anywhere(world, entity):
        seen = covers(possible, user, "view", entity, row)
        if seen and level(possible, user, entity, group, row) < LEVELS.index("read"):
            return False
    return True


def reaches_level(world: World, user: int, entity: str, field: str, wanted: str) -> bool:
    """Whether the person gets at least this level of a field on some row that there could be."""
    group = world["entities"][entity]["groups"].get(field)
    if group is None:
        return True
    for possible, row in anywhere(world, entity):
        if level(possible, user, entity, group, row) >= LEVELS.index(wanted):
            return True
    return False
