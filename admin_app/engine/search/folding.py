"""What of a text counts for a search: folded, and cut into runs of one kind.

Folding takes away how a text is written (full width, capitals, accents) and keeps what it says; it is done alike to
records and to what is typed, in Python alone, so that no database has to agree with another on Unicode.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal, NamedTuple

Kind = Literal["gram", "number", "word", "sign"]

#: Scripts that put no spaces between words: Han, kana, bopomofo, hangul, Thai, Lao, Myanmar, Khmer.
_UNSPACED: Final = (
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af\u3041-\u3096\u309d-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3105-\u312f\u31a0-\u31bf\uac00-\ud7a3\u1100-\u11ff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
#: What people write between the parts of a phone number.
_JOINT: Final = r"[ \-./()+]{1,2}"
_RUN: Final = re.compile(
    rf"(?P<gram>[{_UNSPACED}]+)|(?P<number>\d+(?:{_JOINT}\d+)*)|(?P<word>[^\W\d_{_UNSPACED}]+)"
    r"|(?P<sign>[^\x00-\x7f\w\s])"
)
_DROPPED: Final = frozenset({"Mn", "Me", "Cf"})
#: Texts that folding changes only in their capitals: most of them, and the only ones that are quick to fold.
_PLAIN: Final = re.compile("[\x00-\x7e\u4e00-\u9fff]*")


class Run(NamedTuple):
    """A stretch of a text of one kind. `parts` are a number's pieces as they were written, else the text alone.

    A "gram" is in a script without spaces, a "word" in any other, a "sign" one symbol such as an emoji.
    """

    kind: Kind
    text: str
    parts: tuple[str, ...]


def fold(text: str) -> str:
    """`text` without width, capitals, accents and invisible characters: `Ｃａｆé` becomes "cafe"."""
    if _PLAIN.fullmatch(text):
        return text.lower()
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text)
        if letter.isascii() or unicodedata.category(letter) not in _DROPPED
    )
    return unicodedata.normalize("NFKC", plain.casefold())


def runs(folded: str) -> list[Run]:
    """The runs of a folded text, in order; what lies between them (spaces, punctuation) counts for nothing."""
    found: list[Run] = []
    for match in _RUN.finditer(folded):
        text = match.group()
        if match.lastgroup == "number":
            parts = tuple(map(_ascii, re.findall(r"\d+", text)))
            found.append(Run("number", "".join(parts), parts))
        elif match.lastgroup == "sign":
            if unicodedata.category(text).startswith("S"):
                found.append(Run("sign", text, (text,)))
        else:
            found.append(Run("gram" if match.lastgroup == "gram" else "word", text, (text,)))
    return found


def literal_of(text: str | None) -> str | None:
    """The runs of a text that a search looks into anywhere, not only at their beginnings, with spaces between."""
    if text is None:
        return None
    return " ".join(run.text for run in runs(fold(text)) if run.kind in ("gram", "number"))


def _ascii(digits: str) -> str:
    return digits if digits.isascii() else "".join(str(unicodedata.digit(each)) for each in digits)
