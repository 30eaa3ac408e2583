"""Changes of many records over HTTP: choose, type, preview, apply; nothing is written before, nothing overwritten."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.bulk.runs import forget_previews
from admin_app.engine.change import update_rows
from admin_app.jobs.order import cancel
from admin_app.jobs.run import run_job
from models.bulk import BulkItem, BulkRun
from models.change import ChangeRow, ChangeSet
from models.customer import Customer
from models.organisation import Post, User
from models.tag import CustomerTag, Tag
from tests.conftest import csrf_token, sign_in

Login = Callable[..., Any]


def number_in(page: str) -> int:
    """The number beside the title of the form."""
    found = re.search(r'data-number="(\d+)"', page)
    assert found
    return int(found[1])


def outcomes(page: str) -> dict[str, int]:
    """The figures of a preview."""
    found = re.findall(r'data-outcome="(\w+)".*?db-outcome-number">([\d,]+)<', page, re.DOTALL)
    return {key: int(number.replace(",", "")) for key, number in found}


@contextmanager
def statements(app: Any) -> Iterator[list[str]]:
    """The statements that the database gets in the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        sent.append(text)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


class Bulk:
    """What a person does, without a screen."""

    def __init__(self, client: Any, entity: str = "customer") -> None:
        self.client = client
        self.entity = entity
        self.token = csrf_token(client.get("/account/password").text)

    def choose(self, action: str, **chosen: Any) -> Any:
        """Send what was ticked; gives the answer."""
        data = {"csrf_token": self.token, **chosen}
        return self.client.post(f"/bulk/{self.entity}/{action}/", data=data)

    def ask(self, action: str, **chosen: Any) -> str:
        """The page of the form."""
        answer = self.choose(action, **chosen)
        assert answer.status_code == 302, answer.text
        return str(self.client.get(answer.location).text)

    def preview(self, action: str, chosen: dict[str, Any], **typed: Any) -> str:
        """From the ticked records to the address of the preview."""
        page = self.ask(action, **chosen)
        selection = re.search(r'name="selection" value="([^"]+)"', page)
        assert selection
        data = {"csrf_token": self.token, "selection": selection[1], **typed}
        answer = self.client.post(f"/bulk/{self.entity}/{action}/", data=data)
        assert answer.status_code == 302, answer.text
        return str(answer.location)

    def apply(self, url: str) -> str:
        """Apply it, and the page after."""
        answer = self.client.post(f"{url}apply", data={"csrf_token": self.token})
        assert answer.status_code == 302, answer.text
        return str(self.client.get(answer.location).text)


@pytest.fixture
def head(login: Login) -> Bulk:
    """Somebody whom all customers are open to."""
    return Bulk(login("admin"))


@pytest.fixture
def client_of(app: Any, rollback: None) -> Callable[[str], Bulk]:
    """Another person in a browser of their own."""
    return lambda username: Bulk(sign_in(app.test_client(), username))


def graded(session: Session, grade: str | None) -> set[int]:
    found = select(Customer.id).where(Customer.grade.is_not_distinct_from(grade))
    return set(session.scalars(found.execution_options(populate_existing=True)))


def all_matching(query: str = "", **more: Any) -> dict[str, Any]:
    return {"all": "1", "query": query, **more}


def test_ticked_records_are_regraded_and_nothing_happens_before(session: Session, head: Bulk) -> None:
    ids = sorted(graded(session, "C"))[:3]
    before = session.scalar(select(func.max(ChangeSet.id)))
    url = head.preview("regrade", {"id": ids}, grade="A", reason="reviewed")
    page = head.client.get(url).text
    assert outcomes(page) == {"change": 3}
    assert graded(session, "C") >= set(ids)
    assert session.scalar(select(func.max(ChangeSet.id))) == before
    assert "3" in head.apply(url)
    assert graded(session, "A") >= set(ids)
    made = session.scalars(select(ChangeSet).order_by(ChangeSet.id.desc())).first()
    assert (made.action, made.reason, made.rows) == ("regrade", "reviewed", 3)


