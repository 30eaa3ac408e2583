"""What people change: saving, creating, regrading 20 ticked rows; and whether it was really done."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from bench.browser import Form, form_with, forms, local
from bench.pages import LIST, PAGE, Person
from bench.rows import in_department
from bench.timing import Probe

NEW = {
    "name": "新建客户 Bench",
    "customer_class": "project",
    "customer_subtype": "single",
    "phone": "13800138000",
}


class Writer:
    """What a person changes; every change is looked for in the database behind the app's back."""

    def __init__(self, person: Person, roots: tuple[int, ...], one: Callable[[str, Any], Any]) -> None:
        self._person, self._roots, self._one = person, roots, one
        self._count = 0
        self._sent: list[tuple[str, str]] = []

    def probes(self) -> list[Probe]:
        """Save, create, and regrade 20 ticked rows: the preview, then the change itself."""
        return [self._save(), self._create(), self._preview(), self._regrade()]

    def _post(self, path: str) -> float:
        answer = self._person.browser.post(path, self._sent)
        assert answer.status in (302, 303), f"{path}: {answer.status}"
        return answer.seconds

    def _save(self) -> Probe:
        path = f"{LIST}edit/?id={self._person.record}"

        def ready() -> None:
            self._count += 1
            form = form_with(self._person.browser.get(path).text, "csrf_token", "note")
            self._sent = form.filled(note=f"measured {self._count}")

        def check() -> None:
            note = self._one("SELECT note FROM customer WHERE id = {}", self._person.record)
            assert str(note).startswith("measured "), f"not saved: {note!r}"

        return Probe(f"{self._person.name}:save", lambda: self._post(path), self._roots, ready, check)

    def _create(self) -> Probe:
        path, before = f"{LIST}new/", self._made()

        def ready() -> None:
            self._sent = form_with(self._person.browser.get(path).text, "csrf_token", "name").filled(**NEW)

        def check() -> None:
            assert self._made() > before, "nothing was created"

        return Probe(f"{self._person.name}:create", lambda: self._post(path), self._roots, ready, check)

    def _made(self) -> int:
        return int(self._one("SELECT count(*) FROM customer WHERE name = {}", NEW["name"]))

    def _regrade_form(self, grade: str) -> str:
        """Fill in the form of the action for 20 ticked rows; returns where it is sent."""
        ids = self._ticked()
        path = f"/bulk/customer/regrade/?{urlencode([('id', key) for key in ids])}"
        page = self._person.browser.get(path)
        if page.status in (403, 404):
            raise LookupError("not among this person's rights" if page.status == 403 else "not there")
        form = form_with(page.text, "csrf_token", "selection", "grade")
        self._sent = form.filled(grade=grade, reason="measured")
        return local(form.attributes.get("action") or path, path)

    def _grade(self) -> Any:
        return self._one("SELECT grade FROM customer WHERE id = {}", self._ticked()[-1])

    def _ticked(self) -> list[int]:
        numbers = range(self._person.rows // 4, self._person.rows + 1)
        mine = (n for n in numbers if not self._person.scoped or in_department(n))
        return list(islice(mine, PAGE))

    def _preview(self) -> Probe:
        place: list[str] = []

        def ready() -> None:
            place[:] = [self._regrade_form("A")]

        return Probe(f"{self._person.name}:preview 20", lambda: self._post(place[0]), self._roots, ready)

    def _regrade(self) -> Probe:
        place: list[str] = []
        given: list[str] = []

        def ready() -> None:
            browser = self._person.browser
            # Another one each time: nothing to change is no change.
            given.append("C" if self._grade() == "B" else "B")
            sent_to = self._regrade_form(given[-1])
            run = local(browser.post(sent_to, self._sent).location)
            form = _form_to(browser.get(run).text, "/apply")
            self._sent = form.fields
            place[:] = [local(form.attributes["action"], run)]

        def check() -> None:
            assert self._grade() == given[-1], f"not regraded: {self._grade()!r}"

        return Probe(
            f"{self._person.name}:regrade 20", lambda: self._post(place[0]), self._roots, ready, check
        )


def _form_to(page: str, end: str) -> Form:
    for form in forms(page):
        if form.attributes.get("action", "").endswith(end):
            return form
    raise LookupError(f"no form that leads to {end}")
