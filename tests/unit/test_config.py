"""Settings: what counts, what is refused, and whom the secret key belongs to."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from admin_app.config import ROOT, SETTINGS, ConfigurationError, flask_config, read_settings, secret_key


def test_defaults_need_no_environment() -> None:
    values = read_settings({})
    assert values["HOST"] == "127.0.0.1"
    assert values["PORT"] == 8000
    assert values["DEMO"] is True
    assert values["DATA_DIR"] == ROOT / "var"
    assert values["LANGUAGE"] == "zh"
    assert values["TIME_ZONE"] == "Asia/Shanghai"
    assert values["MAX_CONTENT_LENGTH"] == 20 * 1024 * 1024
    assert values["SESSION_COOKIE_SECURE"] is False


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_settings({"PORT": "", "DEMO": "  "}) == read_settings({})


def test_each_setting_is_read_from_its_variable() -> None:
    values = read_settings(
        {
            "HOST": "0.0.0.0",
            "PORT": "0",
            "DEMO": "no",
            "DUTYBOOK_DATA_DIR": "/srv/dutybook",
            "DUTYBOOK_DEMO_PASSWORD": "words",
            "DUTYBOOK_LANGUAGE": "en",
            "DUTYBOOK_TIME_ZONE": "Europe/Vienna",
            "DUTYBOOK_SECURE_COOKIES": "ON",
            "DUTYBOOK_UPLOAD_MB": "1",
            "DUTYBOOK_UNUSED_DAYS": "30",
            "DUTYBOOK_HISTORY_DAYS": "365",
            "DUTYBOOK_BULK_AT_ONCE": "5",
            "DUTYBOOK_BULK_APPROVAL": "7",
            "DUTYBOOK_GRADING_APPROVAL": "8",
            "DUTYBOOK_WORKER": "0",
            "DUTYBOOK_LIST_MS": "2000",
            "DUTYBOOK_SLOW_QUERY_MS": "250",
            "DUTYBOOK_LOG_LEVEL": "Warning",
        }
    )
    assert values == {
        "HOST": "0.0.0.0",
        "PORT": 0,
        "DEMO": False,
        "SQLALCHEMY_DATABASE_URI": "",
        "DATA_DIR": Path("/srv/dutybook"),
        "DEMO_PASSWORD": "words",
        "LANGUAGE": "en",
        "TIME_ZONE": "Europe/Vienna",
        "SESSION_COOKIE_SECURE": True,
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "UNUSED_DAYS": 30,
        "HISTORY_DAYS": 365,
        "BULK_AT_ONCE": 5,
        "BULK_APPROVAL": 7,
        "GRADING_APPROVAL": 8,
        "WORKER": False,
        "LIST_MS": 2000,
        "SLOW_QUERY_MS": 250,
        "LOG_LEVEL": "WARNING",
    }


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_addresses_get_psycopg_3_and_keep_their_password(scheme: str) -> None:
    url = read_settings({"DUTYBOOK_DATABASE_URL": f"{scheme}://me:p%40ss@db/book"})["SQLALCHEMY_DATABASE_URI"]
    assert url == "postgresql+psycopg://me:p%40ss@db/book"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "８０"),
        ("DEMO", "maybe"),
        ("DUTYBOOK_DATABASE_URL", "no address"),
        ("DUTYBOOK_DATABASE_URL", "mysql://host/db"),
        ("DUTYBOOK_DATABASE_URL", "postgresql+psycopg2://host/db"),
        ("DUTYBOOK_LANGUAGE", "fr"),
        ("DUTYBOOK_TIME_ZONE", "Mars/Olympus"),
        ("DUTYBOOK_TIME_ZONE", "../../etc/passwd"),
        ("DUTYBOOK_UPLOAD_MB", "0"),
        ("DUTYBOOK_LOG_LEVEL", "loud"),
        ("DUTYBOOK_SLOW_QUERY_MS", "-1"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_with_one_sentence(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings({name: value})
    assert str(caught.value).startswith(f"{name}={value} cannot be used: ")
    assert "\n" not in str(caught.value)


def test_names_and_keys_are_each_once() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    assert len({setting.key for setting in SETTINGS}) == len(SETTINGS)
    assert all(setting.sentence.endswith(".") for setting in SETTINGS)


def test_the_config_makes_a_data_folder_for_its_owner(tmp_path: Path) -> None:
    config = flask_config({"DATA_DIR": tmp_path / "var"}, {})
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
    assert config["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/var/dutybook.sqlite"
    assert config["MAX_FORM_MEMORY_SIZE"] == config["MAX_CONTENT_LENGTH"]
    assert config["SESSION_COOKIE_HTTPONLY"] is True
    assert config["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_overrides_win_over_the_environment(tmp_path: Path) -> None:
    config = flask_config(
        {"DATA_DIR": tmp_path, "LANGUAGE": "en", "SECRET_KEY": "given"}, {"DUTYBOOK_LANGUAGE": "zh"}
    )
    assert config["LANGUAGE"] == "en"
    assert config["SECRET_KEY"] == "given"
    assert not (tmp_path / "secret_key").exists()


def test_a_data_folder_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be the data folder"):
        flask_config({"DATA_DIR": tmp_path / "file" / "var"}, {})


def test_the_key_is_made_once_and_belongs_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    key = secret_key(path)
    assert len(key) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret_key(path) == key
    assert secret_key(tmp_path / "another") != key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret_key"
    secret_key(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=rf"can be read by others \(mode {mode:o}\)"):
        secret_key(path)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64])
def test_a_broken_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret_key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="start again"):
        secret_key(path)


def test_a_key_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        secret_key(tmp_path / "missing" / "secret_key")


def test_servers_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    keys: list[str] = []
    threads = [
        threading.Thread(target=lambda: keys.append(secret_key(tmp_path / "secret_key"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
