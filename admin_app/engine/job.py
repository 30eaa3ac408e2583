"""Kinds of jobs, as a site declares them, and what the code of one sees while it runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session


class Step(Protocol):
    """One chunk: what it does to `session` is stored together with `cursor` and `done`, or not at all."""

    session: Session
    cursor: Any
    done: int


class Running(Protocol):
    """A job while it runs. All work on the database happens inside chunks."""

    job_id: int
    arguments: Any

    def chunk(self, total: int | None = None) -> AbstractContextManager[Step]:
        """The next chunk, in one transaction and as the person who ordered the job.

        `step.cursor` is what the last finished chunk left there, of this worker or of one that died.
        """
        ...


@dataclass(frozen=True)
class JobKind:
    """Something that a worker can do.

    Args:
        name: as it stands in the rows.
        label: what people read, a lazy translation.
        run: does it and returns what is kept as the result, a JSON document.
        daily: whether it is ordered by itself, once on each day of the company.
        page: the address where its result is to be seen, from the job's arguments; None where there is none.
    """

    name: str
    label: Any
    run: Callable[[Running], Any]
    daily: bool = False
    page: Callable[[Any], str | None] = lambda _arguments: None
