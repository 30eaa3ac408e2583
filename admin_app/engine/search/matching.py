"""A list's or a lookup's question to the index: which records of one entity a text finds, for one reader.

A reader searches the fields that are plain to them on every row that they see, and no others: anything less would let
a search tell, row by row, what a mask hides.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, or_, select

from admin_app.engine.access import Policy
from admin_app.engine.entity import Entity
from admin_app.engine.search.building import is_filled
from admin_app.engine.search.index import Index, indexes
from admin_app.engine.search.keeper import Keeper, Page, keeper_of
from admin_app.engine.search.query import Question, both, question
from admin_app.engine.site import site


class Matching:
    """What `text` finds among the records of `entity`, in fields that `policy` may read.

    `also` is one more field than the search box looks into, where it looks without an index.
    """

    def __init__(self, entity: Entity, text: str, policy: Policy, also: str | None = None) -> None:
        self.entity, self.text, self.policy = entity, text, policy
        fields = site().fields(policy, entity)
        keys = dict.fromkeys([*entity.search_keys, *([also] if also else [])])
        self.readable: Sequence[str] = [key for key in keys if fields.readable(key)]

    @cached_property
    def index(self) -> Index | None:
        """The entity's index, where it has one that is filled."""
        index = indexes().of(self.entity)
        return index if index is not None and is_filled(_connection(), index) else None

    @cached_property
    def question(self) -> Question:
        """What the index is asked: the text, among the rows that the reader sees as far as terms tell."""
        assert self.index is not None
        asked = question(self.text, self.index.readable_codes(self.readable))
        if asked.hopeless:
            return asked
        rows = site().access.visible(self.policy, self.entity.name)
        return Question(both(asked.where, self.index.within(rows)), asked.verify, asked.codes)

    def criterion(self, page: Page | None = None) -> ColumnElement[bool]:
        """The condition over the entity's class; with `page`, it need hold only for the records of that page."""
        if self.index is None:
            # A text without a searchable field finds nothing, rather than everything.
            return or_(
                literal(False), *(each.icontains(self.text, autoescape=True) for each in self.attributes)
            )
        if self._sees_nothing or self.question.hopeless:
            return literal(False)
        # Where terms cannot tell whether the reader sees a record, a page of terms is no page of the reader's.
        tells = self.index.tells(site().access.visible(self.policy, self.entity.name))
        few = self._keeper.few(_connection(), self.index, self.question, page if tells else None)
        return self._keeper.criterion(self.index, self.question, few, self.attributes)

    def counted(self, where: Sequence[ColumnElement[bool]], cap: int) -> Select[Any] | None:
        """How many records it finds for which `where` holds, up to `cap` and one more; None without an index."""
        if self.index is None or self._sees_nothing or self.question.hopeless:
            return None
        source, on, asked = self._keeper.source(self.index, self.question, self.attributes)
        found = select(literal(1)).select_from(source).join(self.entity.model, on).where(*asked, *where)
        return select(func.count()).select_from(found.limit(cap + 1).subquery())

    @property
    def _sees_nothing(self) -> bool:
        # Who only creates records has a form with lookups, and perhaps no row to find in one.
        return not site().access.visible(self.policy, self.entity.name)

    @property
    def attributes(self) -> list[Any]:
        """The attributes of the class that may be looked into."""
        return [getattr(self.entity.model, key) for key in self.readable]

    @property
    def _keeper(self) -> Keeper:
        return keeper_of(_connection())


def _connection() -> Connection:
    from admin_app.db import db

    # Not through the session: the index is no table that a row scope could narrow, and tells no more than keys.
    return db.session().connection()
