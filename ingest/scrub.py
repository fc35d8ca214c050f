# SPDX-License-Identifier: Apache-2.0
"""Takes personal data out of free text before anything is stored: phones, identity numbers, names after titles."""

from __future__ import annotations

import re
from typing import Any, Final

import pandas as pd

_PATTERNS: Final = (
    (re.compile(r"(?<!\d)\d{17}[\dXx](?!\w)"), "[证件号]"),
    (re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d{9}(?!\d)"), "[电话]"),
    (re.compile(r"(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)"), "[电话]"),
    (re.compile(r"(?<!\d)\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?!\d)"), "[电话]"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "[邮箱]"),
    (re.compile(r"[\u4e00-\u9fff]{1,3}(?=先生|女士|小姐)"), "某"),
)


def scrub_text(text: str) -> str:
    """One text without what identifies a person.

    >>> scrub_text("王先生来电 13800138000")
    '某先生来电 [电话]'
    """
    for pattern, word in _PATTERNS:
        text = pattern.sub(word, text)
    return text


def scrub(values: pd.Series[Any]) -> pd.Series[Any]:
    """A text column without what identifies a person."""
    return values.map(scrub_text, na_action="ignore").astype("string")
