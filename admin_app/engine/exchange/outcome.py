"""What an import found: refused lines with their reasons, on the page and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from admin_app.engine.exchange.export import harmless
from admin_app.engine.exchange.reading import Table
from admin_app.engine.labels import labels


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line is refused. `key` is the field, "" where several are concerned; `header` its column, if any."""

    line: int
    entity: str
    key: str
    header: str | None
    message: str

    @property
    def label(self) -> str:
        """The column's header, else the field's label."""
        return self.header or (labels().field(self.entity, self.key) if self.key else "")


@dataclass
class Outcome:
    """What an import did, or would have done.

    `total` rows were taken and `left_out` not; `records` were made of them, children aside. `written` tells whether
    they stay.
    """

    total: int
    left_out: int
    records: int = 0
    children: int = 0
    problems: list[Problem] = field(default_factory=list)
    written: bool = False

    @property
    def bad_lines(self) -> list[int]:
        """The lines that are refused, each once."""
        return sorted({problem.line for problem in self.problems})


def bad_rows(table: Table, outcome: Outcome) -> Iterator[bytes]:
    """The refused rows as CSV with their own columns and one more, `error`; UTF-8 with a byte-order mark."""
    reasons: dict[int, list[str]] = {}
    for problem in outcome.problems:
        label = problem.label
        reasons.setdefault(problem.line, []).append(
            f"{label}: {problem.message}" if label else problem.message
        )
    yield b"\xef\xbb\xbf"
    out = io.StringIO()
    writer = csv.writer(out, delimiter=table.delimiter)
    writer.writerow([*map(harmless, table.headers), "error"])
    for row in table.rows:
        if row.line in reasons:
            texts = row.texts[: len(table.headers)]
            writer.writerow([harmless(text) for text in (*texts, " | ".join(reasons[row.line]))])
    yield out.getvalue().encode("utf-8", "replace")
