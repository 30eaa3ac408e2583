"""Every door of an entity, what opens it, and the status that follows from the prediction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from admin_app.engine.bulk.selection import supports
from admin_app.engine.bulk.shipped import actions_of
from tests.contract.expectation import Actor, Expectation

#: Doors of an entity that show no single record, with the action that opens each.
LIST_DOORS = {
    "index_view": "view",
    "tools_view": "view",
    "create_view": "create",
    "import_view": "create",
    "export": "export",
    "ajax_lookup": "view",
    "trash_view": "delete",
}
#: What else opens a list door, beside the action that it is for: a lookup serves forms, restoring is creating.
ALSO = {"ajax_lookup": "create", "trash_view": "create"}
#: Doors of one record.
RECORD_DOORS = {
    "details_view": "view",
    "history_view": "view",
    "past_view": "view",
    "edit_view": "edit",
    "delete_view": "delete",
    "download_view": "view",
    "reveal_view": "reveal",
}
#: Doors that also need a field, and what they answer without one.
FIELD_DOORS = {"download_view": 404, "reveal_view": 403}
#: Flask-Admin brings these; nobody needs them, so they lead nowhere.
SHUT_DOORS = frozenset({"action_view", "ajax_update"})
#: Pages that everybody who is signed in may open.
COMMON_PAGES = frozenset(
    {"dashboard.index", "matrix.index", "matrix.data", "account.password", "why.index", "requests.index"}
    | {"access_report.index", "access_report.download", "jobs.index", "jobs.data", "bulk.index"}
    | {"search.index", "search.suggest"}
    | {"matrix.versions", "matrix.requests", "matrix.export_xlsx", "matrix.export_csv"}
)
#: Pages that everybody may open and that have to be asked something.
ASKED_PAGES = frozenset({"why.who", "why.overview"})
#: POST doors that everybody may knock at: what is sent decides, and nothing sent is a 400.
COMMON_POSTS = frozenset(
    {"requests.create", "requests.grant", "requests.refuse", "requests.withdraw", "jobs.cancel"}
)
#: POST doors of an administrator.
ADMIN_POSTS = frozenset({"why.view_as"})
#: Pages that open for whoever holds a duty of this action and entity.
DUTY_PAGES = {"import.index": ("create", "import")}
#: Pages for whoever views all of these.
VIEWER_PAGES = {"grading.index": ("grade_rule", "customer")}
#: Pages about one record of an entity, which have to be told which.
VIEWER_ASKED = {"grade.index": "customer"}
#: Pages for whoever leads a department.
LEADER_PAGES = frozenset(
    {"gaps.index", "access_review.index", "people.index", "people.lookup", "matrix.import_view"}
)
#: Doors that take changes of the matrix, from whoever leads a department; without any change sent they are a 400.
LEADER_DOORS = frozenset(
    {"matrix.preview", "matrix.save", "matrix.request_beyond", "access_review.create", "access_review.decide"}
)
#: Pages of leaders that have to be asked something.
LEADER_ASKED = frozenset({"access_review.items", "people.person"})
#: Steps about a person, from whoever leads a department; about nobody they are a 400.
LEADER_STEPS = frozenset(
    f"people.{step}" for step in ("appoint", "stand_in", "end", "hand_over", "access", "undo")
)
#: Doors of one version or request of the matrix, of which there are none: method, and whether only leaders get so far.
MATRIX_PAST = {
    "matrix.version": ("GET", False),
    "matrix.restore": ("POST", True),
    "matrix.decide": ("POST", False),
}
#: The log of changes opens to whoever may view anything.
LOG_PAGES = frozenset({"changes.index"})
#: Doors of one change set that there is not.
CHANGE_SETS = frozenset({"changes.show", "changes.undo"})
#: Doors of one bulk change, of which there are none.
BULK_RUNS = {
    "bulk.run": "GET",
    "bulk.file": "GET",
    "bulk.apply": "POST",
    "bulk.decide": "POST",
    "bulk.resume": "POST",
    "bulk.undo": "GET",
}
#: Actions that are offered wherever their word is held; the others depend on what there is to fill in.
OFFERED = (
    *("delete", "regrade", "add_tags", "remove_tags", "regrade_by_rule"),
    *("activate", "retire", "new_version"),
)
#: What an entity offers for its records has one door, `/bulk/<entity>/<action>/`.
BULK_FORM = "bulk.form"
#: What opens without a sign-in, and POST doors that serve the sign-in itself.
IMPERSONAL = frozenset({"static", "healthz", "account.login", "account.language"})
LEAVING = frozenset({"account.logout", "why.end_view_as"})
#: Files of Flask-Admin that no page uses.
FILES = frozenset({"dashboard.static"})


@dataclass(frozen=True)
class Visit:
    """One request and the status that it should get."""

    method: str
    url: str
    status: int


def undeclared(app: Any) -> list[str]:
    """Endpoints whose door no table of this module names."""
    site = app.extensions["dutybook"]
    known = {*LIST_DOORS, *RECORD_DOORS, *SHUT_DOORS}
    named = COMMON_PAGES | LEADER_DOORS | LEADER_PAGES | DUTY_PAGES.keys() | IMPERSONAL | LEAVING | FILES
    named |= MATRIX_PAST.keys() | VIEWER_PAGES.keys() | VIEWER_ASKED.keys() | LOG_PAGES | CHANGE_SETS
    named |= LEADER_STEPS
    named |= BULK_RUNS.keys() | {BULK_FORM}
    named |= ASKED_PAGES | COMMON_POSTS | ADMIN_POSTS | LEADER_ASKED
    found = []
    for rule in app.url_map.iter_rules():
        blueprint, _, name = rule.endpoint.rpartition(".")
        if rule.endpoint not in named and not (blueprint in site.by_name and name in known):
            found.append(rule.endpoint)
    return sorted(found)


def visits(app: Any, expectation: Expectation, actor: Actor) -> Iterator[Visit]:
    """Every URL rule as `actor` may try it.

    A door that is shut is tried by POST where it takes one: it would do more harm than a GET. Lists that open are left
    to the test that reads them.
    """
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.endpoint):
        blueprint, _, name = rule.endpoint.rpartition(".")
        if rule.endpoint in COMMON_PAGES:
            yield Visit("GET", str(rule), 200)
        elif rule.endpoint in LEADER_PAGES:
            yield Visit("GET", str(rule), 200 if _leads(actor) else 403)
        elif rule.endpoint in LEADER_DOORS | LEADER_STEPS:
            yield Visit("POST", str(rule), 400 if _leads(actor) else 403)
        elif rule.endpoint in LEADER_ASKED:
            yield Visit("GET", str(rule), 400 if _leads(actor) else 403)
        elif rule.endpoint in ASKED_PAGES:
            yield Visit("GET", str(rule), 400)
        elif rule.endpoint in COMMON_POSTS:
            yield Visit("POST", str(rule), 400)
        elif rule.endpoint in ADMIN_POSTS:
            yield Visit("POST", str(rule), 400 if actor.unlimited else 403)
        elif rule.endpoint in MATRIX_PAST:
            method, led = MATRIX_PAST[rule.endpoint]
            url = str(rule).replace("<int:number>", "1").replace("<int:key>", "1")
            yield Visit(method, url, 403 if led and not _leads(actor) else 404)
        elif rule.endpoint in LOG_PAGES:
            yield Visit("GET", str(rule), 200 if _views(expectation, actor) else 403)
        elif rule.endpoint in CHANGE_SETS:
            url = str(rule).replace("<int:key>", "999999")
            yield Visit("GET", url, 404 if _views(expectation, actor) else 403)
        elif rule.endpoint in BULK_RUNS:
            yield Visit(BULK_RUNS[rule.endpoint], str(rule).replace("<int:key>", "1"), 404)
        elif rule.endpoint == BULK_FORM:
            yield from _bulk_visits(expectation, actor)
        elif rule.endpoint in DUTY_PAGES:
            yield Visit("GET", str(rule), 200 if _holds(actor, *DUTY_PAGES[rule.endpoint]) else 403)
        elif rule.endpoint in VIEWER_PAGES:
            shown = all(expectation.may(actor, "view", each) for each in VIEWER_PAGES[rule.endpoint])
            yield Visit("GET", str(rule), 200 if shown else 403)
        elif rule.endpoint in VIEWER_ASKED:
            shown = expectation.may(actor, "view", VIEWER_ASKED[rule.endpoint])
            yield Visit("GET", str(rule), 404 if shown else 403)
        elif blueprint in expectation.site.by_name:
            entity = expectation.site.by_name[blueprint]
            if name in LIST_DOORS:
                yield from _list_visits(rule, name, entity, expectation, actor)
            elif name in RECORD_DOORS:
                yield from _record_visits(rule, name, entity, expectation, actor)
            elif actor.unlimited:
                yield Visit("POST", str(rule), 404)


def _bulk_visits(expectation: Expectation, actor: Actor) -> Iterator[Visit]:
    """The form for one record opens with the action's word; for many it takes "bulk" too."""
    for entity in expectation.site.entities:
        for action in actions_of(entity) if supports(entity) else ():
            url = f"/bulk/{entity.name}/{action.name}/?id=1"
            if not expectation.may(actor, action.word, entity.name):
                yield Visit("GET", url, 403)
            elif action.downloads:
                yield Visit("GET", url, 404)
            elif (
                action.step
                or action.name in OFFERED
                or (action.name == "assign" and "owner" in entity.form_fields)
            ):
                yield Visit("GET", url, 200)


