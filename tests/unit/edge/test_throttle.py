"""Failed sign-ins are counted in SQL, by name and address and by address alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app import throttle
from admin_app.db import db
from admin_app.errors import Throttled
from models.session import LoginAttempt

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def database(edge_app: Flask) -> Iterator[Session]:
    """A database session outside of requests."""
    with edge_app.app_context():
        yield db.session()


def minutes(number: float) -> datetime:
    """The moment so many minutes after the start."""
    return NOON + timedelta(minutes=number)


def test_the_eleventh_failure_of_a_name_waits_until_the_first_is_15_minutes_old(database: Session) -> None:
    for number in range(10):
        throttle.begin(database, "ada", "192.0.2.1", minutes(number))
    with pytest.raises(Throttled) as refusal:
        throttle.begin(database, "ada", "192.0.2.1", minutes(10))
    assert refusal.value.status == 429
    assert refusal.value.retry_after == 5 * 60
    throttle.begin(database, "ada", "192.0.2.1", minutes(15))


def test_refused_attempts_do_not_prolong_the_wait(database: Session) -> None:
    for _ in range(10):
        throttle.begin(database, "ada", "192.0.2.1", NOON)
    for number in range(1, 15):
        with pytest.raises(Throttled):
            throttle.begin(database, "ada", "192.0.2.1", minutes(number))
        database.rollback()
    throttle.begin(database, "ada", "192.0.2.1", minutes(15))


def test_a_name_is_locked_for_one_address_only_so_nobody_locks_others_out(database: Session) -> None:
    for _ in range(10):
        throttle.begin(database, "ada", "192.0.2.1", NOON)
    throttle.begin(database, "ada", "192.0.2.2", NOON)
    throttle.begin(database, "bob", "192.0.2.1", NOON)


@pytest.mark.parametrize("spelling", ["ADA", " ada ", "ａｄａ"])
def test_other_spellings_of_a_name_count_together(database: Session, spelling: str) -> None:
    for _ in range(10):
        throttle.begin(database, "ada", "192.0.2.1", NOON)
    with pytest.raises(Throttled):
        throttle.begin(database, spelling, "192.0.2.1", NOON)


def test_an_address_has_30_failures_whatever_the_names(database: Session) -> None:
    for number in range(30):
        throttle.begin(database, f"name{number}", "192.0.2.1", NOON)
    with pytest.raises(Throttled):
        throttle.begin(database, "another", "192.0.2.1", NOON)


def test_a_success_forgets_the_failures_of_the_name_but_not_of_the_address(database: Session) -> None:
    for number in range(20):
        throttle.begin(database, f"name{number}", "192.0.2.1", NOON)
    for _ in range(5):
        throttle.succeed(database, throttle.begin(database, "ada", "192.0.2.1", NOON))
        database.commit()
    for _ in range(9):
        throttle.begin(database, "ada", "192.0.2.1", NOON)
    throttle.succeed(database, throttle.begin(database, "ada", "192.0.2.1", NOON))
    database.commit()
    throttle.begin(database, "ada", "192.0.2.1", NOON)
    with pytest.raises(Throttled):
        throttle.begin(database, "ada", "192.0.2.1", NOON)


def test_attempts_of_the_same_moment_are_counted_before_they_are_tried(
    database: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse = throttle._refuse_over

    def blind_at_first(*arguments: object, spent: int) -> None:
        # As if ten others committed between the look and the count.
        if spent:
            refuse(*arguments, spent=spent)  # type: ignore[arg-type]

    monkeypatch.setattr(throttle, "_refuse_over", blind_at_first)
    for _ in range(10):
        throttle.begin(database, "ada", "192.0.2.1", NOON)
    with pytest.raises(Throttled):
        throttle.begin(database, "ada", "192.0.2.1", NOON)
    assert database.scalar(select(func.count()).select_from(LoginAttempt)) == 20


def test_old_rows_go_and_no_name_is_readable(database: Session) -> None:
    throttle.begin(database, "my secret password", "192.0.2.1", NOON)
    throttle.begin(database, "ada", "192.0.2.1", minutes(16))
    stored = list(database.scalars(select(LoginAttempt.key)))
    assert len(stored) == 2
    assert not [key for key in stored if "secret" in key or "ada" in key]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_an_ipv6_line_is_one_sender(address: str | None, expected: str) -> None:
    assert throttle.source(address) == expected
