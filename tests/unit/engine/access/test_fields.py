"""Levels of fields: the widest that any duty gives, for an entity and for what it is a part of."""

from __future__ import annotations

from admin_app.engine.access import SYSTEM, Policy, Rows
from admin_app.engine.access.fields import FieldAccess
from admin_app.engine.access.policy import EVERYTHING, NOTHING, Source
from tests.unit.engine.sample import SITE

MINE = Rows(owners=frozenset({1}))
WEST = Rows(departments=frozenset({2}))
GROUPS = {"price": "money", "text": "words"}


def source(entity: str, rows: Rows, level: str, *actions: str) -> Source:
    """Something that gives these actions, to view where none is said, and the level for all groups but words."""
    levels = {"": level, "words": "hidden"}
    return Source(entity, frozenset(actions or ("view",)), rows, "own", levels, 1)


def levels(*sources: Source, seen: Rows = NOTHING) -> FieldAccess:
    """What somebody with these sources gets of a remark, which is part of a chapter, which is part of a book."""
    policy = Policy("ada", 1, grants={("remark", "view"): seen}, sources=sources)
    return FieldAccess(SITE.access, policy, "remark", GROUPS)


def test_each_level_holds_the_ones_below() -> None:
    found = levels(source("remark", MINE, "read"), source("remark", WEST, "masked"))
    assert found.rows("price", "masked") == MINE | WEST
    assert found.rows("price", "read") == MINE
    assert found.rows("price", "write") == NOTHING
    assert found.visible("price") and not found.writable("price")


def test_the_duties_for_the_whole_count_for_its_parts_and_add_up_to_ones_own() -> None:
    own, whole = source("remark", MINE, "write"), source("book", WEST, "write")
    assert levels(own).rows("price", "write") == MINE
    assert levels(whole).rows("price", "write") == WEST
    assert levels(own, whole).rows("price", "write") == MINE | WEST
    assert levels(source("loan", WEST, "write")).rows("price", "masked") == NOTHING


def test_a_group_that_a_duty_hides_stays_hidden_beside_others() -> None:
    found = levels(source("remark", MINE, "write"))
    assert found.writable("price")
    assert not found.visible("text")


def test_only_a_duty_to_view_shows_anything() -> None:
    assert not levels(source("remark", MINE, "write", "edit", "export")).visible("price")


def test_a_field_is_readable_where_it_is_plain_on_every_row_that_one_sees() -> None:
    mine = source("remark", MINE, "read")
    assert levels(mine, seen=MINE).readable("price")
    assert not levels(mine, seen=MINE | WEST).readable("price")


def test_a_field_of_no_group_is_open_and_to_an_administrator_all_are() -> None:
    assert levels().rows("id", "write") is EVERYTHING
    assert FieldAccess(SITE.access, SYSTEM, "remark", GROUPS).rows("text", "write") is EVERYTHING
