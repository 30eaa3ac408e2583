"""A page of a list: rows, neighbours, counts, and what the template shows of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.entity import Entity
from admin_app.engine.listing import ListArgs, Listing
from admin_app.engine.listing import listing as module
from admin_app.engine.listing.page import Presenter
from admin_app.engine.listing.tools import column_choices, filter_fields
from admin_app.errors import BadInput
from tests.unit.engine.conftest import speak
from tests.unit.engine.listing.test_plan import statements
from tests.unit.engine.sample import Book, Pair, Shelf, entity

BOOK = entity(Book)


def listing(policy: Any = SYSTEM, of: Any = BOOK, more: Any = None, **args: Any) -> Listing:
    """A list with these arguments; `__` in a name stands for the colon."""
    parts = MultiDict({key.replace("__", ":"): each for key, each in args.items()})
    return Listing(of, ListArgs.parse(of, parts, policy), policy, f"{of.name}.index_view", **(more or {}))


def names(session: Session, **args: Any) -> list[str]:
    """Titles of the page's rows."""
    plan, rows, _cursors = listing(**args).rows(session)
    return [plan.title(row) for row in rows]


@pytest.fixture
def shelf_of_45(desk: Session, add_book: Callable[..., Book]) -> None:
    """Books 00 to 44; pages repeat, and every fifth has none."""
    for number in range(45):
        add_book(f"Book {number:02}", code=f"{number:02}", pages=number % 4 + 1 if number % 5 else None)


def test_pages_lead_to_each_other_both_ways(desk: Session, shelf_of_45: None) -> None:
    forwards: list[str] = []
    pages = []
    args: dict[str, Any] = {"sort": "pages"}
    while True:
        plan, rows, cursors = listing(**args).rows(desk)
        pages.append([plan.title(row) for row in rows])
        forwards += pages[-1]
        if cursors["next"] is None:
            break
        args = {"sort": "pages", "after": cursors["next"]}
    assert len(forwards) == len(set(forwards)) == 45
    assert [len(page) for page in pages] == [20, 20, 5]
    plan, rows, cursors = listing(sort="pages", before=cursors["prev"]).rows(desk)
    assert [plan.title(row) for row in rows] == pages[1]
    assert cursors["next"] is not None
    plan, rows, first = listing(sort="pages", before=cursors["prev"]).rows(desk)
    assert [plan.title(row) for row in rows] == pages[0]
    assert first["prev"] is None
    plan, rows, last = listing(sort="pages", end="1").rows(desk)
    assert [plan.title(row) for row in rows] == forwards[-20:]
    assert (last["next"], last["prev"] is None) == (None, False)


def test_a_list_without_an_order_begins_with_the_newest(desk: Session, shelf_of_45: None) -> None:
    assert names(desk)[:2] == ["Book 44", "Book 43"]
    assert names(desk, sort="id")[:2] == ["Book 00", "Book 01"]
    assert names(desk, sort="-name")[:2] == ["Book 44", "Book 43"]


def test_a_cursor_of_another_order_is_refused(desk: Session, shelf_of_45: None) -> None:
    for word in ("nonsense", ""):
        with pytest.raises(BadInput, match="This page of the list does not exist"):
            names(desk, after=word)
    with pytest.raises(BadInput, match="This page of the list does not exist"):
        names(desk, before="nonsense")


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ({"q": "甲"}, ["Book 甲"]),
        ({"q": "BOOK a"}, ["Book A%"]),
        ({"q": "%"}, ["Book A%"]),
        ({"q": "🀄"}, []),
        ({"code__eq": "1"}, ["Book 甲"]),
        ({"code__empty": "1"}, ["Book A%"]),
        ({"code__filled": "1"}, ["Book B", "Book 甲"]),
        ({"name__starts": "book a"}, ["Book A%"]),
        ({"grade__in": "A,B"}, ["Book B", "Book 甲"]),
        ({"grade__ne": "A"}, ["Book B", "Book A%"]),
        ({"pages__ge": "2", "pages__le": "2"}, ["Book B"]),
        ({"price__ge": "10.01"}, ["Book B"]),
        ({"lost__eq": "true"}, ["Book A%"]),
        ({"department__eq": "{west}", "q": "甲"}, ["Book 甲"]),
        ({"department__eq": "0"}, []),
        ({"owner__empty": "1", "pages__ge": "2"}, ["Book B"]),
    ],
)
def test_search_and_filters_find_what_they_say(
    desk: Session, add_book: Callable[..., Book], places: Any, args: dict[str, str], found: list[str]
) -> None:
    add_book("Book A%", lost=True)
    add_book("Book 甲", code="1", grade="A", price=Decimal("10.00"), pages=1)
    add_book("Book B", code="2", grade="B", price=Decimal("10.01"), pages=2)
    args = {key: value.format(west=places.west.id) for key, value in args.items()}
    assert sorted(names(desk, **args)) == sorted(found)


