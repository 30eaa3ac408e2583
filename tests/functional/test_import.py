"""Files through the import page and the command, with the data that nobody here made."""

from __future__ import annotations

import html
import io
import os
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from admin_app.config import ROOT
from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.exchange import uploads
from models.contract import Contract, Performance
from models.customer import Customer
from models.organisation import Department, User
from tests.conftest import csrf_token


class Source(NamedTuple):
    """A folder with accounts.csv and sales_pipeline.csv, and what they add up to."""

    folder: Path
    customers: int
    contracts: int
    total: int
    leader: str
    leader_total: int
    children: int

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


LOOK_ALIKES = Source(ROOT / "tests" / "data" / "maven", 12, 40, 119_090, "Fernlock", 37_868, 1)


def sources() -> list[Source]:
    """The look-alikes, and the real samples where they are."""
    samples = Path(os.environ.get("DUTYBOOK_SAMPLES") or ROOT.parent / "shared" / "data") / "crm" / "maven"
    if not samples.is_dir():
        return [LOOK_ALIKES]
    return [LOOK_ALIKES, Source(samples, 85, 4238, 10_005_534, "Kan-code", 341_455, 15)]


@pytest.fixture(params=sources(), ids=lambda source: source.leader)
def source(request: pytest.FixtureRequest) -> Source:
    found: Source = request.param
    return found


@pytest.fixture
def admin(app: Flask, client: FlaskClient, login: Callable[..., FlaskClient]) -> FlaskClient:
    """The administrator, reading English."""
    return reading_english(app, login("admin"))


def reading_english(app: Flask, client: FlaskClient) -> FlaskClient:
    client.post("/language", data={"code": "en", "csrf_token": csrf_token(client.get("/").text)})
    return client


class Wizard:
    """Goes through the steps of one import as a browser does: each form is sent as the page has it."""

    def __init__(self, client: FlaskClient, entity: str) -> None:
        self.client = client
        self.url = f"/{entity}/import/"
        self.fields: dict[str, str] = {"csrf_token": csrf_token(client.get(self.url).text)}

    def upload(self, content: bytes, mapping: str = "", name: str = "file.csv") -> Any:
        file = FileStorage(io.BytesIO(content), name)
        # Encoded here: what the test client encodes by itself goes through a file that nobody closes.
        boundary, body = encode_multipart({**self.fields, "step": "upload", "mapping": mapping, "file": file})
        sent = f"multipart/form-data; boundary={boundary}"
        return self._sent(self.client.post(self.url, data=body, content_type=sent))

    def step(self, step: str, **changes: str) -> Any:
        return self._sent(self.client.post(self.url, data={**self.fields, "step": step, **changes}))

    def _sent(self, answer: Any) -> Any:
        if answer.mimetype != "text/html":
            return answer
        for name in ("token", "encoding", "mapping"):
            found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', answer.text)
            if found:
                self.fields[name] = html.unescape(found[1])
        for select_, options in re.findall(
            r'<select[^>]*name="(column-\d+)"[^>]*>(.*?)</select>', answer.text, re.DOTALL
        ):
            chosen = re.search(r'value="([^"]*)" selected', options)
            self.fields[select_] = chosen[1] if chosen else ""
        return answer


def words(answer: Any) -> str:
    """The text of a page's main part."""
    main = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)))


def rows_of(app: Flask, statement: Any) -> Any:
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        return session.execute(statement).all()


def maven(client: FlaskClient, source: Source) -> None:
    """Both files, step by step."""
    for entity, name, mapping in (
        ("customer", "accounts.csv", "maven_accounts"),
        ("contract", "sales_pipeline.csv", "maven_pipeline"),
    ):
        wizard = Wizard(client, entity)
        assert wizard.upload(source.read(name), mapping, name).status_code == 200
        checked = wizard.step("map")
        assert "lines are right" in words(checked)
        assert "records imported" in words(wizard.step("write"))


