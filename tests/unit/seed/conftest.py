"""Databases with the starting organisation, for the seed's own tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.orm import Session

import models  # noqa: F401 - fills the metadata
from admin_app import sqlite
from admin_app.engine.access import SYSTEM, acting
from models.base import Base
from seed.organisation import load_organisation

Opener = Callable[[], Session]


@contextmanager
def opened(url: str) -> Iterator[Session]:
    """A session that acts as the system, on the database at `url`, driven as the app drives it."""
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = create_engine(url, **(sqlite.engine_options() if is_sqlite else {}))
    if is_sqlite:
        sqlite.configure(engine)
        Base.metadata.create_all(engine)
    with Session(engine) as session, acting(session, SYSTEM):
        load_organisation(session)
        session.commit()
        yield session
    engine.dispose()


@pytest.fixture
def fresh() -> Iterator[Opener]:
    """Opens one more database in memory, with the organisation and nothing else."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(opened("sqlite://"))