def test_all_that_match_are_counted_and_changed_without_naming_them(session: Session, head: Bulk) -> None:
    wanted = graded(session, "B")
    page = head.ask("edit", **all_matching("grade:eq=B"))
    assert number_in(page) == len(wanted)
    url = head.preview("edit", all_matching("grade:eq=B"), set="region", region="Nordland")
    head.apply(url)
    found = select(Customer.id).where(Customer.region == "Nordland")
    assert set(session.scalars(found)) == wanted


def test_all_but_some(session: Session, head: Bulk) -> None:
    wanted = graded(session, "B")
    left_out = sorted(wanted)[:2]
    url = head.preview("edit", all_matching("grade:eq=B", but=left_out), set="region", region="Nordland")
    head.apply(url)
    found = select(Customer.id).where(Customer.region == "Nordland")
    assert set(session.scalars(found)) == wanted - set(left_out)


def test_a_selection_is_good_for_one_person_and_entity(head: Bulk, client_of: Callable[[str], Bulk]) -> None:
    location = head.choose("edit", **all_matching()).location
    assert client_of("acm").client.get(location).status_code == 400
    assert head.client.get(location.replace("/customer/", "/contact/")).status_code == 400
    assert head.client.get(location[:-3] + "abc").status_code == 400


def test_the_preview_says_what_is_so_already_and_what_is_locked(session: Session, head: Bulk) -> None:
    ids = sorted(graded(session, "C"))[:3]
    same = min(graded(session, "A"))
    locked = {"grade_locked_until": date(2100, 1, 1), "grade_lock_reason": "key account"}
    update_rows(session, Customer, Customer.id == ids[0], locked)
    session.commit()
    url = head.preview("regrade", {"id": [*ids, same]}, grade="A", reason="reviewed")
    assert outcomes(head.client.get(url).text) == {"change": 2, "same": 1, "locked": 1}
    head.apply(url)
    assert ids[0] in graded(session, "C")


def test_a_lock_keeps_a_grade_until_its_day(session: Session, head: Bulk) -> None:
    (key, *_rest) = sorted(graded(session, "C"))
    typed = {"grade": "A", "reason": "reviewed", "locked_until": "2100-01-01", "lock_reason": "key account"}
    head.apply(head.preview("regrade", {"id": [key]}, **typed))
    stored = session.get(Customer, key, populate_existing=True)
    assert (stored.grade, stored.grade_locked_until, stored.grade_lock_reason) == (
        "A",
        date(2100, 1, 1),
        "key account",
    )


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"grade": "A", "reason": ""}, "reason"),
        ({"grade": "Z", "reason": "x"}, "grade"),
        ({"grade": "A", "reason": "x", "locked_until": "2100-01-01"}, "locked_until"),
        ({"grade": "A", "reason": "x", "locked_until": "2000-01-01", "lock_reason": "x"}, "locked_until"),
    ],
)
def test_a_form_that_is_not_valid_comes_back(
    session: Session, head: Bulk, typed: dict[str, str], words: str
) -> None:
    page = head.ask("regrade", id=[min(graded(session, "C"))])
    selection = re.search(r'name="selection" value="([^"]+)"', page)
    data = {"csrf_token": head.token, "selection": selection[1], **typed}
    answer = head.client.post("/bulk/customer/regrade/", data=data)
    assert answer.status_code == 200
    assert "data-summary" in answer.text
    assert session.scalar(select(func.count(BulkRun.id))) == 0


def test_what_changed_after_the_preview_is_left_alone_and_told(session: Session, head: Bulk) -> None:
    ids = sorted(graded(session, "C"))[:3]
    url = head.preview("regrade", {"id": ids}, grade="A", reason="reviewed")
    update_rows(session, Customer, Customer.id == ids[1], {"grade": "B"})
    session.commit()
    assert "data-outcome" in head.client.get(url).text
    page = head.apply(url)
    assert outcomes(page) == {"change": 2, "moved": 1}
    assert session.get(Customer, ids[1], populate_existing=True).grade == "B"
    assert f"details/?id={ids[1]}" in page


