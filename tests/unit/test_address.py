# SPDX-License-Identifier: Apache-2.0
"""Chinese addresses: what people write is read into parts, and what is written from parts reads back the same."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import twin.address.grammar
import twin.address.normalise
import twin.address.parts
import twin.address.pinyin
import twin.address.score
from twin.address.gazetteer import Gazetteer, NamedBlock
from twin.address.grammar import parse_address
from twin.address.normalise import read_numeral
from twin.address.parts import AddressParts, format_address
from twin.address.pinyin import FULL, FULL_START, INITIALS, fold_letters, rate_pinyin
from twin.address.score import name_likeness, score_candidate

MODULES = (
    twin.address.grammar, twin.address.normalise, twin.address.parts, twin.address.pinyin, twin.address.score,
)  # fmt: skip

# Nothing here is a real place; the forms are.
FORMS = {
    "广东省深圳市示例区东湖街道示范社区示例路12号示例花园3栋2单元5层501室": {
        "province": "广东省", "city": "深圳市", "county": "示例区", "town": "东湖街道", "community": "示范社区",
        "road": "示例路", "number": "12", "residential_quarters": "示例花园", "building": "3", "unit": "2",
        "storey": "5", "room": "501",
    },
    "示例区东湖街道办事处示例路十二号三号楼501": {
        "county": "示例区", "town": "东湖街道", "road": "示例路", "number": "12", "building": "3", "room": "501",
    },
    "东湖街道示范社区居委会示例大道12-3号": {
        "town": "东湖街道", "community": "示范社区", "road": "示例大道", "number": "12-3",
    },
    "示例路１２号　Ａ栋": {"road": "示例路", "number": "12", "building": "A"},
    "示例路12号,三栋(近地铁站)五〇一房": {"road": "示例路", "number": "12", "building": "3", "room": "501"},
    "示例路12号之一": {"road": "示例路", "number": "12-1"},
    "示例路12号附3号": {"road": "示例路", "number": "12附3"},
    "示例路15巷8号#3": {"road": "示例路15巷", "number": "8", "building": "3"},
    "示例村二巷5号": {"residential_quarters": "示例村", "road": "2巷", "number": "5"},
    "示例弄3号": {"road": "示例弄", "number": "3"},
    "示例坊7号": {"road": "示例坊", "number": "7"},
    "示例大厦A座1203": {"residential_quarters": "示例大厦", "building": "A", "room": "1203"},
    "示例花园二期8座": {"residential_quarters": "示例花园2期", "building": "8"},
    "示例花园3-2-501": {"residential_quarters": "示例花园", "building": "3", "unit": "2", "room": "501"},
    "示例花园3—501": {"residential_quarters": "示例花园", "building": "3", "room": "501"},
    "示例花园3栋2-501": {"residential_quarters": "示例花园", "building": "3", "unit": "2", "room": "501"},
    "示例花园3#楼二单元501户": {"residential_quarters": "示例花园", "building": "3", "unit": "2", "room": "501"},
    "示例花园第十二幢": {"residential_quarters": "示例花园", "building": "12"},
    "示例工业园B3栋2楼": {"residential_quarters": "示例工业园", "building": "B3", "storey": "2"},
    "示例科技园区5号楼负一层": {"residential_quarters": "示例科技园区", "building": "5", "storey": "-1"},
    "示例广场一楼B12铺": {"residential_quarters": "示例广场", "storey": "1", "room": "B12"},
    "公园路3号": {"road": "公园路", "number": "3"},
    "新村路3号2楼": {"road": "新村路", "number": "3", "storey": "2"},
    "八号路5号": {"road": "8号路", "number": "5"},
    "示例东路12": {"road": "示例东路", "number": "12"},
    "中国广东省深圳市": {"province": "广东省", "city": "深圳市"},
    "12 Main Street": {},
    "": {},
}  # fmt: skip

GAZETTEER = Gazetteer(
    [
        NamedBlock("990101", 1, "示例区"), NamedBlock("990101001", 2, "东湖街道"),
        NamedBlock("990101002", 2, "西乡街道"), NamedBlock("990101001001", 3, "第一社区"),
    ],
    [("road", "东湖路"), ("road", "示例路"), ("quarter", "107创意港"), ("province", "广东省"), ("city", "深圳市")],
)  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_examples_of_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("text", FORMS)
def test_an_address_is_read_in_the_forms_that_people_write(text: str) -> None:
    assert parse_address(text).parts.as_dict() == FORMS[text]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("东湖示例路3号", {"town": "东湖街道", "road": "示例路", "number": "3"}),
        ("东湖路3号", {"road": "东湖路", "number": "3"}),
        ("深圳示例东湖第一社区", {"city": "深圳市", "county": "示例区", "town": "东湖街道", "community": "第一社区"}),
        ("西乡大道3号", {"road": "西乡大道", "number": "3"}),
        ("107创意港3栋", {"residential_quarters": "107创意港", "building": "3"}),
    ],
)
def test_known_names_are_read_without_their_endings_but_not_out_of_other_names(
    text: str, parts: dict[str, str]
) -> None:
    assert parse_address(text, GAZETTEER).parts.as_dict() == parts


def test_what_is_near_a_place_is_told_from_the_place() -> None:
    assert parse_address("示例路12号附近").is_near
    assert parse_address("示例路与示范街交汇处").is_near
    assert not parse_address("示例路12号").is_near


def test_the_key_of_a_text_begins_below_the_county() -> None:
    assert parse_address("广东省深圳市示例区示例路12号").key == parse_address("示例路十二号").key == "示例路12号"


_NAMES = st.sampled_from(["示例", "示范", "东湖", "临海", "青年", "创业"])
_COUNT = st.integers(1, 199).map(str)
_ADDRESSES = st.builds(
    AddressParts,
    province=st.none() | _NAMES.map(lambda n: f"{n}省"),
    city=st.none() | _NAMES.map(lambda n: f"{n}市"),
    county=st.none() | _NAMES.map(lambda n: f"{n}区"),
    town=st.none() | _NAMES.map(lambda n: f"{n}街道"),
    community=st.none() | _NAMES.map(lambda n: f"{n}社区"),
    grid=st.none() | _COUNT.map(lambda n: f"第{n}网格"),
    road=st.none() | st.builds("{}{}".format, _NAMES, st.sampled_from(["路", "大道", "街", "巷", "路3巷", "东路"])),
    number=st.none() | _COUNT | st.builds("{}-{}".format, _COUNT, _COUNT),
    residential_quarters=st.none()
    | st.builds("{}{}".format, _NAMES, st.sampled_from(["花园", "村", "大厦", "工业园", "新村", "科技园2期"])),
    building=st.none() | _COUNT | st.sampled_from(["A", "B3", "东"]),
    unit=st.none() | st.integers(1, 9).map(str),
    storey=st.none() | st.integers(1, 60).map(str) | st.just("-1"),
    room=st.none() | st.integers(101, 6099).map(str),
)


@given(_ADDRESSES)
def test_what_is_written_from_parts_reads_back_as_the_same_parts(parts: AddressParts) -> None:
    # A number without a road or a quarter before it belongs to nothing.
    assume(parts.road or parts.residential_quarters)
    assert parse_address(format_address(parts)).parts == parts


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    parsed = parse_address(text, GAZETTEER)
    assert set(parsed.parts.as_dict().values()) == {value for value in parsed.parts.as_dict().values() if value}


@given(st.integers(1, 999))
def test_numerals_are_read_as_they_are_spoken(number: int) -> None:
    digits = "零一二三四五六七八九"
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    spoken = (digits[hundreds] + "百" if hundreds else "") + ("零" if hundreds and not tens and ones else "")
    spoken += (digits[tens] + "十" if tens else "") + (digits[ones] if ones else "")
    assert read_numeral(spoken) == number
    assert read_numeral("".join(digits[int(d)] for d in str(number))) == number


@pytest.mark.parametrize(
    ("letters", "name", "rating"),
    [
        ("xixiangjiedao", "西乡街道", FULL), ("xixiang", "西乡街道", FULL_START), ("xxjd", "西乡街道", INITIALS),
        ("xix", "西乡街道", FULL_START), ("changan", "长安路", FULL_START), ("zhangan", "长安路", FULL_START),
        ("dongyuan", "西乡街道", 0.0), ("x", "西乡街道", FULL_START), ("a3dong", "A3栋", FULL),
    ],
)  # fmt: skip
def test_pinyin_names_a_place_in_full_by_its_start_and_by_initials(letters: str, name: str, rating: float) -> None:
    if len(letters) == 1:
        assert rate_pinyin(letters, name) <= rating
    else:
        assert rate_pinyin(letters, name) == rating


def test_what_is_not_letters_is_not_pinyin() -> None:
    assert fold_letters("西xiang") is None and fold_letters("123") is None and fold_letters("Xi'an") == "xian"


@pytest.mark.parametrize(
    ("text", "found", "level", "least", "most"),
    [
        ("示例路12号3栋501", {"road": "示例路", "number": "12", "building": "3", "room": "501"}, "room", 1, 1),
        (
            "示例路12号3栋502",
            {"road": "示例路", "number": "12", "building": "3", "room": "501"},
            "building",
            0.85,
            0.95,
        ),
        ("示例路12号3栋", {"road": "示例路", "number": "12", "building": "3", "room": "501"}, "building", 0.85, 1),
        ("示例路12号3栋", {"road": "示例路", "number": "12"}, "gate_number", 0.5, 0.84),
        ("示例路12号3栋", {"road": "示例路", "number": "12", "building": "4"}, "gate_number", 0, 0),
        ("示例路12号", {"road": "示例路", "number": "13"}, "failed", 0, 0),
        ("示例花园3栋", {"residential_quarters": "示例花园", "number": "9", "building": "3"}, "building", 1, 1),
        ("东湖街道示例路12号", {"town": "西乡街道", "road": "示例路", "number": "12"}, "gate_number", 0.1, 0.84),
    ],
)
def test_an_address_is_trusted_as_far_as_it_agrees(
    text: str, found: dict[str, str], level: str, least: float, most: float
) -> None:
    got, confidence = score_candidate(parse_address(text), AddressParts(**found))
    assert got == level and least <= confidence <= most


def test_names_with_other_numerals_are_other_names() -> None:
    assert name_likeness("示例3村", "示例13村") == name_likeness("第一社区", "第二社区") == 0
    assert name_likeness("示例花圆", "示例花园") < 0.85 < name_likeness("示例", "示例花园")
