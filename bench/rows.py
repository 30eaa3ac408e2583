"""The rows to measure on: pure functions of the row number, without a clock or a dice.

Where the peers' benchmark lies beside the clone, its customers are used, so that every product shows the same ones;
otherwise customers of the same make are invented here.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLACES = ("北京", "上海", "广州", "深圳", "成都", "武汉", "厦门", "昆明", "Lisbon", "Oslo", "Prague", "Lyon")
TRADES = ("软件", "制造", "零售", "物流", "能源", "教育", "Retail", "Energy", "Logistics", "Tourism")
FIRST_WORDS = ("清溪", "云杉", "远山", "晨曦", "长河", "银杏", "白鹭", "星野", "南屏", "松涛", "望海", "青禾")
SECOND_WORDS = ("科技", "实业", "贸易", "生物", "传媒", "装备", "材料", "物流")
LATIN_WORDS = (
    "Alder",
    "Birch",
    "Cedar",
    "Dune",
    "Ember",
    "Fjord",
    "Grove",
    "Heath",
    "Isle",
    "Juniper",
    "Kite",
)
LATIN_ENDS = ("Ltd", "GmbH", "Inc", "Group")
FAMILY = "王李张刘陈杨赵黄周吴徐孙"
GIVEN = "国石伟芳娜敏静丽强磊军洋勇艳杰娟"
NOTES = ("", "", "首次拜访已完成，等待报价反馈。", "Prefers e-mail; send the report before the call.")
STATES = ("lead", *("active",) * 2, "dormant", "lost")
KINDS = ("enterprise", "smb", "government", "education", "individual", "partner")
SOURCES = ("referral", "web", "expo", "partner")
_PRIME = 2_654_435_761
_DAYS = tuple(
    f"20{year}-{month:02}-{day:02}"
    for year in range(15, 26)
    for month in range(1, 13)
    for day in (3, 9, 17, 26)
)
#: Owners of customers, as in the peers' data.
OWNERS = 200
#: Of this many customers one belongs to the clerk's department.
DEPARTMENT_SHARE = 100


@dataclass(frozen=True)
class Source:
    """Customers as tuples of COLUMNS, and what the searches look for in them."""

    name: str
    customers: Callable[[int], Iterator[tuple[Any, ...]]]
    #: A word and four characters that seven customers bear, and nobody else.
    rare_latin: str
    rare_chinese: str
    #: A word and two characters that every hundredth or so bears.
    frequent_latin: str
    frequent_chinese: str


COLUMNS = (
    "id", "name", "kind", "source", "grade", "value", "state", "owner", "place", "trade", "phone", "email",
    "created", "updated", "note",
)  # fmt: skip


def scatter(number: int, salt: int) -> int:
    """32 bits that look random and depend on the two numbers alone."""
    mixed = (number * _PRIME + salt * 40_503) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 15)) * 2_246_822_519) & 0xFFFFFFFF
    return mixed ^ (mixed >> 13)


def person_name(drawn: int) -> str:
    """A Chinese name of three characters."""
    return FAMILY[drawn % 12] + GIVEN[drawn // 12 % 16] + GIVEN[drawn // 192 % 16]


def in_department(number: int) -> bool:
    """Whether customer `number` belongs to the clerk's department: 1 %, spread over all names and ages."""
    return number * 7_919 % 10_007 % DEPARTMENT_SHARE == 0


def _invented(count: int) -> Iterator[tuple[Any, ...]]:
    step = max(1, count // 7)
    for number in range(1, count + 1):
        first, second = scatter(number, 1), scatter(number, 2)
        if first % 5 < 3:
            words = FIRST_WORDS[first // 8 % 12] + FIRST_WORDS[first // 96 % 12]
            name = f"{PLACES[first // 1152 % 8]}{words}{SECOND_WORDS[second % 8]}有限公司"
        elif first % 5 == 3:
            name = f"{LATIN_WORDS[first // 8 % 11]}{LATIN_WORDS[first // 88 % 11].lower()} {LATIN_ENDS[second % 4]}"
        else:
            name = person_name(first // 8)
        if number % step == step // 2:
            name += " Quillmarsh"
        elif number % step == step // 3:
            name += "麒麟阁府"
        at = number * 480 // (count + 1)
        yield (
            number,
            name,
            KINDS[second // 8 % 6],
            SOURCES[second // 64 % 4],
            "ABBBCCCCDD"[second // 256 % 10],
            (second // 2560 % 100_000) * 37 + first % 3700 / 100,
            STATES[first // 16 % 5],
            1 + second // 7 % OWNERS,
            PLACES[second // 11 % 12],
            TRADES[second // 13 % 10],
            f"1{3 + first % 7}{first % 10**9:09}",
            f"c{number}@{LATIN_WORDS[first % 11].lower()}.example",
            f"{_DAYS[at]} {9 + first % 9:02}:{second % 60:02}:00",
            f"{_DAYS[at + 40]} {9 + second % 9:02}:{first % 60:02}:00",
            NOTES[second % 4],
        )


INVENTED = Source("own", _invented, "Quillmarsh", "麒麟阁府", "Cedar", "银杏")


def source(peers: Path) -> Source:
    """The customers of the peers' benchmark in the folder `peers`, or invented ones where there is none."""
    path = peers / "data.py"
    if not path.is_file():
        return INVENTED
    spec = importlib.util.spec_from_file_location("peers_data", path)
    assert spec is not None and spec.loader is not None
    data = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(data)
    names = data.CUSTOMER_COLUMNS.split()
    wanted = (
        "id", "name", "category", "source", "grade", "annual_value", "status", "owner_id", "city", "industry",
        "phone", "email", "created_at", "updated_at", "notes",
    )  # fmt: skip
    places = [names.index(name) for name in wanted]

    def customers(count: int) -> Iterator[tuple[Any, ...]]:
        for row in data.customers(count):
            yield tuple([row[place] for place in places])

    return Source("peers", customers, data.RARE_LATIN, data.RARE_CJK, data.LATIN_A[0], data.CN_WORDS[0])
