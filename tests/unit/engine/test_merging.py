"""Three sides made one: the rules of a merge, for any values."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from admin_app.engine.merging import carried, merge
from tests.unit.engine.properties import steady

KEYS = ("a", "b", "c", "d")
TEXTS = st.sampled_from(["", "x", "y", "z", True, False])
SETS = st.frozensets(st.integers(0, 4), max_size=4)
side = st.fixed_dictionaries(dict.fromkeys(KEYS, TEXTS))
base_side = st.dictionaries(st.sampled_from(KEYS), TEXTS)


@steady
@given(base_side, side, side)
def test_each_key_follows_whoever_changed_it_alone(
    base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    found = merge(base, mine, theirs)
    assert set(found.values) == set(KEYS)
    for key in KEYS:
        own, other = mine[key], theirs[key]
        both = own != other and (key not in base or base[key] not in (own, other))
        assert (key in found.conflicts) == both
        assert (key in found.taken) == (own != other and key in base and base[key] == own)
        expected = other if key in found.taken else own
        assert found.values[key] == expected


@steady
@given(side, side)
def test_nobody_elses_change_and_equal_changes_leave_mine(base: dict[str, Any], mine: dict[str, Any]) -> None:
    for theirs in (base, mine):
        found = merge(base, mine, theirs)
        assert (found.values, found.conflicts, found.taken) == (mine, frozenset(), frozenset())


@steady
@given(side, side)
def test_an_untouched_form_becomes_theirs(base: dict[str, Any], theirs: dict[str, Any]) -> None:
    found = merge(base, base, theirs)
    assert (found.values, found.conflicts) == (theirs, frozenset())


@steady
@given(side, side, side)
def test_the_same_fields_conflict_whoever_comes_second(
    base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert one.conflicts == other.conflicts
    assert all(one.values[key] == other.values[key] for key in KEYS if key not in one.conflicts)


@steady
@given(SETS, SETS, SETS)
def test_sets_merge_by_element(base: frozenset[int], mine: frozenset[int], theirs: frozenset[int]) -> None:
    found = merge({"tags": base}, {"tags": mine}, {"tags": theirs})
    assert not found.conflicts
    merged = found.values["tags"]
    for each in base | mine | theirs:
        changed = [each in one for one in (mine, theirs) if (each in one) != (each in base)]
        assert (each in merged) == (changed[0] if changed else each in base)


@steady
@given(base_side)
def test_a_form_carries_what_it_showed(base: dict[str, Any]) -> None:
    from admin_app.engine.merging import _read

    assert _read(carried(base)) == base


def test_what_is_no_base_is_none() -> None:
    from admin_app.engine.merging import _read

    for text in (None, "", "[]", "1", "{", '{"a": 1, "b": null}', "[" * 100_000):
        assert _read(text) == {}