def test_rights_that_ended_after_the_preview_count(
    session: Session, client_of: Callable[[str], Bulk]
) -> None:
    head = client_of("acm")
    department = select(Post.department_id).join(User, User.id == Post.user_id).where(User.username == "acm")
    seen = select(Customer.id).where(Customer.department_id.in_(department))
    ids = session.scalars(seen.where(Customer.grade != "A")).all()[:2]
    url = head.preview("regrade", {"id": ids}, grade="A", reason="reviewed")
    user = session.scalars(select(User).where(User.username == "acm")).one()
    over = {"valid_from": date(2019, 1, 1), "valid_to": date(2020, 1, 1)}
    update_rows(session, Post, Post.user_id == user.id, over)
    session.commit()
    head.client.post(f"{url}apply", data={"csrf_token": head.token})
    assert not graded(session, "A") & set(ids)


def test_a_second_click_changes_nothing_more(session: Session, head: Bulk) -> None:
    url = head.preview("regrade", {"id": sorted(graded(session, "C"))[:2]}, grade="A", reason="reviewed")
    head.apply(url)
    assert head.client.post(f"{url}apply", data={"csrf_token": head.token}).status_code == 409


def test_records_of_others_are_not_permitted_and_the_preview_says_why(
    session: Session, client_of: Callable[[str], Bulk]
) -> None:
    leader = client_of("css")
    seen = number_in(leader.ask("assign", **all_matching()))
    css = session.scalars(select(User.id).where(User.username == "css")).one()
    page = leader.client.get(leader.preview("assign", all_matching(), owner=css)).text
    assert sum(outcomes(page).values()) == seen < (session.scalar(select(func.count(Customer.id))) or 0)


def test_rules_of_the_table_are_told_before(session: Session, head: Bulk) -> None:
    right = select(func.count(Customer.id)).where(Customer.customer_class == "resource")
    wrong = select(func.count(Customer.id)).where(Customer.customer_class == "project")
    numbers = session.scalar(right), session.scalar(wrong)
    url = head.preview("edit", all_matching(), set="customer_class", customer_class="resource")
    found = outcomes(head.client.get(url).text)
    assert (found["same"], found["invalid"], found["change"]) == (*numbers, 0)
    url = head.preview(
        "edit",
        all_matching(),
        set=["customer_class", "customer_subtype"],
        customer_class="resource",
        customer_subtype="enterprise",
    )
    assert "invalid" not in outcomes(head.client.get(url).text)


def test_tags_are_added_and_never_twice_and_removed(session: Session, head: Bulk) -> None:
    tags = session.scalars(select(Tag.id).order_by(Tag.id).limit(2)).all()
    ids = sorted(session.scalars(select(Customer.id)))[:4]
    borne = select(func.count()).where(CustomerTag.customer_id.in_(ids), CustomerTag.tag_id.in_(tags))
    head.apply(head.preview("add_tags", {"id": ids}, tags=tags))
    assert session.scalar(borne) == 8
    assert outcomes(head.client.get(head.preview("add_tags", {"id": ids}, tags=tags)).text) == {
        "change": 0,
        "same": 4,
    }
    head.apply(head.preview("remove_tags", {"id": ids[:1]}, tags=tags))
    assert session.scalar(borne) == 6


def test_a_customer_with_contracts_is_not_deleted_and_others_are(session: Session, head: Bulk) -> None:
    url = head.preview("delete", all_matching())
    found = outcomes(head.client.get(url).text)
    number = session.scalar(select(func.count(Customer.id)))
    assert found["change"] + found["invalid"] == number
    assert found["change"] and found["invalid"]
    head.apply(url)
    assert session.scalar(select(func.count(Customer.id))) == found["invalid"]
    told = select(func.count()).where(ChangeRow.entity == "customer", ChangeRow.op == "delete")
    assert session.scalar(told) == found["change"]


def test_the_file_holds_each_record_with_its_outcome(session: Session, head: Bulk) -> None:
    ids = [*sorted(graded(session, "C"))[:2], min(graded(session, "A"))]
    url = head.preview("regrade", {"id": ids}, grade="A", reason="reviewed")
    lines = list(csv.reader(head.client.get(f"{url}file").text.lstrip("\ufeff").splitlines()))
    assert len(lines) == 4
    assert lines[0][-2:] == ["等级", "等级（更改后）"]
    assert {line[-2] for line in lines[1:]} == {"C", "A"}


