"""Serving with waitress: buffered, so that slow clients hold no thread."""

from __future__ import annotations

import errno
import logging
import logging.handlers
from pathlib import Path
from typing import Any

import waitress
from flask import Flask

from admin_app.config import MEGABYTE, ConfigurationError
from admin_app.edge import LOG_FORMAT, RequestIdFilter, init_logging

THREADS = 8
#: Waitress's default of 100 would let 100 slow clients shut everybody else out.
CONNECTION_LIMIT = 2000
LOG_BYTES = 10 * MEGABYTE
LOG_FILES = 5


def log_to(folder: Path, level: str, name: str = "dutybook.log") -> None:
    """Send the log to standard error, and to a file of `folder`, which is made and kept small."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    init_logging(logging.getLevelNamesMapping()[level])
    handler = logging.handlers.RotatingFileHandler(
        folder / name, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)
    # It would tell each step of a migration, also when there is none.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def make_server(app: Flask, host: str, port: int) -> Any:
    """A waitress server that listens already; its `run` serves until interrupted, `close` stops listening.

    Raises ConfigurationError when the address cannot be had.
    """
    try:
        return waitress.create_server(
            app,
            host=host,
            port=port,
            threads=THREADS,
            connection_limit=CONNECTION_LIMIT,
            # Twice the app's own limit: up to there the app answers with its page, beyond it nothing is read.
            max_request_body_size=2 * app.config["MAX_CONTENT_LENGTH"],
            ident="",
        )
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise ConfigurationError(f"Port {port} is taken: set PORT to another one.") from None
        raise ConfigurationError(f"{host}:{port} cannot be listened on: {error}.") from None


def address(server: Any) -> str:
    """The address to type into a browser, such as http://127.0.0.1:8000."""
    # A name with several addresses (localhost) gives a server for each of them.
    listens = getattr(server, "effective_listen", None)
    host, port = listens[0] if listens else (server.effective_host, server.effective_port)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