def _leads(actor: Actor) -> bool:
    return actor.unlimited or any(grant.action == "configure" for grant in actor.grants)


def _views(expectation: Expectation, actor: Actor) -> bool:
    return any(expectation.may(actor, "view", entity.name) for entity in expectation.site.entities)


def _list_visits(
    rule: Any, name: str, entity: Any, expectation: Expectation, actor: Actor
) -> Iterator[Visit]:
    allowed = expectation.may(actor, LIST_DOORS[name], entity.name)
    url = str(rule).replace("<export_type>", "csv")
    if name == "import_view":
        # Importing is creating in bulk: a duty has to name it too.
        allowed = allowed and _holds(actor, "create", "import")
    if name in ALSO:
        allowed = allowed or expectation.may(actor, ALSO[name], entity.name)
    if name == "ajax_lookup":
        references = [key for key, each in entity.fields.items() if each.reference]
        if allowed:
            yield Visit("GET", f"{url}?name=nonsense", 404)
        url += f"?name={references[0]}" if references else "?name=nonsense"
        yield Visit("GET", url, 403 if not allowed else 200 if references else 404)
    elif not allowed:
        yield Visit("POST" if "POST" in rule.methods else "GET", url, 403)
    elif name != "index_view":
        yield Visit("GET", url, 200)
        if name == "export":
            yield Visit("GET", url.replace("csv", "exe"), 404)


