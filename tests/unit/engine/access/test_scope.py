"""The one door for rows: whatever way a statement asks, it gets the actor's rows and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import ForeignKey, delete, exists, func, insert, literal, select, text, union_all, update
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    subqueryload,
)

from admin_app.engine.access import NOBODY, SYSTEM, AccessMap, Policy, Rows, Scope, acting, policy_of
from admin_app.engine.access.scope import UnscopedStatement
from models.organisation import Department, User
from models.session import LoginAttempt
from models.types import utc_now
from tests.unit.engine.sample import Book, Chapter, Lab, Remark, Review, Shelf

TITLES = ["Mine 1", "Mine 2"]


@pytest.fixture
def ada(room: Session) -> Policy:
    """Somebody with two of three books; the third is the first one's parent, and all have parts and reviews."""
    place = Department(code="a", name_zh="a", name_en="a")
    ada, bob = User(username="ada", name="Ada"), User(username="bob", name="Bob")
    theirs = Book(name="Theirs", owner=bob, department=place, pages=1)
    mine = [Book(name=title, owner=ada, department=place, pages=1, parent=theirs) for title in TITLES]
    mine[1].parent = mine[0]
    room.add_all(
        [
            *mine,
            theirs,
            Shelf(code="S", name_zh="s", name_en="s"),
            LoginAttempt(key="x", at=utc_now(), succeeded=True),
        ]
    )
    for book in (*mine, theirs):
        room.add(Remark(text=book.name, chapter=Chapter(title=book.name, book=book)))
        room.add(Review(title=book.name, book=book, owner=bob, department=place))
    room.flush()
    ids = {book.name: book.id for book in (*mine, theirs)}
    room.info["ids"] = ids
    policy = Policy(
        "ada",
        ada.id,
        grants={("book", action): Rows(owners=frozenset({ada.id})) for action in ("view", "edit", "delete")},
    )
    room.expunge_all()
    return policy


def names(session: Session) -> Any:
    """Titles through the session's own scope."""
    return session.scalars(select(Book.name).order_by(Book.id)).all()


