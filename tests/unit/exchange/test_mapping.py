"""Mapping files, and uploads between two steps."""

from __future__ import annotations

import os
import time
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from admin_app.engine.exchange import uploads
from admin_app.engine.exchange.mapping import WrongMapping, guess, load_mapping, mapping_files
from admin_app.engine.site import site

GOOD = """
entity = "contract"
[columns]
id = "number"
[constants]
amount = 5
signed_on = 2026-01-02
[values.title]
GTXPro = "GTX Pro"
[scale]
amount = 0.5
[where]
stage = ["Won", "Closed"]
[[children]]
entity = "performance"
link = "contract"
[children.columns]
day = "performed_on"
"""


def test_a_mapping_file_becomes_a_recipe(desk: Session, tmp_path: Path) -> None:
    path = tmp_path / "good.toml"
    path.write_text(GOOD, "utf-8")
    recipe = load_mapping(path, site())
    assert recipe.entity is site().by_name["contract"]
    assert recipe.fields == {"amount": None, "signed_on": None, "number": "id"}
    assert recipe.constants == {"amount": "5", "signed_on": "2026-01-02"}
    assert recipe.scale == {"amount": Decimal("0.5")}
    assert recipe.where == {"stage": {"Won", "Closed"}}
    assert recipe.headers() == {"id", "stage", "day"}
    (child,) = recipe.children
    assert (child.entity.name, child.link, child.columns) == (
        "performance",
        "contract",
        {"day": "performed_on"},
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('entity = "contract"\n[columns]', 'entity = "contrat"\n[columns]', "no entity contrat"),
        ('"number"', '"numer"', "no field numer"),
        ('"performed_on"', '"contract_total"', "performance has no field contract_total"),
        ("[scale]\namount = 0.5", '[scale]\namount = "half"', "a scale is a number"),
        ("[where]", "[were]", "nobody knows were"),
        ("[where]", "[where", "cannot be read"),
    ],
)
def test_a_wrong_mapping_file_says_what_is_wrong(
    desk: Session, tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = tmp_path / "wrong.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new), "utf-8")
    with pytest.raises(WrongMapping, match=words):
        load_mapping(path, site())


def test_the_mappings_that_come_with_the_site_are_sound(desk: Session) -> None:
    for name, files in (("customer", ["maven_accounts"]), ("contract", ["maven_pipeline"]), ("user", [])):
        entity = site().by_name[name]
        assert list(mapping_files(entity)) == files
        for path in mapping_files(entity).values():
            assert load_mapping(path, site()).entity is entity


def test_headers_are_told_by_key_and_label_whatever_their_case_and_spaces(desk: Session) -> None:
    headers = ["NAME", "Customer name", "customer_class", " Content  subtype", "Customer code", "shoe size"]
    assert guess(site().by_name["customer"], headers) == {
        "NAME": "name",
        "customer_class": "customer_class",
        " Content  subtype": "customer_subtype",
    }


def test_old_uploads_go_away_with_the_next_one(desk: Session) -> None:
    first = uploads.keep(b"a", "a.csv", 1, "customer")
    past = time.time() - uploads.MAX_AGE - 1
    os.utime(first.path, (past, past))
    second = uploads.keep(b"b", "x" * 200, 1, "customer")
    assert not first.path.exists()
    assert len(second.file_name) == 100
    with pytest.raises(uploads.NoUpload):
        uploads.find(first.token, 1, "customer")


def test_a_changed_upload_is_refused(desk: Session) -> None:
    kept = uploads.keep(b"a", "a.csv", 1, "customer")
    assert uploads.find(kept.token, 1, "customer").content == b"a"
    kept.path.write_bytes(b"b")
    with pytest.raises(uploads.NoUpload):
        uploads.find(kept.token, 1, "customer")


def test_of_two_who_write_one_is_refused_and_may_try_again(desk: Session) -> None:
    kept = uploads.keep(b"a", "a.csv", 1, "customer")
    kept.claim()
    with pytest.raises(uploads.NoUpload):
        uploads.find(kept.token, 1, "customer")
    with pytest.raises(uploads.NoUpload):
        kept.claim()
    kept.give_back()
    assert uploads.find(kept.token, 1, "customer").content == b"a"
