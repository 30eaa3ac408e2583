"""The import page of an entity: read a file, choose columns, check, write. Each step asks for every right again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.entity import Entity
from admin_app.engine.exchange import preview, uploads
from admin_app.engine.exchange.importing import Importer
from admin_app.engine.exchange.mapping import Recipe, choose, guess, importable, load_mapping, mapping_files
from admin_app.engine.exchange.outcome import Outcome, bad_rows
from admin_app.engine.exchange.reading import ENCODINGS, Table, read_table
from admin_app.engine.labels import labels
from admin_app.engine.listing import may_import
from admin_app.engine.site import site
from admin_app.errors import BadInput, Forbidden

#: Errors that the check shows; the file of bad rows has all.
SHOWN_ERRORS: Final = 200
SAMPLES: Final = 3
_SAMPLE_LENGTH: Final = 40
DELIMITER_NAMES: Final = {",": ",", ";": ";", "\t": "Tab"}


def import_screen(entity: Entity, render: Callable[..., str]) -> str | Response:
    """Answer one step of the import into `entity`; `render` is its view's.

    Raises:
        Forbidden: the actor may not import here.
    """
    policy = current_policy()
    if not may_import(policy, entity):
        raise Forbidden(_("None of your positions lets you import here."))
    return _Screen(entity, render, db.session(), policy).answer()


class _Screen:
    """One request. What the steps need is in the form each time: token, encoding, mapping file, columns."""

    def __init__(self, entity: Entity, render: Callable[..., str], session: Session, policy: Policy) -> None:
        self.entity = entity
        self.render = render
        self.session = session
        self.policy = policy
        self.upload: uploads.Upload | None = None
        self.context: dict[str, Any] = {}

    def answer(self) -> str | Response:
        """The page of the step that the form names."""
        if request.method == "GET":
            return self._render("upload")
        step = request.form.get("step", "")
        try:
            self._take_file(step)
            table, error = self._table()
            recipe = self._recipe(table)
        except BadInput as problem:
            return self._render("upload", error=str(problem)), 400  # type: ignore[return-value]
        columns = self._columns(table, recipe, chosen=step not in ("upload", "read"))
        self._describe(table, recipe, columns)
        if step in ("upload", "read", "back") or error:
            return self._render("map", error=error)
        try:
            recipe = choose(recipe, table.headers, columns)
            if step == "write":
                return self._write(table, recipe)
            return self._check(table, recipe, as_file=step == "errors")
        except uploads.NoUpload as problem:
            return self._render("upload", error=str(problem)), 400  # type: ignore[return-value]
        except BadInput as problem:
            return self._render("map", error=str(problem)), 400  # type: ignore[return-value]

    def _table(self) -> tuple[Table, str | None]:
        """The file as a table; where the chosen encoding cannot be, as guessed, with what is wrong."""
        content, encoding = self._file().content, request.form.get("encoding") or None
        try:
            return read_table(content, encoding), None
        except BadInput as problem:
            if encoding is None:
                raise
            return read_table(content), str(problem)

    def _take_file(self, step: str) -> None:
        if step != "upload":
            token = request.form.get("token", "")
            self.upload = uploads.find(token, self.policy.user_id, self.entity.name)
            return
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise BadInput(_("Choose a file."))
        self.upload = uploads.keep(sent.read(), sent.filename, self.policy.user_id, self.entity.name)

    def _file(self) -> uploads.Upload:
        assert self.upload is not None
        return self.upload

    def _recipe(self, table: Table) -> Recipe:
        """The chosen mapping file, which has to fit the file; else columns by their names."""
        name = request.form.get("mapping", "")
        if not name:
            return Recipe(self.entity, guess(self.entity, table.headers))
        path = mapping_files(self.entity).get(name)
        if path is None:
            raise BadInput(_("There is no mapping “%(name)s”.", name=name))
        recipe = load_mapping(path, site())
        choose(recipe, table.headers, recipe.columns)
        return recipe

    def _columns(self, table: Table, recipe: Recipe, chosen: bool) -> dict[str, str]:
        """header -> field key: from the form once somebody could choose, else what the recipe says."""
        if not chosen:
            return dict(recipe.columns)
        picked = {
            header: request.form.get(f"column-{index}", "") for index, header in enumerate(table.headers)
        }
        return {header: key for header, key in picked.items() if key}

    def _describe(self, table: Table, recipe: Recipe, columns: Mapping[str, str]) -> None:
        notes = _notes(recipe)
        self.context |= {
            "columns": [
                {
                    "index": index,
                    "name": header,
                    "samples": _samples(table, index),
                    "choice": columns.get(header, ""),
                    "note": notes.get(header, ""),
                }
                for index, header in enumerate(table.headers)
            ],
            "constants": _constants(recipe, columns),
            "total": len(table.rows),
            "encoding": table.encoding,
            "delimiter": DELIMITER_NAMES[table.delimiter],
        }

    def _check(self, table: Table, recipe: Recipe, as_file: bool) -> str | Response:
        """A dry run, and what it found: as a page, or the bad rows as a file."""
        seen: list[dict[str, Any]] = []
        heads: list[str] = []

        def look(importer: Importer) -> None:
            heads.extend(preview.heads(importer))
            seen.extend(preview.look(self.session, importer))

        outcome = Importer(self.session, self.policy, recipe, table).run(dry=True, look=look)
        # The write lock is for writing; the page has all that it needs.
        self.session.rollback()
        if as_file:
            name = f"{self.entity.name}-errors.csv"
            return Response(
                b"".join(bad_rows(table, outcome)),
                mimetype="text/csv",
                headers={"Content-Disposition": f"attachment; filename={name}"},
            )
        return self._render("preview", heads=heads, rows=seen, **_result(outcome))

    def _write(self, table: Table, recipe: Recipe) -> str | Response:
        upload = self._file()
        upload.claim()
        try:
            outcome = Importer(self.session, self.policy, recipe, table).run()
            if outcome.written:
                self.session.commit()
        except BaseException:
            upload.give_back()
            raise
        if not outcome.written:
            upload.give_back()
            return self._check(table, recipe, as_file=False)
        upload.discard()
        return self._render(
            "done", created=outcome.records, children=outcome.children, left_out=outcome.left_out
        )

    def _render(self, step: str, error: str | None = None, **more: Any) -> str:
        name = self.entity.name
        upload = self.upload if step != "upload" else None
        context = {
            "step": step,
            "entity": {"name": name, "label": labels().entity(name), "plural": labels().plural(name)},
            "list_url": url_for(f"{name}.index_view"),
            "start_url": url_for(f"{name}.import_view"),
            "token": upload.token if upload else None,
            "file_name": upload.file_name if upload else None,
            "error": error,
            "fields": [
                {
                    "key": key,
                    "label": labels().field(name, key),
                    "required": self.entity.required(self.entity.fields[key]),
                }
                for key in importable(self.entity)
            ],
            "encodings": ENCODINGS,
            "mappings": list(mapping_files(self.entity)),
            "mapping": request.form.get("mapping", ""),
            **self.context,
            **more,
        }
        return str(self.render("admin/exchange/import.html", exchange=context))


def _samples(table: Table, index: int) -> list[str]:
    """The first different values of a column, shortened."""
    texts = (row.texts[index].strip() for row in table.rows[:50])
    distinct = list(dict.fromkeys(text for text in texts if text))[:SAMPLES]
    return [text if len(text) <= _SAMPLE_LENGTH else text[: _SAMPLE_LENGTH - 1] + "…" for text in distinct]


def _notes(recipe: Recipe) -> dict[str, str]:
    """What a mapping file does with columns beside filling the entity's own fields, by header."""
    notes: dict[str, list[str]] = {}
    for header, wanted in recipe.where.items():
        notes.setdefault(header, []).append(_("only rows with %(values)s", values=", ".join(sorted(wanted))))
    for child in recipe.children:
        for header, key in child.columns.items():
            what = f"{labels().entity(child.entity.name)}: {labels().field(child.entity.name, key)}"
            notes.setdefault(header, []).append(what)
    return {header: " · ".join(texts) for header, texts in notes.items()}


def _constants(recipe: Recipe, columns: Mapping[str, str]) -> list[dict[str, str]]:
    """The fields that every record gets the same value in, with labels."""
    name = recipe.entity.name
    filled = set(columns.values())
    found = []
    for key, text in recipe.constants.items():
        if key not in filled:
            codes = getattr(recipe.entity.fields[key].kind, "codes", ())
            shown = labels().choice(name, key, text) if text in codes else text
            found.append({"label": labels().field(name, key), "text": shown})
    return found


def _result(outcome: Outcome) -> dict[str, Any]:
    bad = len(outcome.bad_lines)
    return {
        "errors": [
            {"line": problem.line, "column": problem.label, "reason": problem.message}
            for problem in outcome.problems[:SHOWN_ERRORS]
        ],
        "more_errors": max(0, len(outcome.problems) - SHOWN_ERRORS),
        "good": outcome.total - bad,
        "bad": bad,
        "total": outcome.total,
        "left_out": outcome.left_out,
        "children": outcome.children,
    }
