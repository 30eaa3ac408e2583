"""Importing a table: all rows or none, by the rules of the form, with every bad line named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy
from admin_app.engine.change import context
from admin_app.engine.entity import Entity
from admin_app.engine.exchange.mapping import Recipe, WrongMapping
from admin_app.engine.exchange.outcome import Outcome, Problem
from admin_app.engine.exchange.reading import Row, Table
from admin_app.engine.exchange.references import References, unique_keys
from admin_app.engine.exchange.rows import RowReader
from admin_app.engine.kinds import Unreadable
from admin_app.engine.labels import labels
from admin_app.engine.listing import may_import
from admin_app.engine.saving import explain
from admin_app.engine.site import site
from admin_app.errors import DutybookError, Forbidden

#: Rows that are written by one flush.
BATCH: Final = 500
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Draft:
    """A row that passed the form, and the records made of it."""

    row: Row
    values: list[tuple[RowReader, dict[str, Any]]]
    record: Any = None
    children: list[tuple[Entity, Any]] = field(default_factory=list)


class Importer:
    """One import of one table by one actor; the session acts as `policy`.

    Raises:
        Forbidden: the actor may not import here, or may not create the children.
        WrongMapping: the file does not fill what a new record needs, or no row is left to import.
    """

    def __init__(self, session: Session, policy: Policy, recipe: Recipe, table: Table) -> None:
        entity = recipe.entity
        if not may_import(policy, entity):
            raise Forbidden(_("None of your positions lets you import here."))
        for child in recipe.children:
            if not site().may(policy, "create", child.entity):
                name = labels().plural(child.entity.name)
                raise Forbidden(
                    _("None of your positions lets you import this: %(entities)s.", entities=name)
                )
        self.session = session
        self.policy = policy
        self.entity = entity
        self.table = table
        self.reader = RowReader(session, policy, recipe)
        self.children = tuple(RowReader(session, policy, child) for child in recipe.children)
        self.taken = [row for row in table.rows if self._is_wanted(row)]
        if not self.taken:
            raise WrongMapping(_("The file has no row to import."))
        self.outcome = Outcome(len(self.taken), len(table.rows) - len(self.taken))
        self.drafts: list[Draft] = []
        self._unique = [key for key in unique_keys(entity) if key in self.reader.sources]
        self._seen: dict[tuple[str, Any], int] = {}

    def run(
        self,
        dry: bool = False,
        progress: Progress = lambda done, total: None,
        look: Callable[[Importer], None] = lambda importer: None,
    ) -> Outcome:
        """Write all rows, or none when any is bad or when the run is `dry`. The caller commits.

        Args:
            dry: undo everything at the end.
            progress: called with (rows done, rows in all).
            look: called while the records are there, before anything is undone.
        """
        outcome = self.outcome
        savepoint = self.session.begin_nested()
        try:
            with self.session.no_autoflush:
                self._work(progress)
                outcome.records = len(self.drafts)
                outcome.children = sum(len(draft.children) for draft in self.drafts)
                look(self)
        except BaseException:
            savepoint.rollback()
            raise
        if dry or outcome.problems:
            savepoint.rollback()
        else:
            savepoint.commit()
            outcome.written = True
            context(self.session, action="import", source="import")
        outcome.problems.sort(key=lambda problem: problem.line)
        return outcome

    def _work(self, progress: Progress) -> None:
        texts = [self.texts(row) for row in self.taken]
        for reader in (self.reader, *self.children):
            reader.load(texts)
        for start in range(0, len(self.taken), BATCH):
            batch = [draft for row in self.taken[start : start + BATCH] if (draft := self._draft(row))]
            self.drafts += self._all_or_one_by_one(batch, self._write)
            progress(min(start + BATCH, len(self.taken)), len(self.taken))
        for key in self.reader.late:
            self._relate(key)
        if not self.outcome.problems:
            self._finish()

    def texts(self, row: Row) -> dict[str, str]:
        """header -> text of a row."""
        return dict(zip(self.table.headers, row.texts, strict=False))

    def _is_wanted(self, row: Row) -> bool:
        texts = self.texts(row)
        return all(texts[header].strip() in wanted for header, wanted in self.reader.recipe.where.items())

    def _refuse(self, row: Row, reader: RowReader, key: str, message: str) -> None:
        header = reader.sources.get(key)
        self.outcome.problems.append(Problem(row.line, reader.entity.name, key, header, message))

    def _draft(self, row: Row) -> Draft | None:
        """The row's values, unless the form refuses them."""
        width = len(self.table.headers)
        if len(row.texts) > width:
            message = _("%(have)s values, but there are %(width)s columns.", have=len(row.texts), width=width)
            self._refuse(row, self.reader, "", message)
            return None
        texts = self.texts(row)
        values = []
        good = True
        for reader in (self.reader, *self.children):
            if reader is not self.reader and reader.is_blank(texts):
                continue
            found, errors = reader.read(texts)
            for key, message in errors:
                self._refuse(row, reader, key, message)
            good = good and not errors
            values.append((reader, found))
        return Draft(row, values) if good and self._is_new(row, values[0][1]) else None

    def _is_new(self, row: Row, values: dict[str, Any]) -> bool:
        """Whether no earlier row has the same value where each has to be different."""
        twice = False
        for key in self._unique:
            value = values.get(key)
            if value is None:
                continue
            line = self._seen.setdefault((key, value), row.line)
            if line != row.line:
                self._refuse(row, self.reader, key, _("Line %(line)s has the same value.", line=line))
                twice = True
        return not twice

    def _all_or_one_by_one(
        self, drafts: Sequence[Draft], work: Callable[[Sequence[Draft]], None]
    ) -> list[Draft]:
        """Do `work` for all at once; where the database refuses, one by one, to find out which lines it refuses."""
        known = len(self.outcome.problems)
        try:
            with self.session.begin_nested():
                work(drafts)
            return [draft for draft in drafts if draft.record is not None]
        except IntegrityError as problem:
            # What this attempt found is found again by the next one.
            del self.outcome.problems[known:]
            if len(drafts) == 1:
                self._explain(drafts[0], problem)
                return []
        return [done for draft in drafts for done in self._all_or_one_by_one([draft], work)]

    def _explain(self, draft: Draft, problem: IntegrityError) -> None:
        # Names of constraints, or of columns on SQLite, hold the table's name.
        text = str(problem.orig)
        readers = [reader for reader, _values in draft.values]
        found = (reader for reader in readers[1:] if reader.entity.name in text)
        reader = next(found, readers[0])
        self._refuse(draft.row, reader, *explain(reader.entity, problem))

    def _write(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            self._make(draft)
        self.session.flush()
        for draft in drafts:
            if draft.record is None:
                continue
            self._check_rights(draft)
            for entity, record in ((self.entity, draft.record), *draft.children):
                if entity.after_save and not entity.after_import:
                    entity.after_save(self.session, self.policy, record)
        self.session.flush()

    def _make(self, draft: Draft) -> None:
        """New records for a draft, each prepared by its `before_save`; made afresh when a batch is repeated."""
        (_reader, values), *rest = draft.values
        draft.record, draft.children = None, []
        made: list[tuple[Entity, Any]] = [(self.entity, self.entity.model(**values))]
        for reader, more in rest:
            link = {str(reader.recipe.link): made[0][1]}
            made.append((reader.entity, reader.entity.model(**more, **link)))
        try:
            for entity, record in made:
                self.session.add(record)
                if entity.before_save:
                    entity.before_save(self.session, self.policy, record)
        except DutybookError as refusal:
            for _entity, record in made:
                if record in self.session.new:
                    self.session.expunge(record)
            self._refuse(draft.row, self.reader, "", str(refusal))
            return
        draft.record, draft.children = made[0][1], made[1:]

    def _check_rights(self, draft: Draft) -> None:
        for entity, record in ((self.entity, draft.record), *draft.children):
            if not site().may_record(self.policy, "create", entity, record):
                message = _("None of your positions lets you put a record there.")
                self._refuse(draft.row, self.reader, "", message)
                return

    def _relate(self, key: str) -> None:
        """Set a reference to the entity itself, now that all rows are there."""
        references = References(self.session, self.entity)
        wanted = {id(draft): self.reader.text(key, self.texts(draft.row)) for draft in self.drafts}
        references.load(wanted.values())
        for start in range(0, len(self.drafts), BATCH):
            related = []
            for draft in self.drafts[start : start + BATCH]:
                text = wanted[id(draft)]
                try:
                    target = references.by_key[references.find(text)] if text.strip() else None
                except Unreadable as problem:
                    self._refuse(draft.row, self.reader, key, str(problem))
                    continue
                if target is not None:
                    related.append((draft, target))
            self._set(key, related)

    def _set(self, key: str, related: Sequence[tuple[Draft, Any]]) -> None:
        targets = {id(draft): target for draft, target in related}
        relation = self.entity.mapper.relationships[key]
        attribute_of = self.entity.mapper.get_property_by_column
        pairs = [
            (attribute_of(near).key, attribute_of(far).key) for near, far in relation.local_remote_pairs or ()
        ]

        def assign(drafts: Sequence[Draft]) -> None:
            # By columns: records that point to themselves or at each other have no order to be written in.
            for draft in drafts:
                for near, far in pairs:
                    setattr(draft.record, near, getattr(targets[id(draft)], far))
            self.session.flush()
            for draft in drafts:
                self.session.expire(draft.record, [key])

        self._all_or_one_by_one([draft for draft, _target in related], assign)

    def _finish(self) -> None:
        made: dict[str, tuple[Entity, list[Any]]] = {}
        for draft in self.drafts:
            for entity, record in ((self.entity, draft.record), *draft.children):
                made.setdefault(entity.name, (entity, []))[1].append(record)
        for entity, records in made.values():
            if entity.after_import:
                entity.after_import(self.session, self.policy, records)
        self.session.flush()