def test_a_search_without_a_field_to_look_into_finds_nothing(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    add_book("x")
    silent = Entity(Book, label="nowhere")
    assert silent.search_keys == ()
    assert Listing(silent, ListArgs(), SYSTEM, "book.index_view").count(desk) == (1, True)
    assert Listing(silent, ListArgs(q="x"), SYSTEM, "book.index_view").count(desk) == (0, True)


def test_counts_stop_at_the_cap_unless_the_exact_number_is_asked_for(desk: Session, places: Any) -> None:
    desk.add_all(Book(name=f"{number}", department=places.west) for number in range(module.COUNT_CAP + 2))
    desk.flush()
    assert listing().count(desk) == (module.COUNT_CAP, False)
    assert listing(exact="1").count(desk) == (module.COUNT_CAP + 2, True)
    page = Presenter(listing()).page(desk)
    assert page.count["text"] == "1,000+ records"
    assert page.count["exact_url"] == "/book/?exact=1"
    page = Presenter(listing(exact="1")).page(desk)
    assert (page.count["text"], page.count["exact_url"]) == ("1,002 records", None)


def test_a_page_says_everything_that_the_template_shows(
    desk: Session,
    add_book: Callable[..., Book],
    people: Any,
    policy_of_job: Callable[[str], Any],
    places: Any,
) -> None:
    shelf = Shelf(code="S", name_zh="架", name_en="Shelf")
    mine = add_book("Mine", code="M", owner=people.own, price=Decimal(5), grade="A", shelf=shelf)
    add_book("Other", department=places.east)
    policy = policy_of_job("own")
    with acting(desk, policy):
        made = listing(
            policy, grade__in="A,B", owner__eq="me", shelf__eq=str(shelf.id), sort="-pages", code__filled="1"
        )
        page = Presenter(made).page(desk)
    (row,) = page.rows
    assert (row.title, row.code, row.key) == ("Mine", "M", str(mine.id))
    assert (row.url, row.ways) == (f"/book/details/?id={mine.id}", "oed")
    assert [column["key"] for column in page.columns] == list(made.column_keys())
    assert len(row.cells) == len(page.columns)
    chips = {chip["key"]: (chip["label"], chip["op"], chip["value"]) for chip in page.chips}
    assert chips == {
        "grade:in": ("Grade", "is one of", "grade A, grade B"),
        "owner:eq": ("Owner", "is", "me"),
        "shelf:eq": ("Shelf", "is", "Shelf"),
        "code:filled": ("Code", "is filled", ""),
    }
    assert "owner" not in page.chips[1]["remove_url"]
    assert page.may == {"create": True, "edit": True, "delete": True, "export": True, "import": True}
    assert page.urls["export"].startswith("/book/export/csv/?")
    assert page.urls["reset"] == "/book/"
    assert page.filtered
    assert page.entity["title_column"]["key"] == "name"
    by_key = {column["key"]: column for column in page.columns}
    assert by_key["pages"]["direction"] == "desc"
    assert "sort=pages" in by_key["pages"]["sort_url"]
    assert (by_key["owner"]["sort_url"], by_key["owner"]["numeric"]) == (None, False)
    assert by_key["price"]["numeric"]
    fields = {each["key"]: each for each in filter_fields(made)}
    assert fields["grade"]["choices"] == [("A", "grade A"), ("B", "grade B"), ("C", "grade C")]
    assert fields["owner"]["lookup_url"] == "/book/ajax/lookup/?name=owner"
    assert "pin" not in fields
    offered = column_choices(made)
    assert {choice["key"] for choice in offered if choice["shown"]} == set(by_key)
    assert page.choosable == len(offered)
    assert ("sort", "-pages") in page.hidden
    assert page.pager["info"].startswith("1 row on this page")


def test_the_words_of_a_page_are_in_the_readers_language(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    add_book(grade="A")
    speak("zh")
    page = Presenter(listing(grade__eq="A")).page(desk)
    assert page.entity["plural"] == "〔Books〕"
    assert page.chips[0]["value"] == "〔grade A〕"
    assert page.columns[0]["label"] == "〔Grade〕"


def test_a_page_costs_the_same_statements_at_60_rows_and_at_200(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    costs = []
    for number in (30, 70):
        for _ in range(number):
            add_book(parent=add_book("parent"))
        with statements(desk) as seen:
            Presenter(listing(size="50")).page(desk)
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 8


def test_a_list_that_is_all_on_one_page_is_not_counted_nor_summed_up_by_statements(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    for price, currency in (("1.10", "CNY"), ("2.20", "CNY"), ("5", "EUR"), (None, "USD")):
        add_book(price=price and Decimal(price), currency=currency)
    warm = Presenter(listing()).page(desk)
    with statements(desk) as seen:
        page = Presenter(listing()).page(desk)
    assert len(seen) == 1
    assert page.count["text"] == warm.count["text"] == "4 records"
    (sums,) = page.totals
    assert [(cell.unit, cell.text) for cell in sums["cells"]] == [("CNY", "3.30"), ("EUR", "5.00")]
    plan, rows, _cursors = listing().rows(desk)
    assert listing().totals_of(plan, rows) == listing().totals(desk)


@pytest.mark.parametrize(
    "asked", [{}, {"end": "1"}, {"after": None}, {"before": None}, {"sort": "price", "from": "1"}]
)
def test_a_page_among_others_is_counted(
    desk: Session, add_book: Callable[..., Book], asked: dict[str, Any]
) -> None:
    for price in range(25):
        add_book(price=Decimal(price), currency="CNY")
    made = listing(size="20")
    _plan, _rows, cursors = made.rows(desk)
    given = {key: cursors["next"] if value is None else value for key, value in asked.items()}
    page = Presenter(listing(size="20", **given)).page(desk)
    assert len(page.rows) < 25
    assert page.count["text"] == "25 records"


def test_money_is_summed_by_currency(desk: Session, add_book: Callable[..., Book]) -> None:
    add_book(price=Decimal("1.10"), currency="CNY")
    add_book(price=Decimal("2.20"), currency="CNY")
    add_book(price=Decimal(5), currency="EUR")
    add_book(currency="USD")
    assert listing().totals(desk) == [("price", "CNY", Decimal("3.30")), ("price", "EUR", Decimal("5.00"))]
    assert listing(cols="pages").totals(desk) == []


def test_sums_over_what_a_reader_owns_and_leads_count_each_row_once(
    desk: Session,
    add_book: Callable[..., Book],
    people: SimpleNamespace,
    places: SimpleNamespace,
    policy_of_job: Callable[[str], Any],
) -> None:
    owners, departments = (people.dept, people.own), (places.west, places.east)
    for number, (owner, department) in enumerate(product(owners, departments)):
        add_book(price=Decimal(10) ** number, currency="CNY", owner=owner, department=department)
    policy = policy_of_job("dept")
    with acting(desk, policy):
        (visible,) = desk.scalars(select(func.sum(Book.price)))
        made = listing(policy, grade__empty="1")
        assert made.totals(desk) == [("price", "CNY", visible)]
        assert Decimal(11) <= visible < Decimal(1111)


def test_a_related_list_keeps_its_condition_and_leaves_its_column_out(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    parent = add_book("Parent")
    add_book("Child", parent=parent)
    more = {"base": (Book.parent_id == parent.id,), "fixed": {"tab": "x"}, "leave_out": frozenset({"parent"})}
    made = listing(more=more)
    page = Presenter(made).page(desk)
    assert [row.title for row in page.rows] == ["Child"]
    assert "parent" not in {column["key"] for column in page.columns}
    assert "parent" not in {each["key"] for each in filter_fields(made)}
    assert page.urls["self"] == "/book/?tab=x"


def test_a_list_of_a_key_of_two_columns_is_in_the_order_of_both(desk: Session) -> None:
    desk.add_all([Pair(word="b", number=1), Pair(word="a", number=2), Pair(word="a", number=1)])
    desk.flush()
    made = listing(of=entity(Pair))
    plan, rows, _cursors = made.rows(desk)
    assert [plan.key(row) for row in rows] == ["a,1", "a,2", "b,1"]
    assert desk.scalar(select(Pair.note)) is None
    page = Presenter(made).page(desk)
    assert page.entity["title_column"]["key"] == "word"


def test_a_choice_that_was_deleted_still_has_a_chip(desk: Session) -> None:
    page = Presenter(listing(shelf__eq="999")).page(desk)
    assert page.chips[0]["value"] == "999"
