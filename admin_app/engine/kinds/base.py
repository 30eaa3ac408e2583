"""What every column kind can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement
from wtforms.fields.core import UnboundField

from admin_app.engine.inputs import ParsedField


class Unreadable(ValueError):
    """Text that is no value of its kind. The message is for the reader, in the reader's language."""


class Cell(NamedTuple):
    """One value as the reader sees it. `kind` picks its drawing, `code` a choice's tone, `unit` the currency.

    A masked value has kind "masked", and in `reveal` the address that shows it, where that is allowed.
    """

    kind: str
    text: str
    url: str | None = None
    unit: str | None = None
    code: str | None = None
    tone: str | None = None
    reveal: str | None = None

    @property
    def look(self) -> str | None:
        """How a choice with a tone is drawn, as CSS classes: grades as squares, states with a mark beside the word."""
        return _look(self.tone) if self.tone else None


@cache
def _look(tone: str) -> str | None:
    if tone in ("a", "b", "c") or tone.startswith("grade"):
        return f"db-grade is-{tone[-1]}"
    return None if tone.startswith("letter") else f"db-status is-{tone}"


EMPTY = Cell("empty", "—")


@dataclass(frozen=True, slots=True)
class Operator:
    """A comparison that a filter offers. `build(column, value)` gives the clause; `arity` 0 takes no value.

    `many` takes several values, with commas between them in the URL; `build` then gets them as a list.
    """

    key: str
    label: Any
    build: Callable[[Any, Any], ColumnElement[bool]]
    arity: int = 1
    many: bool = False


EQUALS = Operator("eq", lazy_gettext("is"), lambda column, value: column == value)
DIFFERS = Operator("ne", lazy_gettext("is not"), lambda column, value: column.is_distinct_from(value))
ONE_OF = Operator("in", lazy_gettext("is one of"), lambda column, values: column.in_(values), many=True)
AT_LEAST = Operator("ge", lazy_gettext("from"), lambda column, value: column >= value)
AT_MOST = Operator("le", lazy_gettext("up to"), lambda column, value: column <= value)
CONTAINS = Operator(
    "has", lazy_gettext("contains"), lambda column, value: column.icontains(value, autoescape=True)
)
STARTS = Operator(
    "starts", lazy_gettext("starts with"), lambda column, value: column.istartswith(value, autoescape=True)
)
EMPTY_OP = Operator("empty", lazy_gettext("is empty"), lambda column, value: column.is_(None), arity=0)
FILLED_OP = Operator("filled", lazy_gettext("is filled"), lambda column, value: column.is_not(None), arity=0)


class Kind:
    """A kind turns text into values and values into text, and says what a filter may ask.

    `parse(show(value)) == value` holds for each value that a form can hold, so that an unchanged form changes
    nothing.
    """

    name: ClassVar[str] = "text"
    numeric: ClassVar[bool] = False
    editable: ClassVar[bool] = True
    operators: ClassVar[Sequence[Operator]] = (EQUALS, DIFFERS)
    input_type: ClassVar[str] = "text"
    wide: ClassVar[bool] = False

    def parse(self, text: str) -> Any:
        """The value that `text` stands for. Raises Unreadable with a message for the reader."""
        raise NotImplementedError

    def restore(self, text: str) -> Any:
        """The value that `export` gave as `text`, for keys and cursors: what is stored may break today's rules.

        Raises Unreadable.
        """
        return self.parse(text)

    def show(self, value: Any) -> str:
        """The text that a form shows for `value`, exact."""
        return str(value)

    def cell(self, value: Any) -> Cell:
        """How lists and details show a value that is not NULL."""
        return Cell(self.name, self.show(value))

    def export(self, value: Any) -> str:
        """What a CSV file holds for `value`: exact, independent of language."""
        return self.show(value)

    def select(self, column: Any) -> Any:
        """The expression that a list selects; binary columns select their length only."""
        return column

    def field(self, label: Any, validators: Sequence[Any], required: bool) -> UnboundField[Any]:
        """The unbound form field."""
        return UnboundField(
            ParsedField,
            label,
            validators=list(validators),
            kind=self,
            render_kw={"type": self.input_type},
        )
