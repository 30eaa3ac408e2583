"""Invented names: people, companies, public bodies, places, and how to reach them.

Companies are coined from syllables, public bodies stand in districts that no map has, and every domain ends in
``.example``. Regions are real provinces, cities and countries; nothing else is meant to exist.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple, TypeVar

_Item = TypeVar("_Item")


class Dice(random.Random):
    """A random generator with the three throws that the demo needs, all of them cheap."""

    def pick(self, pool: Sequence[_Item]) -> _Item:
        """One item; an item that stands in `pool` twice comes up twice as often."""
        return pool[int(self.random() * len(pool))]

    def chance(self, share: float) -> bool:
        """True in `share` (0 to 1) of all cases."""
        return self.random() < share

    def between(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return least + int(self.random() * (most - least + 1))


class Place(NamedTuple):
    """Where a customer is: ``code`` is the GB/T 2260 number of a Chinese city, empty abroad."""

    name: str
    code: str
    phone: str
    currency: str = "CNY"


class Person(NamedTuple):
    """A name to show and the same in lower-case Latin letters, for an address."""

    name: str
    mailbox: str


def _places(table: str) -> tuple[Place, ...]:
    return tuple(Place(*line.split("|")) for line in table.split())


def _words(table: str) -> tuple[str, ...]:
    return tuple(table.split())


def _pairs(table: str) -> tuple[tuple[str, str], ...]:
    """``字zi`` items as (characters, Latin letters)."""
    items = []
    for item in table.split():
        cut = next(at for at, letter in enumerate(item) if letter.isascii())
        items.append((item[:cut], item[cut:]))
    return tuple(items)


CHINA = _places(
    "北京|110100|010 上海|310100|021 天津|120100|022 重庆|500100|023 江苏苏州|320500|0512 江苏南京|320100|025"
    " 江苏无锡|320200|0510 浙江杭州|330100|0571 浙江宁波|330200|0574 浙江温州|330300|0577 广东广州|440100|020"
    " 广东深圳|440300|0755 广东佛山|440600|0757 福建厦门|350200|0592 福建泉州|350500|0595 山东青岛|370200|0532"
    " 山东济南|370100|0531 四川成都|510100|028 湖北武汉|420100|027 湖南长沙|430100|0731 安徽合肥|340100|0551"
    " 河南郑州|410100|0371 陕西西安|610100|029 辽宁大连|210200|0411 云南昆明|530100|0871 江西南昌|360100|0791"
)
# Ranges that the telephone authorities keep free for fiction, where they have one.
ABROAD = _places(
    "Hamburg,_Germany||+49_40_66969_|EUR Berlin,_Germany||+49_30_23125_|EUR London,_United_Kingdom||+44_20_7946_0|GBP"
    " Leeds,_United_Kingdom||+44_113_496_0|GBP Chicago,_United_States||+1_312_555_0|USD"
    " Seattle,_United_States||+1_206_555_0|USD Toronto,_Canada||+1_416_555_0|USD Sydney,_Australia||+61_2_5550_0|USD"
    " Lyon,_France||+33_1_99_00_|EUR"
    " Singapore||+65_5550_0|USD Osaka,_Japan||+81_6_5550_0|USD Oslo,_Norway||+47_5550_0|EUR"
)
ABROAD = tuple(
    place._replace(name=place.name.replace("_", " "), phone=place.phone.replace("_", " ")) for place in ABROAD
)

_FIRST = _pairs(
    "澄cheng 砚yan 棠tang 霁ji 岫xiu 汀ting 朔shuo 槿jin 筠yun 溪xi 珩heng 禾he 翎ling 芷zhi 苇wei 荔li 蓝lan 薇wei"
    " 谷gu 辰chen 遥yao 钧jun 陌mo 隽jun 雁yan 霖lin 青qing 韶shao 鹭lu 麓lu 楠nan 榆yu 桐tong 枫feng 松song 柏bai"
    " 泓hong 沐mu 屿yu 川chuan 峦luan"
)
_SECOND = _pairs(
    "望wang 原yuan 石shi 湖hu 岚lan 桥qiao 舟zhou 庭ting 野ye 洲zhou 帆fan 岸an 泽ze 川chuan 峰feng 林lin 渡du 浦pu"
    " 坞wu 台tai 弦xian 朗lang 曜yao 森sen 澜lan 炬ju 烁shuo 畅chang 砺li 程cheng 穗sui 翼yi 航hang 衡heng 达da 远yuan"
    " 铭ming 锦jin 陆lu 驰chi 鼎ding"
)
_HEADS = _words(
    "Brack Halden Kestr Nord Aure Velm Tarn Osk Lind Marr Sutt Penn Corv Dray Elm Fenn Garth Hest Iver Jor Kell Lor"
    " Morv Neth Orr Pell Quill Rav Stell Thorn Ull Vard Wex Yarr Zell Brann Cald"
)
_TAILS = _words(
    "holm mere ora ley wick stad vale ridge moor ven bury garth lund sund mark field ford by den shaw tor ness"
    " combe dale fell gate haven ing keld low march"
)
_FORMS = ("Ltd", "GmbH", "Inc.", "Pte. Ltd.", "AB", "Group", "SARL", "AS", "& Co.")

#: Industry -> how a Chinese and a Latin company of it calls itself.
INDUSTRIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "机械制造": (("精密机械", "智能装备", "自动化", "模具"), ("Machinery", "Instruments", "Tooling")),
    "物流运输": (("供应链", "冷链物流", "国际货运", "仓储"), ("Logistics", "Freight", "Cold Chain")),
    "零售": (("商贸", "百货", "连锁超市", "家居"), ("Retail", "Stores", "Trading")),
    "医疗健康": (("医疗器械", "生物科技", "健康管理"), ("Medical", "Biologics", "Health")),
    "软件信息": (("数据科技", "软件", "信息技术"), ("Software", "Data Systems", "Digital")),
    "能源": (("新能源", "节能环保", "电力设备"), ("Energy", "Power", "Renewables")),
    "食品农业": (("生态农业", "食品", "粮油"), ("Foods", "Orchards", "Farming")),
    "建筑工程": (("建设工程", "建筑设计", "装饰工程"), ("Construction", "Architects", "Civil Works")),
    "文化教育": (("文化传媒", "教育咨询", "会展服务"), ("Media", "Learning", "Events")),
}
INDUSTRY_NAMES = tuple(INDUSTRIES)
PUBLIC_INDUSTRY = "公共服务"
_ZH_FORMS = ("有限公司", "有限公司", "有限公司", "股份有限公司", "集团有限公司")
_BODIES = _words(
    "文化服务中心 公共资源服务站 第三实验学校 市政养护中心 街道办事处 图书馆 体育场馆管理中心 疾病预防中心 档案馆"
    " 政务服务大厅 水务管理站 城市规划展示馆 职业技术学校 社区卫生服务中心"
)

_SURNAMES = _pairs(
    "王wang 李li 张zhang 刘liu 陈chen 杨yang 赵zhao 黄huang 周zhou 吴wu 徐xu 孙sun 马ma 朱zhu 胡hu 郭guo 何he 林lin"
    " 高gao 罗luo 郑zheng 梁liang 谢xie 宋song 唐tang 许xu 韩han 冯feng 邓deng 曹cao 彭peng 曾zeng 萧xiao 田tian"
    " 董dong 潘pan 袁yuan 蔡cai 蒋jiang 余yu 于yu 杜du 叶ye 程cheng 魏wei 苏su 吕lv 丁ding 任ren 卢lu 姚yao 沈shen"
    " 欧阳ouyang 上官shangguan 诸葛zhuge"
)
_GIVEN = _pairs(
    "明ming 晓xiao 雨yu 嘉jia 思si 子zi 文wen 佳jia 俊jun 欣xin 志zhi 海hai 建jian 丽li 静jing 芳fang 伟wei 磊lei"
    " 洋yang 勇yong 艳yan 杰jie 涛tao 超chao 霞xia 平ping 刚gang 桂gui 宇yu 涵han 梓zi 轩xuan 怡yi 诗shi 妍yan 悦yue"
    " 泽ze 然ran 睿rui 博bo 航hang 婷ting 琪qi 瑶yao 宁ning 远yuan 川chuan 清qing"
)
_LATIN_FIRST = _words(
    "Anna Ben Clara David Elena Felix Grace Henrik Ines Jonas Karin Leo Maya Nils Olivia Paul Rosa Stefan Tessa Victor"
    " Wendy Amara Bruno Chloe Dario Esme Farid Greta Hugo Iris Jamal Keiko Lars Mei Noor Omar"
    " Priya Rafael Sofia Tom"
)
_LATIN_LAST = _words(
    "Alder Barlow Castell Dunmore Ekberg Fairley Grantham Hollis Ivarsson Jessop Kellner Lindqvist Marlowe Novak Oduya"
    " Pereira Quist Renner Sandoval Tanaka Ullman Varga Winslow Yilmaz Zeller Ashcombe Brandt"
    " Corrigan Delacroix Eriksen Farouk Gallo Hartwig Imai Juarez Kowal Larkin Mbeki Nakata Ortega"
)


def spread(number: int, count: int) -> int:
    """A place in ``range(count)`` that no other of `count` neighbouring numbers has, and that shows no order.

    `count` must not be a multiple of 7,919.
    """
    return number * 7919 % count


def person(dice: Dice, chinese: bool) -> Person:
    """Somebody's name, in characters or in Latin letters."""
    if not chinese:
        first, last = dice.pick(_LATIN_FIRST), dice.pick(_LATIN_LAST)
        return Person(f"{first} {last}", f"{first}.{last}".lower())
    family, given = dice.pick(_SURNAMES), dice.pick(_GIVEN)
    if dice.chance(0.25):
        return Person(family[0] + given[0], f"{family[1]}.{given[1]}")
    second = dice.pick(_GIVEN)
    return Person(family[0] + given[0] + second[0], f"{family[1]}.{given[1]}{second[1]}")


