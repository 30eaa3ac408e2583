"""The doors by which a matrix leaves as a file and comes in from one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from flask import Response, request, url_for
from flask_admin import BaseView, expose
from flask_babel import gettext as _

from admin_app.db import db
from admin_app.engine.access import current_policy
from admin_app.engine.access.world import World
from admin_app.engine.exchange import uploads
from admin_app.engine.exchange.export import harmless
from admin_app.engine.exchange.reading import read_table
from admin_app.engine.exchange.sheets import SIGNATURE, read_xlsx, write_xlsx
from admin_app.errors import BadInput, TooLarge
from admin_app.services import clock, matrix_editing, matrix_import
from admin_app.services.matrix import Matrix, read_matrix
from admin_app.services.matrix_documents import changes_of
from admin_app.services.matrix_import import Sheet
from views import matrix_words as words
from views.matrix_editing import editor, world_now

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Bytes of a file that is a matrix and not something else.
LARGEST: Final = 5_000_000
#: The key under which kept uploads of the matrix are found again.
KIND: Final = "matrix"


class FileDoors(BaseView):  # type: ignore[misc]  # Flask-Admin brings no types
    """Export for everybody who reads the matrix, import for those who change it."""

    @expose("/export.xlsx")
    def export_xlsx(self) -> Response:
        """The matrix as a workbook; `turn=1` lets positions go down."""
        rows = list(table(read_matrix(db.session(), clock.today()), request.args.get("turn") == "1"))
        return _file(write_xlsx(_("Duty matrix"), rows, (14, 36, 12)), XLSX, "xlsx")

    @expose("/export.csv")
    def export_csv(self) -> Response:
        """The same as CSV, UTF-8 with a mark that Excel needs."""
        out = io.StringIO()
        lines = csv.writer(out)
        for row in table(read_matrix(db.session(), clock.today()), request.args.get("turn") == "1"):
            lines.writerow([harmless(text) for text in row])
        return _file(b"\xef\xbb\xbf" + out.getvalue().encode(), "text/csv; charset=utf-8", "csv")

    @expose("/import", methods=("GET", "POST"))
    def import_view(self) -> str:
        """A file, then its names beside ours, then the grid with what it would change; nothing is saved here."""
        world = world_now()
        policy = editor(world)
        if request.method == "GET":
            return str(self.render("admin/matrix_import.html", step="file"))
        turned = request.form.get("turned") == "1"
        token = request.form.get("upload")
        if token:
            kept = uploads.find(token, policy.user_id, KIND)
        else:
            file = request.files.get("file")
            content = file.read(LARGEST + 1) if file else b""
            if not file or not content:
                raise BadInput(_("Choose a file."))
            if len(content) > LARGEST:
                raise TooLarge(_("A matrix is smaller than 5 MB. Send the sheet alone."))
            kept = uploads.keep(content, file.filename or "", policy.user_id, KIND)
        sheet = matrix_import.read_sheet(rows_of(kept.content), turned)
        if not token:
            return str(self.render("admin/matrix_import.html", **mapping(sheet, world, kept.token, turned)))
        edits = matrix_import.edits(
            sheet, world, _chosen("role", sheet.roles), _chosen("duty", sheet.activities)
        )
        mine = matrix_editing.editable(current_policy(), world)
        changes = [
            {"position": each["position"], "duty": each["duty"], "cell": each["after"]}
            for each in changes_of(world, [edit for edit in edits if edit.position in mine])
        ]
        return self.grid(changes, imported=(kept.file_name, len(changes), len(edits) - len(changes)))

    def grid(self, pending: list[dict[str, Any]], imported: tuple[str, int, int]) -> str:
        """The page of the matrix with changes that are not saved; the view that has these doors brings it."""
        raise NotImplementedError


def table(matrix: Matrix, turned: bool) -> Iterator[list[str]]:
    """Rows of texts as they leave: code and name of each duty, then a letter for each position, or the other way."""
    positions = [column.position for _department, columns in matrix.departments for column in columns]
    duties = [row.duty for row in matrix.rows]
    down: list[Any] = positions if turned else duties
    across: list[Any] = duties if turned else positions
    yield [
        _("Code"),
        _("Position") if turned else _("Duty"),
        *(f"{each.code} {words.name({'zh': each.name_zh, 'en': each.name_en})}" for each in across),
    ]
    for place, each in enumerate(down):
        letters = [row.cells[place] for row in matrix.rows] if turned else matrix.rows[place].cells
        yield [
            each.code,
            words.name({"zh": each.name_zh, "en": each.name_en}),
            *(letter or "" for letter in letters),
        ]


def rows_of(content: bytes) -> list[list[str]]:
    """A file's rows of texts, XLSX or CSV; NoTable where it is neither. Our own export loses its column of names."""
    if content.startswith(SIGNATURE):
        rows = read_xlsx(content)
    else:
        read = read_table(content)
        rows = [list(read.headers), *(list(row.texts) for row in read.rows)]
    ours = {_("Position"), _("Duty")}
    if rows and len(rows[0]) > 2 and rows[0][0] == _("Code") and rows[0][1] in ours:
        rows = [[row[0], *row[2:]] for row in rows]
    return rows


def mapping(sheet: Sheet, world: World, token: str, turned: bool) -> dict[str, Any]:
    """What the page of the second step shows: each name of the file with the position or duty that it may be."""
    roles = matrix_import.guess(sheet.roles, world.positions)
    duties = matrix_import.guess(sheet.activities, world.duties)
    return {
        "step": "names",
        "upload": token,
        "turned": turned,
        "letters": len(sheet.cells),
        "problems": [str(each) for each in sheet.problems[:20]],
        "roles": [{"name": each, "code": roles.get(each, "")} for each in sheet.roles],
        "activities": [{"name": each, "code": duties.get(each, "")} for each in sheet.activities],
        "positions": [
            {"code": each.code, "label": words.name(each.names)} for each in world.positions.values()
        ],
        "duties": [{"code": each.code, "label": words.name(each.names)} for each in world.duties.values()],
    }


def _chosen(kind: str, names: tuple[str, ...]) -> dict[str, str]:
    return {name: request.form.get(f"{kind}-{place}", "") for place, name in enumerate(names)}


def _file(content: bytes, kind: str, ending: str) -> Response:
    answer = Response(content, mimetype=kind)
    name = f"duty-matrix-{clock.today().isoformat()}.{ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def exports(turned: bool) -> list[dict[str, str]]:
    """The links of the export menu."""
    turn = 1 if turned else None
    return [
        {"label": _("Excel (XLSX)"), "url": url_for("matrix.export_xlsx", turn=turn)},
        {"label": "CSV", "url": url_for("matrix.export_csv", turn=turn)},
    ]
