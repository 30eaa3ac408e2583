"""Static files for ever: their addresses bear a hash of their content, and they travel compressed.

`/static/~3fa2b1c0/css/list.css` never changes its content, so browsers and proxies keep it and never ask again.
Modules and style sheets name each other by relative addresses: all files of a folder of ours share one hash, so what
one of them names bears it too. Packages stand alone, and one that changes does not fetch the others anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, abort, current_app, request

from admin_app.packing import LEAST_BYTES, accepts_gzip, gzip_bytes

FOREVER: Final = "public, max-age=31536000, immutable"
#: Kept too, but asked for by ETag each time.
ASKED: Final = "public, no-cache"
MARK: Final = "~"
HASH_LENGTH: Final = 8
#: Files of these folders name nothing else.
ALONE: Final = frozenset({"vendor"})
TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".txt": "text/plain",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_PACKED: Final = frozenset({".css", ".js", ".svg", ".json", ".txt"})


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    packed: bytes | None
    mimetype: str
    digest: str


class Assets:
    """The files below `folder`, read when they are first asked for and kept, the compressed ones compressed.

    While `watch` says so each file is read anew, for whoever works on it.
    """

    def __init__(self, folder: Path, watch: Callable[[], bool] = bool) -> None:
        self._folder = folder.resolve()
        self._watch = watch
        self._digests: dict[str, str] = {}
        self._kept: dict[str, Asset] = {}

    def digest(self, name: str) -> str | None:
        """The hash that the address of file `name` bears; None where there is no such file."""
        path = self._path(name)
        if path is None:
            return None
        top = name.partition("/")[0]
        alone = top in ALONE or "/" not in name
        family = name if alone else top
        if family not in self._digests or self._watch():
            members = (
                [path]
                if alone
                else sorted(each for each in (self._folder / top).rglob("*") if each.is_file())
            )
            summed = hashlib.sha256()
            for member in members:
                summed.update(
                    member.relative_to(self._folder).as_posix().encode() + b"\0" + member.read_bytes()
                )
            self._digests[family] = summed.hexdigest()[:HASH_LENGTH]
        return self._digests[family]

    def get(self, name: str) -> Asset | None:
        """The file `name`; None where there is none."""
        if name in self._kept and not self._watch():
            return self._kept[name]
        path, digest = self._path(name), self.digest(name)
        if path is None or digest is None:
            return None
        content = path.read_bytes()
        worth = path.suffix in _PACKED and len(content) >= LEAST_BYTES
        packed = gzip_bytes(content, 9) if worth else None
        mimetype = TYPES.get(path.suffix, "application/octet-stream")
        found = self._kept[name] = Asset(content, packed, mimetype, digest)
        return found

    def _path(self, name: str) -> Path | None:
        path = (self._folder / name).resolve()
        return path if path.is_relative_to(self._folder) and path.is_file() else None


def _assets() -> Assets:
    found: Assets = current_app.extensions["dutybook_assets"]
    return found


def _serve(filename: str) -> Response:
    """A static file, under its address with a hash or its plain one."""
    marked, _, rest = filename.partition("/") if filename.startswith(MARK) else ("", "", filename)
    found = _assets().get(rest)
    if found is None:
        abort(404)
    packed = found.packed is not None and accepts_gzip()
    response = Response(found.packed if packed else found.content, mimetype=found.mimetype)
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    if found.packed is not None:
        response.vary.add("Accept-Encoding")
    response.set_etag(found.digest + ("-gzip" if packed else ""))
    # An older page may still ask for a former content by its hash; what it gets must not be kept under that.
    forever = marked == MARK + found.digest
    response.headers["Cache-Control"] = FOREVER if forever else ASKED
    response.make_conditional(request)
    return response


def _name(endpoint: str, values: dict[str, Any]) -> None:
    """Put the hash into the address of a static file."""
    name = values.get("filename")
    if endpoint != "static" or not isinstance(name, str) or name.startswith(MARK):
        return
    digest = _assets().digest(name)
    # Not there, such as an asset that is not fetched yet: its 404 must not be kept.
    if digest is not None:
        values["filename"] = f"{MARK}{digest}/{name}"


def init_assets(app: Flask) -> None:
    """Serve the static folder of `app` this way."""
    app.extensions["dutybook_assets"] = Assets(Path(app.static_folder or ""), lambda: app.debug)
    app.view_functions["static"] = _serve
    app.url_defaults(_name)
