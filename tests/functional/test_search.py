"""What a search finds, for whom, and by how many statements."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import SYSTEM
from admin_app.engine.search.building import check
from admin_app.engine.search.folding import fold, runs
from admin_app.engine.search.index import indexes
from admin_app.engine.search.keeper import Page
from admin_app.engine.search.matching import Matching
from admin_app.engine.search.pinyin import readings
from admin_app.engine.site import site
from models.customer import Customer
from models.duty import PositionDuty
from models.organisation import Department, Position, User
from models.tag import Tag, TagFamily
from tests.conftest import sign_in

PHONE = "0571-98765432"


# The obvious second implementation.


def matches(typed: str, texts: Sequence[str]) -> bool:
    """Whether each piece of what is typed is in one of the texts."""
    pieces = [run for word in fold(typed).split() for run in runs(word)]
    return bool(pieces) and all(any(_in(piece, each) for each in texts) for piece in pieces)


def _in(piece: Any, each: str) -> bool:
    own = runs(fold(each))
    if piece.kind == "word":
        begins = any(run.kind == "word" and run.text.startswith(piece.text[:20]) for run in own)
        return begins or any(run.kind == "gram" and _read(piece.text, run.text) for run in own)
    if piece.kind == "number" and len(piece.text) < 3:
        return any(
            part.startswith(piece.text)
            for run in own
            for part in (*run.parts, run.text)
            if run.kind == "number"
        )
    return any(run.kind == piece.kind and piece.text in run.text for run in own)


def _read(letters: str, characters: str) -> bool:
    """Whether letters are the initials of neighbours, or their readings, the last one perhaps unfinished."""
    read = [readings(character, place == 0) for place, character in enumerate(characters)]
    if len(letters) == 1:
        return any(each[0] == letters for each in read[0])
    for start in range(len(read)):
        shown = [{each[0] for each in way} for way in read[start : start + len(letters)]]
        if len(shown) == len(letters) and all(a in b for a, b in zip(letters, shown, strict=True)):
            return True
        if _spelt(letters, read[start:]):
            return True
    return False


def _spelt(letters: str, read: Sequence[Sequence[str]]) -> bool:
    if not read:
        return False
    return any(
        each.startswith(letters) or (letters.startswith(each) and _spelt(letters[len(each) :], read[1:]))
        for each in read[0]
    )


LETTERS = "张国石上海Ａbé12345-🎉トヨ 重"
NAMES = st.text(alphabet=LETTERS, min_size=1, max_size=8).map(str.strip).filter(bool)
#: Up to three initials: of more, the index knows only that all neighbours of three occur.
TYPED = st.one_of(
    st.text(alphabet=LETTERS, min_size=1, max_size=5),
    st.sampled_from(
        ["zgs", "zhang", "zhangg", "guoshi", "shanghai", "sh", "shi", "chong", "zhong", "cz", "h"]
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=6, unique=True), typed=TYPED)
def test_a_search_finds_what_obviously_matches(session: Session, names: list[str], typed: str) -> None:
    with session.begin_nested() as savepoint:
        family = TagFamily(code="drawn", name_zh="族", name_en="Family")
        tags = [Tag(family=family, name_zh=name, name_en="-") for name in names]
        session.add_all(tags)
        session.flush()
        entity = site().by_name["tag"]
        for page in (None, Page(None, True, 1000)):
            found = select(Tag.id).where(
                Matching(entity, typed, SYSTEM).criterion(page), Tag.family_id == family.id
            )
            expected = {tag.id for tag in tags if matches(typed, [tag.name_zh, tag.name_en])}
            assert set(session.scalars(found)) == expected
        savepoint.rollback()


@pytest.fixture
def customer(session: Session) -> Customer:
    """A customer of the service department."""
    service = session.scalars(select(Department).where(Department.code == "CS")).one()
    record = Customer(
        code="KH-90001",
        name="张国石精密器材有限公司",
        customer_class="resource",
        customer_subtype="enterprise",
        phone=PHONE,
        department_id=service.id,
    )
    session.add(record)
    session.commit()
    return record


@pytest.mark.parametrize(
    "typed",
    [
        "石",
        "国石",
        "精密器材",
        "zgs",
        "zhangguoshi",
        "zhanggu",
        "5432",
        "98765432",
        "KH-90001",
        "ＺＧＳ",
        "zgs 5432",
    ],
)
def test_a_customer_is_found_by(
    customer: Customer, client: FlaskClient, login: Callable[..., FlaskClient], typed: str
) -> None:
    desk = login("csd")
    assert customer.name in desk.get("/customer/", query_string={"q": typed}).text
    lookup = desk.get("/complaint/ajax/lookup/", query_string={"name": "customer", "query": typed}).json
    assert f"{customer.name} · KH-90001" in [label for _key, label in lookup]
    everywhere = desk.get("/search/suggest", query_string={"q": typed}).json
    assert any(hit["label"] == customer.name for group in everywhere["groups"] for hit in group["hits"])


@pytest.mark.parametrize("typed", ["%", "_", "'\"\\", "NOT", "* AND", "国张", "\x00", "🎉", "石国" * 200])
def test_nothing_strange_breaks_it(customer: Customer, login: Callable[..., FlaskClient], typed: str) -> None:
    desk = login("csd")
    for path in ("/customer/", "/search/", "/search/suggest"):
        answer = desk.get(path, query_string={"q": typed})
        assert answer.status_code == 200
        if path != "/customer/" or typed != "\x00":
            assert f'id={customer.id}"' not in answer.text


def test_the_list_keeps_its_order_and_pages(session: Session, login: Callable[..., FlaskClient]) -> None:
    desk = login("admin")
    for sort in ("", "&sort=name", "&sort=-contract_total", "&sort=code"):
        seen: list[str] = []
        url = f"/customer/?q=有限&size=20{sort}"
        while url:
            page = desk.get(url).text
            seen += re.findall(r'<a class="db-row-link"[^>]*?href="[^"]*?id=(\d+)"', page)
            following = re.search(r'href="([^"]*after=[^"]*)"', page)
            url = following[1].replace("&amp;", "&") if following else ""
        expected = session.scalars(select(Customer.id).where(Customer.name.contains("有限")))
        assert sorted(map(int, seen)) == sorted(expected)
        if not sort:
            assert [*map(int, seen)] == sorted(map(int, seen), reverse=True)


@pytest.mark.parametrize("level", ["masked", "hidden"])
def test_a_phone_number_that_one_may_not_read_finds_nothing(
    app: Flask, session: Session, customer: Customer, login: Callable[..., FlaskClient], level: str
) -> None:
    asked = "/search/suggest?q=98765432"
    assert login("csd").get(asked).json["groups"], "whoever may read it finds it"
    for cell in session.scalars(select(PositionDuty)):
        cell.field_levels = {"customer.contact": level}
    session.commit()
    people = session.scalars(select(User.username).where(User.is_active, User.is_admin.is_(False))).all()
    positions = {code.lower() for code in session.scalars(select(Position.code))}
    tried = sorted(positions & set(people))
    assert len(tried) > 20
    for name in tried:
        desk = sign_in(app.test_client(), name)
        for typed in ("98765432", "5432", "0571-98765432"):
            answer = desk.get("/customer/", query_string={"q": typed})
            assert answer.status_code in (200, 403), name
            assert customer.name not in answer.text, name
            assert customer.name not in desk.get("/search/", query_string={"q": typed}).text, name
            assert desk.get("/search/suggest", query_string={"q": typed}).json["groups"] == [], name


def test_another_departments_customer_is_not_suggested(
    session: Session, customer: Customer, login: Callable[..., FlaskClient]
) -> None:
    other = session.scalars(select(Department).where(Department.code == "SAL")).one()
    desk = login("csd")
    assert desk.get("/search/suggest?q=zgs").json["groups"]
    customer.department_id = other.id
    session.commit()
    assert desk.get("/search/suggest?q=zgs").json["groups"] == []
    assert customer.name not in desk.get("/customer/?q=zgs").text


@pytest.mark.parametrize(("who", "typed"), [("admin", "li"), ("csd", "公司"), ("csd", "5432")])
def test_everything_is_asked_in_one_statement_or_two(
    session: Session, login: Callable[..., FlaskClient], who: str, typed: str
) -> None:
    desk = login(who)
    desk.get("/search/suggest", query_string={"q": typed})
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "search_" in statement:
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    desk.get("/search/suggest", query_string={"q": typed})
    event.remove(db.engine, "before_cursor_execute", note)
    assert len(sent) == (1 if session.get_bind().dialect.name == "sqlite" else 2)


def test_nobody_is_suggested_anything_before_signing_in(client: FlaskClient) -> None:
    assert client.get("/search/suggest?q=zgs").status_code in (302, 401)


def test_the_page_says_when_nothing_is_found_and_counts_what_is(login: Callable[..., FlaskClient]) -> None:
    desk = login("admin")
    assert "db-empty" in desk.get("/search/?q=qqqqqq").text
    assert "db-empty" in desk.get("/search/").text
    page = desk.get("/search/", query_string={"q": "有限公司"}).text
    assert 'href="/customer/?q=%E6%9C%89%E9%99%90%E5%85%AC%E5%8F%B8"' in page


def test_an_index_filled_by_other_rules_is_not_asked(
    session: Session, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = indexes().of(site().by_name["customer"])
    assert index is not None
    monkeypatch.setitem(index.__dict__, "making", "other")
    matching = Matching(index.entity, "国石", SYSTEM)
    assert matching.index is None
    assert customer.id in session.scalars(select(Customer.id).where(matching.criterion())).all()
    assert not any(check(session, index, lambda done, total: None))


def test_no_search_reads_the_records_one_by_one(session: Session, customer: Customer) -> None:
    entity = site().by_name["customer"]
    sqlite = session.get_bind().dialect.name == "sqlite"
    connection = session.connection()
    # A small table is quickest read whole: what counts is what becomes of a large one.
    for preparation in (
        ("DELETE FROM sqlite_stat1", "ANALYZE sqlite_schema")
        if sqlite
        else ("SET LOCAL enable_seqscan = off",)
    ):
        connection.execute(text(preparation))
    for typed in ("张国石", "5432", "公司"):
        for page in (Page(None, True, 21), None):
            criterion = Matching(entity, typed, SYSTEM).criterion(page)
            order = Customer.id.desc() if page else Customer.name
            statement = select(Customer.id).where(criterion).order_by(order).limit(21)
            compiled = statement.compile(connection, compile_kwargs={"render_postcompile": True})
            given = (
                compiled.params
                if compiled.positiontup is None
                else [compiled.params[name] for name in compiled.positiontup]
            )
            explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
            rows = connection.exec_driver_sql(explain + str(compiled), given if not sqlite else tuple(given))
            plan = [str(row[-1]) for row in rows]
            assert not any(line == "SCAN customer" or "Seq Scan on customer" in line for line in plan), plan
