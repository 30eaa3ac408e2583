"""Uploaded files between the steps of an import: kept on the server, known to the browser by a signed token only."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeTimedSerializer

from admin_app.errors import BadInput

#: Seconds that a file is kept.
MAX_AGE: Final = 3600
_NAME: Final = re.compile(r"[0-9a-f]{32}")
_SHOWN: Final = 100


class NoUpload(BadInput):
    """The file behind a token is gone, or the token is none of this person's for this entity."""

    def __init__(self) -> None:
        super().__init__(_("The file is no longer here. Read it again."))


@dataclass(frozen=True)
class Upload:
    """A kept file: its content, the name that it came with, and the token that finds it again."""

    content: bytes
    file_name: str
    token: str
    path: Path

    def claim(self) -> None:
        """Take the file away, so that of two who write at once one is refused. `give_back` undoes it.

        Raises:
            NoUpload: somebody has taken it already.
        """
        try:
            self.path.rename(self._taken)
        except FileNotFoundError:
            raise NoUpload from None

    def give_back(self) -> None:
        """Put a claimed file back: nothing was written."""
        self._taken.rename(self.path)

    def discard(self) -> None:
        """Delete a claimed file."""
        self._taken.unlink(missing_ok=True)

    @property
    def _taken(self) -> Path:
        return self.path.with_suffix(".taken")


def keep(content: bytes, file_name: str, user_id: int | None, entity: str) -> Upload:
    """Store an upload for this person and entity; files that are too old go away at the same time."""
    folder = _folder()
    _sweep(folder)
    name = secrets.token_hex(16)
    path = folder / name
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    shown = file_name[-_SHOWN:]
    digest = hashlib.sha256(content).hexdigest()
    token = _signer().dumps([name, user_id, entity, digest, shown])
    return Upload(content, shown, str(token), path)


def find(token: str, user_id: int | None, entity: str) -> Upload:
    """The file behind a token.

    Raises:
        NoUpload: the token is forged, another person's, another entity's or too old, or the file is gone or changed.
    """
    try:
        name, owner, meant, digest, shown = _signer().loads(token, max_age=MAX_AGE)
        if (owner, meant) != (user_id, entity) or not _NAME.fullmatch(name):
            raise NoUpload
        path = _folder() / name
        content = path.read_bytes()
    except (BadSignature, ValueError, TypeError, FileNotFoundError):
        raise NoUpload from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise NoUpload
    return Upload(content, shown, token, path)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="import")


def _folder() -> Path:
    folder = Path(current_app.config["DATA_DIR"]) / "uploads"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _sweep(folder: Path) -> None:
    oldest = time.time() - MAX_AGE
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            # Somebody else sweeps too.
            continue
