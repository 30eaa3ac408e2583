"""Access given by hand: never to oneself, never more than the giver holds, always with an end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import ACTIONS, SYSTEM, AccessMap, Policy, acting
from admin_app.engine.access.compile import add_up, rows_for
from admin_app.engine.access.explain import routes
from admin_app.engine.access.policy import NOTHING, Rows
from admin_app.engine.access.world import World, read_world
from admin_app.engine.forms import find_record
from admin_app.engine.labels import labels
from admin_app.engine.site import site
from admin_app.errors import BadInput, Forbidden, Refused
from admin_app.services.answers import ON_RECORDS, action_word
from models.grant import AccessGrant
from models.organisation import User

#: Owners do not count when a giver's rows are compared with those given.
_NOBODY = 0


@dataclass(frozen=True)
class To:
    """What a grant reaches: rows as a reach word seen from a department (id), or one loaded record."""

    reach: str | None
    department: int
    record: Any = None


def check_giving(
    policy: Policy,
    world: World,
    access: AccessMap,
    entity: str,
    actions: frozenset[str],
    given: To,
    level: str,
    until: date,
) -> None:
    """Forbidden unless `policy` itself may do all `actions` wherever the grant reaches, with as much of the fields.

    Departments are compared, not owners: whoever gives the receiver's own records has to hold something there. What
    the giver holds for a time can be given for that time at most.
    """
    if policy.unlimited:
        return
    lasting = tuple(each for each in policy.sources if each.until is None or each.until >= until)
    policy = replace(policy, sources=lasting, grants=add_up(lasting))
    for action in sorted(actions):
        if not _covers(access, access.rows(policy, action, entity), given, world):
            pattern = (
                _("You can give only what you hold: you may not %(action)s all these %(things)s yourself.")
                if given.record is None
                else _("You can give only what you hold: you may not %(action)s this one yourself.")
            )
            words = {
                "action": action_word(action),
                "things": labels().inside(labels().plural(entity)),
            }
            raise Forbidden(pattern % words, action, entity)
    held = NOTHING
    for name, _action in routes(access, "view", entity):
        held = held | policy.field_rows(name, "", level)
    if level != "hidden" and not _covers(access, held, given, world):
        raise Forbidden(
            _("You can give only what you hold: you do not have that much access to the fields."),
            "view",
            entity,
        )


def _covers(access: AccessMap, held: Rows, given: To, world: World) -> bool:
    """Whether the giver's rows hold all that is given."""
    if given.record is not None:
        return access.contains(held, given.record)
    wanted = rows_for(given.reach or "", _NOBODY, given.department, world.parents)
    if not wanted.everything:
        wanted = Rows(departments=wanted.departments or frozenset({given.department}))
    return held.everything or (not wanted.everything and held.departments >= wanted.departments)


def before_grant_saved(session: Session, policy: Policy, grant: AccessGrant) -> None:
    """Sign a grant with the name of who saves it, and refuse what that person may not give.

    Raises:
        BadInput: there is nobody who could answer for the grant.
        Refused: for oneself, without an end, or for an action that does not exist.
        Forbidden: beyond what the giver holds.
    """
    if policy.user_id is None:
        raise BadInput(_("A manual grant needs somebody who answers for it."))
    receiver = grant.user_id if grant.user is None else grant.user.id
    if receiver == policy.user_id:
        raise Refused(_("Nobody grants access to themselves; ask another head."), "user")
    if grant.valid_to is None:
        raise Refused(_("A manual grant needs a last day."), "valid_to")
    words = frozenset((grant.actions or "").split())
    if not words or words - frozenset(ACTIONS):
        raise Refused(_("Name actions out of: %(words)s.", words=" ".join(ACTIONS)), "actions")
    grant.actions = " ".join(each for each in ACTIONS if each in words)
    with acting(session, SYSTEM):
        # Through the relationship: a form may have left it None, which would win at the flush.
        grant.approver = session.scalars(select(User).where(User.id == policy.user_id)).one()
        world = read_world(session)
    named = {name for names in world.entities.values() for name in names}
    if grant.entity not in named and grant.entity not in site().by_name:
        raise Refused(_("There is nothing called “%(name)s” here.", name=grant.entity or ""), "entity")
    department = grant.department_id if grant.department is None else grant.department.id
    if department is None:
        raise Refused(_("Choose the department whose records it is about."), "department")
    record = None
    if grant.record_key is not None:
        record = single_record(session, grant, words)
    elif not grant.rows:
        raise Refused(_("Choose on whose records."), "rows")
    check_giving(
        policy,
        world,
        site().access,
        grant.entity,
        words,
        To(grant.rows, department, record),
        grant.field_level or "read",
        grant.valid_to,
    )


def single_record(session: Session, grant: AccessGrant, words: frozenset[str]) -> Any:
    """The record that a grant names.

    Raises:
        Refused: it is gone, the grant has a reach beside it, or an action that is not done with a record.
    """
    if grant.rows:
        raise Refused(_("This grant is for one record; it has no other reach."), "rows")
    if words - frozenset(ON_RECORDS):
        raise Refused(_("With one record: %(words)s.", words=" ".join(ON_RECORDS)), "actions")
    entity = site().by_name.get(grant.entity)
    with acting(session, SYSTEM):
        record = find_record(session, entity, grant.record_key or "") if entity is not None else None
    if record is None:
        raise Refused(_("The record is gone, or it is not yours to see."), "entity")
    return record


def end_grant(session: Session, grant: AccessGrant, today: date) -> None:
    """Make `today` the last day of a grant; one that ended before, or begins later, stays within its own days."""
    with acting(session, SYSTEM):
        grant.valid_to = max(grant.valid_from, min(grant.valid_to, today))
        session.flush()
