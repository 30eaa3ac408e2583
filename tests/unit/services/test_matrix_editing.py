"""Changing the matrix: who may change what, what follows, the versions that stay, and what lies beyond."""

import pytest
from sqlalchemy import func, select

from admin_app.engine.access import Rows, compile_policy
from admin_app.engine.access.world import Cell, read_world
from admin_app.engine.site import site
from admin_app.errors import BadInput, Conflict, Forbidden, NotFound
from admin_app.services import clock, matrix_editing, matrix_impact, matrix_requests, matrix_versions
from admin_app.services.matrix_documents import Edit
from admin_app.services.matrix_editing import StaleMatrix
from models.conflict import DutyConflict
from models.contract import Contract
from models.duty import Duty, PositionDuty
from models.matrix import MatrixRequest, MatrixVersion
from models.organisation import Department, Position, User

TODAY = clock.today()
R = Cell("R")


@pytest.fixture
def person(session):
    """Compile the policy of a user name."""

    def find(username):
        user = session.scalars(select(User).where(User.username == username)).one()
        return compile_policy(session, user, TODAY)

    return find


@pytest.fixture
def edit(session):
    """Make an edit by codes that has seen what stands there."""

    def make(position, duty, cell):
        world = read_world(session)
        key = _key(world.positions, position), _key(world.duties, duty)
        return Edit(*key, cell, world.cells.get(key))

    return make


def _key(named, code):
    return next(key for key, each in named.items() if each.code == code)


def check(session, policy, *edits):
    return matrix_editing.check(policy, read_world(session), site().access, edits)


def save(session, policy, *edits, reason="agreed on Monday"):
    return matrix_editing.save(session, policy, site().access, edits, reason, TODAY)


def cell(session, position, duty):
    statement = select(PositionDuty).join(PositionDuty.position).join(PositionDuty.duty)
    return session.scalars(statement.where(Position.code == position, Duty.code == duty)).one_or_none()


def test_a_head_changes_the_positions_of_the_own_department(session, person, edit):
    world = read_world(session)
    codes = {world.positions[key].code for key in matrix_editing.editable(person("css"), world)}
    assert codes == {"CSM", "CSS", "CSD", "ST"}
    assert matrix_editing.editable(person("csd"), world) == frozenset()
    assert matrix_editing.editable(person("admin"), world) == frozenset(world.positions)
    found = check(session, person("css"), edit("CSD", "CTR4", R), edit("SLM", "CTR4", R))
    assert [each.position for each in found.allowed] == [_key(world.positions, "CSD")]
    assert [each.reason for each in found.refused] == ["department"]


def test_nobody_gives_more_than_they_hold(session, person, edit):
    found = check(session, person("css"), edit("CSD", "CTR4", Cell("A")))
    (refused,) = found.refused
    assert refused.reason == "beyond"
    assert {(each.entity, each.action) for each in refused.beyond} >= {("contract", "delete")}
    assert ("contract", "edit") not in {(each.entity, each.action) for each in refused.beyond}
    assert check(session, person("css"), edit("CSD", "CTR4", Cell("R", "all"))).refused
    assert not check(session, person("admin"), edit("CSD", "CTR4", Cell("A", "all"))).refused


def test_a_grant_for_a_time_cannot_be_made_lasting_by_its_holder(session, person, edit):
    assert not check(session, person("css"), edit("CSD", "CTR4", R)).refused
    assert check(session, person("css"), edit("CSS", "CTR4", R)).refused


def test_whoever_acts_for_somebody_raises_nobody_who_is_oneself(session, person, edit):
    # csd2 is an agent, and acts as supervisor for some days.
    held = check(session, person("csd2"), edit("CSD", "CMP3", Cell("A")))
    assert [each.reason for each in held.refused] == ["beyond"]


