"""Whoever clicks through the app."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import sign_in
from tests.functional.browsing import Sign, post


@pytest.fixture
def person(app: Flask, rollback: None) -> Sign:
    """Open a browser of somebody, in English unless said otherwise."""

    def opened(username: str, language: str = "en") -> FlaskClient:
        client = sign_in(app.test_client(), username)
        post(client, "/language", code=language)
        return client

    return opened
