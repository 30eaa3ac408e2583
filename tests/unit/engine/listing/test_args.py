"""The query string of a list: read, refused in words, written again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import SYSTEM
from admin_app.engine.listing import ListArgs
from admin_app.engine.listing.args import SIZES, operators_of
from admin_app.errors import BadInput
from tests.unit.engine.conftest import bare_reader
from tests.unit.engine.properties import steady
from tests.unit.engine.sample import Book, Pair, Review, Shelf, entity

BOOK = entity(Book)


def read(policy: Any = SYSTEM, of: Any = BOOK, **args: Any) -> ListArgs:
    """Parse these arguments; `__` in a name stands for the colon."""
    return ListArgs.parse(of, MultiDict({key.replace("__", ":"): each for key, each in args.items()}), policy)


SAMPLES = {
    "text": ("甲", "a b", "x,y"),
    "number": ("3", "-1.5"),
    "money": ("12.50",),
    "choice": ("A", "new", "soft", "hard"),
    "bool": ("true", "false"),
    "date": ("2026-03-01",),
    "datetime": ("2026-03-01 10:00",),
    "time": ("10:30",),
    "interval": ("36:00",),
}


@st.composite
def arguments(draw: st.DrawFn) -> MultiDict[str, str]:
    """A query string that a list of books takes."""
    found: MultiDict[str, str] = MultiDict()
    for key in draw(st.lists(st.sampled_from(sorted(BOOK.fields)), max_size=4)):
        each = BOOK.fields[key]
        operator = draw(st.sampled_from(operators_of(each) or [None]))
        if operator is None:
            continue
        texts = ("1",) if each.reference else SAMPLES.get(each.kind.name, ("1",))
        if key == "isbn":
            texts = ("00000000-0000-0000-0000-000000000001",)
        codes = getattr(each.kind, "codes", None)
        text = draw(st.sampled_from(codes if codes and not each.reference else texts))
        if each.kind.name == "number" and key not in ("ratio", "weight"):
            text = "3"
        found.add(f"{key}:{operator.key}", text if operator.arity else "1")
    found.update(draw(st.fixed_dictionaries({}, optional={"q": st.sampled_from(["甲", "a b"])})))
    if draw(st.booleans()):
        found["sort"] = draw(st.sampled_from(["", "-"])) + draw(st.sampled_from(sorted(BOOK.sortable)))
    if draw(st.booleans()):
        found["cols"] = ",".join(
            draw(st.lists(st.sampled_from(sorted(BOOK.fields)), min_size=1, unique=True))
        )
    if draw(st.booleans()):
        found["size"] = str(draw(st.sampled_from(SIZES)))
    return found


@steady
@given(arguments())
def test_arguments_read_back_from_the_links_that_they_make(given_args: MultiDict[str, str]) -> None:
    with bare_reader().test_request_context():
        args = ListArgs.parse(BOOK, given_args, SYSTEM)
        parts = args.query(BOOK)
        if "size" in parts:
            parts["size"] = str(parts["size"])
        again = ListArgs.parse(BOOK, MultiDict(parts), SYSTEM)
        order = sorted(args.filters, key=lambda each: (each.name, each.text))
        assert sorted(again.filters, key=lambda each: (each.name, each.text)) == order
        assert (again.q, again.sort, again.descending, again.columns, again.size) == (
            args.q,
            args.sort,
            args.descending if args.sort else again.descending,
            args.columns,
            args.size,
        )


def test_nothing_asked_is_the_first_page_in_the_entitys_order(reader: Any) -> None:
    args = read()
    assert (args.q, args.filters, args.sort, args.columns, args.size) == ("", (), None, (), 20)
    assert not args.query(BOOK)
    assert read(of=entity(Shelf)).sort == "code"
    assert not read(of=entity(Shelf)).query(entity(Shelf))
    assert read(of=entity(Shelf), sort="-code").query(entity(Shelf)) == {"sort": "-code"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"sort": "note"}, "cannot be sorted by “note”"),
        ({"sort": "owner"}, "cannot be sorted by “owner”"),
        ({"sort": "-pin"}, "cannot be sorted by “pin”"),
        ({"cols": "name,nowhere"}, "has no column “nowhere”"),
        ({"cols": "pin"}, "has no column “pin”"),
        ({"size": "7"}, "A page holds 20, 50, 100 rows"),
        ({"size": "٢٠"}, "A page holds"),
        ({"size": "x"}, "A page holds"),
        ({"nowhere__eq": "1"}, "has no filter “nowhere:eq”"),
        ({"pin__eq": "1"}, "has no filter “pin:eq”"),
        ({"name__near": "x"}, "has no filter “name:near”"),
        ({"status__empty": "1"}, "has no filter “status:empty”"),
        ({"owner__has": "x"}, "has no filter “owner:has”"),
        ({"owner__eq": "x"}, "has no filter “owner:eq=x”"),
        ({"owner__eq": "1,2"}, "has no filter “owner:eq=1,2”"),
        ({"shelf__eq": "me"}, "has no filter “shelf:eq=me”"),
        ({"grade__eq": "D"}, "“D” is none of the choices"),
        ({"grade__in": "A,D"}, "“D” is none of the choices"),
        ({"pages__ge": "many"}, "“many” is no whole number"),
        ({"name__has": "a\x00"}, "cannot be stored"),
    ],
)
def test_what_the_list_does_not_have_is_refused_in_words(
    reader: Any, args: dict[str, str], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        read(**args)


def test_an_empty_box_of_the_filter_form_is_no_condition(reader: Any) -> None:
    assert read(name__has="  ", owner__eq="").filters == ()
    assert [each.name for each in read(grade__empty="").filters] == ["grade:empty"]


def test_several_values_of_a_choice_are_one_condition(reader: Any) -> None:
    (condition,) = read(grade__in="A,grade B").filters
    assert condition.value == ["A", "B"]


def test_a_nul_in_the_search_box_is_left_out(reader: Any) -> None:
    assert read(q=" a\x00b ").q == "ab"


def test_me_is_whoever_asks(desk: Session, policy_of_job: Callable[[str], Any], people: Any) -> None:
    (condition,) = read(policy_of_job("own"), owner__eq="me").filters
    assert condition.value == people.own.id
    assert read(policy_of_job("own"), owner__eq="me").query(BOOK) == {"owner:eq": ["me"]}


def test_a_cursor_lasts_for_one_link_only(reader: Any) -> None:
    args = read(after="abc", q="x", exact="1")
    assert (args.after, args.exact) == ("abc", True)
    assert args.query(BOOK) == {"q": "x"}
    assert args.query(BOOK, after="def") == {"q": "x", "after": "def"}
    assert args.query(BOOK, q="", end=1) == {"end": 1}
    assert args.query(BOOK, sort="pages", descending=True, before="") == {"q": "x", "sort": "-pages"}


def test_only_what_may_be_empty_is_asked_whether_it_is() -> None:
    keys = {
        key: {op.key for op in operators_of(BOOK.fields[key])}
        for key in ("name", "code", "owner", "department")
    }
    assert "empty" not in keys["name"]
    assert "empty" in keys["code"]
    assert keys["owner"] == {"eq", "empty", "filled"}
    assert keys["department"] == {"eq"}


def test_a_reference_with_a_key_of_several_columns_has_no_filter(reader: Any) -> None:
    assert entity(Pair).key_kinds[1:]
    with pytest.raises(BadInput, match="has no filter"):
        read(of=entity(Review), book__eq="1,2")
