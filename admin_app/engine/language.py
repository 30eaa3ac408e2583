"""Which of the two languages a reader gets, and the translations that go with it.

The order is: what the signed-in person chose, else what this browser chose, else the setting LANGUAGE.
Everything here works without a request too (command line, start-up), where only the setting counts.
"""

from __future__ import annotations

import logging
import os
import tempfile
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Literal, cast

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, current_app, g, has_app_context, has_request_context, session
from flask_babel import Babel, Domain, get_locale
from flask_babel import refresh as refresh_babel

Language = Literal["zh", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
DEFAULT: Final[Language] = "zh"
#: Flask-Admin falls back to English for plain `zh`, so Chinese always goes by its full name.
LOCALES: Final[dict[Language, str]] = {"zh": "zh_Hans_CN", "en": "en"}
HTML_LANGUAGES: Final[dict[Language, str]] = {"zh": "zh-CN", "en": "en"}
DEFAULT_TIME_ZONE: Final = "Asia/Shanghai"
TRANSLATIONS: Final = Path(__file__).resolve().parent.parent / "translations"

_log = logging.getLogger(__name__)


def known(code: object) -> Language | None:
    """Return `code` when it names one of the languages, else None."""
    return code if code in LANGUAGES else None


def lang() -> Language:
    """Return the reader's language, "zh" or "en"; found once per request."""
    if not has_app_context():
        return DEFAULT
    if "language" not in g:
        g.language = _find()
    return cast(Language, g.language)


def _find() -> Language:
    # The sign-in (admin_app.sessions) leaves the person on `g`; the engine only reads the attribute.
    chosen = known(getattr(g.get("person"), "language", None))
    if chosen is None and has_request_context():
        chosen = known(session.get("language"))
    return chosen or known(current_app.config.get("LANGUAGE")) or DEFAULT


def reread_language() -> None:
    """Forget what was found: the person, or the choice, has changed in the middle of a request."""
    g.pop("language", None)
    refresh_babel()


def locale_name() -> str:
    """Return the locale for Babel: "zh_Hans_CN" or "en"."""
    return LOCALES[lang()]


def html_lang() -> str:
    """Return the value of the `lang` attribute: "zh-CN" or "en"."""
    return HTML_LANGUAGES[lang()]


def time_zone() -> str:
    """Return the IANA name of the zone that times are typed and shown in."""
    if not has_app_context():
        return DEFAULT_TIME_ZONE
    return str(current_app.config.get("TIME_ZONE") or DEFAULT_TIME_ZONE)


def compile_catalogues(directory: Path) -> list[Path]:
    """Compile each .po under `directory` whose .mo is missing or older; return the .mo files written.

    Several workers may start at once, so a file is written aside and moved into place. A directory that
    cannot be written to leaves the old .mo in use, with a warning in the log.
    """
    written = []
    for source in sorted(directory.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        try:
            _compile(source, target)
        except OSError as error:
            _log.warning("%s cannot be compiled: %s", source, error)
        else:
            written.append(target)
    return written


def _compile(source: Path, target: Path) -> None:
    with source.open("rb") as lines:
        catalogue = read_po(lines, locale=source.parent.parent.name)
    handle, aside = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as out:
            write_mo(out, catalogue)
        # mkstemp makes the file private to its owner; a catalogue is no secret, and the server may be another
        # user.
        Path(aside).chmod(0o644)
        Path(aside).replace(target)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


@cache
def _catalogue(locale: str) -> Translations:
    return cast(Translations, Translations.load(TRANSLATIONS, [locale]))


class _Catalogues(Domain):  # type: ignore[misc]
    """The catalogues, each read once per process."""

    def get_translations(self) -> Translations:
        return _catalogue(str(get_locale()))


class _Babel(Babel):  # type: ignore[misc]
    """Babel, but for a domain that stays: the library's own reads its catalogue anew in each request."""

    @cached_property
    def domain_instance(self) -> Domain:
        return _Catalogues()


def _gettext(text: str) -> str:
    return _catalogue(locale_name()).ugettext(text)


def _ngettext(one: str, many: str, number: Any) -> str:
    return _catalogue(locale_name()).ungettext(one, many, number)


def init_language(app: Flask) -> None:
    """Compile stale catalogues, start Babel and give templates `lang` ("zh-CN" or "en")."""
    compile_catalogues(TRANSLATIONS)
    _Babel(
        app,
        default_locale="en",
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=locale_name,
        timezone_selector=time_zone,
    )
    # Templates say a hundred things a page: straight from the catalogue.
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.context_processor(lambda: {"lang": html_lang()})
