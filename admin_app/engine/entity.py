"""Entity: all that screens need to know of one mapped class, derived from it, and what a site may say otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipProperty, Session, class_mapper
from sqlalchemy.orm.interfaces import MANYTOONE

from admin_app.engine.access import Guard, Policy
from admin_app.engine.access.guard import Reading
from admin_app.engine.convert import kind_of
from admin_app.engine.kinds import BooleanKind, Kind, MoneyKind, TextKind
from admin_app.engine.labels import labels
from admin_app.engine.language import lang

if TYPE_CHECKING:
    from admin_app.engine.bulk.action import Action
    from admin_app.engine.states.machine import Machine


@dataclass(frozen=True)
class Step:
    """A link on a record's page to something that one may do with it."""

    label: str
    url: str
    icon: str


SaveHook = Callable[[Session, Policy, Any], None]
StepHook = Callable[[Policy, str], Sequence[Step]]
ImportHook = Callable[[Session, Policy, Sequence[Any]], None]
BulkHook = Callable[[Session, Policy, sa.Select[Any], Mapping[str, Any]], None]
TITLE_NAMES = ("name", "title", "subject", "number", "code", "description", "label")


@dataclass(frozen=True)
class Field:
    """One column, or one many-to-one with its columns.

    `key` is the attribute's name; `kind` serves the column (for a reference: its first foreign-key column);
    `reference` is the relationship of a many-to-one. `derived` fields are shown and never typed.
    """

    key: str
    kind: Kind
    columns: tuple[sa.Column[Any], ...]
    reference: RelationshipProperty[Any] | None = None

    @property
    def column(self) -> sa.Column[Any]:
        """The column, or a reference's first column."""
        return self.columns[0]

    @property
    def nullable(self) -> bool:
        """Whether NULL may be stored."""
        return all(column.nullable for column in self.columns)

    @property
    def derived(self) -> bool:
        """Whether a rule fills it, not a person."""
        return any(column.info.get("derived") or column.computed is not None for column in self.columns)

    @property
    def is_key(self) -> bool:
        """Whether it is part of the primary key."""
        return any(column.primary_key for column in self.columns)

    @cached_property
    def has_default(self) -> bool:
        """Whether the database or the class fills it when nothing is given."""
        return all(column.default is not None or column.server_default is not None for column in self.columns)


