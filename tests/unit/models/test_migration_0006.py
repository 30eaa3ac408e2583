"""The tables of history refuse to be altered, by triggers that whoever has the database's password meets too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from tests.databases import KINDS, Maker

SET = (
    "INSERT INTO change_set (id, position, at, actor_name, source, action, rows, previous, hash)"
    " VALUES (1, 1, CURRENT_TIMESTAMP, 'x', 'system', 'create', 1, 'a', 'b')"
)
ROW = (
    "INSERT INTO change_row (set_id, number, entity, record_key, op, hash)"
    " VALUES (1, 1, 'customer', '1', 'delete', :digest)"
)
REFUSED = (
    "UPDATE change_set SET reason = 'x'",
    "DELETE FROM change_set",
    "UPDATE change_row SET op = 'create'",
    "DELETE FROM change_row",
)


@pytest.mark.parametrize("kind", KINDS)
def test_history_is_append_only_but_for_retention(kind: str, makers: Callable[[str], Maker]) -> None:
    engine = create_engine(makers(kind).clone())
    with engine.begin() as connection:
        connection.execute(text(SET))
        connection.execute(text(ROW), {"digest": b"\x00" * 32})
    for statement in REFUSED:
        with pytest.raises(DBAPIError, match="history is append-only"), engine.begin() as connection:
            connection.execute(text(statement))
    with engine.begin() as connection:
        connection.execute(text("UPDATE change_head SET pruning = true"))
        with pytest.raises(DBAPIError, match="history is append-only"), connection.begin_nested():
            connection.execute(text("UPDATE change_row SET op = 'create'"))
        connection.execute(text("DELETE FROM change_row"))
        connection.execute(text("DELETE FROM change_set"))
        connection.execute(text("UPDATE change_head SET pruning = false"))
        assert connection.execute(text("SELECT count(*) FROM change_set")).scalar_one() == 0
    engine.dispose()
