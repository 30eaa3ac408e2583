"""The other doors of the one view over HTTP: details, files, lookups, exports, deletions, and those that stay shut."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.engine.autoview import DOORS, EntityView
from tests.conftest import csrf_token
from tests.unit.engine.sample import Book, Chapter, Loan, Review, entity

BOOK = entity(Book)


def test_details_show_everything_and_related_lists(own: FlaskClient, stored: Any, session: Session) -> None:
    page = own.get(f"/book/details/?id={stored.mine}")
    assert page.status_code == 200
    assert "a\nb" in page.text
    assert "Chapters" in page.text
    tab = own.get(f"/book/details/?id={stored.mine}&tab=chapter.book")
    assert tab.status_code == 200
    assert "One" in tab.text
    assert f"/chapter/new/?book={stored.mine}" in tab.text.replace("&amp;", "&")
    assert own.get(f"/book/details/?id={stored.mine}&tab=nowhere.book").status_code == 404


def test_tabs_count_what_refers_to_a_record_and_what_one_may_view(
    everything: FlaskClient, stored: Any
) -> None:
    page = everything.get(f"/book/details/?id={stored.mine}&tab=book.parent")
    assert page.status_code == 200
    assert "Books · Parent" in page.text


def test_a_file_is_downloaded_as_it_is_and_never_shown(own: FlaskClient, stored: Any) -> None:
    answer = own.get(f"/book/download/?id={stored.mine}&field=cover")
    assert answer.data == b"\x00\xff"
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename=book-cover.bin"
    assert own.get(f"/book/download/?id={stored.mine}&field=name").status_code == 404
    assert own.get(f"/book/download/?id={stored.mine}&field=pin").status_code == 404


def test_a_lookup_answers_with_pairs(own: FlaskClient, stored: Any) -> None:
    offered = json.loads(own.get("/book/ajax/lookup/?name=parent&query=i").data)
    assert offered == [[str(stored.mine), "Mine · M"]]
    assert json.loads(own.get("/book/ajax/lookup/?name=owner&query=Dept").data)[0][1] == "Dept · dept"
    assert own.get("/book/ajax/lookup/?name=name&query=").status_code == 404
    assert own.get("/book/ajax/lookup/?name=nowhere&query=").status_code == 404


def test_an_export_holds_the_filtered_rows(everything: FlaskClient, stored: Any) -> None:
    answer = everything.get("/book/export/csv/?q=mine")
    assert answer.content_type.startswith("text/csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=book.csv"
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("Mine,M,")
    assert everything.get("/book/export/xlsx/").status_code == 404
    assert everything.get("/pair/export/csv/").status_code == 403


def test_a_deletion_is_shown_then_done(own: FlaskClient, session: Session, stored: Any) -> None:
    url = f"/book/delete/?id={stored.mine}"
    page = own.get(url).text
    assert "Chapters" in page
    answer = own.post(url, data={"csrf_token": csrf_token(page)})
    assert (answer.status_code, answer.location) == (302, "/book/")
    session.expire_all()
    assert session.get(Book, stored.mine) is None
    assert session.scalar(select(func.count(Chapter.id))) == 0


def test_a_blocked_deletion_is_not_done(own: FlaskClient, session: Session, stored: Any) -> None:
    session.add(Loan(book_id=stored.mine, reader="Ada"))
    session.commit()
    url = f"/book/delete/?id={stored.mine}"
    page = own.get(url).text
    assert "They have to be deleted or moved first." in page
    assert own.post(url, data={"csrf_token": csrf_token(own.get("/book/new/").text)}).status_code == 200
    assert session.scalar(select(func.count(Book.id))) == 2


def test_ticked_records_go_together_or_not_at_all(
    everything: FlaskClient, session: Session, stored: Any
) -> None:
    assert everything.get("/book/delete/").status_code == 400
    many = "&".join(f"id={number}" for number in range(101))
    assert everything.get(f"/book/delete/?{many}").status_code == 400
    token = csrf_token(everything.get("/book/new/").text)
    both = f"/book/delete/?id={stored.mine}&id={stored.theirs}"
    assert everything.post(f"{both}&id=0", data={"csrf_token": token}).status_code == 404
    assert everything.post(both, data={"csrf_token": token}).status_code == 302
    session.expire_all()
    assert session.scalar(select(func.count(Book.id))) == 0


def test_flask_admins_own_doors_stay_shut(own: FlaskClient, stored: Any) -> None:
    page = own.get("/book/new/").text
    for path in ("/book/ajax/update/", "/book/action/"):
        data = {"csrf_token": csrf_token(page), "action": "delete", "rowid": str(stored.mine)}
        assert own.post(path, data=data).status_code == 404
    assert "ajax_update" not in DOORS


def test_a_view_knows_the_superset_and_offers_no_action_of_flask_admin(app: Any) -> None:
    view = next(each for each in app.extensions["admin"][0]._views if getattr(each, "entity", None) is BOOK)
    assert isinstance(view, EntityView)
    assert {key for key, _label in view.get_list_columns()} == set(BOOK.fields)
    assert set(view.get_sortable_columns()) == BOOK.sortable
    assert view.get_filters() is None
    assert view.init_search()
    assert not view.is_action_allowed("delete")
    assert not view.can_create
    with app.test_request_context():
        assert not view.is_accessible()


def test_reviews_of_a_book_name_it_in_their_title(
    everything: FlaskClient, session: Session, stored: Any, places: Any
) -> None:
    session.add(Review(book_id=stored.mine, title="Fine", department=places.east))
    session.commit()
    assert "Fine" in everything.get("/review/").text
    assert everything.get("/review/new/?book=" + str(stored.mine)).status_code == 200
