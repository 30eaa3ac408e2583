"""The one exception root, and what each kind of refusal means over HTTP.

Services and the engine raise these; `error_pages` turns each into one page or one JSON problem. This module
knows neither Flask nor the database, so that every layer may import it.
"""

from __future__ import annotations

from collections.abc import Sequence


class DutybookError(Exception):
    """A refusal in words for the reader.

    `status` is the HTTP status. `message` is a sentence that says what and what to do next: a string, or a
    lazy translation, which is read when the page is made.
    """

    def __init__(self, status: int, message: object) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class BadInput(DutybookError):
    """What was sent cannot be used (400)."""

    def __init__(self, message: object) -> None:
        super().__init__(400, message)


class Forbidden(DutybookError):
    """The person's positions do not allow it (403).

    `action`, `entity` and `key` say what was refused, so that the page can lead to why; where they are left out,
    the address that was asked for tells.
    """

    def __init__(
        self, message: object, action: str | None = None, entity: str | None = None, key: str | None = None
    ) -> None:
        super().__init__(403, message)
        self.action = action
        self.entity = entity
        self.key = key


class NotFound(DutybookError):
    """There is no such thing, or none that this person may see (404)."""

    def __init__(self, message: object) -> None:
        super().__init__(404, message)


class Conflict(DutybookError):
    """It contradicts what is stored (409)."""

    def __init__(self, message: object) -> None:
        super().__init__(409, message)


class Refused(Conflict):
    """A rule of the house forbids what a form would store (409); `key` is the field that it is about, or "".

    A form shows it beside that field and keeps what was typed. `see` are the records, (entity, key), that hold the
    rule.
    """

    def __init__(self, message: object, key: str = "", see: Sequence[tuple[str, object]] = ()) -> None:
        super().__init__(message)
        self.key = key
        self.see = tuple(see)


class TooLarge(DutybookError):
    """More was sent than is taken at once (413)."""

    def __init__(self, message: object) -> None:
        super().__init__(413, message)


class WrongType(DutybookError):
    """A file of a kind that is not taken (415)."""

    def __init__(self, message: object) -> None:
        super().__init__(415, message)


class Throttled(DutybookError):
    """Too many attempts (429); `retry_after` is in whole seconds."""

    def __init__(self, message: object, retry_after: int) -> None:
        super().__init__(429, message)
        self.retry_after = retry_after


class Busy(DutybookError):
    """No capacity at this moment (503); `retry_after` is in whole seconds."""

    def __init__(self, message: object, retry_after: int = 30) -> None:
        super().__init__(503, message)
        self.retry_after = retry_after
