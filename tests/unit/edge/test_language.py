"""Which language a reader gets, and catalogues that compile themselves."""

from __future__ import annotations

import gettext
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, g, session
from flask_babel import format_datetime, get_locale

from admin_app.engine import language
from models.types import utc_now

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Sign in"
msgstr "登录"
"""


def test_without_a_request_the_setting_counts(edge_app: Flask) -> None:
    assert language.lang() == "zh"
    edge_app.config["LANGUAGE"] = "en"
    with edge_app.app_context():
        assert language.lang() == "en"
        assert language.locale_name() == "en"


def test_the_person_comes_before_the_browser_and_the_browser_before_the_setting(edge_app: Flask) -> None:
    with edge_app.test_request_context():
        assert language.lang() == "zh"
        session["language"] = "en"
        assert language.lang() == "zh"
        language.reread_language()
        assert language.lang() == "en"
        g.person = SimpleNamespace(language="zh")
        language.reread_language()
        assert (language.html_lang(), str(get_locale())) == ("zh-CN", "zh_Hans_CN")


@pytest.mark.parametrize("odd", ["fr", "", None, 5, ["zh"]])
def test_an_odd_value_in_the_cookie_is_passed_over(edge_app: Flask, odd: object) -> None:
    with edge_app.test_request_context():
        session["language"] = odd
        assert language.lang() == "zh"


def test_times_are_shown_in_the_zone_of_the_settings(edge_app: Flask) -> None:
    moment = utc_now().replace(hour=1, minute=5)
    with edge_app.test_request_context():
        assert format_datetime(moment, "HH:mm") == "09:05"
    edge_app.config["TIME_ZONE"] = "UTC"
    with edge_app.test_request_context():
        assert format_datetime(moment, "HH:mm") == "01:05"


def catalogue(directory: Path) -> Path:
    """Write a small catalogue and return its .po."""
    source = directory / "zh_Hans_CN" / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True)
    source.write_text(PO, encoding="utf-8")
    return source


def test_a_stale_catalogue_is_compiled_and_a_fresh_one_left(tmp_path: Path) -> None:
    source = catalogue(tmp_path)
    (target,) = language.compile_catalogues(tmp_path)
    with target.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Sign in") == "登录"
    assert language.compile_catalogues(tmp_path) == []
    os.utime(target, (1, 1))
    assert language.compile_catalogues(tmp_path) == [target]
    assert sorted(path.name for path in source.parent.iterdir()) == ["messages.mo", "messages.po"]


def test_a_folder_that_cannot_be_written_to_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = catalogue(tmp_path)

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(language, "write_mo", full)
    assert language.compile_catalogues(tmp_path) == []
    assert "cannot be compiled" in caplog.text
    assert [path.name for path in source.parent.iterdir()] == ["messages.po"]
