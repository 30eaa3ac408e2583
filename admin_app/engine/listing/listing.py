"""One page of a list: two statements, whatever the table's size, and everything that the template shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from flask import url_for
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from sqlalchemy import Column, ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy, Rows
from admin_app.engine.convert import kind_of
from admin_app.engine.entity import Entity
from admin_app.engine.keys import encode_key
from admin_app.engine.kinds import Cell
from admin_app.engine.labels import labels
from admin_app.engine.listing.args import SIZES, ListArgs, operators_of
from admin_app.engine.listing.keyset import Order, SortColumn
from admin_app.engine.listing.plan import Plan
from admin_app.engine.site import site
from admin_app.errors import BadInput

COUNT_CAP = 1000


@dataclass(frozen=True)
class Listed:
    """One row as the template shows it; `cells` match the page's columns, the title not among them."""

    key: str
    url: str | None
    edit_url: str | None
    delete_url: str | None
    title: str
    code: str | None
    cells: Sequence[Cell]


@dataclass(frozen=True)
class ListPage:
    """Everything that `list.html` shows."""

    entity: dict[str, Any]
    count: dict[str, Any]
    columns: Sequence[dict[str, Any]]
    rows: Sequence[Listed]
    q: str
    chips: Sequence[dict[str, Any]]
    filter_fields: Sequence[dict[str, Any]]
    column_choices: Sequence[dict[str, Any]]
    size: int
    sizes: Sequence[int]
    pager: dict[str, Any]
    may: dict[str, bool]
    urls: dict[str, str]
    filtered: bool
    hidden: Sequence[tuple[str, Any]]


