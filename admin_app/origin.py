"""Where a write comes from, for the history: a screen, a command, or the system itself."""

from __future__ import annotations

import click
from flask import has_request_context

from admin_app.edge import request_id


def origin() -> tuple[str, str | None]:
    """(source, request id) of what runs at the moment."""
    if has_request_context():
        return "screen", request_id()
    return ("command" if click.get_current_context(silent=True) else "system"), None
