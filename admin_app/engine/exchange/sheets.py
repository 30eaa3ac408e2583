"""XLSX workbooks: written with constant memory, read in a child process that has little of it.

A workbook is a packed archive: 1.5 MB may unpack to gigabytes. Whoever sends such a thing ends the child, not the
server.
"""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from flask_babel import gettext as _

from admin_app.config import ROOT
from admin_app.engine.exchange.reading import NoTable

#: What a child may take: bytes of memory, seconds of processor, seconds in all.
MEMORY: Final = 512 * 1024 * 1024
PROCESSOR: Final = 10
PATIENCE: Final = 30
#: Cells beyond which a sheet is refused.
CELLS: Final = 200_000
#: What every XLSX file begins with.
SIGNATURE: Final = b"PK\x03\x04"


def read_xlsx(content: bytes) -> list[list[str]]:
    """The first sheet as rows of texts; whole numbers without a fraction.

    Raises NoTable for anything that is no workbook, or too large a one.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
            [sys.executable, "-m", __name__],
            input=content,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
            cwd=ROOT,
        )
        found: list[list[str]] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError):
        raise NoTable(_("This is no XLSX file, or it is too large to be read.")) from None
    return found


def write_xlsx(name: str, rows: Iterable[Sequence[str]], widths: Sequence[int]) -> bytes:
    """A workbook with one sheet, whose first row and column stay in view; all cells are texts, never formulas.

    `widths` are those of the first columns, in characters; the last one holds for all that follow.
    """
    target = io.BytesIO()
    # Only here: it costs each start and each server process some megabytes.
    from xlsxwriter import Workbook  # type: ignore[import-untyped]  # it brings no types

    with Workbook(
        target,
        {"constant_memory": True, "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    ) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(name[:31])
        sheet.freeze_panes(1, len(widths) - 1)
        for column, width in enumerate(widths):
            last = 16_383 if column == len(widths) - 1 else column
            sheet.set_column(column, last, width)
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                if text:
                    sheet.write_string(number, column, text, head if number == 0 else None)
    return target.getvalue()


def _child() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    rows: list[list[str]] = []
    cells = 0
    for row in book.get_sheet_by_index(0).iter_rows():
        cells += len(row)
        if cells > CELLS:
            sys.exit(1)
        rows.append([_text(value) for value in row])
    json.dump(rows, sys.stdout)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


if __name__ == "__main__":
    _child()