@dataclass
class Listing:
    """A list of one entity as one actor asks for it.

    `base` are conditions that the reader cannot remove (the customer of a related list), `fixed` the URL arguments
    that go with them; `endpoint` is the page that shows the list.
    """

    entity: Entity
    args: ListArgs
    policy: Policy
    endpoint: str
    base: Sequence[ColumnElement[bool]] = ()
    fixed: dict[str, Any] = field(default_factory=dict)
    leave_out: frozenset[str] = frozenset()

    def column_keys(self) -> tuple[str, ...]:
        """The columns that are shown, the title aside."""
        chosen = self.args.columns or self.entity.list_columns
        return tuple(key for key in chosen if key not in self.title_keys and key not in self.leave_out)

    @property
    def title_keys(self) -> tuple[str, ...]:
        """What names a row: the entity's title without what the page says already."""
        titles = self.entity.title_keys
        return tuple(key for key in titles if key not in self.leave_out) or titles

    def conditions(self) -> list[ColumnElement[bool]]:
        """WHERE: base, filters and search."""
        clauses = list(self.base)
        clauses.extend(
            each.operator.build(self._attribute(each.field.column), each.value) for each in self.args.filters
        )
        if self.args.q:
            attributes = [getattr(self.entity.model, key) for key in self.entity.search_keys]
            # A text without a searchable field finds nothing, rather than everything.
            clauses.append(
                or_(literal(False), *(each.icontains(self.args.q, autoescape=True) for each in attributes))
            )
        return clauses

    def _attribute(self, column: Any) -> Any:
        return getattr(self.entity.model, self.entity.mapper.get_property_by_column(column).key)

    def order(self, session: Session) -> Order:
        """The total order that the arguments ask for."""
        levels: list[SortColumn] = []
        if self.args.sort:
            each = self.entity.fields[self.args.sort]
            attribute = getattr(self.entity.model, each.key)
            levels.append(SortColumn(attribute, each.kind, self.args.descending, bool(each.column.nullable)))
        for attribute, column in zip(self.entity.key_attributes, self.entity.mapper.primary_key, strict=True):
            if not levels or levels[0].column is not attribute:
                # Newest first is what people expect of a list without an order of its own.
                descending = self.args.descending if self.args.sort else len(self.entity.key_attributes) == 1
                levels.append(SortColumn(attribute, kind_of(cast("Column[Any]", column)), descending, False))
        dialect = session.get_bind(self.entity.mapper).dialect.name
        return Order(tuple(levels), nulls_smallest=dialect == "sqlite")

    def rows(self, session: Session, plan: Plan) -> tuple[list[Any], dict[str, str | None]]:
        """The page's rows and the cursors of its neighbours (None where there is none)."""
        order = self.order(session)
        places = [plan.push_hidden(level.column) for level in order.levels]
        statement = plan.statement().where(*self.conditions())
        backwards = self.args.end or self.args.before is not None
        word = self.args.before if self.args.before is not None else self.args.after
        if word is not None and not self.args.end:
            values = order.read_cursor(word)
            if values is None:
                raise BadInput(_("This page of the list does not exist; begin at the first one."))
            statement = statement.where(order.beyond(values, backwards))
        statement = statement.order_by(*order.clauses(backwards)).limit(self.args.size + 1)
        found = list(session.execute(statement))
        more = len(found) > self.args.size
        found = found[: self.args.size]
        if backwards:
            found.reverse()

        def cursor(row: Any) -> str:
            return order.cursor([row[place] for place in places])

        at_start = not (backwards and more) and not (self.args.after is not None and not backwards)
        at_end = self.args.end or (not backwards and not more)
        return found, {
            "prev": cursor(found[0]) if found and not at_start else None,
            "next": cursor(found[-1]) if found and not at_end else None,
        }

    def count(self, session: Session) -> tuple[int, bool]:
        """(number, whether it is exact): at most COUNT_CAP rows are counted unless the exact number is asked for."""
        matching: Select[Any] = select(literal(1)).select_from(self.entity.model).where(*self.conditions())
        if self.args.exact:
            return session.scalar(matching.with_only_columns(func.count())) or 0, True
        capped = matching.limit(COUNT_CAP + 1).subquery()
        number = session.scalar(select(func.count()).select_from(capped)) or 0
        return min(number, COUNT_CAP), number <= COUNT_CAP

    def url(self, **changes: Any) -> str:
        """This list with other arguments; without a cursor unless one is given."""
        return url_for(self.endpoint, **self.fixed, **self.args.query(self.entity, **changes))

    def page(self, session: Session) -> ListPage:
        """Run the two statements and prepare what the template shows."""
        keys = self.column_keys()
        plan = Plan(self.entity, keys)
        may = {
            action: site().rows(self.policy, action, self.entity)
            for action in ("create", "edit", "delete", "export")
        }
        found, cursors = self.rows(session, plan)
        number, exact = self.count(session)
        return ListPage(
            entity=self._entity_info(),
            count=self._count_info(number, exact),
            columns=[self._column(key) for key in keys],
            rows=[self._row(plan, row, keys, may) for row in found],
            q=self.args.q,
            chips=self._chips(session),
            filter_fields=self._filter_fields(),
            column_choices=self._column_choices(keys),
            size=self.args.size,
            sizes=SIZES,
            pager=self._pager(len(found), cursors),
            may={action: bool(rows) for action, rows in may.items()}
            | {"import": may_import(self.policy, self.entity)},
            urls=self._urls(),
            filtered=bool(self.args.q or self.args.filters),
            hidden=list(self.args.query(self.entity, q="").items()),
        )

    def _entity_info(self) -> dict[str, Any]:
        name = self.entity.name
        titles = self.title_keys
        sort_key = titles[0] if titles and titles[0] in self.entity.sortable else None
        return {
            "name": name,
            "label": labels().entity(name),
            "plural": labels().plural(name),
            "icon": self.entity.icon,
            "title_column": self._column(sort_key) | {"label": self._title_label()}
            if sort_key
            else {"key": "title", "label": self._title_label(), "sort_url": None, "direction": None},
        }

    def _title_label(self) -> str:
        titles = self.title_keys
        if not titles:
            return labels().entity(self.entity.name)
        return " · ".join(labels().field(self.entity.name, key) for key in titles)

    def _count_info(self, number: int, exact: bool) -> dict[str, Any]:
        shown = format_decimal(number) + ("" if exact else "+")
        text = ngettext("%(shown)s record", "%(shown)s records", number if exact else 2, shown=shown)
        return {
            "text": text,
            "shown": shown,
            "number": number,
            "exact_url": None if exact else self._exact_url(),
        }

    def _exact_url(self) -> str:
        return url_for(self.endpoint, **self.fixed, **self.args.query(self.entity), exact=1)

    def _column(self, key: str) -> dict[str, Any]:
        each = self.entity.fields[key]
        url = direction = None
        if key in self.entity.sortable:
            active = self.args.sort == key
            direction = ("desc" if self.args.descending else "asc") if active else None
            url = self.url(sort=key, descending=active and not self.args.descending)
        return {
            "key": key,
            "label": labels().field(self.entity.name, key),
            "numeric": each.kind.numeric and not each.reference,
            "sort_url": url,
            "direction": direction,
        }

    def _row(self, plan: Plan, row: Any, keys: Sequence[str], may: dict[str, Rows]) -> Listed:
        key = plan.key(row)
        name = self.entity.name
        edit, delete = (plan.within(row, may[action]) for action in ("edit", "delete"))
        return Listed(
            key=key,
            url=url_for(f"{name}.details_view", id=key),
            edit_url=url_for(f"{name}.edit_view", id=key) if edit else None,
            delete_url=url_for(f"{name}.delete_view", id=key) if delete else None,
            title=plan.title(row, self.title_keys),
            code=plan.code(row),
            cells=[plan.cell(row, each) for each in keys],
        )

    def _chips(self, session: Session) -> list[dict[str, Any]]:
        chips = []
        for each in self.args.filters:
            rest = tuple(other for other in self.args.filters if other is not each)
            chips.append(
                {
                    "key": each.name,
                    "label": labels().field(self.entity.name, each.field.key),
                    "op": str(each.operator.label),
                    "value": self._chip_value(session, each) if each.operator.arity else "",
                    "remove_url": self.url(filters=rest),
                }
            )
        return chips

    def _chip_value(self, session: Session, each: Any) -> str:
        if each.field.reference is None:
            values = each.value if each.operator.many else [each.value]
            return ", ".join(each.field.kind.cell(value).text for value in values)
        if each.text == "me":
            return str(_("me"))
        target = site().target(each.field)
        assert target is not None
        label_key = target.label_key or target.key_attributes[0].key
        label = session.scalar(
            select(getattr(target.model, label_key)).where(target.key_attributes[0] == each.value)
        )
        return str(label) if label is not None else encode_key((each.value,), target.key_kinds)

    def _filter_fields(self) -> list[dict[str, Any]]:
        found = []
        for key, each in self.entity.fields.items():
            target = site().target(each) if each.reference else None
            ops = operators_of(each) if not each.reference or (target and len(target.key_kinds) == 1) else ()
            if not ops or key in self.leave_out:
                continue
            choices = getattr(each.kind, "codes", ()) if not each.reference else ()
            found.append(
                {
                    "key": key,
                    "label": labels().field(self.entity.name, key),
                    "kind": "reference" if each.reference else each.kind.name,
                    "input_type": each.kind.input_type,
                    "ops": [{"key": op.key, "label": str(op.label), "arity": op.arity} for op in ops],
                    "choices": [(code, each.kind.cell(each.kind.parse(code)).text) for code in choices],
                    "lookup_url": url_for(f"{self.entity.name}.ajax_lookup", name=key)
                    if each.reference
                    else None,
                }
            )
        return found

    def _column_choices(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        return [
            {"key": key, "label": labels().field(self.entity.name, key), "shown": key in keys}
            for key in dict.fromkeys([*keys, *self.entity.fields])
            if key not in self.title_keys and key not in self.leave_out
        ]

    def _pager(self, shown: int, cursors: dict[str, str | None]) -> dict[str, Any]:
        after, before = cursors["next"], cursors["prev"]
        info = ngettext("%(n)s row on this page", "%(n)s rows on this page", shown, n=shown)
        if self.args.sort:
            info += " · " + _("by %(field)s", field=labels().field(self.entity.name, self.args.sort))
        return {
            "first": self.url() if before else None,
            "prev": self.url(before=before) if before else None,
            "next": self.url(after=after) if after else None,
            "last": self.url(end=1) if after else None,
            "info": info,
        }

    def _urls(self) -> dict[str, str]:
        name = self.entity.name
        return {
            "self": self.url(),
            "create": url_for(f"{name}.create_view", _url=self.url()),
            "export": url_for(f"{name}.export", export_type="csv", **self.args.query(self.entity)),
            "import": url_for(f"{name}.import_view"),
            "reset": url_for(self.endpoint, **self.fixed),
            "delete": url_for(f"{name}.delete_view"),
        }


def may_import(policy: Policy, entity: Entity) -> bool:
    """Importing is creating in bulk: it needs the right to create here, and a duty that names `import`."""
    return site().may(policy, "create", entity) and policy.may("create", "import")