def test_taking_away_and_narrowing_need_nothing_but_the_department(session, person, edit):
    admin = person("admin")
    save(session, admin, edit("CSD", "CTR1", Cell("A")))
    css = person("css")
    assert not check(session, css, edit("CSD", "CTR1", None)).refused
    assert not check(session, css, edit("CSD", "CTR1", Cell("A", "department"))).refused
    assert not check(session, css, edit("CSD", "CTR1", R)).refused
    assert check(session, css, edit("CSD", "CTR1", Cell("A", "all"))).refused


def test_levels_of_fields_are_given_only_up_to_the_own(session, person, edit):
    wide = Cell("R", None, {"contract.money": "write"})
    assert not check(session, person("css"), edit("CSD", "CTR4", wide)).refused
    with pytest.raises(BadInput):
        check(session, person("css"), edit("CSD", "CTR4", Cell("R", None, {"contract.money": "much"})))
    with pytest.raises(BadInput):
        check(session, person("css"), edit("CSD", "CTR4", Cell("X")))
    with pytest.raises(BadInput):
        check(session, person("css"), Edit(0, 0, R, None))


def test_a_preview_says_who_gains_what_on_how_many_records(session, person, edit):
    world = read_world(session)
    found = matrix_impact.preview(
        session, person("css"), world, site().access, [edit("CSD", "CTR4", R)], TODAY
    )
    (effect,) = [each for each in found.gains if each.entity == "contract"]
    assert set(effect.actions) >= {"create", "edit", "view", "work"}
    assert effect.reach == "department"
    names = set(session.scalars(select(User.name).where(User.username.in_(("csd", "csd2", "csd3")))))
    assert {name for _user, name in effect.people} == names
    home = session.scalars(select(Department.id).where(Department.code == "CS")).one()
    users = [user for user, _name in effect.people]
    within = (Contract.department_id == home) | Contract.owner_id.in_(users)
    assert effect.records == session.scalar(select(func.count(Contract.id)).where(within)) > 0
    assert [each.duty for each in effect.because] == [_key(world.duties, "CTR4")]
    assert found.losses == () and found.owners == () and found.refused == ()
    assert cell(session, "CSD", "CTR4") is None


def test_a_preview_tells_what_comes_along_with_the_parts(session, person, edit):
    admin = person("admin")
    found = matrix_impact.preview(
        session, admin, read_world(session), site().access, [edit("CSD", "CTR4", R)], TODAY
    )
    (effect,) = [each for each in found.gains if each.entity == "contract"]
    assert dict(effect.parts) == {
        "obligation": ("view", "create", "edit", "delete", "reveal"),
        "performance": ("view", "create", "edit", "delete", "reveal"),
    }
    # CTR1 speaks of obligations itself: they are told by themselves, with what it gives there.
    found = matrix_impact.preview(
        session, admin, read_world(session), site().access, [edit("CSD", "CTR1", Cell("C"))], TODAY
    )
    (effect,) = [each for each in found.gains if each.entity == "contract"]
    assert effect.parts == (("performance", ("view", "reveal")),)
    assert "obligation" in {each.entity for each in found.gains}
    # Who may edit the whole from elsewhere has the parts already.
    found = matrix_impact.preview(
        session, admin, read_world(session), site().access, [edit("CT", "CTR4", None)], TODAY
    )
    assert all(not each.parts for each in found.losses if each.entity == "contract")


def test_a_preview_tells_losses_and_duties_without_an_a(session, person, edit):
    world = read_world(session)
    found = matrix_impact.preview(
        session, person("admin"), world, site().access, [edit("CT", "CTR1", R)], TODAY
    )
    lost = {(each.entity, action) for each in found.losses for action in each.actions}
    assert ("contract", "delete") in lost and ("contract", "edit") not in lost
    assert {each.reach for each in found.losses} == {"department_tree"}
    assert found.gains == ()
    (owners,) = found.owners
    assert (world.duties[owners.duty].code, owners.after) == ("CTR1", owners.before - 1)