Book2 = aliased(Book)
INNER = select(Book).subquery()
FORMS: dict[str, Callable[[Session], Any]] = {
    "entity": lambda s: [book.name for book in s.scalars(select(Book).order_by(Book.id))],
    "column": names,
    "query": lambda s: [book.name for book in s.query(Book).order_by(Book.id)],
    "alias": lambda s: s.scalars(select(Book2.name).order_by(Book2.id)).all(),
    "subquery": lambda s: s.scalars(select(INNER.c.name).order_by(INNER.c.id)).all(),
    "aliased subquery": lambda s: [
        book.name for book in s.scalars(select(aliased(Book, INNER)).order_by(INNER.c.id))
    ],
    "cte": lambda s: s.scalars(select(select(Book.name).cte().c.name)).all(),
    "join": lambda s: s.scalars(select(Chapter.title).join(Chapter.book).order_by(Chapter.id)).all(),
    "part": lambda s: s.scalars(select(Chapter.title).order_by(Chapter.id)).all(),
    "part of a part": lambda s: s.scalars(select(Remark.text).order_by(Remark.id)).all(),
    "in": lambda s: s.scalars(
        select(Chapter.title).where(Chapter.book_id.in_(select(Book.id))).order_by(Chapter.id)
    ).all(),
    "union": lambda s: s.scalars(
        union_all(select(Book.name).where(Book.pages == 1), select(Book.name).where(Book.pages == 2))
    ).all(),
    "from statement": lambda s: [
        book.name for book in s.scalars(select(Book).from_statement(select(Book).order_by(Book.id)))
    ],
    "row by row": lambda s: [
        s.scalar(select(Book.name).where(Book.id == key)) for key in s.info["ids"].values()
    ][:2],
    "returning": lambda s: s.scalars(update(Book).values(pages=2).returning(Book.name)).all(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_select_of_any_form_is_narrowed(room: Session, ada: Policy, form: Callable[[Session], Any]) -> None:
    with acting(room, ada):
        assert sorted(form(room)) == TITLES


COUNTS: dict[str, Callable[[Session], Any]] = {
    "count": lambda s: s.scalar(select(func.count(Book.id))),
    "count of everything": lambda s: s.scalar(select(func.count()).select_from(Book)),
    "query count": lambda s: s.query(Book).count(),
    "sum": lambda s: s.scalar(select(func.sum(Book.pages))),
    "capped count": lambda s: s.scalar(
        select(func.count()).select_from(select(literal(1)).select_from(Book).limit(9).subquery())
    ),
    "scalar subquery": lambda s: s.execute(select(select(func.count(Book.id)).scalar_subquery())).scalar(),
    "exists": lambda s: (
        s.scalar(
            select(func.count())
            .select_from(Shelf)
            .where(exists(select(Book.id).where(Book.name == "Theirs")))
        )
        + 2
    ),
    "update": lambda s: s.execute(update(Book).values(pages=9)).rowcount,
    "delete": lambda s: s.execute(delete(Book)).rowcount,
    "query update": lambda s: s.query(Book).update({"pages": 9}),
    "query delete": lambda s: s.query(Book).delete(),
}


@pytest.mark.parametrize("form", COUNTS.values(), ids=COUNTS)
def test_an_aggregate_and_a_bulk_change_reach_ones_own_rows_only(
    room: Session, ada: Policy, form: Callable[[Session], Any]
) -> None:
    with acting(room, ada):
        assert form(room) == 2
    assert room.scalar(select(func.count(Book.id)).where(Book.name == "Theirs", Book.pages == 1)) == 1


def test_a_record_is_got_by_key_only_within_ones_rows(room: Session, ada: Policy) -> None:
    ids = room.info["ids"]
    with acting(room, ada):
        assert room.get(Book, ids["Theirs"]) is None
        assert room.get(Book, ids["Mine 1"]).name == "Mine 1"  # type: ignore[union-attr]
        assert room.get(Review, 1) is None


@pytest.mark.parametrize("load", [None, joinedload, selectinload, subqueryload])
def test_a_reference_to_a_hidden_record_loads_as_nothing(room: Session, ada: Policy, load: Any) -> None:
    statement = select(Book).order_by(Book.id)
    if load:
        statement = statement.options(load(Book.parent))
    with acting(room, ada):
        parents = [book.parent.name if book.parent else None for book in room.scalars(statement).unique()]
    assert parents == [None, "Mine 1"]


def test_children_of_a_hidden_record_stay_hidden(room: Session, ada: Policy) -> None:
    with acting(room, SYSTEM):
        theirs = room.scalars(select(Book).where(Book.name == "Theirs")).one()
    with acting(room, ada):
        assert room.scalars(select(Book.name).where(Book.parent == theirs)).all() == ["Mine 1"]
        assert room.scalars(select(Chapter).where(Chapter.book == theirs)).all() == []


def test_each_action_has_rows_of_its_own(room: Session, ada: Policy) -> None:
    viewer = Policy("ada", ada.user_id, grants={("book", "view"): ada.grants["book", "view"]})
    with acting(room, viewer):
        assert names(room) == TITLES
        assert room.execute(update(Book).values(pages=9)).rowcount == 0
        assert room.execute(delete(Book)).rowcount == 0


def test_directories_show_and_unguarded_classes_do_not(room: Session, ada: Policy) -> None:
    with acting(room, ada):
        assert room.scalar(select(func.count(User.id))) == 2
        assert room.scalar(select(func.count(Shelf.id))) == 1
        assert room.scalar(select(func.count(LoginAttempt.id))) == 0
    assert room.scalar(select(func.count(LoginAttempt.id))) == 1


def test_without_an_actor_there_is_nothing(room: Session, ada: Policy) -> None:
    for policy in (NOBODY, None):
        with acting(room, policy):  # type: ignore[arg-type]
            if policy is None:
                room.info.pop("policy")
            assert policy_of(room) is NOBODY
            assert names(room) == []
            assert room.scalar(select(func.count(User.id))) == 0
            assert room.scalar(select(func.count(Department.id))) == 0


@pytest.mark.parametrize(
    "statement",
    [
        select(Book.__table__.c.name),
        text("SELECT name FROM book"),
        Book.__table__.update().values(pages=2),
        Book.__table__.delete(),
        select(func.count()).select_from(Book.__table__),
    ],
    ids=str,
)
def test_a_statement_over_bare_tables_is_refused(room: Session, ada: Policy, statement: Any) -> None:
    with acting(room, ada), pytest.raises(UnscopedStatement):
        room.execute(statement)
    room.execute(statement)


def test_a_bulk_insert_is_refused(room: Session, ada: Policy) -> None:
    with acting(room, ada), pytest.raises(UnscopedStatement):
        room.execute(insert(Book), [{"name": "x", "department_id": 1}])


def test_a_loaded_record_may_be_refreshed_and_saved(room: Session, ada: Policy) -> None:
    with acting(room, ada):
        book = room.scalars(select(Book).where(Book.name == "Mine 1")).one()
        room.expire(book)
        assert book.name == "Mine 1"
        book.pages = 5
        room.flush()
        room.refresh(book)
        assert (book.pages, book.version) == (5, 2)
        with acting(room, SYSTEM):
            book.owner_id, book.department_id = None, room.scalars(select(Department.id)).first()
            room.flush()
        # Moved out of reach meanwhile: what was let through can still be read to the end.
        room.expire(book, ["name"])
        assert book.name == "Mine 1"


def test_acting_gives_the_session_back_to_whoever_had_it(room: Session, ada: Policy) -> None:
    assert policy_of(room) is SYSTEM
    with acting(room, ada) as same:
        assert same is room
        assert policy_of(room) is ada
        with acting(room, NOBODY):
            assert policy_of(room) is NOBODY
        assert policy_of(room) is ada
    assert policy_of(room) is SYSTEM
    with pytest.raises(ZeroDivisionError), acting(room, ada):
        raise ZeroDivisionError
    assert policy_of(room) is SYSTEM
    bare = Session()
    with acting(bare, ada):
        pass
    assert "policy" not in bare.info


def test_the_system_sees_everything(room: Session, ada: Policy) -> None:
    assert len(names(room)) == 3
    assert room.execute(text("SELECT count(*) FROM book")).scalar() == 3


def test_a_class_that_joins_a_reference_unasked_is_noticed() -> None:
    class Own(DeclarativeBase):
        pass

    class Node(Own):
        __tablename__ = "node"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
        parent: Mapped[Any] = relationship("Node", remote_side=id, foreign_keys=parent_id, lazy="joined")
        root_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
        root: Mapped[Any] = relationship("Node", remote_side=id, foreign_keys=root_id)

    assert Scope(AccessMap([]), [Own.registry]).joins_unasked
    assert not Scope(AccessMap([]), [Lab.registry]).joins_unasked
