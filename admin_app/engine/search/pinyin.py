"""How Chinese characters are read, and how letters that somebody types may be readings.

Readings come from pypinyin, one per character, with those added here that names need: a surname is often read
unlike the word that is written alike, and so are some characters of places and companies. An extra reading only makes
a record be found one way more.
"""

from __future__ import annotations

import os
from functools import lru_cache
from itertools import product
from typing import Final

#: Surnames read otherwise than pypinyin reads the character alone; they count at the beginning of a name.
SURNAMES: Final = {
    "单": "shan", "仇": "qiu", "区": "ou", "曾": "zeng", "盖": "ge", "解": "xie", "查": "zha", "朴": "piao",
    "翟": "zhai", "覃": "qin", "缪": "miao", "乐": "yue", "尉": "yu", "员": "yun", "种": "chong", "折": "she",
    "秘": "bi", "祭": "zhai", "繁": "po", "隗": "wei", "句": "gou", "郇": "xun", "佴": "nai", "卜": "bu",
    "柏": "bai", "宿": "su", "召": "shao",
    "單": "shan", "區": "ou", "蓋": "ge", "樂": "yue", "員": "yun", "種": "chong", "繆": "miao",
}  # fmt: skip
#: Characters that everyday words read in another way too, wherever they stand.
OTHERS: Final = {
    "重": "chong", "长": "chang", "行": "hang", "乐": "yue", "厦": "xia", "朝": "zhao", "传": "zhuan", "调": "tiao",
    "藏": "zang", "会": "kuai", "参": "shen", "车": "ju", "泊": "bo", "降": "xiang", "率": "shuai", "校": "jiao",
    "薄": "bo", "弹": "tan", "卡": "qia", "蚌": "beng", "埔": "bu", "还": "huan", "差": "chai", "大": "dai",
    "長": "chang", "樂": "yue", "傳": "zhuan", "調": "tiao", "廈": "xia", "會": "kuai",
}  # fmt: skip
#: What people type for a "ü" that stands as "v".
_WRITTEN: Final = {"lv": "lu", "nv": "nu", "lve": "lue", "nve": "nue"}
_SPELT: Final = """
    a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen
    ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci
    cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng di dian diao die ding diu dong dou du
    duan dui dun duo e ei en eng er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao ge gei gen
    geng gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai
    huan huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao
    ke kei ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan lang lao le lei leng li lia lian
    liang liao lie lin ling liu lo long lou lu luan lun luo lue lv lve ma mai man mang mao me mei men meng mi
    mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nia nian niang niao nie nin
    ning niu nong nou nu nuan nun nuo nue nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin
    ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri
    rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she shei shen
    sheng shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang
    tao te tei teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi
    xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu
    yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong
    zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
"""
#: Every syllable that a character can be read as; a test holds it against pypinyin.
SYLLABLES: Final = frozenset(_SPELT.split())
_LONGEST: Final = max(map(len, SYLLABLES))
#: More ways to part what is typed than this are not tried.
_WAYS: Final = 12


@lru_cache(maxsize=30_000)
def readings(character: str, first: bool) -> tuple[str, ...]:
    """The syllables that a Chinese character may be read as; none for any other.

    `first` says that it begins a name, where it may be a surname.
    """
    # Phrases would cost 20 MB and help little: characters are read one by one.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")
    from pypinyin import lazy_pinyin

    found = [each for each in lazy_pinyin(character, errors="ignore") if each in SYLLABLES]
    if not found:
        return ()
    found += OTHERS.get(character, "").split()
    if first:
        found += SURNAMES.get(character, "").split()
    found += [_WRITTEN[each] for each in found if each in _WRITTEN]
    return tuple(dict.fromkeys(found))


def initials(read: list[tuple[str, ...]], length: int) -> set[str]:
    """The first letters of every `length` neighbouring characters, in each way to read them."""
    letters = [tuple({syllable[0] for syllable in each}) for each in read]
    return {
        "".join(way)
        for start in range(len(letters) - length + 1)
        for way in product(*letters[start : start + length])
    }


@lru_cache(maxsize=2_000)
def partings(letters: str) -> tuple[tuple[str, ...], ...]:
    """The ways to part `letters` into syllables, of which the last may be unfinished: "xian" is xian and xi·an."""
    found: list[tuple[str, ...]] = []

    def part(begun: tuple[str, ...], rest: str) -> None:
        if len(found) >= _WAYS:
            return
        if endings(rest):
            found.append((*begun, rest))
        for length in range(min(len(rest) - 1, _LONGEST), 0, -1):
            if rest[:length] in SYLLABLES:
                part((*begun, rest[:length]), rest[length:])

    part((), letters)
    return tuple(found)


@lru_cache(maxsize=2_000)
def endings(beginning: str) -> tuple[str, ...]:
    """The syllables that begin with `beginning`."""
    return tuple(sorted(each for each in SYLLABLES if each.startswith(beginning)))
