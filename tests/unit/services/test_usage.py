"""The last day on which access was used: noted in the process, written together."""

from datetime import date, timedelta

from sqlalchemy import event, select

from admin_app.engine.access import SYSTEM, acting
from admin_app.services.usage import UsageBook
from models.organisation import User
from models.usage import AccessUse

DAY = date(2026, 11, 24)


def used(session):
    with acting(session, SYSTEM):
        rows = session.execute(select(AccessUse.entity, AccessUse.action, AccessUse.last_on))
        return {(row.entity, row.action): row.last_on for row in rows}


def clerk(session):
    return session.scalar(select(User.id).where(User.username == "csd"))


def test_noting_writes_nothing(session):
    book, user = UsageBook(), clerk(session)
    statements = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
    book.note(user, "complaint", "view", DAY)
    assert book.waits and statements == []


def test_each_use_is_written_once_a_day(session):
    book, user = UsageBook(), clerk(session)
    for _ in range(3):
        book.note(user, "complaint", "view", DAY)
    book.note(user, "complaint", "edit", DAY)
    assert book.write(session) == 2
    book.note(user, "complaint", "view", DAY)
    assert not book.waits and book.write(session) == 0
    book.note(user, "complaint", "view", DAY + timedelta(days=1))
    assert book.write(session) == 1
    assert used(session) == {("complaint", "view"): DAY + timedelta(days=1), ("complaint", "edit"): DAY}


def test_an_older_day_takes_nothing_back(session):
    user = clerk(session)
    for day in (DAY, DAY - timedelta(days=9)):
        book = UsageBook()
        book.note(user, "complaint", "view", day)
        book.write(session)
    assert used(session) == {("complaint", "view"): DAY}


def test_somebody_who_is_gone_stops_nobody(session, caplog):
    book = UsageBook()
    book.note(10**9, "complaint", "view", DAY)
    assert book.write(session) == 0
    assert "were not written" in caplog.text
    assert not book.waits