def test_a_selection_is_taken_away_as_a_file(session: Session, head: Bulk) -> None:
    ids = sorted(graded(session, "C"))[:2]
    answer = head.choose("export", id=ids)
    assert answer.mimetype == "text/csv"
    assert len(answer.text.splitlines()) == 3
    everything = head.choose("export", **all_matching("grade:eq=C")).text.splitlines()
    assert len(everything) == len(graded(session, "C")) + 1


def test_one_record_takes_the_same_way(session: Session, client_of: Callable[[str], Bulk]) -> None:
    clerk = client_of("csd")
    of_the_department = select(Customer.id).where(Customer.department.has(code="CS"), Customer.grade != "A")
    key = session.scalars(of_the_department).first()
    details = clerk.client.get(f"/customer/details/?id={key}").text
    assert f"/bulk/customer/regrade/?id={key}" in details
    page = clerk.client.get(f"/bulk/customer/regrade/?id={key}").text
    selection = re.search(r'name="selection" value="([^"]+)"', page)
    data = {"csrf_token": clerk.token, "selection": selection[1], "grade": "A", "reason": "visited"}
    url = clerk.client.post("/bulk/customer/regrade/", data=data).location
    clerk.apply(url)
    assert session.get(Customer, key, populate_existing=True).grade == "A"


def test_without_the_right_to_bulk_many_are_refused(
    session: Session, client_of: Callable[[str], Bulk]
) -> None:
    clerk = client_of("csd")
    assert clerk.choose("regrade", id=sorted(graded(session, "C"))[:2]).status_code == 403
    assert clerk.choose("regrade", **all_matching()).status_code == 403


def test_a_run_is_its_makers(session: Session, head: Bulk, client_of: Callable[[str], Bulk]) -> None:
    url = head.preview("regrade", {"id": sorted(graded(session, "C"))[:2]}, grade="A", reason="reviewed")
    other = client_of("css")
    assert other.client.get(url).status_code == 404
    assert other.client.post(f"{url}apply", data={"csrf_token": other.token}).status_code == 404


@pytest.fixture
def small(app: Any) -> Iterator[None]:
    """Limits so small that a handful of records is many."""
    before = {key: app.config[key] for key in ("BULK_AT_ONCE", "BULK_APPROVAL")}
    app.config.update(BULK_AT_ONCE=4, BULK_APPROVAL=12)
    yield
    app.config.update(before)


@pytest.mark.usefixtures("small")
def test_a_large_change_is_a_job_in_chunks(session: Session, head: Bulk) -> None:
    ids = sorted(graded(session, "C"))[:10]
    # The job begins with a rollback, and what is open here stands around everything that follows.
    session.commit()
    url = head.preview("regrade", {"id": ids}, grade="A", reason="reviewed")
    page = head.apply(url)
    assert 'data-run-state="ordered"' in page
    run = session.scalars(select(BulkRun)).one()
    assert run_job(run.job_id)
    session.refresh(run)
    assert (run.state, run.applied, len(run.sets)) == ("done", 10, 3)
    with acting(session, SYSTEM):
        assert graded(session, "A") >= set(ids)
        sets = session.scalars(select(ChangeSet).where(ChangeSet.id.in_(run.sets))).all()
    assert {(each.source, each.reason, each.actor_name) for each in sets} == {("job", "reviewed", "admin")}


@pytest.mark.usefixtures("small")
def test_a_very_large_change_waits_for_a_second_person(
    session: Session, client_of: Callable[[str], Bulk]
) -> None:
    head = client_of("acm")
    url = head.preview("edit", all_matching(), set="region", region="Nordland")
    page = head.apply(url)
    assert 'data-run-state="waiting"' in page
    yes = {"csrf_token": head.token, "accept": "1"}
    assert head.client.post(f"{url}decide", data=yes).status_code == 403
    boss = client_of("css")
    assert boss.client.get(url).status_code == 200
    no = {"csrf_token": boss.token, "accept": "0"}
    assert boss.client.post(f"{url}decide", data=no).status_code == 400
    assert boss.client.post(f"{url}decide", data={**no, "accept": "1"}).status_code == 302
    run = session.scalars(select(BulkRun)).one()
    run_job(run.job_id)
    session.refresh(run)
    assert (run.state, run.applied) == ("done", run.counts["change"])