def test_the_maven_files_become_customers_contracts_and_performance(
    app: Flask, admin: FlaskClient, source: Source
) -> None:
    maven(admin, source)
    # The demo company has dollars of its own.
    theirs = Customer.source == "Maven"
    existing = (
        select(Customer.transaction_status, func.count()).where(theirs).group_by(Customer.transaction_status)
    )
    assert rows_of(app, existing) == [("existing", source.customers)]
    assert rows_of(app, select(func.count()).where(theirs, Customer.parent_id.is_not(None))) == [
        (source.children,)
    ]
    assert rows_of(app, select(func.count()).where(Customer.industry == "technolgy")) == [(0,)]
    won = (
        select(func.count(), func.sum(Contract.amount))
        .join(Customer, Contract.customer_id == Customer.id)
        .join(Department, Contract.department_id == Department.id)
        .where(theirs, Contract.currency == "USD", Contract.status == "signed", Department.code == "SAL")
    )
    assert rows_of(app, won) == [(source.contracts, Decimal(source.total))]
    done = (
        select(func.count(), func.sum(Performance.amount))
        .join(Contract, Performance.contract_id == Contract.id)
        .join(Customer, Contract.customer_id == Customer.id)
        .where(theirs)
    )
    assert rows_of(app, done) == [(source.contracts, Decimal(source.total))]
    best = (
        select(Customer.name, Customer.contract_total).where(theirs).order_by(Customer.contract_total.desc())
    )
    assert rows_of(app, best.limit(1)) == [(source.leader, Decimal(source.leader_total))]


def test_a_clerk_of_another_department_sees_none_of_them(
    app: Flask, admin: FlaskClient, login: Callable[..., FlaskClient]
) -> None:
    maven(admin, LOOK_ALIKES)
    clerk = login(app.test_client(), "css")
    assert clerk.get("/customer/").status_code == 200
    for client, seen in ((clerk, False), (admin, True)):
        listed = client.get(f"/customer/?name:eq={LOOK_ALIKES.leader}")
        assert ('class="db-row-link"' in listed.text) is seen


def test_columns_are_guessed_can_be_changed_and_left_out(app: Flask, admin: FlaskClient) -> None:
    wizard = Wizard(admin, "customer")
    page = wizard.upload("客户名称,Content class,town\nÜnal GmbH,resource,Ulm\n".encode(), name="名单.csv")
    assert "名单.csv" in words(page)
    assert [wizard.fields[f"column-{n}"] for n in range(3)] == ["name", "customer_class", ""]
    checked = wizard.step("map", **{"column-2": "region"})
    assert "Ulm" in words(checked)
    assert rows_of(app, select(Customer.id).where(Customer.name == "Ünal GmbH")) == []
    back = wizard.step("back", **{"column-2": "region"})
    assert wizard.fields["column-2"] == "region"
    assert back.status_code == 200
    assert "1 record imported" in words(wizard.step("write"))
    assert rows_of(app, select(Customer.region).where(Customer.name == "Ünal GmbH")) == [("Ulm",)]


def test_wrong_lines_are_shown_and_come_back_as_a_file(app: Flask, admin: FlaskClient) -> None:
    wizard = Wizard(admin, "customer")
    wizard.upload(b"name,customer_class,founded_year\nFine,resource,1999\nPoor,serf,in spring\n")
    page = words(wizard.step("map"))
    assert "1 line is wrong, so nothing is written" in page
    assert "3 customer_class “serf” is none of the choices." in page
    file = wizard.step("errors")
    assert file.mimetype == "text/csv"
    lines = file.get_data().decode("utf-8-sig").splitlines()
    assert lines[0] == "name,customer_class,founded_year,error"
    assert lines[1].startswith("Poor,serf,in spring,")
    assert "nothing is written" in words(wizard.step("write"))
    assert rows_of(app, select(Customer.id).where(Customer.name == "Fine")) == []


def test_the_encoding_can_be_chosen(admin: FlaskClient) -> None:
    wizard = Wizard(admin, "customer")
    page = wizard.upload("name,customer_class\nCafé,resource\n".encode("windows-1252"))
    wizard.step("read", encoding="windows-1252")
    assert "Café" in words(wizard.step("read", encoding="windows-1252"))
    page = wizard.step("read", encoding="utf-8")
    assert "Line 2 is not written in utf-8" in words(page)


def test_a_file_is_written_once(app: Flask, admin: FlaskClient) -> None:
    wizard = Wizard(admin, "customer")
    folder = app.config["DATA_DIR"] / "uploads"
    before = set(folder.glob("*"))
    wizard.upload(b"name,customer_class\nOnce,resource\n")
    (kept,) = set(folder.glob("*")) - before
    assert kept.stat().st_mode & 0o077 == 0
    assert "1 record imported" in words(wizard.step("write"))
    again = wizard.step("write")
    assert again.status_code == 400
    assert "no longer here" in words(again)
    assert rows_of(app, select(func.count()).where(Customer.name == "Once")) == [(1,)]
    assert set(folder.glob("*")) == before


@pytest.mark.parametrize("content", [b"", b"name,name\nA,B\n", b"name\nA\0\n"])
def test_a_file_that_is_no_table_is_refused_in_words(admin: FlaskClient, content: bytes) -> None:
    answer = Wizard(admin, "customer").upload(content)
    assert answer.status_code == 400
    assert "CSV file" in words(answer)


