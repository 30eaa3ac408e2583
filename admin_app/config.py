"""Every setting in one table, and the secret key.

Settings come from the environment; docs/settings.md shows the same table, and a test compares the two. A
value that cannot be used stops the start with one sentence.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from admin_app.errors import DutybookError

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1024 * 1024
#: Characters of the secret key: 32 random bytes in hexadecimal.
KEY_LENGTH = 64
RENEW = "delete it, which signs everybody out, and start again."


class ConfigurationError(DutybookError):
    """One sentence, for whoever starts the server: which setting or file stops the start, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(500, message)


def parse_text(value: str) -> str:
    """The value as it is."""
    return value


def parse_flag(value: str) -> bool:
    """True for 1, yes, true, on; False for 0, no, false, off."""
    if value.lower() in ("1", "yes", "true", "on"):
        return True
    if value.lower() in ("0", "no", "false", "off"):
        return False
    raise ValueError("use 1 or 0")


def parse_port(value: str) -> int:
    """A TCP port; 0 lets the system choose one."""
    if not value.isascii() or not value.isdigit() or int(value) > 65535:
        raise ValueError("use a number from 0 to 65535")
    return int(value)


def parse_megabytes(value: str) -> int:
    """Megabytes, returned in bytes."""
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ValueError("use a whole number of megabytes")
    return int(value) * MEGABYTE


def parse_days(value: str) -> int:
    """A whole number of days, at least 1."""
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ValueError("use a whole number of days")
    return int(value)


def parse_milliseconds(value: str) -> int:
    """A whole number of milliseconds; 0 means never."""
    if not value.isascii() or not value.isdigit():
        raise ValueError("use a whole number of milliseconds")
    return int(value)


def parse_records(value: str) -> int:
    """A whole number of records, at least 1."""
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ValueError("use a whole number of records")
    return int(value)


def parse_retention(value: str) -> int:
    """A whole number of days; 0 means for ever."""
    return 0 if value == "0" else parse_days(value)


def parse_path(value: str) -> Path:
    """A folder, absolute; a relative one starts at the repository."""
    return (ROOT / Path(value).expanduser()).resolve()


def parse_database_url(value: str) -> str:
    """A database URL with its driver; empty stays empty and means SQLite in the data folder."""
    if not value:
        return ""
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError("use postgresql://user:password@host/database or sqlite:////path/file.db") from None
    return with_driver(url).render_as_string(hide_password=False)


def with_driver(url: URL) -> URL:
    """The same address with the driver that is installed: psycopg 3 for PostgreSQL."""
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("postgresql+psycopg", "sqlite"):
        return url
    raise ValueError("use PostgreSQL or SQLite")


