"""The log of changes: who changed what, when and why; one change set with its rows; the way back, whole or in part."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.change.past import parts_of
from admin_app.engine.change.reading import (
    Entry,
    change_log,
    change_sets,
    first_rows,
    seen_counts,
    seen_sets,
    set_counts,
    set_rows,
)
from admin_app.engine.change.staying import skipped_rows, stay
from admin_app.engine.change.telling import heads, plurals, told
from admin_app.engine.change.undo import UndoPlan, plan_undo, undo
from admin_app.engine.site import Page, site
from admin_app.errors import NotFound
from models.change import ChangeSet
from views.asking import AccessPage
from views.changes_words import emptied, filters_of, undo_heading

#: Change sets of a page of the log, and rows of a page of one set.
SETS: Final = 30
ROWS: Final = 50
#: How long a reason may be.
LONGEST: Final = 2_000
#: What taking back a row needs the right for.
_NEEDS: Final = {"create": "delete", "update": "edit", "delete": "create"}


class ChangesView(AccessPage):
    """`/changes/` is the log, `/changes/<key>` one change set, `/changes/<key>/undo` the way back."""

    @expose("/")
    def index(self) -> str | tuple[str, int]:
        """The log, newest first, as far as the reader may see it."""
        session, policy = db.session(), current_policy()
        filters = filters_of(session, policy, request.args)
        sets: list[ChangeSet] = []
        older = None
        if not filters.troubles:
            log = change_log(session, policy, before=filters.before, limit=SETS, **filters.asked)
            sets, older = list(log.sets), log.older
        page = self.render(
            "admin/history/log.html",
            filters=filters,
            sets=_listed(policy, sets),
            older=filters.address(before=older) if older else None,
            first_page=filters.before is None,
            newest_url=filters.address(),
        )
        return str(page), 400 if filters.troubles else 200

    @expose("/<int:key>")
    def show(self, key: int) -> str:
        """One change set; `left` in the address asks, of an undoing, for what it left alone."""
        session, policy = db.session(), current_policy()
        change_set = _seen(policy, key)
        counts = set_counts(session, key, policy)
        after = _number("after")
        found = set_rows(session, key, policy, after, ROWS + 1)
        back = change_sets(session, policy, undo_of=key, limit=5)
        around = {each.id: each for each in (change_set, *back)}
        if change_set.undo_of_id is not None:
            around |= seen_sets(session, policy, [change_set.undo_of_id])
        known = heads(session, around.values())
        left = (
            _left(policy, change_set) if "left" in request.args and change_set.undo_of_id in known else None
        )
        return str(
            self.render(
                "admin/history/set.html",
                set=known[key],
                undo_of=known.get(change_set.undo_of_id) if change_set.undo_of_id else None,
                undone_by=[known[each.id] for each in back],
                counts=plurals(counts),
                tally=_tally(change_set),
                rows=[told(each) for each in found[:ROWS]],
                next_url=url_for("changes.show", key=key, after=found[ROWS - 1].number)
                if len(found) > ROWS
                else None,
                first_url=url_for("changes.show", key=key) if after else None,
                undo_url=url_for("changes.undo", key=key) if _may_undo(policy, counts) else None,
                stay=stay(_staying(left)) if left else [],
                skipped=skipped_rows(session, policy, left.skipped) if left else [],
            )
        )

    @expose("/<int:key>/undo", methods=("GET", "POST"))
    def undo(self, key: int) -> str | Response:
        """What taking it back would write; on POST, the writing. `row` asks for one record, `field` for its fields."""
        session, policy = db.session(), current_policy()
        change_set = _seen(policy, key)
        part = _part(policy, key)
        numbers, fields = _picked(part, key)
        trouble, reason = "", request.form.get("reason", "").strip()
        if request.method == "POST":
            if not reason:
                trouble = _("Write why: the history shows it.")
            elif len(reason) > LONGEST:
                trouble = _("At most %(num)s characters.", num=f"{LONGEST:,}")
            else:
                made = undo(session, key, policy, numbers=numbers, fields=fields, reason=reason)
                if made.made is not None:
                    session.commit()
                    flash(_went_back(made), "success")
                    row = part.number if part is not None else None
                    return redirect(url_for("changes.show", key=made.made, left=row or 0))
        plan = plan_undo(session, key, policy, numbers=numbers, fields=fields)
        going = set_rows(session, key, policy, numbers=plan.going) if plan.going else []
        head = heads(session, [change_set])[key]
        back_url = url_for(f"{part.entity}.history_view", id=part.record_key) if part else head["url"]
        words = undo_heading(plan, part)
        return str(
            self.render(
                "admin/history/undo.html",
                crumbs=[(_("Change log"), url_for("changes.index")), (f"#{key}", head["url"])],
                set=head,
                title=words.title,
                button=words.button,
                story=words.story,
                back=plan.done,
                going=[_reversed(each, fields) for each in going],
                more=plan.done > len(going),
                emptied=emptied(plan),
                stay=stay(_staying(plan)),
                skipped=skipped_rows(session, policy, plan.skipped),
                reason=request.form.get("reason", ""),
                needs_reason=True,
                trouble=trouble,
                back_url=back_url,
            )
        )


def opens_to(policy: Policy) -> bool:
    """Whether somebody may look at the records of anything at all: the log shows no more than these."""
    return policy.unlimited or (
        policy.user_id is not None and any(site().may(policy, "view", entity) for entity in site().entities)
    )


def _seen(policy: Policy, key: int) -> ChangeSet:
    found = seen_sets(db.session(), policy, [key]).get(key) if key < 1 << 62 else None
    if found is None:
        raise NotFound(_("There is no such change, or it is not yours to see."))
    return found


def _number(name: str) -> int:
    text = request.args.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound(_("There is no such change, or it is not yours to see."))
    return int(text)


def _part(policy: Policy, key: int) -> Entry | None:
    """The one row that the address asks for; None where it asks for the whole set."""
    if "row" not in request.args:
        return None
    found = set_rows(db.session(), key, policy, numbers=[_number("row")])
    if not found:
        raise NotFound(_("There is no such change, or it is not yours to see."))
    return found[0]


def _picked(part: Entry | None, key: int) -> tuple[Collection[int] | None, Collection[str] | None]:
    """The numbers of the rows that are asked for, and the columns; None for all."""
    if part is None:
        return None, None
    if part.op == "delete":
        return parts_of(db.session(), key, part.number), None
    fields = request.args.getlist("field")
    if not {*fields} <= {each.column for each in part.changes}:
        raise NotFound(_("There is no such change, or it is not yours to see."))
    return [part.number], fields or None


def _may_undo(policy: Policy, counts: Collection[tuple[str, str]]) -> bool:
    """Whether the reader may take back anything of the sort; which records, the preview tells."""
    return any(
        entity in site().by_name and site().may(policy, _NEEDS[op], site().by_name[entity])
        for entity, op in counts
    )


def _listed(policy: Policy, sets: list[ChangeSet]) -> list[dict[str, Any]]:
    session, keys = db.session(), [each.id for each in sets]
    if not keys:
        return []
    known, counts = heads(session, sets), seen_counts(session, keys, policy)
    firsts = first_rows(session, keys, policy)
    return [
        {
            **known[each.id],
            "counts": plurals(counts.get(each.id, {})),
            "first": told(firsts[each.id]) if each.id in firsts else None,
            "alone": sum(counts.get(each.id, {}).values()) == 1,
            "tally": _tally(each),
        }
        for each in sets
    ]


def _tally(each: ChangeSet) -> list[dict[str, Any]]:
    """What was written without a row each; only who may see everything gets to such a set."""
    counts = {(name, "create"): int(number) for name, number in (each.tally or {}).items()}
    return plurals(counts)


def _staying(plan: UndoPlan) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in plan.counts:
        if each.state not in ("done", "unchanged"):
            found[each.state] = found.get(each.state, 0) + each.number
    return found


def _left(policy: Policy, made: ChangeSet) -> UndoPlan | None:
    """What the undoing `made` left alone, as it is by now."""
    session, number = db.session(), _number("left")
    whole = int(made.undo_of_id or 0)
    numbers = parts_of(session, whole, number) if number else None
    return plan_undo(session, whole, policy, numbers=numbers)


def _went_back(plan: UndoPlan) -> str:
    return str(
        ngettext(
            "%(shown)s record went back",
            "%(shown)s records went back",
            plan.done,
            shown=format_decimal(plan.done),
        )
    )


def _reversed(entry: Entry, fields: Collection[str] | None) -> dict[str, Any]:
    """A row as taking it back reads: from what it wrote to what was there before."""
    shown = told(entry)
    pairs = zip(entry.changes, shown["fields"], strict=True)
    shown["fields"] = [
        {**field, "old": field["new"], "new": field["old"]}
        for change, field in pairs
        if fields is None or change.column in fields
    ]
    return shown


CHANGES: Final = Page("changes", "data", "history", ChangesView, opens_to)
