# SPDX-License-Identifier: Apache-2.0
"""One spelling for what people write in many: widths, blanks, dashes, brackets, case and numerals."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NOTES: Final = re.compile(r"[(\[{<【〔《「『][^)\]}>】〕》」』]*[)\]}>】〕》」』]")
_DASHES: Final = re.compile(r"[‐-―−~_]|(?<=[0-9A-Za-z])[—一](?=[0-9A-Za-z])")
_NOISE: Final = re.compile(r"[\s,.;:、。·'\"“”‘’!?|*()\[\]{}<>【】《》]+")
_DIGITS: Final = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMERALS: Final = "零〇一二两三四五六七八九十百"
_COUNTERS: Final = "号|栋|幢|座|单元|层|楼|室|房|弄|巷|期|门|排|铺|组"
_COUNTED: Final = re.compile(
    rf"第?([{_NUMERALS}]+)(?=(?:{_COUNTERS}))|第(?=\d+(?:{_COUNTERS}))|(?<=之)([{_NUMERALS}]+)"
)


def normalise(text: str) -> str:
    """The text in one spelling: half width, upper case, no blanks, notes in brackets left out, 3栋 for 三栋.

    Numerals become digits only before a counter, since names have numerals too (第一社区).

    >>> normalise("示例路十二号,三栋(原 5 栋)")
    '示例路12号3栋'
    """
    text = unicodedata.normalize("NFKC", text).upper()
    text = _NOISE.sub("", _NOTES.sub("", _DASHES.sub("-", text)))
    return _COUNTED.sub(_spell_out, text)


def _spell_out(found: re.Match[str]) -> str:
    numeral = found[1] or found[2]
    if not numeral:
        return ""
    # #3二单元 is not #32单元.
    follows_digit = found.start() > 0 and found.string[found.start() - 1].isdigit()
    return ("/" if follows_digit else "") + str(read_numeral(numeral))


def read_numeral(numeral: str) -> int:
    """A Chinese numeral below 1,000, spoken (一百零二) or spelt digit by digit (一〇二).

    >>> [read_numeral(n) for n in ("十", "十二", "四十", "一百零二", "一〇二")]
    [10, 12, 40, 102, 102]
    """
    if not any(unit in numeral for unit in "十百"):
        return int("".join(str(_DIGITS[digit]) for digit in numeral))
    total, current = 0, 0
    for char in numeral:
        if char in "十百":
            total += (current or 1) * (10 if char == "十" else 100)
            current = 0
        else:
            current = _DIGITS[char]
    return total + current
