"""A statement kept for one actor gives what the session gives that actor, each time anew."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session, aliased

from admin_app.engine.access import NOBODY, SYSTEM, Policy, Rows, Scope, acting
from admin_app.engine.access import scope as scope_module
from admin_app.engine.access.prepared import Prepared
from admin_app.engine.kinds import IntegerKind
from admin_app.engine.listing.keyset import Order, SortColumn
from models.base import Base
from models.organisation import Department, User
from tests.unit.engine.sample import SITE, Binding, Book, Chapter, Lab

MOMENT = datetime(2026, 3, 10, 8, 30, tzinfo=UTC)
VALUES: dict[str, Any] = {
    "pages": 7,
    "price": Decimal("12.34"),
    "ratio": Decimal("0.125"),
    "binding": Binding.hard,
    "grade": "A",
    "starts_on": date(2026, 3, 10),
    "printed_at": MOMENT,
    "opens": time(8, 30),
    "isbn": uuid.UUID(int=5),
    "extra": {"a": [1, None]},
    "lost": True,
    "cover": b"\x00\xff",
}
COLUMNS = [Book.id, Book.name, *(getattr(Book, name) for name in VALUES)]


@pytest.fixture
def scope() -> Scope:
    """The row scope of the library, with nothing kept yet."""
    return Scope(SITE.access, (Base.registry, Lab.registry))


@pytest.fixture
def ada(room: Session) -> Policy:
    """Somebody with two books, one of them full and one empty; the third is Bob's."""
    place = Department(code="a", name_zh="a", name_en="a")
    ada, bob = User(username="ada", name="Ada"), User(username="bob", name="Bob")
    room.add_all(
        [
            Book(name="Full", owner=ada, department=place, **VALUES),
            Book(name="Empty", owner=ada, department=place),
            Book(name="Theirs", owner=bob, department=place, **VALUES),
        ]
    )
    room.flush()
    return Policy("ada", ada.id, grants={("book", "view"): Rows(owners=frozenset({ada.id}))})


def test_values_come_as_the_session_gives_them(room: Session, ada: Policy, scope: Scope) -> None:
    statement = select(*COLUMNS).order_by(Book.name)
    for policy, count in ((ada, 2), (SYSTEM, 3), (NOBODY, 0)):
        with acting(room, policy):
            rows = scope.prepared(room, User, "all", lambda: statement).rows(room)
            assert rows == [tuple(row) for row in room.execute(statement)]
            assert len(rows) == count
            assert scope.prepared(room, User, "all", lambda: statement).rows(room) == rows


def test_whatever_else_the_statement_asks_for_is_narrowed_too(
    room: Session, ada: Policy, scope: Scope
) -> None:
    other = aliased(Book)
    room.add_all(Chapter(title=book.name, book=book) for book in room.scalars(select(Book)).all())
    with acting(room, ada):
        for number, statement in enumerate(
            (
                select(func.count(other.id)),
                select(Chapter.title).order_by(Chapter.title),
                select(select(Book.name).order_by(Book.name).limit(5).subquery()),
                select(Chapter.title).where(Chapter.book_id.in_(select(Book.id))).order_by(Chapter.title),
            )
        ):
            rows = scope.prepared(room, User, number, lambda it=statement: it).rows(room)  # type: ignore[misc]
            assert rows == [tuple(row) for row in room.execute(statement)]
            assert rows in ([(2,)], [("Empty",), ("Full",)])


def test_named_parameters_change_from_run_to_run(room: Session, ada: Policy, scope: Scope) -> None:
    named = bindparam("when", None, type_=Book.printed_at.type)
    statement = select(Book.name).where(
        Book.printed_at == named, Book.price == bindparam("price", Decimal(1), type_=Book.price.type)
    )
    statement = statement.order_by(Book.name)
    with acting(room, ada):
        prepared = scope.prepared(room, User, "named", lambda: statement)
        assert prepared.rows(room, when=MOMENT, price=Decimal("12.34")) == [("Full",)]
        assert prepared.rows(room, when=MOMENT) == []
        assert prepared.rows(room, when=datetime(2026, 1, 1, tzinfo=UTC), price=Decimal("12.34")) == []
        assert prepared.rows(room, when=MOMENT, price=Decimal("12.34")) == [("Full",)]


def test_a_statement_is_built_once_for_each_actor_and_key(
    room: Session, ada: Policy, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    def ask(key: str) -> int:
        def build() -> Any:
            built.append(key)
            return select(func.count(Book.id))

        count: int = scope.prepared(room, User, key, build).rows(room)[0][0]
        return count

    for policy, count in ((ada, 2), (SYSTEM, 3), (ada, 2)):
        with acting(room, policy):
            assert (ask("one"), ask("two"), ask("one")) == (count, count, count)
    assert built == ["one", "two"] * 2
    monkeypatch.setattr(scope_module, "_KEPT", 2)
    with acting(room, ada):
        assert [ask(key) for key in ("three", "three", "one", "three", "two")] == [2] * 5
    assert built[4:] == ["three", "one", "two"]


def test_what_is_not_written_yet_is_found(room: Session, ada: Policy, scope: Scope) -> None:
    statement = select(func.count(Book.id))
    with acting(room, SYSTEM):
        prepared = scope.prepared(room, User, "count", lambda: statement)
        assert prepared.rows(room) == [(3,)]
        with room.no_autoflush:
            place, bob = room.scalars(select(Department)).first(), room.scalars(select(User)).first()
            room.add(Book(name="New", department=place, owner=bob))
            assert prepared.rows(room) == [(4,)]


def test_a_statement_of_its_own_needs_no_scope(room: Session, ada: Policy) -> None:
    prepared = Prepared(select(User.name).order_by(User.name), room.get_bind().dialect, User)
    assert prepared.rows(room) == [("Ada",), ("Bob",)]


def test_a_page_after_a_cursor_is_there_for_whose_scope_is_a_list(
    room: Session, ada: Policy, scope: Scope
) -> None:
    place = room.scalars(select(Book.department_id)).first()
    rows = Rows(departments=frozenset({place, -1}))
    order = Order((SortColumn(Book.id, IntegerKind(64), False, False),), True)
    after = order.placeholders([False])
    statement = select(Book.name).where(Book.id > after[0]).order_by(Book.id)
    with acting(room, Policy("wide", ada.user_id, grants={("book", "view"): rows})):
        assert len(scope.prepared(room, User, "page", lambda: statement).rows(room, after0=0)) == 3
        assert scope.prepared(room, User, "page", lambda: statement).rows(room, after0=2**40) == []


def test_values_of_a_list_go_in_as_their_type_has_it(room: Session, ada: Policy, scope: Scope) -> None:
    statement = select(Book.name).where(Book.printed_at.in_([MOMENT, datetime(2026, 1, 1, tzinfo=UTC)]))
    with acting(room, ada):
        assert scope.prepared(room, User, "list", lambda: statement).rows(room) == [("Full",)]


def test_a_parameter_need_have_no_value_before_it_is_run(room: Session, ada: Policy, scope: Scope) -> None:
    statement = select(Book.id).where(Book.name == bindparam("wanted", type_=Book.name.type))
    with acting(room, SYSTEM):
        prepared = scope.prepared(room, User, "wanted", lambda: statement)
        assert len(prepared.rows(room, wanted="Full")) == 1
        assert prepared.rows(room, wanted="Lost") == []
