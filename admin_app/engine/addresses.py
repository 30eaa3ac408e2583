"""Addresses of our own pages, as `url_for` makes them, at a tenth of its price: a list holds dozens."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import current_app, request, url_for

#: What may stand unquoted in a query: the same characters as in Werkzeug's own addresses.
_SAFE = "!$'()*,/:;?@"


def path_of(endpoint: str) -> str:
    """The path of a page that takes no arguments in it, with the prefix that the product is mounted under."""
    kept: dict[tuple[str, str], str] = current_app.extensions.setdefault("dutybook_paths", {})
    key = (request.script_root, endpoint)
    found = kept.get(key)
    if found is None:
        found = kept[key] = url_for(endpoint)
    return found


def address(endpoint: str, **query: Any) -> str:
    """`path_of(endpoint)` with a query; None is left out, a list gives its name several times."""
    path = path_of(endpoint)
    parts = [
        f"{quote(name, _SAFE)}={quoted(value)}"
        for name, values in query.items()
        for value in (values if isinstance(values, list | tuple) else (values,))
        if value is not None
    ]
    return f"{path}?{'&'.join(parts)}" if parts else path


def quoted(value: Any) -> str:
    """`value` as it stands in a query."""
    return quote(str(value), _SAFE).replace("%20", "+")
