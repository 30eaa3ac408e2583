"""Text, choices and yes/no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum as PythonEnum
from typing import Any, ClassVar

from flask_babel import gettext as _
from wtforms.fields.core import UnboundField

from admin_app.engine.inputs import AreaField, CheckField, ChoiceField, ParsedField
from admin_app.engine.kinds import base
from admin_app.engine.kinds.base import Cell, Kind, Operator, Unreadable


class TextKind(Kind):
    """Text of at most `length` characters (None: as long as one likes); `multiline` gets an area."""

    name = "text"
    operators = (base.CONTAINS, base.EQUALS, base.STARTS, base.EMPTY_OP, base.FILLED_OP)

    def __init__(self, length: int | None = None, multiline: bool = False, input_type: str = "text") -> None:
        self.length = length
        self.multiline = multiline
        self.type = input_type

    def parse(self, text: str) -> str:
        """The text itself, when it is short enough and can be stored."""
        if self.length is not None and len(text) > self.length:
            raise Unreadable(_("%(n)s characters at most; this is %(have)s.", n=self.length, have=len(text)))
        return self.restore(text)

    def restore(self, text: str) -> str:
        """A text of any length: SQLite keeps to no limit."""
        if "\x00" in text:
            raise Unreadable(_("This text holds a character that cannot be stored."))
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unreadable(_("This text holds a character that cannot be stored.")) from None
        return text

    def field(self, label: Any, validators: Sequence[Any], required: bool) -> UnboundField[Any]:
        """A line or an area; the browser stops at the length too."""
        kwargs: dict[str, Any] = {"type": self.type} if not self.multiline else {"rows": 4}
        if self.length is not None:
            kwargs["maxlength"] = self.length
        return UnboundField(
            AreaField if self.multiline else ParsedField,
            label,
            validators=list(validators),
            kind=self,
            render_kw=kwargs,
        )


class ChoiceKind(Kind):
    """One of the codes of an enumeration. `labels(code)` gives its label in the reader's language."""

    name = "choice"
    operators: ClassVar[Sequence[Operator]] = (
        base.EQUALS,
        base.DIFFERS,
        base.ONE_OF,
        base.EMPTY_OP,
        base.FILLED_OP,
    )

    def __init__(
        self,
        codes: Sequence[str],
        label_of: Callable[[str], str] = str,
        enum_class: type[PythonEnum] | None = None,
    ) -> None:
        self.codes = tuple(codes)
        self.label_of = label_of
        self.enum_class = enum_class

    def parse(self, text: str) -> Any:
        """The code, or the member of the Python enum behind it; a label in the reader's language counts too."""
        code = text.strip()
        if code not in self.codes:
            by_label = {self.label_of(code): code for code in self.codes}
            if code not in by_label:
                raise Unreadable(_("“%(value)s” is none of the choices.", value=code))
            code = by_label[code]
        return self.enum_class[code] if self.enum_class else code

    def show(self, value: Any) -> str:
        """The code."""
        return value.name if isinstance(value, PythonEnum) else str(value)

    def cell(self, value: Any) -> Cell:
        """The label, with the code for its drawing."""
        code = self.show(value)
        return Cell("choice", self.label_of(code), code=code)

    def field(self, label: Any, validators: Sequence[Any], required: bool) -> UnboundField[Any]:
        """A select with the labels in the reader's language."""
        return UnboundField(
            ChoiceField,
            label,
            validators=list(validators),
            kind=self,
            blank=not required,
            options=lambda: [(code, self.label_of(code)) for code in self.codes],
        )


class BooleanKind(ChoiceKind):
    """Yes or no, and unknown where the column may be NULL."""

    name = "bool"
    operators: ClassVar[Sequence[Operator]] = (base.EQUALS, base.EMPTY_OP)

    def __init__(self) -> None:
        super().__init__(("true", "false"), lambda code: _("Yes") if code == "true" else _("No"))

    def parse(self, text: str) -> bool:
        """true/false, 1/0, yes/no, or the label in the reader's language."""
        word = text.strip().lower()
        if word in ("true", "1", "yes", "y", "是", "on", "t"):
            return True
        if word in ("false", "0", "no", "n", "否", "off", "f"):
            return False
        raise Unreadable(_("“%(value)s” is neither yes nor no.", value=text))

    def show(self, value: Any) -> str:
        """ "true" or "false"."""
        return "true" if value else "false"

    def cell(self, value: Any) -> Cell:
        """Yes or no, in words."""
        code = self.show(value)
        return Cell("bool", self.label_of(code), code=code)

    def field(self, label: Any, validators: Sequence[Any], required: bool) -> UnboundField[Any]:
        """A box where NULL is no answer, else a select of three."""
        if required:
            return UnboundField(CheckField, label)
        return super().field(label, validators, required)
