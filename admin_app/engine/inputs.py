"""Form inputs of the engine: fields that parse through a column kind and remember whether they were touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from flask_babel import gettext as _
from wtforms import Field, ValidationError
from wtforms.fields.choices import Choice, SelectFieldBase
from wtforms.widgets import CheckboxInput, Select, TextArea, TextInput

if TYPE_CHECKING:
    from admin_app.engine.kinds.base import Kind


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class TrackedField(Field):  # type: ignore[misc]  # WTForms brings no types
    """A field that knows whether what was sent differs from what the form showed.

    Saving writes touched fields only: a value that the form cannot show exactly survives a save untouched.
    """

    _shown: Any = None
    touched = False

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """As in WTForms, and compare the sent text with the one that `data` would have shown."""
        super().process(None, data, extra_filters)
        self._shown = self._sent_form()
        if formdata is not None:
            super().process(formdata, data, extra_filters)
            self.touched = self._sent_form() != self._shown

    @property
    def shown(self) -> Any:
        """What the form shows of the stored value, as it would be sent: a text, or whether a box is ticked."""
        return self._shown

    @property
    def sent(self) -> Any:
        """What was sent, in the same spelling."""
        return self._sent_form()

    def _sent_form(self) -> Any:
        return _lines(str(self._value()))

    def _value(self) -> str:
        raise NotImplementedError


class ParsedField(TrackedField):
    """One text that a kind parses. Blank is None; the caller decides whether None is allowed."""

    widget = TextInput()

    def __init__(
        self, label: Any = None, validators: Sequence[Any] = (), kind: Kind | None = None, **kwargs: Any
    ) -> None:
        self.kind = kind
        super().__init__(label, list(validators), **kwargs)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None or self.kind is None else self.kind.show(self.data)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Parse the sent text; an Unreadable becomes the field's error."""
        text = _lines(str(valuelist[0])) if valuelist else ""
        if "\x00" in text:
            raise ValueError(_("This text holds a character that cannot be stored."))
        if self.kind is None or text.strip() == "":
            self.data = None
        elif text != self._shown:
            # Text as the form showed it is not parsed: an old value outside today's rules stays as it is.
            self.data = self.kind.parse(text)


class AreaField(ParsedField):
    """A text of several lines."""

    widget = TextArea()


class CheckField(TrackedField):
    """A box for a column that is never NULL."""

    widget = CheckboxInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """A box that is not sent is a box that is not ticked."""
        self.data = bool(valuelist) and valuelist[0] not in ("false", "0", "")

    def _value(self) -> str:
        return "y"

    def _sent_form(self) -> Any:
        return bool(self.data)


class ChoiceField(TrackedField, SelectFieldBase):  # type: ignore[misc]
    """One of a few codes. `choices` gives (code, label) pairs when the form is made, in the reader's language."""

    widget = Select()

    def __init__(
        self,
        label: Any = None,
        validators: Sequence[Any] = (),
        options: Callable[[], Sequence[tuple[str, Any]]] = lambda: (),
        kind: Kind | None = None,
        blank: bool = True,
        **kwargs: Any,
    ) -> None:
        self.options = options
        self.kind = kind
        self.blank = blank
        super().__init__(label, list(validators), **kwargs)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None or self.kind is None else self.kind.show(self.data)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Take a code that is offered; anything else is an error at the field."""
        text = str(valuelist[0]) if valuelist else ""
        if text == "" or self.kind is None:
            self.data = None
            return
        self.data = self.kind.parse(text)

    def iter_choices(self) -> Any:
        """All codes with their labels, and the blank."""
        current = self._value()
        if self.blank or not current:
            yield Choice("", "", current == "", {})
        for code, label in self.options():
            yield Choice(code, label, code == current, {})


class LookupField(TrackedField, SelectFieldBase):  # type: ignore[misc]
    """A reference: the browser asks the server as one types; only the chosen record is ever loaded.

    `data` is the target record, `find(key)` loads one within the actor's rows (None where there is none), and
    `describe(record)` gives (key, label).
    """

    widget = Select()

    def __init__(
        self,
        label: Any = None,
        validators: Sequence[Any] = (),
        find: Callable[[str], Any] = lambda key: None,
        describe: Callable[[Any], tuple[str, str]] = lambda record: ("", ""),
        **kwargs: Any,
    ) -> None:
        self.find = find
        self.describe = describe
        self.kept: tuple[str, str] | None = None
        super().__init__(label, list(validators), **kwargs)

    def keep(self, key: str, label: str) -> None:
        """Remember the stored reference: keeping it is allowed even where the actor may not see it."""
        self.kept = (key, label)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.describe(self.data)[0] if self.data is not None else ""

    def _sent_form(self) -> Any:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.kept[0] if self.kept else self._value()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Find the record behind the sent key, unless it is the one that is stored already."""
        key = str(valuelist[0]) if valuelist else ""
        if key == "":
            self.data = None
        elif not self.kept or key != self.kept[0]:
            self.data = self.find(key)
            if self.data is None:
                raise ValueError(_("Choose one from the list."))

    def chosen(self) -> tuple[str, str] | None:
        """(key, label) of the record that the field shows; None where it is blank."""
        key = self._value() if self.raw_data or self.data is not None else self._sent_form()
        if not key:
            return None
        if self.kept and key == self.kept[0]:
            return key, self.kept[1]
        return key, self.describe(self.data)[1] if self.data is not None else key

    def iter_choices(self) -> Any:
        """At most the chosen record, and the blank."""
        chosen = self.chosen()
        yield Choice("", "", chosen is None, {})
        if chosen:
            yield Choice(*chosen, True, {})


class Filled:
    """A value has to be there.

    `is_new` False spares a blank that was stored before and that nobody touched: the form did not make it.
    """

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __init__(self, is_new: bool = True) -> None:
        self.is_new = is_new

    def __call__(self, form: Any, field: Any) -> None:
        """Raise where the field is blank and no parse error is there already."""
        blank = field.data is None and not field.errors and not field.process_errors
        if blank and (self.is_new or field.touched):
            raise ValidationError(_("Fill this in."))
