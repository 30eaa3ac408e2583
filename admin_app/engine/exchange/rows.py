"""From the texts of one row to the values of one record, through the same form that a person fills in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms.fields.core import UnboundField

from admin_app.engine.access import Policy
from admin_app.engine.defaults import initial_values
from admin_app.engine.entity import Entity, Field
from admin_app.engine.exchange.export import restored
from admin_app.engine.exchange.mapping import Recipe, WrongMapping
from admin_app.engine.exchange.references import References
from admin_app.engine.forms import RecordForm, describe
from admin_app.engine.inputs import Filled, LookupField
from admin_app.engine.kinds import BooleanKind, ChoiceKind, Unreadable
from admin_app.engine.labels import labels
from admin_app.engine.language import LANGUAGES
from admin_app.engine.saving import values_of
from admin_app.engine.site import site
from admin_app.engine.states.guard import no_beginning


class RowForm(RecordForm):
    """The form of a new record, read again for each row; its lookups find only what `references` holds."""

    def __init__(
        self, entity: Entity, session: Session, keys: Iterable[str], references: Mapping[str, References]
    ) -> None:
        self.references = references
        super().__init__(entity, session, list(keys))

    def _unbound(self, each: Field) -> UnboundField[Any]:
        if each.reference is None:
            return super()._unbound(each)
        known = self.references[each.key]
        return UnboundField(
            LookupField,
            LazyString(labels().field, self.entity.name, each.key),
            validators=[Filled()] if self.entity.required(each) else [],
            find=known.by_key.get,
            describe=lambda record: describe(known.target, record),
        )

    def read(self, sent: Mapping[str, str]) -> bool:
        """Take the texts of the next row; whether they are valid."""
        for bound in self._fields.values():
            # What the row before sent would count as what the form showed.
            bound.raw_data = None
        self.form_errors.clear()
        self.process(MultiDict(sent))
        return bool(self.validate())


class RowReader:
    """Turns rows into values for the records of one recipe.

    References to the entity itself (a customer's parent) may name a row further down: they come `late`, when all
    rows are written. What the file does not say begins as in a new form.

    Raises:
        WrongMapping: a field that a new record needs is not filled by the file.
    """

    def __init__(self, session: Session, policy: Policy, recipe: Recipe) -> None:
        self.recipe = recipe
        self.entity = entity = recipe.entity
        self.sources = recipe.fields
        self.late = tuple(key for key in self.sources if self._is_late(entity.fields[key]))
        self.references = {
            key: References(session, target)
            for key in self.sources
            if entity.fields[key].reference and (target := site().target(entity.fields[key])) is not None
        }
        self.initial = initial_values(session, entity, policy, {})
        self._require_sources()
        self.form = RowForm(
            entity, session, (key for key in self.sources if key not in self.late), self.references
        )
        self._codes = {
            key: self._by_label(key, kind)
            for key in self.sources
            if isinstance(kind := entity.fields[key].kind, ChoiceKind)
        }

    def _is_late(self, each: Field) -> bool:
        return each.reference is not None and each.nullable and site().target(each) is self.entity

    def _require_sources(self) -> None:
        entity = self.entity
        given = {*self.sources, *self.initial, self.recipe.link}
        missing = [
            labels().field(entity.name, key)
            for key in entity.import_fields
            if key not in given
            and entity.required(entity.fields[key])
            and not entity.fields[key].has_default
            # A box that nobody ticked is a no.
            and not entity.has_box(entity.fields[key])
        ]
        if missing:
            raise WrongMapping(
                _(
                    "%(entity)s: no column goes into %(fields)s, which a new record needs.",
                    entity=labels().entity(entity.name),
                    fields=", ".join(missing),
                )
            )

    def _by_label(self, key: str, kind: ChoiceKind) -> dict[str, str]:
        find = site().labels.find
        codes = {code.casefold(): code for code in kind.codes}
        for language in LANGUAGES:
            for code in kind.codes:
                own = find(language, "entity", self.entity.name, "choice", key, code)
                label = own or find(language, "choice", key, code)
                if label:
                    codes.setdefault(label.casefold(), code)
        return codes

    def load(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Look up what the reference columns of all these rows name, in batches."""
        rows = list(rows)
        for key, references in self.references.items():
            if key not in self.late:
                references.load(self.text(key, row) for row in rows)

    def text(self, key: str, row: Mapping[str, str]) -> str:
        """What the recipe makes of the row's text for a field: constants, values and scale applied."""
        header, recipe = self.sources[key], self.recipe
        text = restored(row[header]) if header is not None else ""
        if not text.strip():
            text = recipe.constants.get(key, text)
        text = recipe.values.get(key, {}).get(text.strip(), text)
        factor = recipe.scale.get(key)
        return text if factor is None or not text.strip() else _scaled(text, factor)

    def is_blank(self, row: Mapping[str, str]) -> bool:
        """Whether no column of the recipe holds anything in this row."""
        return not any(row[header].strip() for header in self.recipe.columns)

    def read(self, row: Mapping[str, str]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """(values by attribute, errors as pairs of field key and sentence) of a row; late references are left out."""
        sent: dict[str, str] = {}
        errors: dict[str, str] = {}
        for key in self.form._fields:
            try:
                sent[key] = self._sent(key, self.text(key, row))
            except Unreadable as problem:
                errors[key] = str(problem)
                sent[key] = ""
        if not self.form.read(sent):
            for each in self.form.error_list():
                errors.setdefault(each["key"], each["message"])
        self._refuse_state(errors)
        if errors:
            return {}, [(key, errors[key]) for key in self.form._fields if key in errors]
        values = {key: value for key, value in self.initial.items() if key not in self.sources}
        return values | values_of(self.form, list(self.form._fields)), []

    def _refuse_state(self, errors: dict[str, str]) -> None:
        """What comes from elsewhere may be under way, but not where a step of this house has to lead."""
        machine = self.entity.states
        if machine is None or machine.field not in self.form:
            return
        state = self.form[machine.field].data
        if state is not None and state not in machine.first:
            errors.setdefault(machine.field, no_beginning(self.entity.name, machine, state))

    def _sent(self, key: str, text: str) -> str:
        """`text` as a browser would send it."""
        each = self.entity.fields[key]
        if not text.strip():
            needed = key in self.initial and self.entity.required(each)
            return self._shown(each, self.initial[key]) if needed else ""
        if key in self.references:
            return self.references[key].find(text)
        if isinstance(each.kind, BooleanKind):
            return self._shown(each, each.kind.parse(text))
        if key in self._codes:
            return self._codes[key].get(text.strip().casefold(), text.strip())
        return text

    def _shown(self, each: Field, value: Any) -> str:
        if each.key in self.references:
            return self.references[each.key].remember(value)
        if self.entity.has_box(each):
            return "y" if value else ""
        return each.kind.show(value)


def _scaled(text: str, factor: Decimal) -> str:
    try:
        return format((Decimal(text.strip().replace(",", "")) * factor).normalize(), "f")
    except InvalidOperation:
        # No number: the field says so in its own words.
        return text
