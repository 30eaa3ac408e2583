"""The one door for rows, where a statement brings references along with its rows, asked for or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import ForeignKey, create_engine, select, true
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    joinedload,
    mapped_column,
    relationship,
    with_loader_criteria,
)

from admin_app.engine.access import SYSTEM, AccessMap, Guard, Policy, Rows, Scope, acting, install_scope


class Own(DeclarativeBase):
    """Base of classes that know nobody."""


class Node(Own):
    """A record that brings its parent with it unasked, and its root on demand."""

    __tablename__ = "node"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    department_id: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
    parent: Mapped[Any] = relationship(
        "Node", remote_side=id, foreign_keys=parent_id, lazy="joined", join_depth=1
    )


class Leaf(Own):
    """A record that brings nothing."""

    __tablename__ = "leaf"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    department_id: Mapped[int]
    beside_id: Mapped[int | None] = mapped_column(ForeignKey("leaf.id"))
    beside: Mapped[Any] = relationship("Leaf", remote_side=id)


class Plain(DeclarativeBase):
    """Base of classes none of which brings a reference unasked."""


class Page(Plain):
    """The same as a leaf, where no class of the registry joins."""

    __tablename__ = "page"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    department_id: Mapped[int]
    beside_id: Mapped[int | None] = mapped_column(ForeignKey("page.id"))
    beside: Mapped[Any] = relationship("Page", remote_side=id)


MINE = Rows(owners=frozenset({1}))
ADA = Policy("ada", 1, grants={(name, "view"): MINE for name in ("node", "leaf", "page")})


class OwnSession(Session):
    """With the scope of classes one of which joins."""


class PlainSession(Session):
    """With the scope of classes that do not."""


_own = Scope(AccessMap([Guard("node", Node), Guard("leaf", Leaf)]), [Own.registry])
_plain = Scope(AccessMap([Guard("page", Page)]), [Plain.registry])
install_scope(OwnSession, lambda: _own)
install_scope(PlainSession, lambda: _plain)


def _filled(kind: type[Session], models: tuple[type[Any], ...], base: Any) -> Iterator[Session]:
    """Ada's record 1 refers to her record 2, and that to Bob's record 3."""
    engine = create_engine("sqlite://")
    base.metadata.create_all(engine)
    with kind(engine) as session, acting(session, SYSTEM):
        for model in models:
            reference = "parent_id" if model is Node else "beside_id"
            for key, owner, target in ((3, 2, None), (2, 1, 3), (1, 1, 2)):
                session.add(model(id=key, owner_id=owner, department_id=1, **{reference: target}))
                session.flush()
        session.commit()
        yield session
    engine.dispose()


@pytest.fixture
def own() -> Iterator[Session]:
    yield from _filled(OwnSession, (Node, Leaf), Own)


@pytest.fixture
def plain() -> Iterator[Session]:
    yield from _filled(PlainSession, (Page,), Plain)


def test_one_class_that_joins_unasked_is_noticed_among_others() -> None:
    assert _own.joins_unasked
    assert not _plain.joins_unasked


def test_a_reference_joined_unasked_loads_as_nothing_where_it_is_hidden(own: Session) -> None:
    with acting(own, ADA):
        found = own.scalars(select(Node).order_by(Node.id)).all()
        assert [(each.id, each.parent and each.parent.id) for each in found] == [(1, 2), (2, None)]


def test_a_new_record_that_is_read_again_brings_no_hidden_reference(own: Session) -> None:
    with acting(own, ADA):
        new = Node(id=4, owner_id=1, department_id=1, parent_id=3)
        own.add(new)
        own.flush()
        own.refresh(new)
        assert new.parent is None


@pytest.mark.parametrize("others", [(), (with_loader_criteria(Page, true()),)], ids=["alone", "among others"])
def test_a_reference_joined_on_demand_loads_as_nothing_where_it_is_hidden(
    plain: Session, others: Any
) -> None:
    with acting(plain, ADA):
        statement = select(Page).options(joinedload(Page.beside), *others).order_by(Page.id)
        found = plain.scalars(statement).all()
        assert [(each.id, each.beside and each.beside.id) for each in found] == [(1, 2), (2, None)]


@pytest.mark.parametrize("others", [(), (with_loader_criteria(Page, true(), propagate_to_loaders=False),)])
def test_what_somebody_loaded_refers_to_all_that_it_does_for_the_system(plain: Session, others: Any) -> None:
    with acting(plain, ADA):
        page = plain.scalars(select(Page).options(*others).where(Page.id == 2)).one()
    with acting(plain, SYSTEM):
        assert page.beside.id == 3


def test_what_is_out_of_reach_meanwhile_can_be_read_to_the_end(own: Session) -> None:
    with acting(own, ADA):
        node = own.get_one(Node, 1)
        with acting(own, SYSTEM):
            node.owner_id = 2
            own.flush()
        own.expire(node, ["department_id"])
        assert node.department_id == 1
        own.refresh(node)
        assert node.owner_id == 2
