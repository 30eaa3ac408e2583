"""A list looks for its rows only so long: a condition that no index serves may read millions of records for a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from admin_app.engine.labels import labels
from admin_app.engine.listing.listing import Listing
from admin_app.errors import BadInput

#: SQLite asks every so many steps of its machine whether to go on: less than a millisecond of a scan.
_STEPS = 20_000
#: How PostgreSQL says that it stopped at the time limit.
_CANCELED = "57014"


@contextmanager
def patient(session: Session, listing: Listing) -> Iterator[None]:
    """Let the statements of the block take LIST_MS milliseconds; for a list without conditions there is no need.

    Raises:
        BadInput: they took longer; it asks for one more condition and names fields that an index serves.
    """
    limit = current_app.config["LIST_MS"]
    if not limit or not (listing.args.filters or listing.args.exact or listing.args.q):
        yield
        return
    try:
        connection = session.connection(bind_arguments={"mapper": listing.entity.mapper})
        if connection.dialect.name == "sqlite":
            with _watched(connection, limit):
                yield
        else:
            # On the connection: the statement reads no record that the session would narrow.
            connection.execute(select(func.set_config("statement_timeout", str(limit), True)))
            yield
    except OperationalError as problem:
        if not _gave_up(problem):
            raise
        # PostgreSQL answers nothing more in this transaction, and the page that says so wants to know its reader.
        session.rollback()
        raise BadInput(_too_long(listing)) from None


@contextmanager
def _watched(bound: Connection, limit: int) -> Iterator[None]:
    connection: Any = bound.connection.dbapi_connection
    end = monotonic() + limit / 1000
    connection.set_progress_handler(lambda: monotonic() > end, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, _STEPS)


def _gave_up(problem: OperationalError) -> bool:
    return getattr(problem.orig, "sqlstate", None) == _CANCELED or str(problem.orig).startswith("interrupted")


def _too_long(listing: Listing) -> str:
    entity, asked = listing.entity, {each.field.key for each in listing.args.filters}
    useful = [
        labels().field(entity.name, key)
        for key in entity.form_fields
        if key in entity.sortable and key not in asked and listing.fields.readable(key)
    ]
    sentence = str(_("This would look through too many records. Add one more condition, or a narrower one."))
    if not useful:
        return sentence
    quick = _("Quick to look up: %(fields)s.", fields=_(", ").join(useful[:6]))
    return f"{sentence} {quick}"
