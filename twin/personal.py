# SPDX-License-Identifier: Apache-2.0
"""Recognises personal data in texts: it is refused where people type it, and taken out where files bring it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from twin.text import Text


@dataclass(frozen=True)
class Pattern:
    """What a kind of personal data looks like, what it is called, and what is put in its place."""

    expression: re.Pattern[str]
    what: Text
    word: str


_PHONE: Final = Text("电话号码", "a telephone number")

PATTERNS: Final = (
    Pattern(re.compile(r"(?<!\d)\d{17}[\dXx](?!\w)"), Text("证件号", "an identity number"), "[证件号]"),
    Pattern(re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d{9}(?!\d)"), _PHONE, "[电话]"),
    Pattern(re.compile(r"(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)"), _PHONE, "[电话]"),
    Pattern(re.compile(r"(?<!\d)\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?!\d)"), _PHONE, "[电话]"),
    Pattern(re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), Text("邮箱", "an e-mail address"), "[邮箱]"),
    Pattern(re.compile(r"[\u4e00-\u9fff]{1,3}(?=先生|女士|小姐)"), Text("人名", "a person's name"), "某"),
)

_ASKED: Final = re.compile(
    r"姓名|电话|手机|身份证|证件号|微信|邮箱|出生日期|住户名|联系人"
    r"|\b(?:phone|mobile|id[ _]?card|passport|e?-?mail|birth(?:day|date)?|full[ _]?name|contact[ _]?person)\b",
    re.IGNORECASE,
)


def find_personal(text: str) -> Text | None:
    """What personal data a text has, if any.

    >>> str(find_personal("请联系 13800138000").en)
    'a telephone number'
    >>> find_personal("三楼消防栓漏水") is None
    True
    """
    return next((pattern.what for pattern in PATTERNS if pattern.expression.search(text)), None)


def scrub_text(text: str) -> str:
    """One text without what identifies a person.

    >>> scrub_text("王先生来电 13800138000")
    '某先生来电 [电话]'
    """
    for pattern in PATTERNS:
        text = pattern.expression.sub(pattern.word, text)
    return text


def asks_for_personal(text: str) -> bool:
    """Whether the name of a field asks for personal data.

    >>> asks_for_personal("联系人电话"), asks_for_personal("消防栓数量")
    (True, False)
    """
    return _ASKED.search(text) is not None
