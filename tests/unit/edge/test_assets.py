"""Static files: addresses with a hash of the content, kept for ever, compressed."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask

from admin_app.assets import Assets

LONG = "p { color: red }\n" * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two modules of ours and two packages."""
    for name, text in {"js/a.js": "a", "js/b.js": "b", "vendor/one.css": LONG, "vendor/two.css": "x"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_hash_follows_the_content_and_what_stands_beside_it(folder: Path) -> None:
    before = Assets(folder)
    one, two, module = (before.digest(name) for name in ("vendor/one.css", "vendor/two.css", "js/a.js"))
    assert module == before.digest("js/b.js")
    assert one != two
    (folder / "js" / "b.js").write_text("changed")
    after = Assets(folder)
    # A module that names another by a relative address must not bring the old one along.
    assert after.digest("js/a.js") != module
    assert (after.digest("vendor/one.css"), after.digest("vendor/two.css")) == (one, two)


def test_a_file_is_read_once_unless_somebody_works_on_it(folder: Path) -> None:
    kept, watched = Assets(folder), Assets(folder, lambda: True)
    first = [assets.get("js/a.js") for assets in (kept, watched)]
    (folder / "js" / "a.js").write_text("changed")
    assert kept.get("js/a.js") is first[0]
    assert watched.get("js/a.js").content == b"changed"
    assert watched.digest("js/a.js") != first[1].digest


@pytest.mark.parametrize("name", ["../secret", "js", "js/none.js", "", "js/../../secret"])
def test_nothing_beside_the_folder_is_served(folder: Path, name: str) -> None:
    (folder.parent / "secret").write_text("secret")
    assert Assets(folder).get(name) is None
    assert Assets(folder).digest(name) is None


def test_an_address_with_the_hash_is_kept_for_ever(browser, edge_app: Flask) -> None:
    with edge_app.test_request_context():
        address = edge_app.url_for("static", filename="app.css")
        assert edge_app.url_for("static", filename="none.css") == "/static/none.css"
    assert re.fullmatch(r"/static/~[0-9a-f]{8}/app\.css", address)
    answer = browser.get(address)
    assert answer.text == "p {}"
    assert answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in answer.headers.get("Vary", "")
    again = browser.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert "immutable" in again.headers["Cache-Control"]


@pytest.mark.parametrize("address", ["/static/app.css", "/static/~000000000000/app.css"])
def test_any_other_address_is_asked_for_each_time(browser, address: str) -> None:
    answer = browser.get(address)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert browser.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_files_travel_compressed_to_who_takes_that(browser, edge_app: Flask) -> None:
    Path(edge_app.static_folder, "long.css").write_text(LONG)
    plain = browser.get("/static/long.css")
    packed = browser.client.get("/static/long.css", headers={"Accept-Encoding": "gzip, br"})
    assert plain.text == LONG
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data).decode() == LONG
    assert len(packed.data) < len(LONG) / 10
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, packed))
