"""A browser without a screen: cookies, forms and times, on the standard library alone."""

from __future__ import annotations

import gzip
import http.client
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit


@dataclass
class Answer:
    """One response; `seconds` from the first byte sent, the connection included, to the last one read."""

    status: int
    headers: Any
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The page."""
        return self.content.decode("utf-8", "replace")

    @property
    def content(self) -> bytes:
        """The body, unpacked."""
        return gzip.decompress(self.body) if self.headers.get("Content-Encoding") == "gzip" else self.body

    @property
    def location(self) -> str:
        """Where it sends the browser, or nothing."""
        return str(self.headers.get("Location", ""))


class Browser:
    """One person at one server."""

    def __init__(self, port: int) -> None:
        self.cookies: dict[str, str] = {}
        self._host = f"127.0.0.1:{port}"
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=900)

    @property
    def cookie(self) -> str:
        """The header with all cookies."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request; a redirect is not followed."""
        sent = {"Host": self._host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            sent["Cookie"] = self.cookie
        begun = time.perf_counter()
        try:
            self._connection.request(method, path, body=body, headers=sent)
            raw = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # A kept connection that the server had let go.
            self._connection.close()
            begun = time.perf_counter()
            self._connection.request(method, path, body=body, headers=sent)
            raw = self._connection.getresponse()
        content = raw.read()
        taken = time.perf_counter() - begun
        for line in raw.headers.get_all("Set-Cookie") or ():
            name, _, value = line.split(";", 1)[0].partition("=")
            self.cookies[name.strip()] = value
        return Answer(raw.status, raw.headers, content, taken)

    def get(self, path: str, **headers: str) -> Answer:
        """A page."""
        return self.send("GET", path, **headers)

    def post(self, path: str, fields: list[tuple[str, str]]) -> Answer:
        """A form, sent as browsers do."""
        body = urlencode(fields).encode()
        return self.send("POST", path, body, Content_Type="application/x-www-form-urlencoded")

    def sign_in(self, username: str, password: str) -> None:
        """Through the page, as a person does."""
        form = form_with(self.get("/login").text, "username", "password")
        answer = self.post("/login", form.filled(username=username, password=password))
        if answer.status != 302:
            raise SystemExit(f"{username} cannot sign in: {answer.status}")


def local(location: str, base: str = "/") -> str:
    """Path and query of an address on this server."""
    parts = urlsplit(urljoin(base, location))
    return quote(parts.path, safe="/%:@") + (f"?{parts.query}" if parts.query else "")


@dataclass
class Form:
    """A form of a page with what it would send as it stands."""

    attributes: dict[str, str]
    fields: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, **changes: str | list[str]) -> list[tuple[str, str]]:
        """What it sends with `changes` typed into it."""
        sent = [(name, value) for name, value in self.fields if name not in changes]
        for name, value in changes.items():
            sent += [(name, each) for each in (value if isinstance(value, list) else [value])]
        return sent


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._text: tuple[str, list[str]] | None = None
        self._select: tuple[str, list[str], list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(found)
            self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "input" and found.get("name") and found.get("type") not in ("submit", "button"):
            if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                self._form.fields.append((found["name"], found.get("value", "")))
        elif tag == "textarea" and found.get("name"):
            self._text = (found["name"], [])
        elif tag == "select" and found.get("name"):
            self._select = (found["name"], [], [])
        elif tag == "option" and self._select:
            self._select[2 if "selected" in found else 1].append(found.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._text is not None and self._form is not None:
            typed = "".join(self._text[1])
            self._form.fields.append((self._text[0], typed.removeprefix("\r\n").removeprefix("\n")))
            self._text = None
        elif tag == "select" and self._select is not None and self._form is not None:
            # Where none is chosen, a browser sends the first.
            name, offered, chosen = self._select
            self._form.fields += [(name, value) for value in chosen or offered[:1]]
            self._select = None


def forms(page: str) -> list[Form]:
    """All forms of a page."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


def form_with(page: str, *names: str) -> Form:
    """The first form of the page that has all these fields; LookupError where there is none."""
    for form in forms(page):
        if set(names) <= {name for name, _ in form.fields}:
            return form
    raise LookupError(f"no form with {', '.join(names)}")
