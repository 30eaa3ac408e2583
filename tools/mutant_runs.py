"""Tests that run on a changed module: in children, with nothing written.

There are two ways. The quick one collects the tests once and forks for each mutant there, with the code of the
changed function in place of its own: what was computed at the import is then still as it was. The sure one imports
everything anew with the changed module in the place of its file.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

PACKAGE = "admin_app.engine.access"
#: Of the two comparisons with a second implementation the wider.
TESTS = (
    *(
        f"tests/unit/engine/access/test_{name}.py"
        for name in (
            "policy",
            "guard",
            "compile",
            "explain",
            "scope",
            "scope_of_references",
            "prepared",
            "pieces",
            "fields",
        )
    ),
    "tests/access/test_explain.py",
    "tests/access/test_against_the_oracle.py",
    "tests/access/test_cache.py",
)
#: Modules that the cache's own tests are run for; for others they would double the time.
CACHE = ("cache", "world")
#: Seconds of processor time, of which the tests take a fifth: a mutant that needs more loops, which is as good as a
#: failed test. One that waits for ever is given up after so many seconds by the clock.
LOOPS, WAITS = 40, 900
CLOCK = "the clock"
#: Nobody reads why a test fails: no traceback, and asserts need not be rewritten.
OPTIONS = (
    *("-x", "-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-k", "not postgresql"),
    *("--hypothesis-profile=mutants", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
OWN = ("admin_app", "views", "seed", "tests", "__main__")


@dataclass(frozen=True)
class Job:
    """A module and what it would be; None for the module as it is."""

    module: str
    tree: ast.Module | None = None

    def code(self) -> CodeType:
        """The compiled module; SyntaxError or ValueError where the change makes no sense."""
        assert self.tree is not None
        return compile(self.tree, f"{self.module}.py", "exec")

    @property
    def name(self) -> str:
        """The module's full name."""
        return f"{PACKAGE}.{self.module}"


def chosen(job: Job) -> list[str]:
    """The test files for one module, its own first."""
    tests = TESTS if job.module in CACHE else TESTS[:-1]
    return sorted(tests, key=lambda test: job.module not in test)


class _Watch:
    """Hears which test fails first, and tells it."""

    def __init__(self) -> None:
        self.pipe: int | None = None

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and self.pipe is not None:
            os.write(self.pipe, report.nodeid.encode())
            self.pipe = None


class _Stage(_Watch):
    """Once the tests are collected, forks for each job; children go on to run them, the stage itself runs none."""

    def __init__(self, jobs: Sequence[Job], folder: Path, end: float, results: int) -> None:
        super().__init__()
        self.jobs, self.folder, self.end, self.results = jobs, folder, end, results
        self.child = False

    def pytest_collection_finish(self, session: Any) -> None:
        maker = _migrated(self.folder / "migrated")
        for number, job in enumerate(self.jobs):
            if time.monotonic() > self.end:
                break
            reading, writing = os.pipe()
            process = os.fork()
            if process == 0:
                os.close(reading)
                resource.setrlimit(resource.RLIMIT_CPU, (LOOPS, LOOPS))
                self.child, self.pipe = True, writing
                # What a child leaves beside its databases is in no other's way.
                maker.folder = self.folder / str(number)
                maker.folder.mkdir()
                if not _patch(job):
                    os.write(writing, b"?")
                    os._exit(1)
                files = chosen(job)
                items = [item for item in session.items if item.nodeid.partition("::")[0] in files]
                session.items[:] = sorted(items, key=lambda item: files.index(item.nodeid.partition("::")[0]))
                return
            os.close(writing)
            by = _answer(process, reading)
            os.write(self.results, json.dumps([number, by]).encode() + b"\n")
        session.items.clear()


def _migrated(folder: Path) -> Any:
    """What makes databases from one that is migrated here, once for all children."""
    from tests import databases

    folder.mkdir()
    made, make = databases.SqliteMaker(folder), databases.make_maker
    for module in list(sys.modules.values()):
        if getattr(module, "make_maker", None) is make:
            module.make_maker = lambda kind, path: made if kind == "sqlite" else make(kind, path)  # type: ignore[attr-defined]
    return made


