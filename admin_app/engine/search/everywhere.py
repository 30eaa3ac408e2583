"""One text over all entities at once, within one's rights: what the box on top asks while somebody types.

One statement whatever the number of entities (on PostgreSQL a second one, which lets the planner say how frequent the
text is in each). Of each entity only the newest records that bear the text are looked at, and those whose name begins
with it; the best of them are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Select,
    String,
    Subquery,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy, current_scope
from admin_app.engine.entity import Entity
from admin_app.engine.language import lang
from admin_app.engine.search.index import indexes
from admin_app.engine.search.keeper import Keeper, keeper_of
from admin_app.engine.search.matching import Matching
from admin_app.engine.site import site

#: Newest records of an entity that are looked at: beyond it the number is told as "50+".
LOOKED_AT: Final = 50
#: What means something to LIKE.
_ESCAPED: Final = re.compile("[%_/]")


@dataclass(frozen=True)
class Hit:
    """One record: its key, its name, and its short number where it has one."""

    key: int
    label: str
    code: str | None


@dataclass(frozen=True)
class Group:
    """What one entity has. `number` counts up to LOOKED_AT; `more` says that there may be others."""

    entity: Entity
    hits: Sequence[Hit]
    number: int
    more: bool


def everywhere(session: Session, policy: Policy, text: str, size: int) -> list[Group]:
    """The best `size` records of each entity that `policy` may open, the entity with the best of them first."""
    text = text.replace("\x00", "").strip()
    asked = list(_asked(policy, text))
    if not asked:
        return []
    connection = session.connection()
    keeper = keeper_of(connection)
    questions = [(each.index, each.question) for each in asked if each.index]
    frequent = keeper.frequent(connection, questions)
    pieces = len(questions[0][1].verify)
    shape = tuple((each.entity.name, often) for each, often in zip(asked, frequent, strict=True))
    prepared = current_scope().prepared(
        session,
        asked[0].entity.model,
        ("everywhere", lang(), size, pieces, shape),
        lambda: _statement(policy, list(zip(asked, frequent, strict=True)), size, keeper),
    )
    values = {"text": text, "beyond": text + "\U0010ffff", "inside": f"%{_ESCAPED.sub(_escape, text)}%"}
    for index, asks in questions:
        values |= keeper.values(index, asks)
    found: dict[str, list[Any]] = {}
    for name, *row in prepared.rows(session, **values):
        found.setdefault(name, []).append(row)
    return [
        Group(
            site().by_name[name],
            [Hit(key, label or f"#{key}", code) for key, label, code, _best, _number in rows],
            min(rows[0][-1], LOOKED_AT),
            rows[0][-1] >= LOOKED_AT,
        )
        for name, rows in found.items()
    ]


def _asked(policy: Policy, text: str) -> Iterator[Matching]:
    for index in indexes().by_model.values():
        if not site().may(policy, "view", index.entity):
            continue
        matching = Matching(index.entity, text, policy)
        if matching.index is not None and not matching.question.hopeless:
            yield matching


def _statement(policy: Policy, asked: list[tuple[Matching, bool]], size: int, keeper: Keeper) -> Select[Any]:
    parts = [_part(policy, matching, often, size, keeper) for matching, often in asked]
    every = union_all(*(select(*part.c) for part in parts)).subquery()
    return select(*every.c).order_by(every.c.best, every.c.key.desc())


def _part(policy: Policy, matching: Matching, frequent: bool, size: int, keeper: Keeper) -> Subquery:
    """The best records of one entity."""
    entity, index = matching.entity, matching.index
    assert index is not None
    key = entity.key_attributes[0]
    label = getattr(entity.model, entity.label_key) if entity.label_key else cast(key, String)
    code = getattr(entity.model, entity.code) if entity.code and entity.code != entity.label_key else null()
    bearers, verified = keeper.newest(index, matching.question, frequent, LOOKED_AT, matching.attributes)
    candidates = [select(bearers.subquery())]
    text, beyond, inside = (bindparam(name, "", type_=String()) for name in ("text", "beyond", "inside"))
    begins = (label >= text) & (label < beyond)
    if entity.label_key in entity.sortable:
        begun = select(key.label("key")).where(begins).order_by(label).limit(size)
        candidates.append(select(begun.subquery()))
    access = site().access
    # A name that a directory shows to everybody is no page that everybody may open.
    may_open = access.criterion(entity.model, access.rows(policy, "view", entity.name))
    best = case((label == text, 0), (begins, 1), (label.like(inside, escape="/"), 2), else_=3)
    return (
        select(
            literal(entity.name).label("entity"),
            key.label("key"),
            cast(label, String).label("label"),
            cast(code, String).label("code"),
            best.label("best"),
            func.count().over().label("number"),
        )
        .where(key.in_(union(*candidates)), may_open, *verified)
        .order_by(best, key.desc())
        .limit(size)
        .subquery()
    )


def _escape(found: re.Match[str]) -> str:
    return "/" + found.group()
