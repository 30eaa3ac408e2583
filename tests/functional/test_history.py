"""The past on screen: a record's timeline, the record at a moment, the log, and the way back of each part of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change.telling import heads
from models.change import ChangeSet
from models.customer import Customer
from models.duty import PositionDuty
from models.organisation import Position, User
from models.types import utc_now
from tests.functional.browsing import Sign, newest, post, words

REASON = "Typed by mistake"
PHONE, OTHER_PHONE = "13812345678", "13987654321"


def entries(page: str) -> list[str]:
    """The entries of a timeline, as text."""
    items = re.findall(r"<li data-entry=.*?(?=<li data-entry|</ol>|</ul>\s*(?:<nav|</main))", page, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", item)).strip() for item in items]


def test_a_timeline_says_who_when_why_and_what_newest_first(person: Sign, customer: Any, change: Any) -> None:
    record = customer(1, region="Nord")
    change(record, region="Süd", website="a.example")
    change(record, "Moved again", region="West")
    page = person("css").get(f"/customer/history/?id={record.id}")
    assert page.status_code == 200
    newest_one, older, made = entries(page.text)[:3]
    assert "Region Süd to West" in newest_one and "Moved again" in newest_one and "The system" in newest_one
    assert "Nord to Süd" in older and "Asked for" in older
    assert made.startswith("Created") and "Prüfstand 1" in made
    assert (
        f'href="/customer/history/?id={record.id}"'
        in person("css").get(f"/customer/details/?id={record.id}").text
    )
    chinese = words(person("css", "zh").get(f"/customer/history/?id={record.id}"))
    assert "区域" in chinese


def test_a_field_goes_back_after_a_preview_and_for_a_reason(
    session: Session, person: Sign, customer: Any, change: Any
) -> None:
    record = customer(2, region="Nord", website="a.example")
    made = change(record, region="Süd", website="b.example")
    head = person("css")
    assert (
        f"/changes/{made}/undo?row=1&amp;field=region" in head.get(f"/customer/history/?id={record.id}").text
    )
    url = f"/changes/{made}/undo?row=1&field=region"
    preview = words(head.get(url))
    assert "Süd to Nord" in preview and "b.example" not in preview
    session.refresh(record)
    assert record.region == "Süd", "a preview writes nothing"
    refused = post(head, url, reason="  ")
    assert refused.status_code == 200 and "Write why" in words(refused)
    too_long = post(head, url, reason="x" * 2_001)
    assert "At most 2,000 characters" in words(too_long) and "x" * 2_001 in too_long.text
    answer = post(head, url, reason=REASON)
    assert answer.status_code == 302
    session.refresh(record)
    assert (record.region, record.website) == ("Nord", "b.example")
    result = words(head.get(answer.location))
    assert "Taken back" in result and REASON in result and "Süd to Nord" in result and f"#{made}" in result
    assert "Taken back by" in words(head.get(f"/changes/{made}"))
    assert REASON in entries(head.get(f"/customer/history/?id={record.id}").text)[0]


def test_what_somebody_edited_since_stays_and_shows_both_values(
    session: Session, person: Sign, customer: Any, change: Any
) -> None:
    first, second = customer(3, region="Nord"), customer(4, region="Nord")
    first.region = second.region = "Süd"
    made = change(first)
    change(second, region="West")
    head = person("css")
    page = words(head.get(f"/changes/{made}/undo"))
    assert "1 record will go back" in page and "Süd, now West" in page
    answer = post(head, f"/changes/{made}/undo", reason=REASON)
    session.refresh(first), session.refresh(second)
    assert (first.region, second.region) == ("Nord", "West")
    result = words(head.get(answer.location))
    assert "Left as they are" in result and "Süd, now West" in result
    again = head.get(f"/changes/{made}/undo")
    assert "There is nothing left to take back" in words(again)
    assert post(head, f"/changes/{made}/undo", reason=REASON).status_code == 200


def test_another_departments_change_does_not_exist_for_a_clerk(
    session: Session, person: Sign, customer: Any, change: Any
) -> None:
    own = customer(5, owner_id=session.scalars(select(User.id).where(User.username == "csd")).one())
    foreign = customer(6, "MKT", region="Nord")
    theirs = change(foreign, "Secret deal", region="Süd")
    own.region = foreign.region = "Both"
    both = change(own)
    clerk = person("csd")
    assert clerk.get(f"/customer/details/?id={foreign.id}").status_code == 404, (
        "the test needs a foreign record"
    )
    for url in (
        f"/customer/history/?id={foreign.id}",
        f"/customer/past/?id={foreign.id}",
        f"/changes/{theirs}",
        f"/changes/{theirs}/undo",
        f"/changes/{theirs}/undo?row=1",
        f"/changes/{both}/undo?row=99",
        "/changes/99999999999",
        "/customer/history/?id=99999999",
    ):
        assert clerk.get(url).status_code == 404, url
    assert post(clerk, f"/changes/{theirs}/undo", reason=REASON).status_code == 404
    log = clerk.get("/changes/").text
    assert "Secret deal" not in log and foreign.name not in log and f'data-set="{both}"' in log
    for url in (f"/changes/{both}", f"/changes/{both}/undo"):
        page = words(clerk.get(url))
        assert own.name in page and foreign.name not in page and str(foreign.id) not in page, url
    assert "Edited 1 Customers" in words(clerk.get(f"/changes/{both}"))
    foreign_row = 3 - next(
        number for number in (1, 2) if clerk.get(f"/changes/{both}/undo?row={number}").status_code == 200
    )
    assert clerk.get(f"/changes/{both}/undo?row={foreign_row}").status_code == 404
    post(clerk, f"/changes/{both}/undo", reason=REASON)
    session.refresh(own), session.refresh(foreign)
    assert (own.region, foreign.region) == (None, "Both")


def test_masked_values_stay_masked_and_are_not_put_back(
    session: Session, person: Sign, customer: Any, change: Any
) -> None:
    record = customer(7, phone=PHONE, region="Nord")
    record.owner_id = session.scalars(select(User.id).where(User.username == "csd")).one()
    made = change(record, phone=OTHER_PHONE, region="Süd")
    clerk = person("csd")
    position = session.scalars(select(Position).where(Position.code == "CSD")).one()
    for word in ("masked", "hidden"):
        for cell in session.scalars(select(PositionDuty).where(PositionDuty.position_id == position.id)):
            cell.field_levels = {"customer.contact": word}
        session.commit()
        moment = (utc_now() - timedelta(hours=1)).isoformat().replace("+", "%2B")
        for url in (
            f"/customer/history/?id={record.id}",
            f"/customer/past/?id={record.id}&at={moment}",
            f"/customer/past/?id={record.id}&at={utc_now().isoformat().replace('+', '%2B')}",
            "/changes/",
            f"/changes/{made}",
            f"/changes/{made}/undo",
        ):
            page = clerk.get(url).text
            assert PHONE not in page and OTHER_PHONE not in page, (word, url)
        timeline = clerk.get(f"/customer/history/?id={record.id}").text
        assert ("138****5678" in timeline) == (word == "masked")
        assert "field=phone" not in timeline and "field=region" in timeline
        # Who may not type the phone does not write it by undoing either.
        assert "None of your positions" in words(clerk.get(f"/changes/{made}/undo?row=1"))
        post(clerk, f"/changes/{made}/undo?row=1&field=phone", reason=REASON)
        post(clerk, f"/changes/{made}/undo", reason=REASON)
        session.refresh(record)
        assert record.phone == OTHER_PHONE
    assert clerk.get(f"/changes/{made}/undo?row=1&field=phone").status_code == 404, (
        "a hidden field has no name"
    )
    assert post(clerk, f"/changes/{made}/undo?row=1&field=region", reason=REASON).status_code == 302


def test_the_log_is_filtered_and_paged(session: Session, person: Sign, customer: Any, change: Any) -> None:
    record = customer(8)
    sets = [change(record, region=f"Region {number}") for number in range(35)]
    head = person("css")
    post(head, f"/changes/{sets[-1]}/undo", reason=REASON)
    undone = newest(session)

    def found(query: str) -> list[int]:
        return [int(each) for each in re.findall(r'data-set="(\d+)"', head.get(f"/changes/?{query}").text)]

    first = head.get("/changes/?entity=customer&kind=edit").text
    older = re.search(r'class="db-page" href="([^"]*)" rel="next"', first)
    assert older and "entity=customer" in older[1]
    assert found("entity=customer&kind=edit") == sets[:4:-1]
    assert found(older[1].split("?")[1].replace("&amp;", "&"))[:5] == sets[4::-1]
    assert found("kind=undo")[0] == undone and found("person=css")[0] == undone
    assert undone in found("person=罗嘉言") and sets[-1] not in found("person=css")
    assert found("source=import") == []
    assert set(found("source=system")) & set(sets) and undone not in found("source=system")
    today = utc_now().date()
    assert undone in found(f"from={today - timedelta(days=1)}&to={today + timedelta(days=1)}")
    assert found(f"from={today + timedelta(days=3)}") == []
    assert found("to=2020-01-01") == []
    assert found("person=%00") == found("")


@pytest.mark.parametrize(
    ("query", "english", "chinese"),
    [
        ("person=nobodysname", "Nobody is called “nobodysname”", "nobodysname"),
        ("entity=payroll", "“payroll” is none of the choices", "payroll"),
        ("kind=steal", "“steal” is none of the choices", "steal"),
        ("source=moon", "“moon” is none of the choices", "moon"),
        ("from=yesterday", "“yesterday” is no date", "“yesterday”不是日期"),
        ("from=0001-01-01&to=9999-12-31", "“9999-12-31” is no date", "不是日期"),
        ("from=2026-02-01&to=2026-01-01", "The end is before the beginning", "2026-01-01"),
        ("before=-1", "Begin at the newest", ""),
    ],
)
def test_a_filter_that_cannot_be_read_says_so_and_keeps_what_was_typed(
    person: Sign, query: str, english: str, chinese: str
) -> None:
    for language, text in (("en", english), ("zh", chinese)):
        answer = person("css", language).get(f"/changes/?{query}")
        assert answer.status_code == 400 and text in answer.text, language
    for key, value in re.findall(r"(person|from|to)=([\w-]+)", query):
        assert f'name="{key}" value="{value}"' in answer.text


def test_a_record_is_shown_at_a_moment_or_it_says_why_not(
    session: Session, person: Sign, customer: Any, change: Any
) -> None:
    record = customer(9, region="Nord")
    key = record.id
    moments = [(utc_now() - timedelta(days=1)), utc_now()]
    change(record, region="Süd")
    head = person("css")

    def past(moment: Any) -> str:
        return words(head.get("/customer/past/", query_string={"id": key, "at": moment.isoformat()}))

    assert "It did not exist yet" in past(moments[0])
    then = past(moments[1])
    assert re.search(r"Region\s*Nord\s*Süd\s*changed since", then)
    session.delete(record)
    session.commit()
    moments.append(utc_now())
    assert "It is deleted by now" in past(moments[1]) and "Nord" in past(moments[1])
    assert "It was deleted at that moment" in past(moments[2])
    answer = head.get(f"/customer/past/?id={key}&at=noon")
    assert answer.status_code == 400 and "“noon” is no time" in answer.text and 'value="noon"' in answer.text
    assert head.get(f"/customer/past/?id={key}&at=0001-01-01").status_code in (200, 400)


def test_a_deleted_record_lies_in_the_trash_and_comes_back_with_its_parts(
    session: Session, person: Sign, customer: Any
) -> None:
    record = customer(10)
    session.add_all([child := customer(11, parent_id=record.id)])
    session.commit()
    key, name, child_key = record.id, record.name, child.id
    admin = person("admin")
    assert 'href="/customer/trash/"' in admin.get("/customer/").text
    assert "It goes into the trash" in words(admin.get(f"/customer/delete/?id={key}"))
    assert post(admin, "/customer/delete/", id=key).status_code == 302
    session.expire_all()
    page = admin.get("/customer/trash/")
    assert name in words(page)
    url = re.search(r'class="btn db-btn" href="(/changes/\d+/undo\?row=\d+)"', page.text)
    assert url
    assert "This record is deleted" in words(admin.get(f"/customer/history/?id={key}"))
    preview = words(admin.get(url[1]))
    assert f"Restore “{name}”" in preview and "comes back" in preview and child.name in preview
    answer = post(admin, url[1], reason=REASON)
    assert answer.status_code == 302
    session.expire_all()
    with acting(session, SYSTEM):
        back = session.get(Customer, key)
        assert back is not None and back.name == name
        assert session.get_one(Customer, child_key).parent_id == key
    assert name not in words(admin.get("/customer/trash/"))


def test_a_reference_that_is_gone_is_named_before_the_restore(
    session: Session, person: Sign, customer: Any
) -> None:
    parent = customer(12)
    record = customer(13, parent_id=parent.id)
    for gone in (record, parent):
        session.delete(gone)
        session.commit()
    admin = person("admin")
    urls = re.findall(
        r'class="btn db-btn" href="(/changes/\d+/undo\?row=\d+)"', admin.get("/customer/trash/").text
    )
    page = admin.get(urls[1])
    assert "data-emptied" in page.text and "Parent customer" in words(page)


def test_the_trash_is_for_whoever_may_delete_or_create_and_shows_their_rows_alone(
    session: Session, person: Sign, customer: Any
) -> None:
    own = customer(14, owner_id=session.scalars(select(User.id).where(User.username == "csd")).one())
    foreign = customer(15, "MKT")
    names = own.name, foreign.name
    session.delete(own), session.delete(foreign)
    session.commit()
    page = words(person("csd").get("/customer/trash/"))
    assert names[0] in page and names[1] not in page
    # A duty to look, and none to delete or create.
    assert person("csd").get("/department/trash/").status_code == 403
    assert 'href="/department/trash/"' not in person("csd").get("/department/").text
    assert person("csd").get("/customer/trash/?before=nonsense").status_code == 400


def test_who_stood_in_signs_with_both_names(app: Flask, session: Session) -> None:
    deputy, whole = (
        session.scalars(select(User).where(User.username == name)).one() for name in ("csd2", "css")
    )
    for acting_for, words_of in ((None, deputy.name), (whole.id, f"{deputy.name}（代{whole.name}）")):
        told = ChangeSet(
            id=1,
            at=utc_now(),
            actor_id=deputy.id,
            actor_name="csd2",
            acting_for_id=acting_for,
            source="screen",
            action="edit",
        )
        with app.test_request_context():
            assert heads(session, [told])[1]["who"] == words_of
