"""What was chosen of a list: these records, all that match, or all but these; never a list of a million ids.

A selection travels as a signed text that is good for one entity and one person. It is resolved anew wherever it is
used, within what that person may see then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import ColumnElement, Select, select
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import Policy
from admin_app.engine.entity import Entity
from admin_app.engine.listing import ListArgs, Listing
from admin_app.engine.site import site
from admin_app.errors import BadInput

#: Records that are named one by one; more are chosen by what they have in common.
MOST_NAMED: Final = 5_000
_SALT: Final = "bulk selection"
#: Arguments of a list that say how it looks, not what is in it.
_LOOKS: Final = ("sort", "cols", "size", "after", "before", "end", "exact")


def supports(entity: Entity) -> bool:
    """Whether records can be changed in bulk: they have one number as key, and a version to tell who changed since."""
    keys = entity.mapper.primary_key
    return (
        len(keys) == 1
        and isinstance(keys[0].type, sa.Integer)
        and entity.mapper.version_id_col is not None
        and not entity.adopted
    )


def key_of(entity: Entity) -> Any:
    """The attribute with the record's number."""
    return entity.key_attributes[0]


def version_of(entity: Entity) -> Any:
    """The attribute with the record's version."""
    column = entity.mapper.version_id_col
    assert column is not None
    return getattr(entity.model, entity.mapper.get_property_by_column(column).key)


@dataclass(frozen=True)
class Selection:
    """`ids` alone where `matching` is None; else all that match those arguments of the list, without `ids`."""

    entity: str
    ids: tuple[int, ...] = ()
    matching: tuple[tuple[str, str], ...] | None = None

    @classmethod
    def these(cls, entity: Entity, keys: Iterable[str]) -> Selection:
        """The records with these keys. BadInput where there are none, too many, or one is no key."""
        ids = []
        for key in dict.fromkeys(keys):
            if not key.isascii() or not key.isdigit() or len(key) > 18:
                raise BadInput(_("Part of the form is missing. Open the page again."))
            ids.append(int(key))
        if not ids:
            raise BadInput(_("Tick at least one record."))
        if len(ids) > MOST_NAMED:
            most = f"{MOST_NAMED:,}"
            raise BadInput(
                _("At most %(most)s records can be ticked; choose all that match instead.", most=most)
            )
        return cls(entity.name, tuple(sorted(ids)))

    @classmethod
    def all_matching(
        cls, entity: Entity, args: MultiDict[str, str], policy: Policy, but: Iterable[str] = ()
    ) -> Selection:
        """All that a list with these arguments shows, without the ones named. BadInput where the list refuses them."""
        pairs = tuple((name, text) for name, text in args.items(multi=True) if name not in _LOOKS)
        found = cls(entity.name, matching=pairs)
        found.conditions(entity, policy)
        but = list(but)
        return replace(found, ids=cls.these(entity, but).ids) if but else found

    @classmethod
    def read(cls, text: str, entity: Entity, policy: Policy) -> Selection:
        """The selection that `signed` made for this entity and person; BadInput for any other text."""
        try:
            held = _signer().loads(text)
        except BadData:
            raise BadInput(_("This selection is not valid. Choose the records again.")) from None
        if held.get("e") != entity.name or held.get("u") != policy.user_id:
            raise BadInput(_("This selection is not valid. Choose the records again."))
        return cls.from_document(held)

    @classmethod
    def from_document(cls, held: Any) -> Selection:
        """The selection that `document` described."""
        pairs = held.get("m")
        matching = None if pairs is None else tuple((str(name), str(text)) for name, text in pairs)
        return cls(str(held["e"]), tuple(int(key) for key in held["i"]), matching)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        matching = None if self.matching is None else [list(pair) for pair in self.matching]
        return {"e": self.entity, "i": list(self.ids), "m": matching}

    def signed(self, policy: Policy) -> str:
        """As a text for one person."""
        return str(_signer().dumps({**self.document(), "u": policy.user_id}))

    def conditions(self, entity: Entity, policy: Policy) -> list[ColumnElement[bool]]:
        """WHERE: what was chosen, within what this person may see."""
        key = key_of(entity)
        visible = site().access.visible(policy, entity.name)
        found: list[ColumnElement[bool]] = [site().access.criterion(entity.model, visible)]
        if self.matching is None:
            return [*found, key.in_(self.ids)]
        args = ListArgs.parse(entity, MultiDict(list(self.matching)), policy)
        found += Listing(entity, args, policy, f"{entity.name}.index_view").conditions()
        return [*found, key.not_in(self.ids)] if self.ids else found

    def keys(self, entity: Entity, policy: Policy) -> Select[Any]:
        """The numbers of the chosen records, as a subquery."""
        return select(key_of(entity)).where(*self.conditions(entity, policy))

    @property
    def single(self) -> int | None:
        """The one record, where it is one by name."""
        return self.ids[0] if self.matching is None and len(self.ids) == 1 else None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=_SALT)


__all__: Sequence[str] = ("MOST_NAMED", "Selection", "key_of", "supports", "version_of")