def _brand(number: int) -> tuple[str, str]:
    first, second = divmod(spread(number, len(_FIRST) * len(_SECOND)), len(_SECOND))
    return _FIRST[first][0] + _SECOND[second][0], _FIRST[first][1] + _SECOND[second][1]


def public_body(number: int, dice: Dice) -> tuple[str, str]:
    """Name and domain of a public body in an invented town; names differ for 1,600 numbers in a row."""
    town, letters = _brand(number)
    return f"{town}{dice.pick('市区县')}{dice.pick(_BODIES)}", f"{letters}.example"


def chinese_company(number: int, dice: Dice, place: Place, industry: str) -> tuple[str, str]:
    """Name and domain of a Chinese company; names differ for 1,600 numbers in a row."""
    brand, letters = _brand(number)
    city = place.name[-2:]
    return f"{city}{brand}{dice.pick(INDUSTRIES[industry][0])}{dice.pick(_ZH_FORMS)}", f"{letters}.example"


def latin_company(number: int, dice: Dice, industry: str) -> tuple[str, str]:
    """Name and domain of a company abroad; names differ for 1,100 numbers in a row."""
    head, tail = divmod(spread(number, len(_HEADS) * len(_TAILS)), len(_TAILS))
    brand = _HEADS[head] + _TAILS[tail]
    return f"{brand} {dice.pick(INDUSTRIES[industry][1])} {dice.pick(_FORMS)}", f"{brand.lower()}.example"