@pytest.mark.usefixtures("small")
def test_a_refused_change_changes_nothing(session: Session, client_of: Callable[[str], Bulk]) -> None:
    head = client_of("acm")
    url = head.preview("edit", all_matching(), set="region", region="Nordland")
    head.apply(url)
    boss = client_of("css")
    no = {"csrf_token": boss.token, "accept": "0", "answer": "not in November"}
    boss.client.post(f"{url}decide", data=no)
    assert "not in November" in head.client.get(url).text
    assert head.client.post(f"{url}apply", data={"csrf_token": head.token}).status_code == 409
    assert session.scalar(select(func.count()).where(Customer.region == "Nordland")) == 0


def test_a_preview_costs_the_same_for_three_records_and_for_all(
    session: Session, head: Bulk, app: Any
) -> None:
    counted = []
    for chosen in ({"id": sorted(graded(session, "C"))[:3]}, all_matching("grade:eq=C")):
        with statements(app) as sent:
            url = head.preview("regrade", chosen, grade="A", reason="reviewed")
            head.client.get(url)
        with statements(app) as applied:
            head.apply(url)
        counted.append((len(sent), len(applied)))
        session.execute(select(func.count(BulkItem.record_id)))
    assert counted[0] == counted[1]


@pytest.mark.usefixtures("small")
def test_a_stopped_change_goes_on_where_it_stopped(session: Session, head: Bulk) -> None:
    ids = sorted(graded(session, "C"))[:10]
    session.commit()
    url = head.preview("regrade", {"id": ids}, grade="A", reason="reviewed")
    head.apply(url)
    run = session.scalars(select(BulkRun)).one()
    with acting(session, SYSTEM):
        cancel(session, SYSTEM, run.job_id)
        session.commit()
    page = head.client.get(url).text
    assert f"{url}resume" in page
    assert head.client.post(f"{url}resume", data={"csrf_token": head.token}).status_code == 302
    assert head.client.post(f"{url}resume", data={"csrf_token": head.token}).status_code == 409
    session.refresh(run)
    run_job(run.job_id)
    with acting(session, SYSTEM):
        session.refresh(run)
        assert (run.state, run.applied) == ("done", 10)


def test_previews_that_nobody_applied_go_after_a_week(session: Session, head: Bulk) -> None:
    head.preview("regrade", {"id": sorted(graded(session, "C"))[:2]}, grade="A", reason="reviewed")
    assert forget_previews(session) == 0
    run = session.scalars(select(BulkRun)).one()
    run.at -= timedelta(days=8)
    session.flush()
    assert forget_previews(session) == 1
    assert session.scalar(select(func.count(BulkItem.record_id))) == 0


def test_the_command_does_the_same(session: Session, app: Any) -> None:
    wanted = graded(session, "C")
    session.commit()
    runner = app.test_cli_runner()
    regrade = ["bulk", "regrade", "customer", "--filter", "grade:eq=C", "--set", "grade=A"]
    dry = runner.invoke(args=[*regrade, "--dry-run"])
    assert f"{len(wanted)}" in dry.output, dry.output
    with acting(session, SYSTEM):
        assert graded(session, "C") == wanted
    assert runner.invoke(args=[*regrade, "--yes"]).exit_code == 1
    done = runner.invoke(args=[*regrade, "--yes", "--reason", "reviewed"])
    assert done.exit_code == 0, done.output
    with acting(session, SYSTEM):
        assert graded(session, "A") >= wanted


