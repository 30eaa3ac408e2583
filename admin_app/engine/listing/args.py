"""The query string of a list: what is asked, checked against what the entity has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import Policy
from admin_app.engine.entity import Entity, Field
from admin_app.engine.keys import decode_key
from admin_app.engine.kinds import Operator, Unreadable
from admin_app.engine.kinds.base import EMPTY_OP, EQUALS, FILLED_OP
from admin_app.engine.site import site
from admin_app.errors import BadInput
from models.organisation import User

SIZES = (20, 50, 100)
_REFERENCE_OPERATORS = (EQUALS, EMPTY_OP, FILLED_OP)


def operators_of(each: Field) -> Sequence[Operator]:
    """The comparisons that a filter on this field offers."""
    found = _REFERENCE_OPERATORS if each.reference else each.kind.operators
    return [op for op in found if op.arity or each.nullable]


@dataclass(frozen=True)
class Filter:
    """One condition as it stands in the URL: `field:operator=value`."""

    field: Field
    operator: Operator
    text: str
    value: Any

    @property
    def name(self) -> str:
        """Its name in the query string."""
        return f"{self.field.key}:{self.operator.key}"


@dataclass(frozen=True)
class ListArgs:
    """A parsed query string. `after`, `before` and `end` are the cursor; `exact` asks for an exact count.

    `start` is a value of the sort column: the page begins with it.
    """

    q: str = ""
    filters: tuple[Filter, ...] = ()
    sort: str | None = None
    descending: bool = False
    columns: tuple[str, ...] = ()
    size: int = SIZES[0]
    after: str | None = None
    before: str | None = None
    end: bool = False
    exact: bool = False
    start: Any = None

    @classmethod
    def parse(cls, entity: Entity, args: MultiDict[str, str], policy: Policy) -> ListArgs:
        """Read a query string.

        Raises:
            BadInput: naming what is unknown: a filter, a column, an order, a size.
        """
        fields = site().fields(policy, entity)
        usual = entity.sort if entity.sort and fields.readable(entity.sort.lstrip("-")) else None
        sort = args.get("sort") or usual or ""
        key, descending = sort.removeprefix("-"), sort.startswith("-")
        if key and not (key in entity.sortable and fields.readable(key)):
            raise BadInput(_("This list cannot be sorted by “%(key)s”.", key=key))
        columns = tuple(part for word in args.getlist("cols") for part in word.split(",") if part)
        for column in columns:
            if column not in entity.fields or not fields.visible(column):
                raise BadInput(_("This list has no column “%(key)s”.", key=column))
        size = args.get("size", "")
        if size and (not size.isascii() or not size.isdigit() or int(size) not in SIZES):
            raise BadInput(_("A page holds %(sizes)s rows.", sizes=", ".join(map(str, SIZES))))
        return cls(
            # PostgreSQL refuses a NUL in any text, so nothing could contain one.
            q=args.get("q", "").replace("\x00", "").strip(),
            filters=tuple(_filters(entity, args, policy)),
            sort=key or None,
            descending=descending,
            columns=columns,
            size=int(size) if size else SIZES[0],
            after=args.get("after"),
            before=args.get("before"),
            end=bool(args.get("end")),
            exact=bool(args.get("exact")),
            start=_start(entity, key, args.get("from", "").replace("\x00", "").strip()),
        )

    def query(self, entity: Entity, **changes: Any) -> dict[str, Any]:
        """These arguments as a query string's parts, some changed; the cursor is left out unless it is given."""
        cursor = {key: changes.pop(key) for key in ("after", "before", "end") if key in changes}
        args = replace(self, **changes)
        parts: dict[str, Any] = {}
        for each in args.filters:
            parts.setdefault(each.name, []).append(each.text)
        if args.q:
            parts["q"] = args.q
        order = ("-" if args.descending else "") + (args.sort or "")
        if order != (entity.sort or ""):
            parts["sort"] = order
        if args.columns:
            parts["cols"] = ",".join(args.columns)
        if args.size != SIZES[0]:
            parts["size"] = args.size
        return parts | {key: value for key, value in cursor.items() if value}


def _start(entity: Entity, key: str, text: str) -> Any:
    if not text:
        return None
    if not key:
        raise BadInput(_("Sort the list by a column first; then it can begin at a value."))
    try:
        return entity.fields[key].kind.parse(text)
    except Unreadable as problem:
        raise BadInput(str(problem)) from None


def _filters(entity: Entity, args: MultiDict[str, str], policy: Policy) -> Any:
    for name, text in args.items(multi=True):
        key, colon, op_key = name.partition(":")
        if not colon:
            continue
        # What one may not read, one may not ask for either: the answer would tell.
        each = entity.fields.get(key) if site().fields(policy, entity).readable(key) else None
        operator = next((op for op in operators_of(each) if op.key == op_key), None) if each else None
        if each is None or operator is None:
            raise BadInput(_("This list has no filter “%(name)s”.", name=name))
        if operator.arity and not text.strip():
            # An empty box of the filter form is no condition.
            continue
        yield Filter(each, operator, text, _value(entity, each, operator, text, policy))


def _value(entity: Entity, each: Field, operator: Operator, text: str, policy: Policy) -> Any:
    if not operator.arity:
        return None
    if each.reference is None:
        try:
            return (
                [each.kind.parse(part) for part in text.split(",")]
                if operator.many
                else each.kind.parse(text)
            )
        except Unreadable as problem:
            raise BadInput(str(problem)) from None
    if text == "me" and each.reference.mapper.class_ is User:
        return policy.user_id
    target = site().target(each)
    values = decode_key(text, target.key_kinds) if target else None
    if values is None or len(values) != 1:
        raise BadInput(_("This list has no filter “%(name)s”.", name=f"{each.key}:{operator.key}={text}"))
    return values[0]