def landline(dice: Dice, place: Place) -> str:
    """A telephone number in `place`."""
    digits = dice.between(100, 999)
    return f"{place.phone}-5550{digits}{dice.between(0, 9)}" if place.code else f"{place.phone}{digits}"


def mobile(dice: Dice) -> str:
    """A Chinese mobile number, 11 digits."""
    return f"{dice.pick(('133', '135', '158', '177', '186', '199'))}0000{dice.between(1000, 9999)}"


_CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_VALUES = {sign: value for value, sign in enumerate(_CODE_SIGNS)}
_CODE_WEIGHTS = tuple(pow(3, at, 31) for at in range(17))
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_FIRST_STAMP = "A000"


def credit_code(number: int, place: Place, public: bool) -> str:
    """A unified social credit code (GB 32100-2015): 18 signs, both check signs right.

    Another one for each `number` from 0 to 29,790.
    """
    high, low = divmod(number, 31 * 31)
    body = f"M{_FIRST_STAMP}{_CODE_SIGNS[high]}{_CODE_SIGNS[low // 31]}{_CODE_SIGNS[low % 31]}"
    # GB 11714 counts all letters, GB 32100 leaves out I, O, S, V and Z.
    check = 11 - sum(int(sign, 36) * weight for sign, weight in zip(body, _BODY_WEIGHTS, strict=True)) % 11
    code = f"{'12' if public else '91'}{place.code}{body}{'0123456789X0'[check]}"
    total = sum(_CODE_VALUES[sign] * weight for sign, weight in zip(code, _CODE_WEIGHTS, strict=True))
    return code + _CODE_SIGNS[-total % 31]


def credit_stamps() -> Iterator[str]:
    """Four signs that may stand at places 10 to 13 of any ``credit_code`` and leave its check signs right.

    The first are those that ``credit_code`` itself puts there; there are some 2,700.
    """

    def weigh(stamp: str) -> tuple[int, int]:
        body = sum(int(sign, 36) * weight for sign, weight in zip(stamp, _BODY_WEIGHTS[1:5], strict=True))
        code = sum(
            _CODE_VALUES[sign] * weight for sign, weight in zip(stamp, _CODE_WEIGHTS[9:13], strict=True)
        )
        return body % 11, code % 31

    yield _FIRST_STAMP
    wanted = weigh(_FIRST_STAMP)
    for signs in product(_CODE_SIGNS[::-1], repeat=4):
        stamp = "".join(signs)
        if stamp != _FIRST_STAMP and weigh(stamp) == wanted:
            yield stamp
