"""What lookup fields offer: at most a handful of labels that match the text so far."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import policy_of
from admin_app.engine.entity import Entity
from admin_app.engine.first_rows import first_rows
from admin_app.engine.keys import encode_key
from admin_app.engine.site import site

LIMIT = 20


def lookup(session: Session, target: Entity, text: str) -> list[tuple[str, str]]:
    """(key, label) pairs of `target` within the actor's rows, by label; one statement, at most LIMIT rows."""
    label_key = target.label_key
    label = getattr(target.model, label_key) if label_key else target.key_attributes[0]
    code = getattr(target.model, target.code) if target.code and target.code != label_key else None
    columns = [*target.key_attributes, label, *([code] if code is not None else [])]
    statement = select(*columns).order_by(label, *target.key_attributes).limit(LIMIT)
    text = text.replace("\x00", "").strip()
    if text and label_key:
        fields = site().fields(policy_of(session), target)
        keys = filter(fields.readable, target.search_keys)
        attributes = [getattr(target.model, key) for key in dict.fromkeys([label_key, *keys])]
        statement = statement.where(or_(*(each.icontains(text, autoescape=True) for each in attributes)))
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