def _answer(process: int, reading: int) -> str | None:
    """What a child said before it ended, or None when all its tests passed."""
    code = _wait(process)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        # Whatever the child may have left running holds the other end.
        if code == 0:
            return None
        return (pipe.read() or "the import") if code > 0 else CLOCK


def _wait(child: int) -> int:
    """The child's exit code; below zero when it took too long."""
    end = time.monotonic() + WAITS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


def _patch(job: Job) -> bool:
    """Put the changed code into the functions of the imported module; whether there was any to put."""
    if job.tree is None:
        return True
    module = sys.modules[job.name]
    fresh = ModuleType(job.name)
    fresh.__dict__.update({key: module.__dict__[key] for key in ("__file__", "__package__", "__spec__")})
    try:
        exec(job.code(), fresh.__dict__)  # noqa: S102 - a module of ours
    except Exception:
        return False
    old, new, done = dict(_functions(module)), dict(_functions(fresh)), False
    if old.keys() != new.keys():
        return False
    for name, function in old.items():
        if function.__code__ != new[name].__code__:
            with contextlib.suppress(ValueError):
                function.__code__ = new[name].__code__
                done = True
    return done


def _functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """All functions and methods that a module defines, by name, without what decorators put around them."""
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__:
            for inner, member in vars(value).items():
                yield from ((f"{name}.{inner}", each) for each in _bare(member, module))
        else:
            yield from ((name, each) for each in _bare(value, module))


def _bare(value: Any, module: ModuleType) -> Iterator[FunctionType]:
    if isinstance(value, property):
        value = value.fget
    elif isinstance(value, functools.cached_property):
        value = value.func
    value = inspect.unwrap(value) if callable(value) else value
    if isinstance(value, FunctionType) and value.__module__ == module.__name__:
        yield value


def quick(jobs: Sequence[Job], folder: str, end: float) -> Iterator[tuple[int, str | None]]:
    """(number, what failed first) of each job; None for what no test noticed, "?" for what only the sure way can do."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _hush()
        stage = _Stage(jobs, Path(tempfile.mkdtemp(dir=folder)), end, writing)
        code = _pytest([*OPTIONS, f"--basetemp={folder}/tests", *TESTS], stage)
        os._exit(code if stage.child else 0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        for line in pipe:
            number, by = json.loads(line)
            yield number, by
    os.waitpid(process, 0)


def sure(job: Job, folder: str) -> str | None:
    """What fails first with the module changed from the import on, or None when all tests pass."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_CPU, (LOOPS, LOOPS))
        _hush()
        watch = _Watch()
        watch.pipe = writing
        if job.tree is not None:
            try:
                sys.meta_path.insert(0, _Loader(job))
            except (SyntaxError, ValueError):
                os._exit(2)
        os._exit(_pytest([*OPTIONS, f"--basetemp={folder}/tests", *chosen(job)], watch))
    os.close(writing)
    return _answer(process, reading)


def _pytest(arguments: list[str], plugin: _Watch) -> int:
    import pytest

    try:
        return int(pytest.main(arguments, plugins=[plugin]))
    except BaseException:
        return 2


def _hush() -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)


class _Loader(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Brings the changed module in place of the file."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.name, f"{job.name.replace('.', '/')}.py")
        self._code = job.code()

    def find_spec(self, name: str, *_rest: object) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        return self._code


def warm() -> None:
    """Import once what no mutant touches: children inherit it. A child says what the app asks for."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        for name in (
            "pytest",
            "hypothesis",
            "flask_migrate",
            "alembic.command",
            "admin_app.factory",
            "views.site",
        ):
            importlib.import_module(name)
        names = [name for name in sys.modules if name.partition(".")[0] not in OWN]
        os.write(writing, " ".join(names).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        names = pipe.read().split()
    os.waitpid(process, 0)
    for name in names:
        # Some modules put others under a name that no file has.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
