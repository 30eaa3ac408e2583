"""Smaller answers: gzip for pages and files, and why that gives nothing away.

A compressed page that holds both a secret and words from the address tells the secret's length to whoever can watch
the line and choose the words (BREACH). So the CSRF token, the one lasting secret in a page, is masked anew in each
response (`admin_app/csrf.py`), each page is padded by a random number of bytes, and the session cookie is SameSite:
no other site's script or picture can send a request that bears it.
"""

from __future__ import annotations

import secrets
import struct
import zlib
from typing import Final

from flask import Response, request

#: Below this nothing is gained.
LEAST_BYTES: Final = 1024
#: At most so many bytes of padding.
PADDING: Final = 64
#: Level 1 takes a third of the time of level 6 and leaves a page about a tenth bigger.
PAGE_LEVEL: Final = 1
TYPES: Final = frozenset(
    {"text/html", "text/css", "text/javascript", "application/json", "image/svg+xml", "text/plain"}
)
# Deflate, with a name for the content: the name is the padding.
_HEADER: Final = b"\x1f\x8b\x08\x08\0\0\0\0\x02\xff"


def gzip_bytes(content: bytes, level: int, padding: int = 0) -> bytes:
    """`content` as gzip, with a name of `padding` bytes in its header."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(content) + packer.flush()
    tail = struct.pack("<LL", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return b"".join((_HEADER, b"a" * padding, b"\0", body, tail))


def accepts_gzip() -> bool:
    """Whether who asks takes gzip."""
    return request.accept_encodings.quality("gzip") > 0


def pack(response: Response) -> Response:
    """Compress a page that is worth it; what is streamed, packed already or a part of a file stays as it is."""
    if (
        response.mimetype not in TYPES
        or response.direct_passthrough
        or response.is_streamed
        or response.status_code in (206, 304)
        or "Content-Encoding" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    if not accepts_gzip():
        return response
    content = response.get_data()
    if len(content) < LEAST_BYTES:
        return response
    response.set_data(gzip_bytes(content, PAGE_LEVEL, secrets.randbelow(PADDING)))
    response.headers["Content-Encoding"] = "gzip"
    return response
