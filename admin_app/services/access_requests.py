"""Asking for access: a person asks with a reason, a head grants for a time or refuses, with a reason either way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.access.compile import policies, posts_in_force
from admin_app.engine.access.explain import why
from admin_app.engine.access.policy import LEVELS, REACHES
from admin_app.engine.forms import describe
from admin_app.engine.labels import labels
from admin_app.errors import BadInput, Conflict, Forbidden, NotFound
from admin_app.services.answers import ON_RECORDS
from admin_app.services.explanations import Explainer
from admin_app.services.field_answers import READ, WRITE, check_group, level_of
from admin_app.services.grants import To, check_giving
from admin_app.services.heads import head_of, headed_departments, leads_for
from admin_app.services.request_lists import home_of, to_decide
from models.grant import AccessGrant, AccessRequest
from models.types import utc_now

#: The longest time for which a request is granted, in days; beyond it the matrix is the place.
LONGEST: Final = 366

#: The longest record key that a request keeps, in characters.
KEY_LENGTH: Final = 200


@dataclass(frozen=True)
class Terms:
    """What a head gives: rows as a reach word seen from a department (id), a level of fields, and the last day.

    Where the request names a record, it is granted for that record alone, and the rows are not asked for.
    """

    reach: str
    department: int | None
    level: str
    until: date


def ask(
    explainer: Explainer,
    policy: Policy,
    action: str,
    entity: str,
    key: str | None,
    reason: str,
    fields: str | None = None,
) -> AccessRequest:
    """Put a request before the nearest head who holds the right, else before an administrator; flushed.

    `key` is the record's, as it stands in addresses; it is kept as it was sent and says nothing of whether there is
    such a record. An action that is not done with a record is asked for in general.
    `fields` is a group of fields that one wants to read in full or, where the action is to edit, to change; it becomes
    a request to view, on which a level of fields hangs, and says so in its reason.

    Raises:
        BadInput: there is no reason, no such action or entity, or nothing to ask for.
        Conflict: the same request is still open.
    """
    explainer.check(action, entity)
    session = explainer.session
    key = key if action in ON_RECORDS and entity in explainer.site.by_name else None
    if policy.user_id is None or policy.unlimited:
        raise BadInput(_("You may do everything already."))
    if not reason.strip():
        raise BadInput(_("Say why you need it."))
    if key is not None and len(key) > KEY_LENGTH:
        raise BadInput(_("The record is gone, or it is not yours to see."))
    declared = explainer.site.by_name.get(entity)
    if declared is not None and action in declared.forbids:
        raise BadInput(_("Nobody may do this, whatever the duties; there is nothing to ask for."))
    record = explainer.visible(policy, entity, key)
    if fields is not None:
        action, reason = "view", _for_fields(explainer, policy, action, entity, fields, record, reason)
    elif not key and why(explainer.access, policy, action, entity).allowed:
        raise BadInput(_("You may do this already."))
    with acting(session, SYSTEM):
        same = select(AccessRequest.id).where(
            AccessRequest.user_id == policy.user_id,
            AccessRequest.entity == entity,
            AccessRequest.action == action,
            AccessRequest.record_key == key if key else AccessRequest.record_key.is_(None),
            AccessRequest.status == "open",
        )
        if session.scalar(same.limit(1)) is not None:
            raise Conflict(_("You have asked for this already; the answer is still to come."))
        request = AccessRequest(
            user_id=policy.user_id,
            entity=entity,
            action=action,
            record_key=key or None,
            reason=reason.strip(),
            head_id=_asked(explainer, policy, action, entity, record),
        )
        session.add(request)
        session.flush()
    return request


def _for_fields(
    explainer: Explainer, policy: Policy, action: str, entity: str, fields: str, record: Any, reason: str
) -> str:
    """The reason of a request for a group of fields. BadInput where there is none, or one has as much already."""
    check_group(explainer, entity, fields)
    to_change = action == "edit"
    level = level_of(explainer, policy, entity, fields, record)
    if LEVELS.index(level) >= (WRITE if to_change else READ):
        raise BadInput(_("You may do this already."))
    slots = {"fields": labels().section(entity, fields), "reason": reason.strip()}
    if to_change:
        return str(_("To change “%(fields)s”: %(reason)s", **slots))
    return str(_("To read “%(fields)s”: %(reason)s", **slots))


def _asked(explainer: Explainer, policy: Policy, action: str, entity: str, record: Any) -> int | None:
    """Who is asked (user id): of the heads from the person's department upwards the first one who may give it.

    `record` is one that the person sees. A hidden one must not decide who is asked: that would tell that it exists.
    """
    session, world, today = explainer.session, explainer.world, explainer.today
    everybody = policies(session, world, today)
    home = policy.home_department
    here, seen = home, set[int]()
    while here is not None and here not in seen:
        seen.add(here)
        for leader in head_of(session, world, here, today):
            if leader.user == policy.user_id or leader.admin:
                continue
            rows = explainer.access.rows(everybody[leader.user][1], action, entity)
            reached = rows.everything or home in rows.departments
            if reached if record is None else explainer.access.contains(rows, record):
                return leader.user
        here = world.parents.get(here)
    return next(
        (user for user, (_person, each) in everybody.items() if each.unlimited and user != policy.user_id),
        None,
    )


def open_request(explainer: Explainer, policy: Policy, key: int) -> AccessRequest:
    """An open request that this person may decide.

    Raises:
        NotFound: there is none of this number that the person may decide.
        Conflict: it has been decided or withdrawn.
    """
    found = next((each for each in to_decide(explainer, policy) if each.id == key), None)
    if found is None:
        with acting(explainer.session, SYSTEM):
            found = explainer.session.get(AccessRequest, key)
        if found is None or not _may_decide(explainer, policy, found):
            raise NotFound(_("There is no such request that you may decide."))
    if found.status != "open":
        raise Conflict(_("This request has been answered or withdrawn meanwhile."))
    return found


def _may_decide(explainer: Explainer, policy: Policy, request: AccessRequest) -> bool:
    if policy.user_id is None or request.user_id == policy.user_id:
        return False
    if policy.unlimited or request.head_id == policy.user_id:
        return True
    posts = posts_in_force(explainer.session, explainer.today, [request.user_id])
    headed = headed_departments(policy, explainer.world)
    return any(post.department in headed for post in posts)


def grant(
    explainer: Explainer, policy: Policy, request: AccessRequest, terms: Terms, answer: str
) -> AccessGrant:
    """Give what was asked for, from today on until a last day; flushed.

    Whoever may do something has to find it: `view` goes along with every other action.

    Raises:
        BadInput: there is no reason, or the terms cannot be.
        Forbidden: the head does not hold it.
    """
    session, today = explainer.session, explainer.today
    if not answer.strip():
        raise BadInput(_("Say why you grant it."))
    record = explainer.visible(policy, request.entity, request.record_key)
    if request.record_key is not None and record is None:
        raise BadInput(_("The record is gone, or it is not yours to see."))
    single = record is not None
    department = _department(explainer, request, record) if single else terms.department
    if (
        terms.level not in LEVELS
        or department is None
        or department not in explainer.world.departments
        or not (single or terms.reach in REACHES)
    ):
        raise BadInput(_("Choose from the lists."))
    reach = None if single else terms.reach
    if not today <= terms.until <= today + timedelta(days=LONGEST):
        raise BadInput(_("The last day is from today to %(days)s days ahead.", days=LONGEST))
    actions = frozenset(
        {"view", request.action} if request.entity in explainer.site.by_name else {request.action}
    )
    if policy.user_id is None or policy.user_id == request.user_id:
        raise Forbidden(_("Nobody grants access to themselves; ask another head."))
    check_giving(
        policy,
        explainer.world,
        explainer.access,
        request.entity,
        actions,
        To(reach, department, record),
        terms.level,
        terms.until,
    )
    with acting(session, SYSTEM):
        given = AccessGrant(
            user_id=request.user_id,
            entity=request.entity,
            actions=" ".join(sorted(actions, key=lambda word: (word != "view", word))),
            rows=reach,
            record_key=describe(explainer.site.by_name[request.entity], record)[0] if single else None,
            department_id=department,
            field_level=terms.level,
            reason=answer.strip(),
            approver_id=policy.user_id,
            acting_for_id=leads_for(policy, [home_of(explainer, request.user_id)]),
            valid_from=today,
            valid_to=terms.until,
            request_id=request.id,
        )
        session.add(given)
        _decide(explainer, policy, request, "granted", answer)
    return given


def refuse(explainer: Explainer, policy: Policy, request: AccessRequest, answer: str) -> None:
    """Refuse with a reason; flushed. BadInput without one."""
    if not answer.strip():
        raise BadInput(_("Say why you refuse it."))
    with acting(explainer.session, SYSTEM):
        _decide(explainer, policy, request, "refused", answer)


def withdraw(session: Session, policy: Policy, key: int) -> None:
    """Take back one's own open request; flushed. NotFound for anybody else's, Conflict once it is answered."""
    with acting(session, SYSTEM):
        request = session.get(AccessRequest, key)
        if request is None or policy.user_id is None or request.user_id != policy.user_id:
            raise NotFound(_("You have made no such request."))
        if request.status != "open":
            raise Conflict(_("This request has been answered or withdrawn meanwhile."))
        request.status = "withdrawn"
        session.flush()


def _decide(explainer: Explainer, policy: Policy, request: AccessRequest, status: str, answer: str) -> None:
    request.status = status
    request.answer = answer.strip()
    request.decided_by_id = policy.user_id
    request.acting_for_id = leads_for(policy, [home_of(explainer, request.user_id)])
    request.decided_at = utc_now()
    explainer.session.flush()


def _department(explainer: Explainer, request: AccessRequest, record: Any) -> int | None:
    """Where a grant for one record stands: in the record's department, else in the person's, else the company's."""
    own = getattr(explainer.root(record), "department_id", None)
    return own or home_of(explainer, request.user_id) or next(iter(explainer.world.departments), None)