def _holds(actor: Actor, action: str, name: str) -> bool:
    """Whether a duty of `actor` gives `action` on what may be no entity of the site."""
    return actor.unlimited or any((grant.entity, grant.action) == (name, action) for grant in actor.grants)


def _record_visits(
    rule: Any, name: str, entity: Any, expectation: Expectation, actor: Actor
) -> Iterator[Visit]:
    action = RECORD_DOORS[name]
    shut = "POST" if "POST" in rule.methods else "GET"
    keys = samples(expectation, actor, entity)
    if not expectation.may(actor, action, entity.name):
        yield Visit(shut, f"{rule}?id={keys[0]}", 403)
        return
    for key in keys:
        if key not in expectation.seen(actor, entity.name):
            yield Visit(shut, f"{rule}?id={key}", 404)
        elif name in FIELD_DOORS:
            yield Visit("GET", f"{rule}?id={key}", FIELD_DOORS[name])
        elif expectation.covers(actor, action, entity.name, key):
            yield Visit("GET", f"{rule}?id={key}", 200)
        else:
            yield Visit("GET", f"{rule}?id={key}", 403)
            yield Visit(shut, f"{rule}?id={key}", 403)


def samples(expectation: Expectation, actor: Actor, entity: Any) -> list[int]:
    """One record for each way in which the rights on it can differ: seen or not, one's own to edit, to delete."""
    kept = expectation.samples.get((actor.username, entity.name))
    if kept is None:
        found: dict[tuple[bool, ...], int] = {}
        seen = expectation.seen(actor, entity.name)
        for key in expectation.rows[entity.name]:
            rights = tuple(
                expectation.covers(actor, action, entity.name, key) for action in ("view", "edit", "delete")
            )
            found.setdefault((key in seen, *rights), key)
        kept = expectation.samples[actor.username, entity.name] = list(found.values())
    return kept