@pytest.mark.parametrize(
    "arguments",
    [
        ["bulk", "dance", "customer"],
        ["bulk", "regrade", "nothing"],
        ["bulk", "regrade", "customer", "--set", "grade", "--reason", "x"],
        ["bulk", "regrade", "customer", "--set", "grade=Z", "--reason", "x"],
        ["bulk", "regrade", "customer", "--filter", "colour:eq=A", "--set", "grade=A", "--reason", "x"],
        ["bulk", "regrade", "customer", "--set", "grade=A", "--reason", "x", "--as", "nobody-here"],
        ["bulk", "regrade", "customer", "--set", "grade=A", "--reason", "x", "--as", "csd"],
    ],
)
def test_the_command_says_what_is_wrong(session: Session, app: Any, arguments: list[str]) -> None:
    answer = app.test_cli_runner().invoke(args=arguments)
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: "), answer.output


def undo(bulk: Bulk, url: str) -> str:
    """Undo a run, and the page after."""
    answer = bulk.client.post(f"{url}undo", data={"csrf_token": bulk.token, "reason": "too early"})
    assert answer.status_code == 302, answer.text
    return str(bulk.client.get(url).text)


def test_an_undone_change_goes_back_but_for_what_was_edited_since(session: Session, head: Bulk) -> None:
    wanted = graded(session, "C")
    url = head.preview("regrade", all_matching("grade:eq=C"), grade="A", reason="reviewed")
    head.apply(url)
    edited = sorted(wanted)[:2]
    update_rows(session, Customer, Customer.id.in_(edited), {"grade": "B"})
    session.commit()
    page = head.client.get(f"{url}undo").text
    assert page.count("data-skipped") == 2
    assert f"details/?id={edited[0]}" in page
    page = undo(head, url)
    assert 'data-run-state="undone"' in page
    assert page.count("data-skipped") == 2
    assert graded(session, "C") == wanted - set(edited)
    assert graded(session, "B") >= set(edited)
    made = session.scalars(select(ChangeSet).order_by(ChangeSet.id.desc())).first()
    assert (made.action, made.reason, made.rows) == ("undo", "too early", len(wanted) - 2)
    assert made.undo_of_id is not None
    again = head.client.post(f"{url}undo", data={"csrf_token": head.token})
    assert again.status_code == 409


def test_deleted_records_come_back_from_the_history(session: Session, head: Bulk) -> None:
    before = session.execute(select(Customer.id, Customer.name)).all()
    tags = session.scalar(select(func.count(CustomerTag.id)))
    url = head.preview("delete", all_matching())
    head.apply(url)
    assert session.scalar(select(func.count(Customer.id))) < len(before)
    undo(head, url)
    assert sorted(session.execute(select(Customer.id, Customer.name)).all()) == sorted(before)
    assert session.scalar(select(func.count(CustomerTag.id))) == tags


def test_added_tags_go_again(session: Session, head: Bulk) -> None:
    tags = session.scalars(select(Tag.id).order_by(Tag.id).limit(2)).all()
    before = sorted(session.execute(select(CustomerTag.customer_id, CustomerTag.tag_id)).all())
    url = head.preview("add_tags", all_matching(), tags=tags)
    head.apply(url)
    assert session.scalar(select(func.count(CustomerTag.id))) > len(before)
    undo(head, url)
    assert sorted(session.execute(select(CustomerTag.customer_id, CustomerTag.tag_id)).all()) == before


@pytest.mark.usefixtures("small")
def test_a_large_change_is_undone_as_a_job(session: Session, head: Bulk) -> None:
    ids = sorted(graded(session, "C"))[:10]
    session.commit()
    url = head.preview("regrade", {"id": ids}, grade="A", reason="reviewed")
    head.apply(url)
    run = session.scalars(select(BulkRun)).one()
    run_job(run.job_id)
    with acting(session, SYSTEM):
        session.refresh(run)
        session.commit()
    undo(head, url)
    with acting(session, SYSTEM):
        session.refresh(run)
        number = run.job_id
    run_job(number)
    with acting(session, SYSTEM):
        session.refresh(run)
        assert (run.state, run.counts["undone"]) == ("undone", 10)
        assert graded(session, "C") >= set(ids)
    assert "data-stay" not in head.client.get(url).text
