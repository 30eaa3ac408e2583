"""A complaint's course: new → assigned → in progress ⇄ waiting → solved → confirmed → closed, and reopened.

Each step adds to the timeline, which only grows: an undo adds one more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, case, literal, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import TextAreaField
from wtforms.validators import Length, Optional

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import ActionForm
from admin_app.engine.bulk.shipped import new_values, owner_form
from admin_app.engine.change import insert_rows
from admin_app.engine.change.recorder import words_of
from admin_app.engine.entity import Entity
from admin_app.engine.forms import RecordForm
from admin_app.engine.states.machine import Effect, Machine, Step
from admin_app.services.complaints import STEPS, status_words
from models.complaint import Complaint, ComplaintEvent
from models.types import utc_now

_CODES: Final = tuple(STEPS)


class SolveForm(ActionForm):
    """Where the trouble came from, if that is known by now."""

    root_cause = TextAreaField(lazy_gettext("Root cause"), validators=[Optional(), Length(max=4000)])


def _solve_form(
    _entity: Entity, _session: Session, _policy: Policy, sent: MultiDict[str, Any] | None
) -> SolveForm:
    return SolveForm(sent)


def _cause(form: SolveForm) -> Mapping[str, Any]:
    typed = (form.root_cause.data or "").strip()
    return {"root_cause": typed} if typed else {}


def _closed(_form: Any) -> Mapping[str, Any]:
    return {"closed_at": utc_now()}


def _open_again(_form: Any) -> Mapping[str, Any]:
    return {"closed_at": None}


def _tell(target: str) -> Effect:
    """The effect that adds a step to the timelines, signed, with the reason where there is one."""

    def tell(session: Session, policy: Policy, which: ColumnElement[bool], form: Any) -> None:
        more = [words_of(session).reason or ""]
        if isinstance(form, RecordForm) and form["owner"].data is not None:
            more.insert(0, form["owner"].data.name)
        end = "".join(f" · {text}" for text in more if text)
        after = status_words(target)
        lines = {code: f"{status_words(code)} → {after}{end}" for code in _CODES}
        text = case(*((Complaint.status == code, literal(line)) for code, line in lines.items()))
        rows = select(Complaint.id.label("complaint_id"), text.label("text"), *_signed(policy, STEPS[target]))
        with acting(session, SYSTEM):
            insert_rows(session, ComplaintEvent, rows.where(which))

    return tell


def _signed(policy: Policy, kind: str) -> list[Any]:
    """The columns that say when, which step, who, and in whose place."""
    sources = [
        source for source in policy.sources if source.entity == "complaint" and "work" in source.actions
    ]
    known = [source.acting_for for source in sources if source.acting_for is not None]
    standing_in = known[0] if known and all(source.acting for source in sources) else None
    values = {"at": utc_now(), "kind": kind, "author_id": policy.user_id, "acting_for_id": standing_in}
    return [literal(value, ComplaintEvent.__table__.c[key].type).label(key) for key, value in values.items()]


def _tell_undone(session: Session, policy: Policy, going: Select[Any]) -> None:
    """Add to the timelines that somebody took a step back."""
    gone = going.subquery("gone")
    words = {code: status_words(code) for code in _CODES}
    went, back = (
        case(*((column == code, literal(word)) for code, word in words.items()), else_="")
        for column in (gone.c.went, gone.c.back)
    )
    text = literal(_("Undone:") + " ") + went + literal(" → ") + back
    rows = select(gone.c.id.label("complaint_id"), text.label("text"), *_signed(policy, "noted"))
    with acting(session, SYSTEM):
        insert_rows(session, ComplaintEvent, rows)


def _step(name: str, icon: str, sources: tuple[str, ...], target: str, **more: Any) -> Step:
    return Step(name, icon, sources, target, before=_tell(target), **more)


COMPLAINT_STATES: Final = Machine(
    "status",
    begins=("new",),
    taken_over=("assigned", "in_progress", "waiting", "solved", "confirmed", "closed", "reopened"),
    undone=_tell_undone,
    steps=(
        _step(
            "dispatch",
            "user-share",
            ("new", "reopened"),
            "assigned",
            form=owner_form,
            values=new_values,
        ),
        _step("start", "bolt", ("assigned", "reopened"), "in_progress"),
        _step("wait", "clock-exclamation", ("in_progress",), "waiting"),
        _step("resume", "chevrons-right", ("waiting",), "in_progress"),
        _step(
            "solve",
            "check",
            ("in_progress", "waiting"),
            "solved",
            form=_solve_form,
            values=_cause,
        ),
        _step("confirm", "user-check", ("solved",), "confirmed"),
        _step("close", "lock", ("confirmed",), "closed", values=_closed),
        _step(
            "reopen",
            "arrow-back-up",
            ("solved", "confirmed", "closed"),
            "reopened",
            values=_open_again,
            needs_reason=True,
        ),
    ),
)