def test_an_upload_belongs_to_its_person_and_entity_and_ages(
    app: Flask, admin: FlaskClient, login: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    wizard = Wizard(admin, "customer")
    wizard.upload(b"name,customer_class\nMine,resource\n")
    token = wizard.fields["token"]
    assert Wizard(admin, "contact").step("read", token=token).status_code == 400
    assert wizard.step("read", token=token + "x").status_code == 400
    other = Wizard(reading_english(app, login(app.test_client(), "da")), "customer")
    assert other.step("read", token=token).status_code == 400
    assert wizard.step("read", token=token).status_code == 200
    monkeypatch.setattr(uploads, "MAX_AGE", -1)
    assert wizard.step("read", token=token).status_code == 400


def test_too_much_at_once_is_a_413_page(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wizard = Wizard(admin, "customer")
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000)
    answer = wizard.upload(b"name\n" + b"A long line\n" * 200)
    assert answer.status_code == 413
    assert "413" in answer.text


def test_who_may_not_import_finds_no_door(app: Flask, login: Callable[..., FlaskClient]) -> None:
    client = login(app.test_client(), "slm")
    assert client.get("/import/").status_code == 403
    assert client.get("/customer/import/").status_code == 403
    assert "/customer/import/" not in client.get("/customer/").text


def test_the_import_page_lists_what_one_may_import_into(
    app: Flask, login: Callable[..., FlaskClient]
) -> None:
    page = login(app.test_client(), "da").get("/import/")
    assert page.status_code == 200
    assert 'href="/customer/import/"' in page.text
    assert 'href="/user/import/"' not in page.text


@pytest.fixture
def command(app: Flask, session: Session) -> Iterator[Callable[..., Any]]:
    """Call it with the arguments of `flask import`; the session sees what it wrote."""
    runner: FlaskCliRunner = app.test_cli_runner()

    def run(*arguments: object) -> Any:
        return runner.invoke(args=["import", *map(str, arguments)])

    yield run


def test_the_command_loads_with_a_mapping_and_says_what_it_did(
    command: Callable[..., Any], session: Session
) -> None:
    folder = LOOK_ALIKES.folder
    dry = command(folder / "accounts.csv", "customer", "--mapping", "maven_accounts", "--dry-run")
    assert (dry.exit_code, "Would import 12 records of customer." in dry.output) == (0, True)
    real = command(folder / "accounts.csv", "customer", "--mapping", "maven_accounts")
    assert (real.exit_code, "Imported 12 records of customer." in real.output) == (0, True)
    mapping = ROOT / "seed" / "mappings" / "maven_pipeline.toml"
    deals = command(folder / "sales_pipeline.csv", "contract", "--mapping", mapping)
    assert "Imported 40 records of contract, 40 that belong to them, 22 rows left out." in deals.output
    assert (
        session.scalar(select(Customer.contract_total).where(Customer.name == LOOK_ALIKES.leader)) == 37_868
    )


def test_the_command_names_bad_lines_and_exits_with_1(command: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("name,customer_class,department,shoe size\nA,resource,SAL,42\nB,serf,SAL,43\n", "utf-8")
    answer = command(file, "customer")
    assert answer.exit_code == 1
    assert "Left out: shoe size" in answer.output
    assert "line 3: customer_class: “serf” is none of the choices." in answer.output
    assert "1 of 2 lines are bad; nothing was written." in answer.output


def test_the_command_can_act_as_a_person(
    command: Callable[..., Any], session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "one.csv"
    file.write_text("name,customer_class\nBy da,resource\n", "utf-8")
    assert command(file, "customer", "--as", "da").exit_code == 0
    owner = select(User.username).join(Customer, Customer.owner_id == User.id).where(Customer.name == "By da")
    assert session.scalar(owner) == "da"
    refused = command(file, "customer", "--as", "slm")
    assert (refused.exit_code, "None of your positions" in refused.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nothing",), "There is no entity nothing"),
        (("customer", "--mapping", "none_such"), "There is no mapping none_such."),
        (("customer", "--mapping", "maven_pipeline"), "is for contract, not for customer"),
        (("customer", "--as", "nobody"), "There is no user nobody."),
    ],
)
def test_the_command_says_what_it_was_told_wrong(
    command: Callable[..., Any], arguments: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "one.csv"
    file.write_text("name,customer_class,department\nA,resource,SAL\n", "utf-8")
    answer = command(file, *arguments)
    assert answer.exit_code == 1
    assert sentence in answer.output
