"""What the database itself refuses about access: nobody gets any without a reason, an approver and a last day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from models.access import AccessStamp, LetterProfile
from models.base import AppendOnlyError, Base
from models.conflict import DutyConflict
from models.duty import Duty, PositionDuty
from models.grant import AccessGrant, AccessRequest
from models.matrix import MatrixRequest, MatrixVersion
from models.organisation import Department, Position, User
from models.review import AccessReview, AccessReviewItem
from models.usage import AccessUse, RevealLog

DAY = date(2026, 3, 1)


@pytest.fixture
def people(model_session: Session) -> tuple[User, User]:
    """A clerk and a head."""
    clerk, head = User(username="csd", name="陆小满"), User(username="css", name="Ada Lindqvist")
    model_session.add_all([clerk, head])
    model_session.flush()
    return clerk, head


@pytest.fixture
def duties(model_session: Session) -> tuple[Duty, Duty]:
    facts = {"category": "ctr", "category_zh": "合同", "category_en": "Contracts"}
    write = Duty(code="CTR1", name_zh="起草合同", name_en="Write contracts", **facts)
    approve = Duty(code="CTR2", name_zh="审批合同", name_en="Approve contracts", **facts)
    model_session.add_all([write, approve])
    model_session.flush()
    return write, approve


def refused(session: Session, record: Base, rule: str) -> None:
    """Storing `record` breaks `rule`, and leaves everything else as it was."""
    with pytest.raises(IntegrityError, match=rule), session.begin_nested():
        session.add(record)


def grant(people: tuple[User, User], department: Department, /, **columns: Any) -> AccessGrant:
    given = {
        "user": people[0],
        "entity": "contract",
        "actions": "view edit",
        "rows": "department",
        "department": department,
        "reason": "顶岗三周",
        "approver": people[1],
        "valid_from": DAY,
        "valid_to": DAY,
    }
    return AccessGrant(**{**given, **columns})


def test_a_grant_may_last_one_day_and_only_reads_fields_unless_told(
    model_session: Session, people: tuple[User, User], department: Department
) -> None:
    given = grant(people, department)
    model_session.add(given)
    model_session.flush()
    assert given.field_level == "read"


def test_a_grant_is_for_rows_or_for_one_record(
    model_session: Session, people: tuple[User, User], department: Department
) -> None:
    model_session.add(grant(people, department, rows=None, record_key="5"))
    model_session.flush()


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"reason": ""}, "ck_access_grant_reason_given"),
        ({"reason": "   "}, "ck_access_grant_reason_given"),
        ({"reason": None}, "access_grant.reason"),
        ({"approver": None}, "access_grant.approver_id"),
        ({"valid_to": None}, "access_grant.valid_to"),
        ({"valid_to": date(2026, 2, 28)}, "ck_access_grant_ends_after_start"),
        ({"department": None}, "access_grant.department_id"),
        ({"rows": None}, "ck_access_grant_rows_or_record"),
        ({"record_key": "5"}, "ck_access_grant_rows_or_record"),
    ],
)
def test_a_grant_needs_a_reason_an_approver_a_department_and_a_last_day(
    model_session: Session,
    people: tuple[User, User],
    department: Department,
    columns: dict[str, Any],
    rule: str,
) -> None:
    with model_session.no_autoflush:
        refused(model_session, grant(people, department, **columns), rule)


def test_nobody_approves_a_grant_to_themselves(
    model_session: Session, people: tuple[User, User], department: Department
) -> None:
    own = grant(people, department, approver=people[0])
    refused(model_session, own, "ck_access_grant_approver_not_receiver")


def test_a_head_who_approved_stays_and_a_receiver_takes_the_grants_along(
    model_session: Session, people: tuple[User, User], department: Department
) -> None:
    clerk, head = people
    model_session.add(grant(people, department))
    model_session.commit()
    model_session.delete(head)
    with pytest.raises(IntegrityError):
        model_session.flush()
    model_session.rollback()
    model_session.delete(clerk)
    model_session.flush()
    assert model_session.scalar(select(func.count()).select_from(AccessGrant)) == 0


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"reason": " "}, "ck_access_request_reason_given"),
        ({"status": "granted"}, "ck_access_request_answer_given"),
        ({"status": "refused", "answer": " "}, "ck_access_request_answer_given"),
        ({"status": "withdrawn"}, None),
        ({"status": "refused", "answer": "不属于本岗位"}, None),
        ({"record_key": "12"}, None),
    ],
)
def test_a_request_says_why_and_its_decision_too(
    model_session: Session, people: tuple[User, User], columns: dict[str, Any], rule: str | None
) -> None:
    given = {
        "user": people[0],
        "entity": "contract",
        "action": "edit",
        "reason": "客户催改",
        "head": people[1],
    }
    request = AccessRequest(**{**given, **columns})
    if rule:
        refused(model_session, request, rule)
    else:
        model_session.add(request)
        model_session.flush()


NAMES = {"name_zh": "起草与审批分离", "name_en": "Author and approver apart"}
ACTIONS = {"entity": "contract", "action": "edit", "other_action": "approve"}


@pytest.mark.parametrize("reach", ["position", "person"])
def test_two_duties_or_two_actions_exclude_each_other(
    model_session: Session, duties: tuple[Duty, Duty], reach: str
) -> None:
    write, approve = duties
    model_session.add(DutyConflict(**NAMES, reach=reach, duty=write, other_duty=approve))
    model_session.add(DutyConflict(**NAMES, **ACTIONS, reach=reach))
    model_session.add(DutyConflict(**NAMES, **ACTIONS, reach="record"))
    model_session.flush()


@pytest.mark.parametrize(
    ("pair", "columns", "rule"),
    [
        ("", {}, "ck_duty_conflict_one_kind_of_pair"),
        ("one", {}, "ck_duty_conflict_one_kind_of_pair"),
        ("two", ACTIONS, "ck_duty_conflict_one_kind_of_pair"),
        ("two", {"entity": "contract"}, "ck_duty_conflict_one_kind_of_pair"),
        ("", {**ACTIONS, "other_action": None}, "ck_duty_conflict_one_kind_of_pair"),
        ("", {**ACTIONS, "other_action": "edit"}, "ck_duty_conflict_two_actions"),
        ("same", {}, "ck_duty_conflict_two_duties"),
        ("two", {"reach": "record"}, "ck_duty_conflict_record_needs_actions"),
    ],
)
def test_a_conflict_is_exactly_one_pair_of_different_things(
    model_session: Session, duties: tuple[Duty, Duty], pair: str, columns: dict[str, Any], rule: str
) -> None:
    write, approve = duties
    other = {"two": approve, "same": write}.get(pair)
    given = {**NAMES, "reach": "person", "duty": write if pair else None, "other_duty": other}
    refused(model_session, DutyConflict(**{**given, **columns}), rule)


def test_a_conflict_goes_with_either_duty(model_session: Session, duties: tuple[Duty, Duty]) -> None:
    model_session.add(DutyConflict(**NAMES, reach="person", duty=duties[0], other_duty=duties[1]))
    model_session.commit()
    model_session.delete(duties[1])
    model_session.flush()
    assert model_session.scalar(select(func.count()).select_from(DutyConflict)) == 0


def test_versions_of_the_matrix_are_numbered_explained_and_never_changed(
    model_session: Session, people: tuple[User, User]
) -> None:
    cells = [["CMS", "INF1", "R", None, {"customer.contact": "masked"}]]
    after = {"letter": "R", "rows": None, "field_levels": None}
    changes = [{"position": "CMS", "duty": "INF1", "before": None, "after": after}]
    first = MatrixVersion(number=1, reason="开始", changes=changes, cells=cells)
    model_session.add(first)
    model_session.commit()
    assert (first.cells, first.changes, first.author) == (cells, changes, None)

    again = MatrixVersion(number=1, reason="再来", changes=[], cells=[], author=people[1])
    refused(model_session, again, "matrix_version.number")
    silent = MatrixVersion(number=2, reason=" ", changes=[], cells=[])
    refused(model_session, silent, "ck_matrix_version_reason_given")
    first.reason = "别的"
    with pytest.raises(AppendOnlyError, match="matrix_version 1 cannot be changed"):
        model_session.flush()
    model_session.rollback()
    model_session.delete(first)
    with pytest.raises(AppendOnlyError, match="cannot be deleted"):
        model_session.flush()


def test_refusing_a_change_of_the_matrix_takes_an_answer(
    model_session: Session, people: tuple[User, User]
) -> None:
    given = {"author": people[0], "asked": people[1], "changes": [], "reason": "人手不够"}
    model_session.add(MatrixRequest(**given, status="applied"))
    model_session.flush()
    model_session.add(MatrixRequest(**given, status="refused", answer="下季度再说"))
    model_session.flush()
    refused(model_session, MatrixRequest(**given, status="refused"), "ck_matrix_request_refusal_explained")
    unexplained = MatrixRequest(**{**given, "reason": ""})
    refused(model_session, unexplained, "ck_matrix_request_reason_given")


def test_a_cell_may_differ_from_its_letter_and_knows_no_other_reach(
    model_session: Session, duties: tuple[Duty, Duty]
) -> None:
    position = Position(code="CMS", name_zh="客户管理专员", name_en="CRM specialist")
    cell = PositionDuty(position=position, duty=duties[0], letter="I", rows="own", field_levels={})
    plain = PositionDuty(position=position, duty=duties[1], letter="R")
    model_session.add_all([cell, plain])
    model_session.commit()
    assert (cell.rows, cell.field_levels) == ("own", {})
    # No levels of its own is NULL, which an `IS NULL` finds, and not the document null.
    without = select(func.count()).select_from(PositionDuty).where(PositionDuty.field_levels.is_(None))
    assert model_session.scalar(without) == 1
    cell.rows = "everywhere"
    with pytest.raises(StatementError, match="everywhere"):
        model_session.flush()


def test_a_letter_only_reads_fields_unless_told(model_session: Session) -> None:
    profile = LetterProfile(letter="I", actions="view", rows="department")
    model_session.add(profile)
    model_session.flush()
    assert profile.field_level == "read"


def test_there_is_one_stamp_from_the_start(model_session: Session) -> None:
    assert model_session.scalars(select(AccessStamp.value)).all() == [1]
    refused(model_session, AccessStamp(id=2), "ck_access_stamp_single_row")


def test_a_use_is_kept_once_and_goes_with_its_person(
    model_session: Session, people: tuple[User, User]
) -> None:
    given = {"user_id": people[0].id, "entity": "contract", "action": "edit", "last_on": DAY}
    model_session.add(AccessUse(**given))
    model_session.flush()
    refused(model_session, AccessUse(**given), "access_use.user_id, access_use.entity, access_use.action")
    model_session.delete(people[0])
    model_session.commit()
    assert model_session.scalar(select(func.count()).select_from(AccessUse)) == 0


def test_a_look_at_a_hidden_value_needs_a_reason_and_stays_in_the_log(
    model_session: Session, people: tuple[User, User]
) -> None:
    given = {"user": people[0], "entity": "contact", "record_key": "7", "field": "mobile"}
    refused(model_session, RevealLog(**given, reason=" "), "ck_reveal_log_reason_given")
    look = RevealLog(**given, reason="回访", acting_for=people[1])
    model_session.add(look)
    model_session.commit()
    for person in people:
        model_session.delete(person)
        with pytest.raises(IntegrityError):
            model_session.flush()
        model_session.rollback()
    look.reason = "随便看看"
    with pytest.raises(AppendOnlyError, match="reveal_log 1 cannot be changed"):
        model_session.flush()


def test_a_review_is_one_a_year_and_a_removal_says_why(
    model_session: Session, people: tuple[User, User], department: Department
) -> None:
    clerk, head = people
    review = AccessReview(year=2026, head=head)
    model_session.add(review)
    model_session.flush()
    refused(model_session, AccessReview(year=2026, head=head), "access_review.year, access_review.head_id")
    refused(model_session, AccessReview(year=26, head=head), "ck_access_review_year_of_four_digits")

    given = grant(people, department)
    item = {"review": review, "user": clerk, "source": "grant", "grant": given}
    model_session.add_all([AccessReviewItem(**item), AccessReviewItem(**item, decision="confirmed")])
    model_session.flush()
    removal = AccessReviewItem(**item, decision="removed")
    refused(model_session, removal, "ck_access_review_item_removal_explained")
    both = AccessReviewItem(**{**item, "source": "cell"})
    refused(model_session, both, "ck_access_review_item_one_source")
    model_session.delete(review)
    model_session.commit()
    assert model_session.scalar(select(func.count()).select_from(AccessReviewItem)) == 0
