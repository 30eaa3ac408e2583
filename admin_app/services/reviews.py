"""The yearly review: a head goes through what each person of the departments led may do, and confirms or removes it.

An item is one cell of the matrix held through a post, or one manual grant. Removing a grant makes today its last day.
Removing a cell takes it out of the matrix, and so from everybody who holds the position: what is removed for one is
marked as removed for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.access.compile import posts_in_force
from admin_app.errors import BadInput, Conflict, Forbidden, NotFound
from admin_app.services.explanations import Explainer
from admin_app.services.grants import end_grant
from admin_app.services.heads import LEADING, headed_departments, leads_for
from admin_app.services.matrix_documents import Edit
from admin_app.services.matrix_editing import save
from models.grant import AccessGrant
from models.organisation import User
from models.review import AccessReview, AccessReviewItem
from models.types import utc_now


def leads(policy: Policy) -> bool:
    """Whether this person leads a department, or is an administrator."""
    return policy.unlimited or any(
        source.position is not None and LEADING in source.actions for source in policy.sources
    )


def open_review(explainer: Explainer, policy: Policy, year: int) -> AccessReview:
    """Begin this person's review of a year, with everything that others in the departments led hold today; flushed.

    Raises:
        Forbidden: the person leads nothing.
        BadInput: it is neither this year nor the last.
        Conflict: there is one for that year.
    """
    session, today = explainer.session, explainer.today
    if policy.user_id is None or not leads(policy):
        raise Forbidden(_("Only a head reviews access."))
    if year not in (today.year, today.year - 1):
        raise BadInput(_("A review is about this year or the last."))
    with acting(session, SYSTEM):
        same = AccessReview.year == year, AccessReview.head_id == policy.user_id
        if session.scalar(select(AccessReview.id).where(*same)) is not None:
            raise Conflict(_("You have a review for that year already."))
        review = AccessReview(year=year, head_id=policy.user_id)
        session.add(review)
        session.flush()
        session.add_all(_items(explainer, policy, review))
        session.flush()
    return review


def _items(explainer: Explainer, policy: Policy, review: AccessReview) -> list[AccessReviewItem]:
    session, world = explainer.session, explainer.world
    headed = headed_departments(policy, world)
    active = set(session.scalars(select(User.id).where(User.is_active, User.id != policy.user_id)))
    held: dict[tuple[int, int, int], None] = {}
    people: set[int] = set()
    for post in posts_in_force(session, explainer.today):
        if post.department in headed and post.user in active:
            people.add(post.user)
            held.update(
                {(post.user, post.position, duty): None for duty, _cell in world.duties_of(post.position)}
            )
    found = [
        AccessReviewItem(review_id=review.id, user_id=user, source="cell", position_id=position, duty_id=duty)
        for user, position, duty in held
    ]
    grants = select(AccessGrant.id, AccessGrant.user_id).where(
        AccessGrant.valid_from <= explainer.today, AccessGrant.valid_to >= explainer.today
    )
    found += [
        AccessReviewItem(review_id=review.id, user_id=user, source="grant", grant_id=grant)
        for grant, user in session.execute(grants.order_by(AccessGrant.id))
        if user in people
    ]
    return found


def reviews(session: Session, policy: Policy) -> list[tuple[AccessReview, int, int]]:
    """(review, items decided, items in all) of this person, for an administrator of everybody; the newest first."""
    own = AccessReview.head_id == policy.user_id
    statement = select(AccessReview).options(joinedload(AccessReview.head))
    if not policy.unlimited:
        statement = statement.where(own)
    with acting(session, SYSTEM):
        found = session.scalars(
            statement.order_by(AccessReview.year.desc(), AccessReview.id).limit(200)
        ).all()
        item = AccessReviewItem
        counts = select(item.review_id, func.count(), func.count().filter(item.decision != "open")).group_by(
            item.review_id
        )
        numbers = {row[0]: (row[2], row[1]) for row in session.execute(counts)}
    return [(each, *numbers.get(each.id, (0, 0))) for each in found]


def find_review(session: Session, policy: Policy, key: int) -> AccessReview:
    """One's own review, or any for an administrator; NotFound else."""
    with acting(session, SYSTEM):
        found = session.get(AccessReview, key, options=[joinedload(AccessReview.head)])
    if found is None or not (policy.unlimited or found.head_id == policy.user_id):
        raise NotFound(_("You have no such review."))
    return found


