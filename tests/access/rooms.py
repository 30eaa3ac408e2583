"""A drawn world in the database, and a session with the row scope of the site that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Scope, acting, install_scope
from admin_app.engine.site import Site
from models.base import Base
from tests.access.declared import SITES
from tests.access.oracle import World
from tests.access.worlds import write


class WorldSession(Session):
    """A session with the row scope of whichever site the world is shown by."""


_shown: list[Scope] = []
_scopes = [Scope(site.access, (Base.registry,)) for site in SITES]
install_scope(WorldSession, lambda: _shown[-1])


def bare_app(site: Site, scope: Scope) -> Flask:
    """An app that knows its site and its scope and nothing else: all that a lookup asks of it."""
    app = Flask("bare")
    app.extensions.update(dutybook=site, dutybook_scope=scope)
    return app


_APPS = [bare_app(site, scope) for site, scope in zip(SITES, _scopes, strict=True)]


@contextmanager
def shown(engine: Engine, world: World) -> Iterator[Session]:
    """The world in the database, for as long as the block runs; the session acts as the system."""
    with engine.connect() as connection:
        write(connection, world)
        _shown.append(_scopes[world["kind"]])
        session = WorldSession(connection, join_transaction_mode="create_savepoint")
        try:
            with _APPS[world["kind"]].app_context(), session, acting(session, SYSTEM):
                yield session
        finally:
            _shown.pop()
            connection.rollback()
