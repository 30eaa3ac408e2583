"""Password hashing with Argon2id, and what a new password has to fulfil.

Parameters: 19 MiB, two passes, one lane: about 30 ms on one core. Only `CONCURRENT_HASHES` run at once in one
process, so that a flood of sign-ins can neither eat the memory nor starve every thread of the server.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask_babel import lazy_gettext

from admin_app.errors import BadInput, Busy

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
CONCURRENT_HASHES = 2
#: How long a request may wait for its turn to hash, in seconds, before it is told to come back later.
TURN_SECONDS = 10.0
MIN_LENGTH = 12
MAX_LENGTH = 200
MIN_DIFFERENT = 5
#: Letters and digits that nobody confuses when reading them aloud or off a screen: no 0 o 1 l i.
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"

_hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
_turns = BoundedSemaphore(CONCURRENT_HASHES)


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=TURN_SECONDS):
        raise Busy(lazy_gettext("Too many people sign in at this moment. Try again in a minute."))
    try:
        yield
    finally:
        _turns.release()


def _normal(password: str) -> str:
    # Chinese input methods type full-width digits and letters: NFKC makes them the ones that were meant.
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """Return the encoded Argon2id hash (some 97 ASCII characters, parameters and salt included).

    Raises Busy when no turn to hash came within TURN_SECONDS.
    """
    with _turn():
        return _hasher.hash(_normal(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Tell whether `password` is the one behind the hash `stored`; never raises on a bad hash.

    Without a stored hash (no such user, no password yet) it works as long as with one and says no, so that
    the time taken does not tell which user names exist. Raises Busy like `hash_password`.
    """
    with _turn():
        try:
            return _hasher.verify(stored or dummy_hash(), _normal(password)) and bool(stored)
        except (Argon2Error, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Tell whether `stored` was made with other parameters than today's, so that it is due again."""
    return _hasher.check_needs_rehash(stored)


@cache
def dummy_hash() -> str:
    """Return a hash that nobody knows the password of; made once a process, with today's parameters."""
    return _hasher.hash(secrets.token_hex(16))


def random_password() -> str:
    """Return a readable random password like `k7mp-x3qh-wd9t-bn4e` (79 bits)."""
    return "-".join("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(4))


def check_new_password(password: str, username: str) -> None:
    """Raise BadInput, with a message for its reader, when `password` must not become a password.

    Length is what counts; composition rules only make people write passwords down.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise BadInput(
            lazy_gettext("Use %(least)s to %(most)s characters.", least=MIN_LENGTH, most=MAX_LENGTH)
        )
    if len(set(password)) < MIN_DIFFERENT:
        raise BadInput(lazy_gettext("Use at least %(least)s different characters.", least=MIN_DIFFERENT))
    if username and username.casefold() in password.casefold():
        raise BadInput(lazy_gettext("Leave the user name out of the password."))