def people_of(session: Session, review: AccessReview) -> list[tuple[int, str, int, int]]:
    """(user id, name, items decided, items in all) of a review, by name."""
    item = AccessReviewItem
    statement = (
        select(User.id, User.name, func.count().filter(item.decision != "open"), func.count())
        .join(item, item.user_id == User.id)
        .where(item.review_id == review.id)
        .group_by(User.id, User.name)
        .order_by(User.name, User.id)
    )
    with acting(session, SYSTEM):
        return [(row[0], row[1], row[2], row[3]) for row in session.execute(statement)]


def items_of(session: Session, review: AccessReview, user: int) -> Sequence[AccessReviewItem]:
    """The items about one person."""
    statement = (
        select(AccessReviewItem)
        .where(AccessReviewItem.review_id == review.id, AccessReviewItem.user_id == user)
        .options(
            joinedload(AccessReviewItem.grant),
            joinedload(AccessReviewItem.decided_by),
            joinedload(AccessReviewItem.acting_for),
        )
        .order_by(AccessReviewItem.id)
    )
    with acting(session, SYSTEM):
        return session.scalars(statement).all()


def decide(
    explainer: Explainer, policy: Policy, review: AccessReview, key: int, decision: str, reason: str
) -> AccessReviewItem:
    """Confirm or remove one item; flushed.

    Raises:
        NotFound: the review has no such item.
        Conflict: it is decided already.
        BadInput: a removal without a reason.
        Forbidden: the item is about the person who decides, or its cell is beyond that person.
    """
    session = explainer.session
    with acting(session, SYSTEM):
        item = session.get(AccessReviewItem, key)
    if item is None or item.review_id != review.id:
        raise NotFound(_("You have no such review."))
    if item.decision != "open":
        raise Conflict(_("This is decided already."))
    if decision not in ("confirmed", "removed"):
        raise BadInput(_("Confirm it or remove it."))
    if decision == "removed" and not reason.strip():
        raise BadInput(_("Say why you remove it."))
    if policy.user_id is None or item.user_id == policy.user_id:
        raise Forbidden(_("Nobody reviews their own access."))
    same = [item]
    if decision == "removed":
        same = _remove(explainer, policy, review, item, reason.strip())
    home = [post.department for post in posts_in_force(session, explainer.today, [item.user_id])]
    with acting(session, SYSTEM):
        for each in same:
            each.decision = decision
            each.reason = reason.strip() or None
            each.decided_at = utc_now()
            each.decided_by_id = policy.user_id
            each.acting_for_id = leads_for(policy, home)
        session.flush()
    return item


def _remove(
    explainer: Explainer, policy: Policy, review: AccessReview, item: AccessReviewItem, reason: str
) -> list[AccessReviewItem]:
    """Take away what the item is about; the items of this review that go with it."""
    session = explainer.session
    if item.source == "grant":
        with acting(session, SYSTEM):
            grant = session.get(AccessGrant, item.grant_id) if item.grant_id is not None else None
        if grant is not None:
            end_grant(session, grant, explainer.today)
        return [item]
    if item.position_id is None or item.duty_id is None:
        return [item]
    cell = explainer.world.cells.get((item.position_id, item.duty_id))
    if cell is not None:
        save(
            session,
            policy,
            explainer.access,
            [Edit(item.position_id, item.duty_id, None, cell)],
            reason,
            explainer.today,
        )
    alike = select(AccessReviewItem).where(
        AccessReviewItem.review_id == review.id,
        AccessReviewItem.decision == "open",
        AccessReviewItem.position_id == item.position_id,
        AccessReviewItem.duty_id == item.duty_id,
    )
    with acting(session, SYSTEM):
        return list(session.scalars(alike))
