"""Changes of the matrix beyond their author's reach, put before the next one up, and decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask_babel import lazy_gettext
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from admin_app.engine.access import SYSTEM, AccessMap, Policy, acting
from admin_app.engine.access.compile import policies
from admin_app.engine.access.world import World, read_world
from admin_app.errors import BadInput, Conflict, Forbidden, NotFound
from admin_app.services.heads import Leader, next_up
from admin_app.services.matrix_documents import Edit, changes_of, edits_from
from admin_app.services.matrix_editing import check, editable, fresh, save
from models.matrix import MatrixRequest, MatrixVersion
from models.types import utc_now

#: Requests that a page lists.
PAGE = 100


def who_decides(
    session: Session, policy: Policy, world: World, access: AccessMap, edit: Edit, today: date
) -> Leader | None:
    """The nearest one above who may make this edit; None where nobody may, not even an administrator."""
    everybody = policies(session, world, today)
    asking, seen = policy.user_id, {policy.user_id}
    department = world.positions[edit.position].parent
    while True:
        above = [each for each in next_up(session, world, asking, department, today) if each.user not in seen]
        for leader in above:
            if leader.admin or not check(everybody[leader.user][1], world, access, [edit]).refused:
                return leader
        if not above:
            return None
        seen.update(each.user for each in above)
        asking = above[0].user


def request_beyond(
    session: Session, policy: Policy, access: AccessMap, edits: Sequence[Edit], reason: str, today: date
) -> list[MatrixRequest]:
    """Put edits before those who may make them, one request for each; flushes.

    Raises BadInput without a reason or a change, StaleMatrix when a cell has changed in between, and Forbidden for
    somebody who leads nothing: a wish of one's own goes to the own head as a request for access.
    """
    reason = reason.strip()
    if not reason:
        raise BadInput(lazy_gettext("Write the reason: it goes to whoever decides."))
    world = read_world(session)
    if not editable(policy, world):
        raise Forbidden(lazy_gettext("Only whoever leads a department asks for a change of the matrix."))
    edits = fresh(world, edits)
    refused = [refusal.edit for refusal in check(policy, world, access, edits).refused]
    if not refused:
        raise BadInput(lazy_gettext("Nothing here is beyond you: save it."))
    by_leader: dict[int | None, list[Edit]] = {}
    for edit in refused:
        leader = who_decides(session, policy, world, access, edit, today)
        by_leader.setdefault(leader.user if leader else None, []).append(edit)
    made = [
        MatrixRequest(
            author_id=policy.user_id, asked_id=asked, changes=changes_of(world, some), reason=reason
        )
        for asked, some in by_leader.items()
    ]
    session.add_all(made)
    session.flush()
    return made


def requests(session: Session, policy: Policy) -> Sequence[MatrixRequest]:
    """The requests that this person made or decides, open ones first, newest first; all for an administrator."""
    statement = select(MatrixRequest).options(
        joinedload(MatrixRequest.author),
        joinedload(MatrixRequest.asked),
        joinedload(MatrixRequest.decided_by),
    )
    if not policy.unlimited:
        me = policy.user_id
        statement = statement.where(or_(MatrixRequest.author_id == me, MatrixRequest.asked_id == me))
    order = (MatrixRequest.status != "open", MatrixRequest.id.desc())
    with acting(session, SYSTEM):
        return session.scalars(statement.order_by(*order).limit(PAGE)).all()


def waiting(session: Session, policy: Policy) -> int:
    """How many open requests wait for this person; one statement."""
    statement = select(func.count(MatrixRequest.id)).where(
        MatrixRequest.status == "open", MatrixRequest.author_id != policy.user_id
    )
    if not policy.unlimited:
        statement = statement.where(MatrixRequest.asked_id == policy.user_id)
    with acting(session, SYSTEM):
        return session.scalar(statement) or 0


def may_decide(policy: Policy, request: MatrixRequest) -> bool:
    """Whether this person may answer: whoever is asked, or an administrator, and never the author."""
    mine = policy.unlimited or (policy.user_id is not None and request.asked_id == policy.user_id)
    return mine and request.author_id != policy.user_id


def decide(
    session: Session, policy: Policy, access: AccessMap, key: int, accept: bool, answer: str, today: date
) -> MatrixVersion | None:
    """Apply a request, as a new version by whoever decides, or refuse it; flushes.

    Raises:
        NotFound: no such request for this person.
        Conflict: it has been decided already, or (StaleMatrix) the cells have changed since.
        BadInput: refused without an answer.
        Forbidden: accepting is beyond this person too.
    """
    with acting(session, SYSTEM):
        request = session.get(MatrixRequest, key, with_for_update=True)
    if request is None or not (may_decide(policy, request) or request.author_id == policy.user_id):
        raise NotFound(lazy_gettext("There is no such request."))
    if not may_decide(policy, request):
        raise Forbidden(lazy_gettext("Nobody decides on their own request."))
    if request.status != "open":
        raise Conflict(lazy_gettext("This request has been decided already."))
    answer = answer.strip()
    if not accept and not answer:
        raise BadInput(lazy_gettext("Write why not: the answer goes to whoever asked."))
    version = None
    if accept:
        edits = edits_from(read_world(session), request.changes)
        version = save(session, policy, access, edits, answer or request.reason, today)
    request.status = "applied" if accept else "refused"
    request.answer = answer or None
    request.decided_by_id = policy.user_id
    request.decided_at = utc_now()
    session.flush()
    return version
