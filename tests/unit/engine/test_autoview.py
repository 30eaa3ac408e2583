"""The one view over HTTP, lists and forms, and who gets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from models.access import LetterProfile
from models.organisation import Position, Post
from tests.conftest import csrf_token
from tests.unit.engine.conftest import TODAY
from tests.unit.engine.sample import Book, Pair, entity

BOOK = entity(Book)


def form_of(page: str) -> dict[str, str]:
    """What the form on a page sends when nobody touches it."""
    sent: dict[str, str] = {}
    body = page[page.index("<form") :]
    for tag in re.findall(r"<input[^>]*>", body):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in attributes and (attributes.get("type") != "checkbox" or "checked" in tag):
            sent[attributes["name"]] = attributes.get("value", "")
    for name, options in re.findall(r'<select[^>]*?name="(\w+)"[^>]*>(.*?)</select>', body, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', options)
        sent[name] = chosen[1] if chosen else ""
    for name, content in re.findall(r'<textarea[^>]*?name="(\w+)"[^>]*>(.*?)</textarea>', body, re.DOTALL):
        sent[name] = (
            content.removeprefix("\r\n").removeprefix("\n").replace("&#34;", '"').replace("\n", "\r\n")
        )
    return {
        key: value for key, value in sent.items() if key in BOOK.fields or key in ("csrf_token", "_token")
    }


def send(client: FlaskClient, url: str, **changes: str) -> Any:
    """Open a form, change some fields and send it."""
    page = client.get(url)
    assert page.status_code == 200, page.text
    return client.post(url, data=form_of(page.text) | {"csrf_token": csrf_token(page.text)} | changes)


def test_a_list_shows_ones_own_rows(own: FlaskClient, stored: Any) -> None:
    page = own.get("/book/").text
    assert "Mine" in page
    assert "Theirs" not in page
    assert own.get("/book/?sort=nowhere").status_code == 400


def test_a_record_is_made_and_its_page_opens(own: FlaskClient, session: Session, stored: Any) -> None:
    answer = send(own, "/book/new/", name="New book", price="12.50", note="甲\r\n乙")
    assert answer.status_code == 302, re.findall(r"(?s)invalid-feedback.{0,200}", answer.text)
    book = session.scalars(select(Book).where(Book.name == "New book")).one()
    assert answer.location == f"/book/details/?id={book.id}"
    assert (book.owner.username, book.department.code, book.note) == ("own", "west", "甲\n乙")
    assert "New book" in own.get(answer.location).text


def test_a_wrong_form_comes_back_with_what_was_typed(own: FlaskClient, session: Session, stored: Any) -> None:
    answer = send(own, "/book/new/", name="", pages="many")
    assert answer.status_code == 200
    assert "Fill this in." in answer.text
    assert "“many” is no whole number." in answer.text
    assert 'value="many"' in answer.text
    answer = send(own, "/book/new/", name="Other", code="M")
    assert "This is already in use." in answer.text
    assert session.scalar(select(func.count(Book.id))) == 2


def test_after_saving_one_goes_where_one_came_from_or_on_to_the_next(own: FlaskClient, stored: Any) -> None:
    assert send(own, "/book/new/", name="A", _url="/book/?q=x").location == "/book/?q=x"
    assert send(own, "/book/new/", name="B", _add_another="1").location.startswith("/book/new/")
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        assert send(own, "/book/new/", name="C", _url=elsewhere).location == "/book/"


def test_saving_an_unchanged_record_changes_nothing(own: FlaskClient, session: Session, stored: Any) -> None:
    before = session.execute(text("SELECT * FROM book ORDER BY id")).all()
    answer = send(own, f"/book/edit/?id={stored.mine}")
    assert answer.status_code == 302
    session.expire_all()
    assert session.execute(text("SELECT * FROM book ORDER BY id")).all() == before


def test_a_change_is_saved(own: FlaskClient, session: Session, stored: Any) -> None:
    assert send(own, f"/book/edit/?id={stored.mine}", name="Renamed").status_code == 302
    session.expire_all()
    book = session.get(Book, stored.mine)
    assert book is not None
    assert (book.name, book.version, book.code) == ("Renamed", 2, "M")
    assert "has pages" in send(own, f"/book/edit/?id={stored.mine}", pages="-1").text


def test_a_stale_save_is_not_applied_and_shows_both(own: FlaskClient, session: Session, stored: Any) -> None:
    url = f"/book/edit/?id={stored.mine}"
    page = own.get(url).text
    session.execute(text("UPDATE book SET name = 'Quicker', version = 2 WHERE id = :id"), {"id": stored.mine})
    session.commit()
    answer = own.post(url, data=form_of(page) | {"csrf_token": csrf_token(page), "name": "Slower"})
    assert answer.status_code == 409
    assert "Slower" in answer.text
    assert "Quicker" in answer.text
    session.expire_all()
    assert session.scalar(select(Book.name).where(Book.id == stored.mine)) == "Quicker"


@pytest.mark.parametrize("door", ["edit", "details", "delete", "download"])
def test_a_record_of_others_is_not_there(own: FlaskClient, stored: Any, door: str) -> None:
    assert own.get(f"/book/{door}/?id={stored.theirs}&field=cover").status_code == 404
    assert own.get(f"/book/{door}/?id=x&field=cover").status_code == 404


@pytest.mark.parametrize("door", ["edit", "details", "download"])
def test_a_page_of_no_record_is_not_there(own: FlaskClient, stored: Any, door: str) -> None:
    assert own.get(f"/book/{door}/").status_code == 404


def test_a_record_that_moves_away_is_refused(
    own: FlaskClient, session: Session, stored: Any, people: Any
) -> None:
    assert send(own, f"/book/edit/?id={stored.mine}", owner=str(people.dept.id)).status_code == 403
    assert session.scalar(select(Book.owner_id).where(Book.id == stored.mine)) == people.own.id


def test_whoever_has_no_duty_here_finds_every_door_shut(
    enter: Callable[[str], FlaskClient], stored: Any
) -> None:
    idle = enter("idle")
    for path in (
        "/book/",
        "/book/new/",
        f"/book/edit/?id={stored.mine}",
        "/book/export/csv/",
        "/book/import/",
    ):
        assert idle.get(path).status_code == 403, path
    assert idle.get("/book/ajax/lookup/?name=owner&query=").status_code == 403
    assert idle.get("/department/").status_code == 200


def test_seeing_is_not_deleting(
    enter: Callable[[str], FlaskClient], session: Session, stored: Any, people: Any
) -> None:
    session.scalars(select(LetterProfile).where(LetterProfile.letter == "C")).one().actions = "view"
    session.commit()
    viewer = enter("all")
    assert viewer.get(f"/book/details/?id={stored.mine}").status_code == 200
    for door in ("edit", "delete"):
        assert viewer.get(f"/book/{door}/?id={stored.mine}").status_code == 403
    page = viewer.get("/book/").text
    assert "/book/edit/" not in page
    assert "/book/new/" not in page


def test_a_right_on_some_rows_is_none_on_others(
    enter: Callable[[str], FlaskClient], session: Session, stored: Any, people: Any, places: Any
) -> None:
    # One post lets `dept` read everything, the other change what is in `west`.
    session.scalars(select(LetterProfile).where(LetterProfile.letter == "C")).one().actions = "view"
    reads_all = session.scalars(select(Position).where(Position.code == "all")).one()
    session.add(Post(user=people.dept, position=reads_all, department=places.west, valid_from=TODAY))
    session.commit()
    person = enter("dept")
    assert person.get(f"/book/details/?id={stored.theirs}").status_code == 200
    for door in ("edit", "delete"):
        assert person.get(f"/book/{door}/?id={stored.mine}").status_code == 200
        assert person.get(f"/book/{door}/?id={stored.theirs}").status_code == 403


def test_keys_of_two_columns_work_at_every_door(everything: FlaskClient, session: Session) -> None:
    session.add(Pair(word="a,b/ü", number=3, note="x"))
    session.commit()
    key = "a%252Cb%252F%25C3%25BC,3"
    page = everything.get("/pair/").text
    assert key.replace(",", "%2C") in page or key in page
    for door in ("details", "edit", "delete"):
        assert everything.get(f"/pair/{door}/?id={key}").status_code == 200, door
    page = everything.get(f"/pair/edit/?id={key}").text
    token = re.search(r'name="_token"[^>]*value="([^"]*)"', page)
    assert token
    sent = {"csrf_token": csrf_token(page), "_token": token[1], "note": "y"}
    assert everything.post(f"/pair/edit/?id={key}", data=sent).status_code == 302
    session.expire_all()
    assert session.scalars(select(Pair.note)).all() == ["y"]


def test_a_save_that_loses_the_race_is_not_applied_and_shows_both(
    own: FlaskClient, session: Session, stored: Any
) -> None:
    def overtake(_mapper: Any, connection: Any, book: Book) -> None:
        connection.execute(
            text("UPDATE book SET name = 'Quicker', version = version + 1 WHERE id = :id"), {"id": book.id}
        )

    event.listen(Book, "before_update", overtake, once=True)
    answer = send(own, f"/book/edit/?id={stored.mine}", name="Slower")
    assert answer.status_code == 409
    assert "Slower" in answer.text
    session.expire_all()
    assert session.scalar(select(Book.name).where(Book.id == stored.mine)) != "Slower"
