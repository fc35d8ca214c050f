# SPDX-License-Identifier: Apache-2.0
"""The grammar of Chinese addresses, as a table: at each place of the text the first rule that fits takes its part.

Known names go before patterns, and of the patterns for roads and quarters the one that ends first. What no
rule takes is `rest`: the more of it, the less a match is trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from twin.address.gazetteer import EMPTY, Gazetteer
from twin.address.normalise import normalise
from twin.address.parts import AddressParts

_HAN: Final = r"[\u4e00-\u9fff]"
_WAY: Final = r"快速路|大道|大街|公路|马路|路|街|道|胡同|巷|弄|坊|横"
_NO_WAY: Final = rf"(?!(?:[东南西北中上下前后]?(?:{_WAY}))|社区|街道|居委|村委)"
_NUMBER: Final = r"\d{1,5}(?:[-之]\d{1,4})?[A-Z]?"
_NAME: Final = r"[\u4e00-\u9fffA-Z0-9]"

_QUARTER_WORDS: Final = (
    "工业园区", "工业园", "工业区", "工业城", "科技园", "产业园", "创意园", "物流园", "软件园", "生态园", "示范园",
    "开发区", "花园", "小区", "新村", "家园", "公寓", "广场", "大厦", "中心", "商城", "名居", "豪庭", "宿舍", "大楼",
    "商务楼", "综合楼", "写字楼", "市场", "学校", "小学", "中学", "医院", "厂区", "园区", "公共建筑",
    "苑", "庭", "府", "城", "村", "园", "厂(?!房)", "湾", "居", "阁", "轩", "屋", "围", "寓",
)  # fmt: skip


@dataclass(frozen=True)
class _Rule:
    """A pattern whose named groups are parts; `after`: one of these parts must be there already."""

    pattern: re.Pattern[str]
    after: tuple[str, ...] = ()


def _rule(pattern: str, *after: str) -> _Rule:
    return _Rule(re.compile(pattern), after)


_NO_COUNTY: Final = r"(?<![社园小片厂校景库住])(?<![工产商农]业)(?<!开发)"
_COUNTY: Final = rf"{_HAN}{{2,6}}?(?:自治县|新区|县|旗|{_NO_COUNTY}区|市)(?!{_WAY}|场)"

_DIVISIONS: Final = (
    ("province", re.compile(rf"{_HAN}{{2,6}}?(?:省|自治区|特别行政区)")),
    ("city", re.compile(rf"{_HAN}{{2,8}}?(?:自治州|地区|盟|(?<![超城集菜夜都门])市)(?!{_WAY}|场)")),
    ("county", re.compile(_COUNTY)),
    ("town", re.compile(rf"{_HAN}{{2,7}}?街道(?:办事处|办)?|{_HAN}{{2,4}}?(?:镇|乡)(?!{_WAY}|村)")),
    ("community", re.compile(rf"{_HAN}{{2,9}}?(?:社区(?:居委会|工作站)?|居委会|村委会)")),
    ("grid", re.compile(rf"(?:{_HAN}{{0,8}}?第)?[\d一二三四五六七八九十]+网格")),
)
_TRIM: Final = re.compile(r"(?<=街道)(?:办事处|办)$|(?<=社区)(?:居委会|工作站)$")

_PART_OF_NAME: Final = re.compile(rf"[东南西北中]?(?:{_WAY})|{'|'.join(_QUARTER_WORDS)}|\d")
"""What follows a name that is not a short form of a division's: 新安路 is a road, not the street 新安."""

_WAYS: Final = re.compile(
    rf"(?P<road>{_NAME}{{1,12}}?(?:{_WAY})(?:[东南西北中][段路])?(?:(?:\d+|{_HAN}{{1,3}}?)(?:巷|弄|坊|横))?)"
    rf"(?![道栋座]|园|口)"
)
_QUARTERS: Final = re.compile(
    rf"(?P<residential_quarters>{_NAME}{{1,14}}?(?:{'|'.join(_QUARTER_WORDS)})(?:区(?!域)|{'|'.join(_QUARTER_WORDS)})*"
    rf"(?:\d+期)?){_NO_WAY}"
)
_FINE: Final = (
    # 3-2-501 and A-501: building, unit, room.
    _rule(
        r"(?P<building>\d{1,3}|[A-Z])-(?P<unit>\d{1,2})-(?P<room>\d{3,4}[A-Z]?)(?!\d)室?",
        "residential_quarters",
        "number",
    ),
    _rule(r"(?P<building>\d{1,3}|[A-Z])-(?P<room>\d{3,4}[A-Z]?)(?![\d号栋])室?", "residential_quarters", "number"),
    _rule(r"(?P<unit>\d{1,2}|[A-Z])-(?P<room>\d{3,4}[A-Z]?)(?!\d)室?", "building"),
    _rule(r"#(?P<building>[A-Z]?\d{1,4}[A-Z]?)(?:号?楼|栋|幢|座)?"),
    _rule(r"(?P<building>[A-Z]?\d{1,4}[A-Z]?|[A-Z]{1,2}\d{0,2}|[东南西北中])(?:号楼|#楼|号?栋楼?|号?幢|号?座|#)"),
    _rule(r"(?P<unit>\d{1,3}|[A-Z])(?:单元|号?门(?!面|口))"),
    _rule(r"(?P<storey>(?:负|-|B)?\d{1,3})(?:楼|层|F(?!\w))"),
    _rule(r"(?P<room>[A-Z]?\d{1,5}[A-Z]?(?:-\d{1,3})?)(?:号房|号铺|号室|房间|室|房|户|铺)"),
    _rule(r"(?P<room>[A-Z]?\d{2,5}[A-Z]?)号?$", "building", "unit", "storey"),
    _rule(rf"(?P<number>{_NUMBER})号(?:附(?P<annex>\d+)号?|之(?P<part>\d+))?院?(?![楼栋幢座]|{_WAY})"),
    _rule(rf"(?P<number>{_NUMBER})(?=$|{_HAN}|#)(?!{_WAY}|栋|幢|座|单元|层|楼|室|房|期|[东南西北]|{'|'.join(_QUARTER_WORDS)})",
          "road"),
    _rule(r"(?P<room>[A-Z]\d{3,4})$", "residential_quarters", "number"),
)  # fmt: skip

