"""CSV files as people have them: any usual encoding, delimiter and line end, each row with its line in the file."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _

from admin_app.errors import BadInput

#: What a reader may choose when the guess is wrong; Python's names.
ENCODINGS: Final = ("utf-8", "gb18030", "latin-1", "utf-16", "utf-32", "big5", "windows-1252")
DELIMITERS: Final = (",", ";", "\t")
# The UTF-32 mark begins with the UTF-16 one.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16"),
)
_LINE_END: Final = re.compile("\r\n|\r|\n")
#: Records that the delimiter is guessed from.
_SAMPLE: Final = 20


class NoTable(BadInput):
    """A file that is no table; the message names the line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record; `line` is where it begins, counted as an editor does.

    A short row is filled up with blanks; one that is too long keeps its surplus, and the import refuses it.
    """

    line: int
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A read file. `headers` are distinct and none is blank."""

    encoding: str
    delimiter: str
    headers: tuple[str, ...]
    rows: Sequence[Row]


def read_table(content: bytes, encoding: str | None = None) -> Table:
    """The table in `content`; blank rows are no rows.

    Args:
        content: the file.
        encoding: one of ENCODINGS; None guesses.

    Raises:
        NoTable: naming the line where the file stops being a table.
    """
    text, found = decode(content, encoding)
    _refuse_nul(text)
    delimiter = sniff(text)
    records = _records(text, delimiter)
    header = next(records, None)
    if header is None:
        raise NoTable(_("The file is empty."))
    headers = _headers(header)
    rows = [_filled_up(row, len(headers)) for row in records]
    return Table(found, delimiter, headers, rows)


def decode(content: bytes, encoding: str | None = None) -> tuple[str, str]:
    """(text, name of the encoding): what was chosen, else the byte-order mark, UTF-8, GB18030, and at last Latin-1.

    UTF-8 and GB18030 are strict: one byte that is none rules them out. Latin-1 takes anything.
    """
    if encoding is not None and encoding not in ENCODINGS:
        raise NoTable(_("“%(name)s” is no encoding that is known here.", name=encoding))
    for mark, codec, name in _MARKS:
        if content.startswith(mark) and encoding in (None, name):
            return _strictly(content, codec, name), name
    if encoding is not None:
        return _strictly(content, encoding, encoding), encoding
    for name in ("utf-8", "gb18030"):
        try:
            return content.decode(name), name
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1"), "latin-1"


def _strictly(content: bytes, codec: str, name: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as problem:
        before = content[: problem.start].decode(codec, "replace")
        line = _line_at(before, len(before))
        raise NoTable(_("Line %(line)s is not written in %(name)s.", line=line, name=name)) from None


def _line_at(text: str, place: int) -> int:
    return len(_LINE_END.findall(text, 0, place)) + 1


def _refuse_nul(text: str) -> None:
    place = text.find("\0")
    if place >= 0:
        line = _line_at(text, place)
        raise NoTable(
            _("Line %(line)s holds a character that no text has (NUL): this is no CSV file.", line=line)
        )


def sniff(text: str) -> str:
    """The delimiter that cuts the first records most evenly into the most columns; a comma when none cuts."""

    def evenness(delimiter: str) -> tuple[bool, float, int]:
        # Not strict: what is wrong with the file is said later, with its line.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths: list[int] = []
        try:
            for texts in reader:
                if any(text.strip() for text in texts):
                    widths.append(len(texts))
                if len(widths) == _SAMPLE:
                    break
        except csv.Error:
            return False, 0.0, 0
        if not widths:
            return False, 0.0, 0
        return widths[0] > 1, widths.count(widths[0]) / len(widths), widths[0]

    return max(DELIMITERS, key=evenness)


def _records(text: str, delimiter: str) -> Iterator[Row]:
    # newline="" keeps line ends inside quotes as they are, and still splits at CR, LF and CRLF.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 1
    try:
        for texts in reader:
            if any(text.strip() for text in texts):
                yield Row(begun, tuple(texts))
            begun = reader.line_num + 1
    except csv.Error as problem:
        raise NoTable(_wrong_quotes(begun, str(problem))) from None


def _wrong_quotes(line: int, problem: str) -> str:
    if "field larger" in problem:
        message = _("Line %(line)s: a value is too long, or a quotation mark is not closed.", line=line)
    else:
        message = _("Line %(line)s: the quotation marks do not match.", line=line)
    return str(message)


def _headers(row: Row) -> tuple[str, ...]:
    headers = tuple(text.strip() for text in row.texts)
    for place, name in enumerate(headers, 1):
        if not name:
            raise NoTable(_("Line %(line)s: column %(place)s has no name.", line=row.line, place=place))
    folded = [name.casefold() for name in headers]
    twice = sorted({name for name in headers if folded.count(name.casefold()) > 1})
    if twice:
        raise NoTable(
            _("Line %(line)s: the column %(names)s is there twice.", line=row.line, names=", ".join(twice))
        )
    return headers


def _filled_up(row: Row, width: int) -> Row:
    return Row(row.line, row.texts + ("",) * (width - len(row.texts)))
