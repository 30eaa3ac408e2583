"""Jobs survive their workers and their server: real processes, ended by SIGKILL in the middle of their work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from admin_app.config import ROOT
from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.bulk import runs
from admin_app.engine.bulk.selection import Selection
from admin_app.engine.bulk.shipped import EDIT
from admin_app.engine.job import JobKind
from admin_app.jobs.order import order
from models.bulk import BulkRun
from models.change import ChangeRow
from models.customer import Customer
from models.job import Job
from models.tag import TagFamily
from tests.conftest import make_app, seed_demo
from tests.databases import Maker
from tests.functional.counting import CHUNKS
from tests.functional.test_commands import environment, served

PATIENCE = 180


@pytest.fixture
def counting(database_kind: str, makers: Callable[[str], Maker], tmp_path: Path) -> Iterator[Flask]:
    """An app over a database of its own, which the workers of the test share."""
    app = make_app(makers(database_kind).clone(), tmp_path)
    app.extensions["dutybook_jobs"].kinds["count"] = JobKind("count", "Count", lambda _run: None)
    yield app
    app.extensions["dutybook_jobs"].close()
    with app.app_context():
        db.engine.dispose()


def start_worker(
    app: Flask, name: str = "tests.functional.counting", **settings: str
) -> subprocess.Popen[bytes]:
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", name, "worker"],
        cwd=ROOT,
        env=environment(Path(app.config["DATA_DIR"]), DUTYBOOK_DATABASE_URL=url, **settings),
        stderr=subprocess.DEVNULL,
    )


def state(app: Flask, number: int) -> tuple[str, int, int]:
    """The job's state, its progress, and how many chunks are really there."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        # A reader, which waits for no writer: the worker must not be done before it is killed.
        session.connection(execution_options={"writes": False})
        job = session.get(Job, number)
        assert job is not None
        made = session.scalar(select(func.count()).where(TagFamily.code.startswith("chunk-")))
        return job.state, job.done, made or 0


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "nothing happens"
        time.sleep(0.05)


def test_a_killed_worker_loses_no_chunk_and_does_none_twice(counting: Flask) -> None:
    with counting.app_context(), acting(db.session(), SYSTEM) as session:
        number = order(session, "count", {}, None).id
        session.commit()
    worker = start_worker(counting)
    try:
        for part in (CHUNKS // 4, CHUNKS // 2):
            wait_until(lambda part=part: state(counting, number)[1] >= part)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            running, done, made = state(counting, number)
            assert (running, done) == ("running", made)
            assert done < CHUNKS
            worker = start_worker(counting)
        wait_until(lambda: state(counting, number)[0] not in ("queued", "running"))
        assert state(counting, number) == ("done", CHUNKS, CHUNKS)
    finally:
        worker.kill()
        worker.wait()


def test_a_bulk_change_survives_its_workers_and_changes_each_record_once(counting: Flask) -> None:
    seed_demo(counting)
    # One record a chunk, so that there is a middle in which to be killed.
    counting.config["BULK_AT_ONCE"] = 1
    counting.config["BULK_APPROVAL"] = 1_000
    with counting.test_request_context(method="POST"), acting(db.session(), SYSTEM) as session:
        customer = counting.extensions["dutybook"].by_name["customer"]
        chosen = Selection.all_matching(customer, MultiDict(), SYSTEM)
        sent = MultiDict([("set", "region"), ("region", "Nordland")])
        versions = dict(session.execute(select(Customer.id, Customer.version)).all())
        run = runs.preview(session, SYSTEM, customer, EDIT, chosen, sent, "moved")
        runs.submit(session, SYSTEM, run)
        run_id, number = run.id, run.job_id
        session.commit()
    worker = start_worker(counting, "wsgi", DUTYBOOK_BULK_AT_ONCE="1")
    try:
        for part in (10, 30):
            wait_until(lambda part=part: progress(counting, number) >= part)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            worker = start_worker(counting, "wsgi", DUTYBOOK_BULK_AT_ONCE="1")
        wait_until(lambda: state(counting, number)[0] == "done")
    finally:
        worker.kill()
        worker.wait()
    with counting.app_context(), acting(db.session(), SYSTEM) as session:
        done = session.get(BulkRun, run_id)
        assert done is not None
        assert (done.state, done.applied, len(done.sets)) == ("done", len(versions), len(versions))
        now = dict(session.execute(select(Customer.id, Customer.version)).all())
        assert now == {key: version + 1 for key, version in versions.items()}
        told = select(ChangeRow.record_key).where(ChangeRow.set_id.in_(done.sets))
        assert sorted(session.scalars(told)) == sorted(map(str, versions))


def progress(app: Flask, number: int) -> int:
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        return session.scalar(select(Job.done).where(Job.id == number)) or 0


def children(process: int) -> list[int]:
    """The processes that this one started."""
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        found += [int(number) for number in (task / "children").read_text().split()]
    return found


def alive(process: int) -> bool:
    try:
        # A process that ended and is not fetched yet still has a number.
        return ") Z" not in Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="tells children from /proc")
def test_a_killed_worker_is_started_again_and_ends_with_its_server(tmp_path: Path) -> None:
    with served(tmp_path, DEMO="0") as (_address, _printed):
        server = next(
            int(path.name)
            for path in Path("/proc").iterdir()
            if path.name.isdigit() and os.getpid() == parent_of(int(path.name)) and "serve" in command(path)
        )
        wait_until(lambda: bool(children(server)))
        (first,) = children(server)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: bool(children(server)) and children(server) != [first])
        (second,) = children(server)
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: not alive(second))


def parent_of(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return 0


def command(path: Path) -> str:
    try:
        return (path / "cmdline").read_text()
    except FileNotFoundError:
        return ""
