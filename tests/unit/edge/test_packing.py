"""Compressed pages, and that their lengths tell nothing."""

from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask

from admin_app.csrf import mask, unmask

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def long_pages(edge_app: Flask) -> Flask:
    """Pages of 5 kB: one as it is, one streamed, one in a type that is packed already."""
    edge_app.add_url_rule("/long", "long", lambda: "word " * 1000)
    edge_app.add_url_rule("/streamed", "streamed", lambda: iter(["word " * 1000]))
    edge_app.add_url_rule("/picture", "picture", lambda: (b"word " * 1000, {"Content-Type": "image/png"}))
    return edge_app


def test_a_page_is_compressed_for_who_takes_that(long_pages: Flask, browser) -> None:
    browser.sign_in()
    plain, packed = browser.get("/long"), browser.client.get("/long", headers=GZIP)
    assert plain.text == "word " * 1000
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < 500
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, packed))


@pytest.mark.parametrize("path", ["/", "/streamed", "/picture"])
def test_what_is_short_streamed_or_packed_already_stays(long_pages: Flask, browser, path: str) -> None:
    browser.sign_in()
    assert "Content-Encoding" not in browser.client.get(path, headers=GZIP).headers


def test_equal_pages_have_unequal_lengths(long_pages: Flask, browser) -> None:
    browser.sign_in()
    assert len({len(browser.client.get("/long", headers=GZIP).data) for _ in range(30)}) > 5


def test_no_part_of_the_token_comes_twice(browser) -> None:
    pages = [browser.get("/page/home").text if turn else browser.get("/login").text for turn in range(2)]
    browser.sign_in()
    pages = [browser.get("/page/home").text for _ in range(3)]
    tokens = [re.search(r'name="csrf_token" value="([^"]+)"', page)[1] for page in pages]
    parts = [{token[at : at + 6] for at in range(len(token) - 6)} for token in tokens]
    assert not parts[0] & parts[1]
    assert not parts[1] & parts[2]
    assert len({unmask(token).split(".")[0] for token in tokens}) == 1


def test_a_token_opens_whichever_mask_it_wears(browser) -> None:
    browser.sign_in()
    browser.get("/page/home")
    for _ in range(2):
        bare = unmask(browser.token)
        browser.token = mask(bare)
        assert browser.post("/secret").status_code == 200
    browser.token = bare
    assert browser.post("/secret").status_code == 400


@pytest.mark.parametrize("masked", ["", "=", "é", "AAA", "AAAA", "A" * 200, "!" * 8])
def test_what_is_no_masked_token_is_refused(browser, masked: str) -> None:
    browser.sign_in()
    browser.token = masked
    assert browser.post("/secret").status_code == 400
