"""The worker: a process of its own beside the server, started again where it dies, and gone when the server is."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

from flask import Flask
from huey.consumer import Consumer

from admin_app.config import ROOT
from admin_app.jobs.queue import Jobs
from admin_app.jobs.watch import watch

#: Jobs at once: a long one holds up no short one.
THREADS: Final = 2
#: How often an empty queue is asked, in seconds.
POLL: Final = 0.5
#: Before a worker that died is started again, in seconds.
PAUSE: Final = 1.0

_log = logging.getLogger(__name__)


def work(app: Flask, with_parent: bool = False) -> None:
    """Work until a signal comes: SIGINT waits for the chunks under way, SIGTERM does not.

    `with_parent` ends the process when its standard input ends, which happens to a child whose parent is gone,
    also by SIGKILL.
    """
    jobs: Jobs = app.extensions["dutybook_jobs"]
    stop = Event()
    # The log tells of jobs; how their numbers travel is nobody's news.
    logging.getLogger("huey").setLevel(logging.WARNING)
    # The task has to be known before the first number comes.
    assert jobs.task
    consumer = Consumer(jobs.huey, workers=THREADS, periodic=False, max_delay=POLL, check_worker_health=True)
    looking = Thread(target=watch, args=(app, stop), name="watch over the jobs", daemon=True)
    looking.start()
    if with_parent:
        Thread(target=_follow, name="parent", daemon=True).start()
    try:
        consumer.run()
    finally:
        stop.set()


def _follow() -> None:
    sys.stdin.buffer.read()
    # A job that is cut off here goes on in the next worker.
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def beside() -> Iterator[None]:
    """Keep a worker process running beside the block, with the settings of this one."""
    stop = Event()
    keeper = Thread(target=_keep, args=(stop,), name="keeper of the worker", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join(timeout=10)


def _keep(stop: Event) -> None:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--with-parent"]
    while not stop.is_set():
        process = subprocess.Popen(  # noqa: S603 - a fixed command
            command,
            cwd=Path(ROOT),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            # Ctrl+C in a terminal goes to the server alone, which then ends this one.
            start_new_session=True,
        )
        while process.poll() is None and not stop.wait(0.2):
            pass
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        elif not stop.is_set():
            _log.warning("the worker ended with %s; starting another one", process.returncode)
            stop.wait(PAUSE)
        assert process.stdin is not None
        process.stdin.close()