def test_a_preview_counts_who_keeps_it_from_elsewhere(session, person, edit):
    # csd2 stands in as supervisor, too, and has trainings from there.
    found = matrix_impact.preview(
        session, person("admin"), read_world(session), site().access, [edit("CSD", "LRN1", None)], TODAY
    )
    assert [(each.entity, len(each.people), each.keeping) for each in found.losses] == [
        ("staff_training", 2, 1)
    ]


def test_a_preview_tells_what_fields_are_hidden(session, person, edit):
    admin = person("admin")
    save(session, admin, edit("CSD", "CTR4", R))
    hidden = edit("CSD", "CTR4", Cell("R", None, {"contract.money": "masked"}))
    found = matrix_impact.preview(session, admin, read_world(session), site().access, [hidden], TODAY)
    assert found.gains == ()
    (effect,) = found.losses
    assert (effect.entity, effect.group, effect.actions) == ("contract", "money", ("write",))
    assert len(effect.people) == 3


def test_a_count_without_others_leaves_no_unowned_record_out(session):
    access = site().access
    home = session.scalars(select(Department.id).where(Department.code == "CS")).one()
    wide, narrow = Rows(departments=frozenset({home})), Rows(owners=frozenset({-1}))
    assert matrix_impact.count(session, access, "contract", wide, narrow) == matrix_impact.count(
        session, access, "contract", wide
    )
    assert matrix_impact.count(session, access, "unicorn", wide) is None


def test_saving_keeps_a_version_and_the_matrix_before_it(session, person, edit):
    version = save(session, person("css"), edit("CSD", "CTR4", R), reason=" from Monday on ")
    assert version.number == 2 and version.reason == "from Monday on"
    assert version.author.username == "css"
    assert version.changes == [
        {
            "position": "CSD",
            "duty": "CTR4",
            "before": None,
            "after": {"letter": "R", "rows": None, "field_levels": None},
        }
    ]
    first = matrix_versions.version(session, 1)
    assert first.author is None and len(first.cells) == 184 and len(version.cells) == 185
    assert cell(session, "CSD", "CTR4").letter == "R"
    assert [each.number for each in matrix_versions.versions(session)] == [2, 1]
    save(session, person("css"), edit("CSD", "CTR4", None))
    assert cell(session, "CSD", "CTR4") is None
    (difference,) = matrix_versions.compare(
        matrix_versions.cells(version.cells), matrix_versions.cells(matrix_versions.version(session, 3).cells)
    )
    assert (difference.position, difference.before, difference.after) == ("CSD", R, None)


def test_saving_wants_a_reason_and_a_change(session, person, edit):
    css = person("css")
    with pytest.raises(BadInput):
        save(session, css, edit("CSD", "CTR4", R), reason=" ")
    with pytest.raises(BadInput):
        save(session, css, edit("CSD", "CMP1", Cell("R")))
    with pytest.raises(Forbidden):
        save(session, css, edit("CSD", "CTR4", R), edit("SLM", "CTR4", R))
    assert session.scalar(select(func.count(MatrixVersion.id))) == 0
    assert cell(session, "CSD", "CTR4") is None


def test_two_people_on_one_cell_do_not_overwrite_each_other(session, person, edit):
    early, late = edit("CSD", "CTR4", R), edit("CSD", "CTR4", Cell("I"))
    save(session, person("css"), early)
    with pytest.raises(StaleMatrix) as caught:
        save(session, person("admin"), late)
    assert caught.value.edits == (late,)
    assert cell(session, "CSD", "CTR4").letter == "R"


def test_the_cells_own_reach_and_levels_are_kept(session, person, edit):
    save(session, person("admin"), edit("CSD", "CTR4", Cell("R", "own", {"contract.money": "hidden"})))
    stored = cell(session, "CSD", "CTR4")
    assert (stored.rows, stored.field_levels) == ("own", {"contract.money": "hidden"})
    restored, left = matrix_versions.restore(session, person("admin"), site().access, 1, "back", TODAY)
    assert (restored.restored_from, left, cell(session, "CSD", "CTR4")) == (1, 0, None)


