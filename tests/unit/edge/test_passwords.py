"""Passwords: Argon2id with fixed parameters, equal time for unknown people, a cap on concurrent hashes."""

from __future__ import annotations

import threading
import time

import pytest

from admin_app import passwords
from admin_app.errors import BadInput, Busy


def test_a_hash_verifies_only_its_own_password() -> None:
    stored = passwords.hash_password("correct horse battery")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify_password(stored, "correct horse battery")
    assert not passwords.verify_password(stored, "correct horse batterx")
    assert stored != passwords.hash_password("correct horse battery")


def test_full_width_letters_count_as_the_ones_that_were_meant() -> None:
    assert passwords.verify_password(passwords.hash_password("abc123门"), "ａｂｃ１２３门")


@pytest.mark.parametrize("stored", ["", None, "not a hash", "$argon2id$v=19$m=1,t=1,p=1$x$y"])
def test_a_missing_or_broken_hash_says_no(stored: str | None) -> None:
    assert not passwords.verify_password(stored, "anything")


def test_nobody_gets_in_with_the_dummy_hash_and_it_costs_as_much_as_a_real_one() -> None:
    real = passwords.hash_password("real")
    passwords.dummy_hash()
    assert not passwords.verify_password(None, "real")

    def seconds(stored: str | None) -> float:
        spans = []
        for _ in range(5):
            began = time.thread_time()
            passwords.verify_password(stored, "wrong")
            spans.append(time.thread_time() - began)
        return min(spans)

    assert 0.5 < seconds(real) / seconds(None) < 2


def test_old_parameters_are_noticed() -> None:
    old = passwords.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("x")
    assert passwords.needs_rehash(old)
    assert not passwords.needs_rehash(passwords.hash_password("x"))


def test_random_passwords_are_readable_differ_and_pass_the_rules() -> None:
    made = {passwords.random_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        assert len(password) == 19
        assert not set(password) & set("01loiIO")
        passwords.check_new_password(password, "ada")


@pytest.mark.parametrize(
    "password", ["short", "x" * 201, "aaaaaaaaaaaaaaaa", "my name is ADA and so on", "ab" * 10]
)
def test_weak_passwords_are_refused_in_words(password: str) -> None:
    with pytest.raises(BadInput) as refusal:
        passwords.check_new_password(password, "ada")
    assert str(refusal.value)


def test_no_more_than_two_hashes_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()

    class Slow:
        def hash(self, _password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.02)
            with lock:
                running -= 1
            return "hash"

    monkeypatch.setattr(passwords, "_hasher", Slow())
    threads = [threading.Thread(target=passwords.hash_password, args=("x",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_who_waits_too_long_for_a_turn_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "TURN_SECONDS", 0.01)
    with passwords._turn(), passwords._turn(), pytest.raises(Busy) as refusal:
        passwords.hash_password("x")
    assert refusal.value.status == 503
    assert refusal.value.retry_after > 0
