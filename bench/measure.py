"""One database, one size: load, start the servers, and let our pages and the limits take turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import text

from admin_app.config import ROOT
from admin_app.db import db
from bench import floor
from bench.assets import first_visit
from bench.browser import Browser
from bench.databases import Databases
from bench.load import ADMIN, CLERK, PASSWORD, fill, make_app
from bench.pages import LIST, Person
from bench.rows import Source
from bench.serving import Server, throughput
from bench.timing import Probe, log, take_turns
from bench.writes import Writer

CLIENTS = 8
COLD_STARTS = 3


@dataclass(frozen=True)
class Options:
    """How much is measured."""

    rows: int
    rounds: int
    seconds: int
    keep: bool
    folder: Path
    only: tuple[str, ...] = ()


def measure(databases: Databases, source: Source, options: Options) -> dict[str, Any]:
    """Everything about one database, as the JSON file keeps it."""
    name = f"bench_{source.name}_{options.rows}_{_head()}"
    data_dir = options.folder / "var"
    loaded: float | None = None
    if not databases.has(name):
        log(f"loading {options.rows:,} customers into {databases.kind}")
        databases.drop("loading")
        databases.create("loading")
        begun = time.perf_counter()
        app = make_app(databases.url("loading"), data_dir)
        fill(app, databases.url("loading"), source, options.rows)
        loaded = round(time.perf_counter() - begun, 1)
        with app.app_context():
            db.engine.dispose()
        databases.rename("loading", name)
        log(f"loaded in {loaded} s")
    try:
        found = _measure(databases, databases.url(name), data_dir, source, options)
        return {"loaded_s": loaded, "megabytes": round(databases.size(name) / 1e6), "ops": found}
    finally:
        if not options.keep:
            databases.drop(name)


def _head() -> str:
    """The newest migration: a database loaded for an older one is loaded anew."""
    return str(ScriptDirectory(str(ROOT / "migrations")).get_current_head())


def _measure(
    databases: Databases, url: str, data_dir: Path, source: Source, options: Options
) -> dict[str, dict[str, Any]]:
    log_file = options.folder / "server.log"
    ours = {"DUTYBOOK_DATABASE_URL": url, "DUTYBOOK_DATA_DIR": str(data_dir), "DUTYBOOK_LOG_LEVEL": "warning"}
    bare = {"BENCH_DATABASE": url, "DUTYBOOK_DATA_DIR": str(data_dir)}
    found = _cold_starts(ours, bare, log_file)
    app = make_app(url, data_dir)
    with (
        Server("wsgi:app", "/login", ours, log_file) as server,
        Server("bench.floor:create_app()", "/hello", bare, log_file) as floor_server,
    ):
        time.sleep(0.5)
        found["memory idle"] = {"mb": server.memory()}
        base = (databases.pid(),) if databases.pid() else ()
        served = (server.pid, *base)
        people = []
        for name in (ADMIN, CLERK):
            browser = Browser(server.port)
            browser.sign_in(name, PASSWORD)
            people.append(Person(app, server, source, name, browser, options.rows))
        plain = Browser(floor_server.port)
        limits = [
            Probe("bare:hello", lambda: plain.get("/hello").seconds, (floor_server.pid, *base)),
            Probe("bare:list", lambda: plain.get("/list").seconds, (floor_server.pid, *base)),
            *_raw(url),
        ]
        probes = [*limits]
        for person in people:
            log(f"{databases.kind}: reading as {person.name}")
            for made in (person.lists(served), person.jumps(served), person.searches(served)):
                probes += made
            probes += person.everywhere(served) + person.forms(served)
            probes.append(_packed(person, served))
        _report_turns(found, probes, options)
        one = _looker(app)
        writes = [probe for person in people for probe in Writer(person, served, one).probes()]
        log(f"{databases.kind}: writing")
        _report_turns(found, writes, options)
        log(f"{databases.kind}: {CLIENTS} clients")
        for who, at, path, cookie in (
            *((person.name, server, LIST, person.browser.cookie) for person in people),
            ("bare", floor_server, "/list", ""),
        ):
            if _wanted(f"{who}:throughput", options):
                found[f"{who}:throughput"] = throughput(at, path, cookie, options.seconds, CLIENTS, *base)
        found["memory loaded"] = {"mb": server.memory()}
        found["first visit"] = first_visit(people[0].browser, LIST)
    with app.app_context():
        db.engine.dispose()
    return found


def _wanted(name: str, options: Options) -> bool:
    return not options.only or any(part in name for part in options.only)


def _report_turns(found: dict[str, dict[str, Any]], probes: list[Probe], options: Options) -> None:
    """Time the probes that are wanted; the bare page and our first page always run along, to compare with."""
    chosen = [
        probe
        for probe in probes
        if probe.name in ("bare:list", f"{ADMIN}:list_first", f"{CLERK}:list_first")
        or _wanted(probe.name, options)
    ]
    log(f"{len(chosen)} things take turns")
    found.update(take_turns(chosen, options.rounds))


def _cold_starts(ours: dict[str, str], bare: dict[str, str], log_file: Path) -> dict[str, dict[str, Any]]:
    """Seconds from the server program's start to its first page; once before, so that all modules are compiled."""
    found = {}
    for name, target, page, environment in (
        ("cold start", "wsgi:app", "/login", ours),
        ("bare:cold start", "bench.floor:create_app()", "/hello", bare),
    ):
        times = []
        for turn in range(COLD_STARTS + 1):
            with Server(target, page, environment, log_file) as server:
                if turn:
                    times.append(server.cold * 1000)
        found[name] = {"median_ms": round(statistics.median(times), 1), "n": len(times)}
    return found


def _packed(person: Person, roots: tuple[int, ...]) -> Probe:
    """The first page as browsers ask for it, compressed where the server does that."""

    def once() -> float:
        return person.browser.get(LIST, Accept_Encoding="gzip").seconds

    size = len(person.browser.get(LIST, Accept_Encoding="gzip").body)
    return Probe(f"{person.name}:list_first gzip", once, roots, extra={"bytes": size})


def _raw(url: str) -> list[Probe]:
    """The same questions through the driver alone."""
    connection = floor.connect(url)

    def asked(*statements: str) -> Callable[[], float]:
        def once() -> float:
            begun = time.perf_counter()
            for statement in statements:
                connection.execute(statement).fetchall()
            return time.perf_counter() - begun

        return once

    return [
        Probe("raw:list", asked(floor.LIST)),
        Probe("raw:filtered", asked(floor.FILTERED)),
        Probe("raw:filtered and counted", asked(floor.FILTERED, floor.COUNT)),
    ]


def _looker(app: Any) -> Callable[[str, Any], Any]:
    """Reads one value past the session, so past every rule."""

    def one(statement: str, value: Any) -> Any:
        with app.app_context(), db.engine.connect().execution_options(writes=False) as connection:
            return connection.execute(text(statement.format(":value")), {"value": value}).scalar()

    return one
