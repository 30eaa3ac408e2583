"""Databases that nobody here designed: each keyed table has a list, details and a form, and saving changes nothing."""

from __future__ import annotations

import dataclasses
import html
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, inspect

from admin_app.config import ROOT
from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.adopt import Adopted, adopt
from admin_app.factory import create_app
from seed.accounts import create_admin
from tests.conftest import PASSWORD, Client
from tests.contract import schemas
from tests.contract.conftest import Visitor
from tests.contract.pages import errors, read_form, row_keys
from tests.databases import Maker
from views.site import build_site

ROWS = 3
LINKS = 15
SOURCES = schemas.available()


@dataclasses.dataclass(frozen=True)
class Company:
    """An app over one adopted database, seen by its administrator."""

    path: Path
    adopted: Adopted
    visitor: Visitor
    before: list[str]


@pytest.fixture(scope="module", params=SOURCES, ids=[source.stem for source in SOURCES])
def company(
    request: pytest.FixtureRequest, makers: Callable[[str], Maker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """The site with the tables of one foreign database beside its own entities."""
    folder = tmp_path_factory.mktemp("adopted")
    path = schemas.make(request.param, folder)
    url = f"sqlite:///{path}"
    engine = create_engine(url)
    adopted = adopt(engine, "foreign", "data", "X")
    engine.dispose()
    app = adopting_app(makers("sqlite").clone(), folder, {"foreign": url}, adopted)
    yield Company(path, adopted, Visitor(app, "admin"), schemas.dump(path))
    with app.app_context():
        for each in db.engines.values():
            each.dispose()


def adopting_app(main: str, folder: Path, binds: dict[str, str], adopted: Adopted) -> Flask:
    """The app with adopted entities and one administrator."""
    site = build_site(mappings=ROOT / "seed" / "mappings")
    site = dataclasses.replace(site, entities=(*site.entities, *adopted.entities))
    settings: dict[str, Any] = {
        "TESTING": True,
        "PROPAGATE_EXCEPTIONS": False,
        "DATA_DIR": folder,
        "SQLALCHEMY_DATABASE_URI": main,
        "SQLALCHEMY_BINDS": binds,
    }
    app = create_app(site, config=settings)
    app.test_client_class = Client
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        create_admin(session, PASSWORD)
        session.commit()
    return app


def test_each_keyed_table_is_adopted_and_the_others_are_named(company: Company) -> None:
    engine = create_engine(f"sqlite:///{company.path}")
    tables = inspect(engine).get_table_names()
    keyed = [name for name in tables if inspect(engine).get_pk_constraint(name)["constrained_columns"]]
    engine.dispose()
    assert sorted(entity.table.name for entity in company.adopted.entities) == sorted(keyed)
    assert sorted(company.adopted.skipped) == sorted(set(tables) - set(keyed))


def test_each_foreign_key_is_a_reference(company: Company) -> None:
    for entity in company.adopted.entities:
        constraints = list(entity.table.foreign_key_constraints)
        assert len(list(entity.mapper.relationships)) == len(constraints), entity.name


def test_each_table_answers_and_an_unchanged_save_changes_nothing(company: Company) -> None:
    visitor = company.visitor
    for entity in company.adopted.entities:
        page = visitor.get(f"/{entity.name}/")
        assert page.status_code == 200, entity.name
        assert visitor.get(f"/{entity.name}/new/").status_code == 200, entity.name
        assert visitor.get(f"/{entity.name}/export/csv/").status_code == 200, entity.name
        keys = row_keys(page.text)
        assert bool(keys) == (_number(company, entity) > 0), entity.name
        for key in [*keys[:ROWS], *keys[-1:]]:
            _open_and_save(visitor, entity.name, key)
    assert schemas.dump(company.path) == company.before


def _number(company: Company, entity: Any) -> int:
    quoted = entity.table.name.replace('"', '""')
    connection = sqlite3.connect(company.path)
    try:
        return int(connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])
    finally:
        connection.close()


def _open_and_save(visitor: Visitor, name: str, key: str) -> None:
    query = {"id": key}
    assert visitor.client.get(f"/{name}/details/", query_string=query).status_code == 200, (name, key)
    assert visitor.client.get(f"/{name}/delete/", query_string=query).status_code == 200, (name, key)
    page = visitor.client.get(f"/{name}/edit/", query_string=query)
    assert page.status_code == 200, (name, key)
    answer = visitor.client.post(f"/{name}/edit/", query_string=query, data=read_form(page.text).fields)
    assert answer.status_code == 302, (name, key, errors(answer.text))


def test_each_link_of_a_list_leads_to_its_record(company: Company) -> None:
    for entity in company.adopted.entities:
        page = company.visitor.get(f"/{entity.name}/").text
        links = re.findall(r'href="([^"]*/(?:details|edit|delete)/[^"]*)"', page)
        for link in list(dict.fromkeys(map(html.unescape, links)))[:LINKS]:
            assert company.visitor.ask("GET", link).status_code == 200, link


def test_related_lists_of_adopted_records_open(company: Company) -> None:
    by_table = {entity.table: entity for entity in company.adopted.entities}
    for entity in company.adopted.entities:
        for relation in entity.mapper.relationships:
            if len(relation.local_columns) != 1:
                continue
            target = by_table[relation.mapper.local_table]
            keys = row_keys(company.visitor.get(f"/{target.name}/").text)
            for key in keys[:1]:
                query = {"id": key, "tab": f"{entity.name}.{relation.key}"}
                url = f"/{target.name}/details/"
                assert company.visitor.client.get(url, query_string=query).status_code == 200, query


def test_lookups_of_adopted_tables_find_what_is_typed(company: Company) -> None:
    for entity in company.adopted.entities:
        for key, each in entity.fields.items():
            if each.reference is None:
                continue
            for query in ("", "a", "%", "\x00", "😀"):
                arguments = {"name": key, "query": query}
                answer = company.visitor.client.get(f"/{entity.name}/ajax/lookup/", query_string=arguments)
                assert answer.status_code == 200, (entity.name, arguments)
                assert len(answer.json) <= 20