_NEAR: Final = re.compile(r"附近|旁边?|对面|隔壁|后面|前面|周边|路口|交[叉汇]处?口?|一带|斜对|到|至")
_COUNTRY: Final = re.compile(r"中华人民共和国|中国")


@dataclass(frozen=True)
class ParsedAddress:
    """Parts of a text; `key` is the text below the county, in one spelling, which aliases go by."""

    parts: AddressParts
    key: str
    rest: str = ""
    is_near: bool = False
    """The text speaks of somewhere near the place, which is not the place."""


def parse_address(text: str, gazetteer: Gazetteer = EMPTY) -> ParsedAddress:
    """The parts of a text, in any of the forms that people write.

    >>> parse_address("东门街道示例路十二号#3二单元501").parts.as_dict()
    {'town': '东门街道', 'road': '示例路', 'number': '12', 'building': '3', 'unit': '2', 'room': '501'}
    """
    return _Scan(normalise(text), gazetteer).run()


class _Scan:
    def __init__(self, text: str, gazetteer: Gazetteer) -> None:
        self._text = text
        self._gazetteer = gazetteer
        self._at = 0
        self._found: dict[str, str] = {}
        self._rest = ""

    def run(self) -> ParsedAddress:
        country = _COUNTRY.match(self._text)
        self._at = country.end() if country else 0
        key_from = self._take_divisions()
        while self._at < len(self._text):
            if not (self._take_fine() or self._take_named()):
                self._rest += self._text[self._at].replace("/", "")
                self._at += 1
        is_near = bool(_NEAR.search(self._rest))
        return ParsedAddress(AddressParts(**self._found), self._text[key_from:], self._rest, is_near)

    def _take_divisions(self) -> int:
        """Province to grid, each at most once and in this order; gives where the county ends."""
        key_from = self._at
        for part, pattern in _DIVISIONS:
            name = self._find_division(part, pattern)
            if name is None:
                continue
            taken, full = name
            self._found[part] = full
            self._at += len(taken)
            if part in {"province", "city", "county"}:
                key_from = self._at
        return key_from

    def _find_division(self, part: str, pattern: re.Pattern[str]) -> tuple[str, str] | None:
        text, at = self._text, self._at
        known = self._gazetteer.find(part, text, at)
        place = max((self._gazetteer.find(p, text, at) or "" for p in ("road", "residential_quarters")), key=len)
        if known and len(known) >= len(place):
            ending = re.match(r"办事处|办|居委会|工作站", text[at + len(known) :])
            return known + (ending[0] if ending else ""), known
        if place:
            return None
        short = self._gazetteer.find_short(part, text, at)
        if short and _PART_OF_NAME.match(text, at + len(short[0])):
            short = None
        found = pattern.match(text, at)
        # 西乡西乡社区 is the street 西乡 and its community, and no town 西乡西乡.
        if short and not (found and found[0].endswith(("街道", "办事处", "镇"))):
            return short
        if found and not (part in {"town", "community"} and _swallows_place(found[0])):
            return found[0], _TRIM.sub("", found[0])
        return None

    def _take_fine(self) -> bool:
        for rule in _FINE:
            found = rule.pattern.match(self._text, self._at)
            if not found or not found[0]:
                continue
            groups = {name: value for name, value in found.groupdict().items() if value}
            if rule.after and not any(part in self._found for part in rule.after):
                continue
            annex = groups.pop("annex", None)
            part = groups.pop("part", None)
            if annex or part:
                groups["number"] += f"附{annex}" if annex else f"-{part}"
            if any(name in self._found for name in groups):
                continue
            if "storey" in groups:
                groups["storey"] = groups["storey"].replace("负", "-").replace("B", "-")
            if "number" in groups:
                groups["number"] = groups["number"].replace("之", "-")
            self._found |= groups
            self._at = found.end()
            return True
        return False

    def _take_named(self) -> bool:
        """A road or a quarter: the longest known name, else the pattern that ends first."""
        known: list[tuple[int, str, str]] = []
        pattern: list[tuple[int, str, str]] = []
        for part, rule in (("road", _WAYS), ("residential_quarters", _QUARTERS)):
            if part in self._found:
                continue
            name = self._gazetteer.find(part, self._text, self._at)
            if name:
                known.append((-len(name), part, name))
            found = rule.match(self._text, self._at)
            if found:
                pattern.append((found.end(), part, found[part]))
        if known:
            _, part, name = min(known)
            longer = [p for p in pattern if p[1] == part and p[2].startswith(name) and part == "road"]
            # A lane goes with its road, whether or not the road alone is known.
            if longer and re.fullmatch(r"(?:\d+|[\u4e00-\u9fff]{1,3})(?:巷|弄|坊|横)", longer[0][2][len(name) :]):
                name = longer[0][2]
        elif pattern:
            _, part, name = min(pattern)
        else:
            return False
        self._found[part] = name
        self._at += len(name)
        return True


def _swallows_place(name: str) -> bool:
    """Whether a division found by its ending has a road or a number within: 示例路12号东社区."""
    return bool(re.search(r"\d|(?:大道|大街|路|街(?!道)|巷|弄)(?=.)", name))
