"""The doors of the editable matrix: its data, the preview of changes, saving them, and asking for what lies beyond.

All but the data take JSON: {"edits": [{"position", "duty", "cell", "seen"}], "reason"}; positions and duties by code,
cells as {"letter", "rows", "field_levels"} or null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, flash, jsonify, request
from flask_admin import BaseView, expose
from flask_babel import gettext as _
from flask_babel import ngettext

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.access.world import World
from admin_app.engine.site import site
from admin_app.errors import BadInput, Forbidden
from admin_app.services import clock, matrix_editing, matrix_impact, matrix_requests
from admin_app.services.matrix_documents import Edit, as_document, edits_from
from views import matrix_words as words


def world_now() -> World:
    """The company's rules as they stand in this request."""
    found: World = current_app.extensions["dutybook_policies"].world(db.session())
    return found


def editor(world: World) -> Policy:
    """The policy of who asks; Forbidden for people who may not change any cell."""
    policy = current_policy()
    if not matrix_editing.editable(policy, world):
        raise Forbidden(_("Only whoever leads a department changes the matrix, for the positions in it."))
    return policy


def read_edits(world: World) -> tuple[list[Edit], str]:
    """The edits and the reason in the request's JSON; BadInput where they have another shape."""
    sent = request.get_json(silent=True)
    if not isinstance(sent, Mapping):
        raise BadInput(_("The changes cannot be read."))
    changes = sent.get("edits")
    if not isinstance(changes, list) or len(changes) > matrix_editing.LIMIT:
        raise BadInput(_("The changes cannot be read."))
    seen = set()
    for change in changes:
        if not (
            isinstance(change, Mapping)
            and isinstance(change.get("position"), str)
            and isinstance(change.get("duty"), str)
            and all(_is_cell(change.get(key)) for key in ("cell", "seen"))
        ):
            raise BadInput(_("The changes cannot be read."))
        seen.add((change["position"], change["duty"]))
    kept = [{**change, "before": change.get("seen"), "after": change.get("cell")} for change in changes]
    edits = edits_from(world, kept)
    if len(seen) != len(changes) or len(edits) != len(changes):
        raise BadInput(_("There is no such position or duty. Load the matrix again."))
    return edits, str(sent.get("reason") or "")


def _is_cell(value: Any) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("letter"), str)
        and isinstance(value.get("rows"), str | None)
        and isinstance(value.get("field_levels"), Mapping | None)
        and all(isinstance(each, str) for each in (value.get("field_levels") or {}).values())
    )


class EditingDoors(BaseView):  # type: ignore[misc]  # Flask-Admin brings no types
    """The doors of the matrix page that take edits."""

    @expose("/data")
    def data(self) -> Response:
        """Cells by code, and the positions that who asks may change."""
        world = world_now()
        mine = matrix_editing.editable(current_policy(), world)
        return jsonify(
            cells=[
                {
                    "position": world.positions[position].code,
                    "duty": world.duties[duty].code,
                    "cell": as_document(cell),
                }
                for (position, duty), cell in world.cells.items()
            ],
            editable=[world.positions[key].code for key in sorted(mine)],
            groups={
                each.code: [
                    {"key": f"{entity}.{group}", "label": words.field_group(entity, group)}
                    for entity in sorted(world.entities.get(duty, ()))
                    if entity in site().by_name
                    for group in site().by_name[entity].field_groups
                ]
                for duty, each in world.duties.items()
            },
        )

    @expose("/preview", methods=("POST",))
    def preview(self) -> Response:
        """What the edits would do; nothing is saved."""
        world = world_now()
        policy = editor(world)
        edits, _reason = read_edits(world)
        today = clock.today()
        impact = matrix_impact.preview(db.session(), policy, world, site().access, edits, today)
        gains = words.effects(impact.gains, world, policy, gain=True)
        losses = words.effects(impact.losses, world, policy, gain=False)
        title = ngettext(
            "%(num)s change will not be saved", "%(num)s changes will not be saved", len(impact.refused)
        )
        leader = None
        above = [each.edit for each in impact.refused if each.reason != "conflict"]
        if above:
            leader = matrix_requests.who_decides(db.session(), policy, world, site().access, above[0], today)
        return jsonify(
            allowed=len(impact.allowed),
            refused=[words.refusal(each, world) for each in impact.refused],
            refused_title=title,
            gains=gains,
            losses=losses,
            sum=_(" · ").join([each["heading"] for each in (gains, losses) if each["people"]]),
            owners=words.owners(impact, world),
            ask=words.ask(leader),
            save=_save_words(len(impact.allowed), len(impact.refused)),
        )

    @expose("/save", methods=("POST",))
    def save(self) -> Response:
        """Save the edits as a new version, all or none."""
        world = world_now()
        policy = editor(world)
        edits, reason = read_edits(world)
        version = matrix_editing.save(db.session(), policy, site().access, edits, reason, clock.today())
        number, changed = version.number, len(version.changes)
        db.session.commit()
        flash(
            ngettext(
                "Version %(version)s: %(num)s cell changed. It holds from the next click of everybody.",
                "Version %(version)s: %(num)s cells changed. It holds from the next click of everybody.",
                changed,
                version=number,
            ),
            "ok",
        )
        return jsonify(version=number, changed=changed)

    @expose("/request", methods=("POST",))
    def request_beyond(self) -> Response:
        """Put the edits that are beyond who asks before those who may make them."""
        world = world_now()
        policy = editor(world)
        edits, reason = read_edits(world)
        made = matrix_requests.request_beyond(
            db.session(), policy, site().access, edits, reason, clock.today()
        )
        keys, asked = [each.id for each in made], sum(len(each.changes) for each in made)
        db.session.commit()
        flash(ngettext("%(num)s change is requested.", "%(num)s changes are requested.", asked), "ok")
        return jsonify(requests=keys, requested=asked)


def _save_words(allowed: int, refused: int) -> str:
    if not allowed:
        return str(_("Nothing to save"))
    if refused:
        return str(ngettext("Save the other %(num)s", "Save the other %(num)s", allowed))
    return str(ngettext("Save %(num)s change", "Save %(num)s changes", allowed))