@dataclass(frozen=True)
class Entity:
    """A declaration, `Entity(Customer)`, and everything derived from it.

    Args:
        model: the mapped class. Its table's name is the entity's name.
        group, icon: where it stands in the menu; without a group it is in no menu.
        label: attribute whose text names a record in lookups and links; `{lang}` in it is replaced by the reader's
            language. Default: the first of TITLE_NAMES that exists.
        code: attribute with the short number shown beside the label.
        title: field keys that name a record on its own pages, where one label is not enough (user, position).
        columns, facts, search, sections: what lists, the head of details, the search box and the form show.
        sort: default order, a field key, with "-" for descending.
        optional: fields that a hook fills when they are left empty.
        tones: per choice field and code the tone of its drawing.
        reading, follows: see access.Guard.
        field_groups: fields that a letter or cell can hide, mask or make read-only, by group. A part shares the
            groups of its whole by name. What names a record belongs to none.
        forbids: actions that no one may do here, whatever their duties (an append-only log is never edited).
        before_save, after_save, after_delete: services that keep derived facts true; they flush, never commit.
        after_import: what an import calls once with all its records, instead of `after_save` with each.
        actions: what can be done to its records beside what every entity offers.
        bulk_fields: what may be filled in for many records at once; without it all fields, or none where `before_save`
            or `after_save` watches over single ones.
        after_bulk: keeps derived facts true after many records got new values (by field key).
        steps: what else a record's page leads to, from (policy, key); the page behind each link decides again.
        states: the states that its records go through; the field that holds them changes by their steps alone.
        adopted: whether the class was reflected from a schema without labels.
    """

    model: type[Any]
    group: str | None = None
    icon: str = "table"
    label: str | None = None
    code: str | None = None
    title: Sequence[str] = ()
    columns: Sequence[str] = ()
    facts: Sequence[str] = ()
    search: Sequence[str] = ()
    sections: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sort: str | None = None
    optional: Sequence[str] = ()
    tones: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reading: Reading = "granted"
    follows: str | None = None
    field_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    forbids: Sequence[str] = ()
    before_save: SaveHook | None = None
    after_save: SaveHook | None = None
    after_delete: SaveHook | None = None
    after_import: ImportHook | None = None
    actions: Sequence[Action] = ()
    bulk_fields: Sequence[str] | None = None
    after_bulk: BulkHook | None = None
    steps: StepHook | None = None
    states: Machine | None = None
    adopted: bool = False

    @cached_property
    def name(self) -> str:
        """The table's name, also in URLs and duties."""
        return str(self.table.name) if not self.adopted else _slug(self.model.__name__)

    @property
    def table(self) -> sa.Table:
        """The class's own table."""
        return cast(sa.Table, self.mapper.local_table)

    @property
    def mapper(self) -> Mapper[Any]:
        """The class's mapper."""
        return class_mapper(self.model)

    @property
    def guard(self) -> Guard:
        """The access rule."""
        return Guard(self.name, self.model, self.reading, self.follows)

    @cached_property
    def is_owned(self) -> bool:
        """Whether each record has an owner and a department of its own, which decide who may see it."""
        return "owner" in self.fields and "department" in self.fields

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """All fields by key, in the table's order; secrets and the version counter are none."""
        references = {
            tuple(sorted(str(column.key) for column in relation.local_columns)): relation
            for relation in self.mapper.relationships
            if relation.direction is MANYTOONE
        }
        found: dict[str, Field] = {}
        claimed: set[str] = set()
        for column in self.table.columns:
            for names, relation in references.items():
                if column.key in names and relation.key not in found:
                    claimed.update(names)
                    columns = tuple(self.table.c[name] for name in names)
                    found[relation.key] = Field(
                        relation.key, self._kind(relation.key, columns[0]), columns, relation
                    )
            if column.key in claimed or column.info.get("secret") or column is self.mapper.version_id_col:
                continue
            if column in self.mapper.columns.values():
                key = self.mapper.get_property_by_column(column).key
                found[key] = Field(key, self._kind(key, column), (column,))
        return found

    def _kind(self, key: str, column: sa.Column[Any]) -> Kind:
        return kind_of(column, lambda code: labels().choice(self.name, key, code))

    @cached_property
    def key_kinds(self) -> tuple[Kind, ...]:
        """The kinds of the primary key's columns, in its order."""
        return tuple(kind_of(cast("sa.Column[Any]", column)) for column in self.mapper.primary_key)

    @cached_property
    def key_attributes(self) -> tuple[Any, ...]:
        """The mapped attributes of the primary key."""
        return tuple(
            getattr(self.model, self.mapper.get_property_by_column(column).key)
            for column in self.mapper.primary_key
        )

    @cached_property
    def label_pattern(self) -> str | None:
        """The attribute that names a record, `{lang}` still in it; None where only the key does."""
        if self.label:
            return self.label
        texts = [
            key for key, each in self.fields.items() if isinstance(each.kind, TextKind) and not each.reference
        ]
        lowered = {key.lower(): key for key in texts}
        for name in TITLE_NAMES:
            if f"{name}_zh" in lowered and f"{name}_en" in lowered:
                return f"{name}_{{lang}}"
            if name in lowered:
                return lowered[name]
        return texts[0] if texts else None

    @property
    def label_key(self) -> str | None:
        """The label attribute for the reader's language."""
        return self.label_pattern.format(lang=lang()) if self.label_pattern else None

    @property
    def title_keys(self) -> tuple[str, ...]:
        """The fields that name a record on its own pages; may be empty."""
        if self.title:
            return tuple(key.format(lang=lang()) for key in self.title)
        return (self.label_key,) if self.label_key else ()

    @property
    def title_patterns(self) -> tuple[str, ...]:
        """`title_keys` in every language."""
        patterns = tuple(self.title) or ((self.label_pattern,) if self.label_pattern else ())
        return tuple(pattern.format(lang=code) for pattern in patterns for code in ("zh", "en"))

    @property
    def list_columns(self) -> tuple[str, ...]:
        """The columns that a list shows unless the reader chooses others; the title is not among them."""
        if self.columns:
            return tuple(key.format(lang=lang()) for key in self.columns)
        titles = self.title_keys
        plain = [key for key in self.form_fields if key not in titles and not self.fields[key].kind.wide]
        return tuple(plain[:7])

    @cached_property
    def group_of(self) -> Mapping[str, str]:
        """The group of each grouped field."""
        return {key: group for group, keys in self.field_groups.items() for key in keys}

    @cached_property
    def form_fields(self) -> tuple[str, ...]:
        """All fields that people may type: no derived ones, no generated keys, no binary content."""
        return tuple(key for key, each in self.fields.items() if self._is_typed(each))

    @cached_property
    def import_fields(self) -> tuple[str, ...]:
        """What a file may fill: what people may type, and the state in which a record comes from elsewhere."""
        if self.states is None:
            return self.form_fields
        typed = {*self.form_fields, self.states.field}
        return tuple(key for key in self.fields if key in typed)

    def _is_typed(self, each: Field) -> bool:
        if each.derived or not each.kind.editable:
            return False
        if self.states is not None and each.key == self.states.field:
            return False
        generated = each.is_key and not each.reference and len(self.mapper.primary_key) == 1
        numeric = isinstance(each.column.type, sa.Integer | sa.Uuid)
        return not (generated and numeric and each.column is self.table.autoincrement_column) and not (
            each.is_key and each.has_default
        )

    @cached_property
    def form_sections(self) -> Mapping[str, tuple[str, ...]]:
        """Form fields by section; what the declaration leaves out stands in a last section "more"."""
        named = {key: tuple(fields) for key, fields in self.sections.items()}
        used = {each for fields in named.values() for each in fields}
        rest = tuple(key for key in self.form_fields if key not in used)
        if rest:
            named["more" if named else "basic"] = rest
        return named

    @cached_property
    def sortable(self) -> frozenset[str]:
        """Field keys whose single column leads an index (or the key): only those can be ordered at any size."""
        leading = {name for index in self.table.indexes if (name := _leading(index))}
        for constraint in self.table.constraints:
            if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint) and len(
                constraint.columns
            ):
                leading.add(next(iter(constraint.columns)).name)
        return frozenset(
            key for key, each in self.fields.items() if not each.reference and each.column.name in leading
        )

    @cached_property
    def scope_sorts(self) -> frozenset[str]:
        """Of the sortable fields, those that an index keeps in order within each department and each owner, too."""
        indexed = {
            names[:length]
            for index in self.table.indexes
            for names in (tuple(getattr(each, "name", "") for each in index.expressions),)
            for length in range(2, len(names) + 1)
        }
        keys = tuple(column.name for column in self.table.primary_key)
        return frozenset(
            name
            for name in self.sortable
            for column in (self.fields[name].column.name,)
            for order in ((column, *(key for key in keys if key != column)),)
            if {("department_id", *order), ("owner_id", *order)} <= indexed
        )

    @cached_property
    def search_keys(self) -> tuple[str, ...]:
        """The text fields that the search box looks into."""
        if self.search:
            return tuple(self.search)
        pattern = self.label_pattern
        names = [pattern.format(lang=code) for code in ("zh", "en")] if pattern else []
        return tuple(dict.fromkeys(name for name in names if name in self.fields))

    def unit_key(self, each: Field) -> str | None:
        """The currency field beside a money field."""
        return "currency" if isinstance(each.kind, MoneyKind) and "currency" in self.fields else None

    def required(self, each: Field) -> bool:
        """Whether a form insists on a value."""
        if each.nullable or each.key in self.optional or each.column.info.get("generated"):
            return False
        return not (isinstance(each.kind, TextKind) and each.has_default)

    def has_box(self, each: Field) -> bool:
        """Whether it is a yes/no without a third answer."""
        return isinstance(each.kind, BooleanKind) and not each.nullable


def _leading(index: sa.Index) -> str | None:
    """The name of the column by which an index keeps all rows in order; None where it does not."""
    options = index.dialect_options["postgresql"]
    first = next(iter(index.expressions), None)
    ordered = not options.get("using") or options["using"] == "btree"
    return first.name if isinstance(first, sa.Column) and ordered and options.get("where") is None else None


def _slug(name: str) -> str:
    return "".join(ch if ch.isalnum() else "_" for ch in name).lower()
