# SPDX-License-Identifier: Apache-2.0
"""Whether letters are a name's pinyin: in full (xixiang), by initials (xxjd), from its start or from within.

Every reading of a character counts, since which one a place name has is not to be told from the characters.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from pypinyin import Style, pinyin

FULL: Final = 0.95
INITIALS: Final = 0.9
FULL_START: Final = 0.85
INITIALS_START: Final = 0.75
FULL_WITHIN: Final = 0.6
INITIALS_WITHIN: Final = 0.5

_FEWEST_INITIALS: Final = 2
_FEWEST_WITHIN: Final = 3


@lru_cache(maxsize=30_000)
def readings(char: str) -> tuple[str, ...]:
    """Every reading of a character in letters, without tones; a letter or a digit reads as itself.

    >>> sorted(readings("长"))
    ['chang', 'zhang']
    """
    found = pinyin(char, style=Style.NORMAL, heteronym=True, errors="default")
    return tuple(dict.fromkeys(reading.replace("ü", "v").lower() for reading in found[0]))


def fold_letters(query: str) -> str | None:
    """The letters of a query in pinyin, None where it is not such a one.

    >>> fold_letters("Xi Xiang"), fold_letters("西乡")
    ('xixiang', None)
    """
    folded = "".join(query.split()).replace("'", "").lower().replace("ü", "v")
    return folded if folded.isascii() and folded.isalnum() and any(c.isalpha() for c in folded) else None


def rate_pinyin(letters: str, name: str) -> float:
    """How well letters name a place: one of the constants above, 0 where they do not."""
    spelt = [readings(char) for char in name]
    best = 0.0
    for start in range(len(spelt)):
        if start and len(letters) < _FEWEST_WITHIN:
            break
        full = _reads(letters, 0, spelt, start)
        if full:
            best = max(best, FULL_WITHIN if start else FULL if full == 2 else FULL_START)
        if len(letters) >= _FEWEST_INITIALS:
            initials = _begins(letters, spelt, start)
            if initials:
                best = max(best, INITIALS_WITHIN if start else INITIALS if initials == 2 else INITIALS_START)
        if best >= FULL_START:
            break
    return best


def _reads(letters: str, at: int, spelt: list[tuple[str, ...]], char: int) -> int:
    """2 where the letters read all characters from `char` on, 1 where they read some of them, else 0."""
    if at == len(letters):
        return 2 if char == len(spelt) else 1
    if char == len(spelt):
        return 0
    best = 0
    for reading in spelt[char]:
        if letters.startswith(reading, at):
            best = max(best, _reads(letters, at + len(reading), spelt, char + 1))
        elif char and reading.startswith(letters[at:]):
            best = max(best, 1)
        if best == 2:
            break
    return best


def _begins(letters: str, spelt: list[tuple[str, ...]], start: int) -> int:
    """The same for the first letters of the readings."""
    rest = len(spelt) - start
    if len(letters) > rest:
        return 0
    for offset, letter in enumerate(letters):
        if not any(reading.startswith(letter) for reading in spelt[start + offset]):
            return 0
    return 2 if len(letters) == rest else 1
