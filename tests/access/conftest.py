"""Databases for drawn worlds, and how many of them are drawn.

`make test` draws 150 worlds on each database; `make nightly` loads the profile that draws 2,500.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import Phase, settings
from sqlalchemy import Engine, create_engine, event

from admin_app.sqlite import engine_options
from tests.databases import Maker

settings.register_profile("nightly", max_examples=2_500)
#: For runs that are repeated for each of some hundred mutants.
settings.register_profile(
    # That a world differs is enough: nobody asks for the smallest one that does.
    "mutants",
    max_examples=40,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(scope="session")
def engine(database_kind: str, makers: Callable[[str], Maker]) -> Iterator[Engine]:
    """A migrated database without rows."""
    options = engine_options() if database_kind == "sqlite" else {}
    engine = create_engine(makers(database_kind).clone(), **options)
    if database_kind == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    yield engine
    engine.dispose()
