"""What lookup fields offer: at most a handful of labels that match the text so far."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, select, union
from sqlalchemy.orm import Session

from admin_app.engine.access import policy_of
from admin_app.engine.entity import Entity
from admin_app.engine.first_rows import first_rows
from admin_app.engine.keys import encode_key
from admin_app.engine.search.keeper import Page
from admin_app.engine.search.matching import Matching

LIMIT = 20
#: Of what a text finds, so many are looked at for the best ones: a text that finds more says little yet.
CANDIDATES = 200


def lookup(session: Session, target: Entity, text: str) -> list[tuple[str, str]]:
    """(key, label) pairs of `target` within the actor's rows, at most LIMIT.

    They come by label; where something is typed, those first that are called so or begin so.
    """
    label_key = target.label_key
    label = getattr(target.model, label_key) if label_key else target.key_attributes[0]
    code = getattr(target.model, target.code) if target.code and target.code != label_key else None
    columns = [*target.key_attributes, label, *([code] if code is not None else [])]
    statement = select(*columns).limit(LIMIT)
    text = text.replace("\x00", "").strip()
    if text and label_key:
        best = case((label == text, 0), (_begins(label, text), 1), else_=2)
        statement = statement.where(_found(session, target, label_key, text)).order_by(best)
    statement = statement.order_by(label, *target.key_attributes)
    width = len(target.key_kinds)
    found = []
    typed = bool(text and label_key)
    rows = session.execute(statement) if typed else first_rows(session, target, columns, label, LIMIT)
    for row in rows:
        key = encode_key(tuple(row[:width]), target.key_kinds)
        shown = str(row[width]) if row[width] not in (None, "") else f"#{key}"
        short = row[width + 1] if code is not None else None
        found.append((key, shown if short in (None, "") else f"{shown} · {short}"))
    return found


def _found(session: Session, target: Entity, label_key: str, text: str) -> ColumnElement[bool]:
    """What the text finds; where there is an index, at most CANDIDATES and those that begin so."""
    matching = Matching(target, text, policy_of(session), also=label_key)
    if matching.index is None:
        return matching.criterion()
    key, label = target.key_attributes[0], getattr(target.model, label_key)
    newest = select(key.label("key")).order_by(key.desc()).limit(CANDIDATES)
    found = [newest.where(matching.criterion(Page(None, True, CANDIDATES))).subquery()]
    if label_key in target.sortable:
        begun = select(key.label("key")).where(_begins(label, text)).order_by(label).limit(LIMIT)
        found.append(begun.subquery())
    within: ColumnElement[bool] = key.in_(union(*(select(each.c.key) for each in found)))
    return within


def _begins(label: Any, text: str) -> ColumnElement[bool]:
    """Whether the label begins with the text as it is typed: a range of the label's index."""
    begins: ColumnElement[bool] = (label >= text) & (label < text + "\U0010ffff")
    return begins
