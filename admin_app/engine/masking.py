"""Masked values: enough to recognise, too little to use."""

from __future__ import annotations

import re

_MASK = "****"


def mask(text: str) -> str:
    """`13812345678` -> "138****5678", `ann@x.example` -> "a***@x.example", anything else keeps its first character.

    The length is not told, but for the ends of numbers that people read to each other on the phone.
    """
    name, at, domain = text.partition("@")
    if at and name and "." in domain:
        return f"{name[0]}***@{domain}"
    digits = re.sub(r"\D", "", text)
    if len(digits) >= 7 and len(digits) * 2 >= len(text):
        head, tail = (3, 4) if len(digits) >= 11 else (2, 2)
        return f"{text[:head]}{_MASK}{digits[-tail:]}"
    return f"{text[:1]}{_MASK}" if len(text) > 3 else _MASK
