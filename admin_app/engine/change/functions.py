"""What SQLite lacks and history needs, as functions on each connection; PostgreSQL brings its own."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import Any

from models.change import canonical


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def _hex_digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _encode(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _decode(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _respell(text: str | None) -> str | None:
    return None if text is None else canonical(json.loads(text))


def add_functions(connection: Any) -> None:
    """Register them on a DB-API connection to SQLite."""
    for name, function in (
        ("dutybook_sha256", _digest),
        ("dutybook_sha256_hex", _hex_digest),
        ("dutybook_base64", _encode),
        ("dutybook_bytes", _decode),
        ("dutybook_canonical", _respell),
    ):
        connection.create_function(name, 1, function, deterministic=True)
