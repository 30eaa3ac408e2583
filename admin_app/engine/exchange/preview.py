"""The first rows of an import as the records that they would be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from admin_app.engine.entity import Entity
from admin_app.engine.exchange.importing import Importer
from admin_app.engine.labels import labels
from admin_app.engine.listing import Plan

#: Rows that the check shows.
SHOWN_ROWS: Final = 20


def _shown_keys(importer: Importer) -> list[str]:
    entity, sources = importer.entity, importer.reader.sources
    ordered = [key for key in entity.import_fields if key in sources]
    return list(dict.fromkeys([*([entity.code] if entity.code else []), *ordered]))


def heads(importer: Importer) -> list[str]:
    """The labels of the columns."""
    return [labels().field(importer.entity.name, key) for key in _shown_keys(importer)]


def look(session: Session, importer: Importer) -> list[dict[str, Any]]:
    """The first rows as records, or as they stand in the file where no record came of them."""
    entity, keys = importer.entity, _shown_keys(importer)
    shown = importer.taken[:SHOWN_ROWS]
    lines = {row.line for row in shown}
    records = {draft.row.line: draft.record for draft in importer.drafts if draft.row.line in lines}
    cells = _cells(session, entity, keys, list(records.values()))
    bad = {problem.line for problem in importer.outcome.problems}
    found = []
    for row in shown:
        record = records.get(row.line)
        texts = cells.get(_key(entity, record)) if record is not None else None
        if texts is None:
            sources = importer.reader.sources
            own = importer.texts(row)
            texts = [importer.reader.text(key, own) if key in sources else "" for key in keys]
        found.append({"line": row.line, "cells": texts, "error": row.line in bad})
    return found


def _key(entity: Entity, record: Any) -> tuple[Any, ...]:
    return tuple(getattr(record, attribute.key) for attribute in entity.key_attributes)


def _cells(
    session: Session, entity: Entity, keys: Sequence[str], records: Sequence[Any]
) -> dict[tuple[Any, ...], list[str]]:
    """Key -> texts of some stored records, as a list shows them; one statement."""
    plan = Plan(entity, keys)
    wanted = [
        sa.and_(
            *(
                column == value
                for column, value in zip(entity.key_attributes, _key(entity, each), strict=True)
            )
        )
        for each in records
    ]
    rows = session.execute(plan.statement().where(sa.or_(sa.false(), *wanted)))
    width = len(entity.key_attributes)
    return {tuple(row[:width]): [plan.cell(row, key, link=False).text for key in keys] for row in rows}
