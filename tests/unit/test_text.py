# SPDX-License-Identifier: Apache-2.0
"""Two languages, Chinese first."""

from __future__ import annotations

import pytest

from twin.personal import scrub_text
from twin.text import Text, locale_language, negotiate_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"), ("", "zh"), ("fr", "zh"), ("en", "en"), ("en-US,zh;q=0.8", "en"),
        ("de, zh-CN;q=0.9, en;q=0.5", "zh"), ("en;q=0", "zh"), ("en;q=x", "zh"),
    ],
)  # fmt: skip
def test_a_header_chooses_and_chinese_is_the_rest(header: str | None, language: str) -> None:
    assert negotiate_language(header) == language


@pytest.mark.parametrize(
    ("environment", "language"),
    [({}, "en"), ({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
     ({"TWIN_LANGUAGE": "zh", "LC_ALL": "en_US"}, "zh")],
)  # fmt: skip
def test_the_locale_chooses_for_the_command(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], language: str
) -> None:
    for name in ("TWIN_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert locale_language() == language
    assert str(Text("块", "block")) == ("块" if language == "zh" else "block")


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("王先生来电 13800138000 反映噪声", "某先生来电 [电话] 反映噪声"),
        ("联系 0755-27881234", "联系 [电话]"),
        ("身份证 44030619900101123X", "身份证 [证件号]"),
        ("call 212-555-0100 or a.b@example.org", "call [电话] or [邮箱]"),
        ("路灯 12 号 2026 年", "路灯 12 号 2026 年"),
    ],
)
def test_free_text_loses_what_identifies_a_person_and_nothing_else(text: str, scrubbed: str) -> None:
    assert scrub_text(text) == scrubbed