def test_restoring_goes_through_the_same_checks(session, person, edit):
    save(session, person("admin"), edit("CSD", "CTR4", R), edit("SLM", "CTR4", R))
    access = site().access
    version, left = matrix_versions.restore(session, person("css"), access, 1, "not agreed", TODAY)
    assert (len(version.changes), left) == (1, 1)
    assert cell(session, "CSD", "CTR4") is None and cell(session, "SLM", "CTR4").letter == "R"
    with pytest.raises(Forbidden):
        matrix_versions.restore(session, person("css"), access, 1, "once more", TODAY)
    with pytest.raises(NotFound):
        matrix_versions.restore(session, person("css"), access, 99, "what", TODAY)


def test_what_lies_beyond_goes_to_the_next_one_up_who_may(session, person, edit):
    access, css = site().access, person("css")
    edits = [edit("CSD", "CTR4", Cell("A")), edit("CSD", "CMP2", R)]
    (request,) = matrix_requests.request_beyond(session, css, access, edits, "they do it all", TODAY)
    assert [each["duty"] for each in request.changes] == ["CTR4"]
    session.flush()
    decider = person(request.asked.username)
    assert decider.user_id != css.user_id
    assert request in matrix_requests.requests(session, decider)
    with pytest.raises(NotFound):
        matrix_requests.decide(session, person("slm"), access, request.id, True, "", TODAY)
    with pytest.raises(Forbidden):
        matrix_requests.decide(session, css, access, request.id, True, "", TODAY)
    version = matrix_requests.decide(session, decider, access, request.id, True, "", TODAY)
    assert version.reason == "they do it all" and request.status == "applied"
    assert cell(session, "CSD", "CTR4").letter == "A"
    with pytest.raises(Conflict):
        matrix_requests.decide(session, decider, access, request.id, False, "too late", TODAY)


def test_a_refusal_says_why(session, person, edit):
    access = site().access
    (request,) = matrix_requests.request_beyond(
        session, person("css"), access, [edit("SLM", "CTR4", R)], "to help", TODAY
    )
    with pytest.raises(BadInput):
        matrix_requests.decide(session, person("admin"), access, request.id, False, " ", TODAY)
    assert (
        matrix_requests.decide(session, person("admin"), access, request.id, False, "no need", TODAY) is None
    )
    assert (request.status, request.answer) == ("refused", "no need")
    assert cell(session, "SLM", "CTR4") is None
    with pytest.raises(Forbidden):
        matrix_requests.request_beyond(session, person("csd"), access, [edit("CSD", "CTR4", R)], "me", TODAY)
    with pytest.raises(BadInput):
        matrix_requests.request_beyond(session, person("css"), access, [edit("CSD", "CMP2", R)], "me", TODAY)
    assert session.scalar(select(func.count(MatrixRequest.id))) == 1


def test_duties_that_must_stay_apart_are_refused_with_the_rule(session, person, edit):
    duties = {each.code: each for each in session.scalars(select(Duty))}
    session.add(
        DutyConflict(
            name_zh="受理与维护分开",
            name_en="Apart",
            reach="position",
            duty=duties["SVC2"],
            other_duty=duties["CTR4"],
        )
    )
    session.flush()
    world = read_world(session)
    edits = [edit("CSD", "CTR4", R), edit("ST", "CTR4", R)]
    found = matrix_editing.judge(session, person("css"), world, site().access, edits, TODAY)
    (refused,) = found.refused
    assert (refused.edit, refused.reason, [rule.names["en"] for rule in refused.rules]) == (
        edits[0],
        "conflict",
        ["Apart"],
    )
    assert found.allowed == (edits[1],)
    with pytest.raises(Forbidden):
        save(session, person("css"), *edits)