def parse_time_zone(value: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("use a name like Asia/Shanghai") from None
    return value


def parse_language(value: str) -> str:
    """One of the two languages."""
    if value not in ("zh", "en"):
        raise ValueError("use zh or en")
    return value


def parse_log_level(value: str) -> str:
    """A level of the standard library's logging, in capitals."""
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("use debug, info, warning or error")
    return value.upper()


@dataclass(frozen=True)
class Setting:
    """One line of the table: the variable, its key in Flask's config, its default as text, its meaning."""

    name: str
    key: str
    default: str
    sentence: str
    parse: Callable[[str], Any] = parse_text


SETTINGS = (
    Setting(
        "HOST", "HOST", "127.0.0.1", "Address that the server listens on; 0.0.0.0 opens it to the network."
    ),
    Setting("PORT", "PORT", "8000", "Port that the server listens on; 0 takes a free one.", parse_port),
    Setting(
        "DEMO",
        "DEMO",
        "1",
        "On the first start, 1 loads the demo company, 0 an empty company with one admin.",
        parse_flag,
    ),
    Setting(
        "DUTYBOOK_DATABASE_URL",
        "SQLALCHEMY_DATABASE_URI",
        "",
        "Address of a PostgreSQL or SQLite database; empty is dutybook.sqlite in the data folder.",
        parse_database_url,
    ),
    Setting(
        "DUTYBOOK_DATA_DIR",
        "DATA_DIR",
        "var",
        "Folder for the database, the secret key, files and logs.",
        parse_path,
    ),
    Setting(
        "DUTYBOOK_DEMO_PASSWORD",
        "DEMO_PASSWORD",
        "",
        "Password of the logins that the first start makes; empty makes a random one and prints it.",
    ),
    Setting(
        "DUTYBOOK_LANGUAGE",
        "LANGUAGE",
        "zh",
        "Language for people who have chosen none: zh or en.",
        parse_language,
    ),
    Setting(
        "DUTYBOOK_TIME_ZONE",
        "TIME_ZONE",
        "Asia/Shanghai",
        "Time zone in which times are shown and typed; they are stored in UTC.",
        parse_time_zone,
    ),
    Setting(
        "DUTYBOOK_SECURE_COOKIES",
        "SESSION_COOKIE_SECURE",
        "0",
        "1 where people come over HTTPS: browsers then send cookies over nothing else.",
        parse_flag,
    ),
    Setting(
        "DUTYBOOK_UPLOAD_MB",
        "MAX_CONTENT_LENGTH",
        "20",
        "Largest request that is taken, in megabytes.",
        parse_megabytes,
    ),
    Setting(
        "DUTYBOOK_UNUSED_DAYS",
        "UNUSED_DAYS",
        "90",
        "Access that nobody used for this many days is listed among the gaps.",
        parse_days,
    ),
    Setting(
        "DUTYBOOK_HISTORY_DAYS",
        "HISTORY_DAYS",
        "0",
        "Days that history is kept for: flask --app wsgi audit prune removes older change sets; 0 keeps all.",
        parse_retention,
    ),
    Setting(
        "DUTYBOOK_BULK_AT_ONCE",
        "BULK_AT_ONCE",
        "10000",
        "Changes of up to this many records are made while one waits; larger ones become a job.",
        parse_records,
    ),
    Setting(
        "DUTYBOOK_BULK_APPROVAL",
        "BULK_APPROVAL",
        "50000",
        "Changes of more records than this wait for the yes of a second person.",
        parse_records,
    ),
    Setting(
        "DUTYBOOK_GRADING_APPROVAL",
        "GRADING_APPROVAL",
        "100",
        "Grades that a rule changes for more customers than this wait for the yes of a second person.",
        parse_records,
    ),
    Setting(
        "DUTYBOOK_WORKER",
        "WORKER",
        "1",
        "1 runs a worker for jobs beside the server; 0 where one runs by itself (flask --app wsgi worker).",
        parse_flag,
    ),
    Setting(
        "DUTYBOOK_LIST_MS",
        "LIST_MS",
        "5000",
        "Milliseconds that a filtered list may look for its rows before it asks for one more condition; 0: no end.",
        parse_milliseconds,
    ),
    Setting(
        "DUTYBOOK_SLOW_QUERY_MS",
        "SLOW_QUERY_MS",
        "500",
        "A statement that takes this many milliseconds goes into the log, without its values; 0 logs none.",
        parse_milliseconds,
    ),
    Setting(
        "DUTYBOOK_LOG_LEVEL",
        "LOG_LEVEL",
        "info",
        "How much goes into the log: debug, info, warning or error.",
        parse_log_level,
    ),
)

#: What is no setting: safe for everybody, so nobody can switch it off by accident.
FIXED: Mapping[str, Any] = {
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    # Werkzeug's 500 kB stops a long note; a form may be as long as a request.
    "MAX_FORM_PARTS": 5000,
    # Flask-Babel needs a territory for Flask-Admin's own catalogue (zh alone falls back to English).
    "BABEL_DEFAULT_LOCALE": "zh_CN",
}


def read_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Config key -> parsed value for each of SETTINGS; an empty variable counts as not set.

    Raises ConfigurationError for the first value that cannot be used.
    """
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = environ.get(setting.name, "").strip() or setting.default
        try:
            values[setting.key] = setting.parse(text)
        except ValueError as error:
            raise ConfigurationError(f"{setting.name}={text} cannot be used: {error}.") from None
    return values


def flask_config(
    overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The whole Flask config: fixed values, then the environment, then `overrides` by config key.

    Makes the data folder (0700) and, where `overrides` brings no SECRET_KEY, reads or makes the key in it.
    Raises ConfigurationError.
    """
    config = {**FIXED, **read_settings(os.environ if environ is None else environ), **(overrides or {})}
    config["DATA_DIR"] = data_dir = Path(config["DATA_DIR"])
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{data_dir} cannot be the data folder: {error.strerror}.") from None
    if not config.get("SQLALCHEMY_DATABASE_URI"):
        config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{data_dir / 'dutybook.sqlite'}"
    if not config.get("SECRET_KEY"):
        config["SECRET_KEY"] = secret_key(data_dir / "secret_key")
    config.setdefault("MAX_FORM_MEMORY_SIZE", config["MAX_CONTENT_LENGTH"])
    config.setdefault("BABEL_DEFAULT_TIMEZONE", config["TIME_ZONE"])
    return config


def secret_key(path: Path) -> str:
    """Read the key at `path`; make it first, for its owner only, where there is none.

    Raises ConfigurationError when others may read the file, or when it holds no whole key.
    """
    try:
        # O_EXCL: of two servers that start at once, one makes the key and the other reads it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_key(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from None
    key = secrets.token_hex(KEY_LENGTH // 2)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def _read_key(path: Path) -> str:
    # Its maker may still be writing; a key that stays short is a broken one, never one to go on with.
    for _ in range(20):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            key = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(f"{path} cannot be read: {RENEW}") from None
        if mode & 0o077:
            raise ConfigurationError(
                f"{path} can be read by others (mode {mode:o}): chmod 600 it, or {RENEW}"
            )
        if len(key) >= KEY_LENGTH:
            return key
        time.sleep(0.05)
    raise ConfigurationError(f"{path} holds no whole key: {RENEW}")
