# SPDX-License-Identifier: Apache-2.0
"""A value of the wrong form is refused by name, with what is allowed, wholly in the asker's language."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.server import City

TARGET = {"title": {"zh": "面积", "en": "Area"}, "measure": "buildings.floor_area", "goal": 1}


@pytest.mark.parametrize(
    ("change", "parameter", "zh", "en"),
    [
        ({"title": {"zh": "", "en": "x"}}, "zh", "参数 title.zh 不正确:至少 1 个字符。",
         "The parameter title.zh is wrong: it has to have 1 characters or more."),
        ({"goal": 0}, "goal", "参数 goal 不正确:应大于 0。",
         "The parameter goal is wrong: it has to be greater than 0."),
        ({"goal": "much"}, "goal", "参数 goal 不正确:应为数字。",
         "The parameter goal is wrong: it has to be a number."),
        ({"done": 1}, "done", "参数 done 不正确:这里没有这一项。",
         "The parameter done is wrong: there is no such field here."),
        ({"measure": None}, "measure", "参数 measure 不正确:应为文本。",
         "The parameter measure is wrong: it has to be text."),
        ({"due_date": "soon"}, "due_date", "参数 due_date 不正确:应为日期(年-月-日)。",
         "The parameter due_date is wrong: it has to be a date (YYYY-MM-DD)."),
    ],
)  # fmt: skip
def test_a_body_of_the_wrong_form_is_refused_in_both_languages(
    city: City, change: dict[str, Any], parameter: str, zh: str, en: str
) -> None:
    with city.client("admin") as admin:
        for language, said in (("zh", zh), ("en", en)):
            answer = admin.put("/targets/area", json=TARGET | change, headers={"Accept-Language": language})
            assert answer.status_code == 400
            assert (answer.json()["parameter"], answer.json()["detail"]) == (parameter, said)


def test_what_is_missing_or_none_of_the_choices_or_no_json_is_said_in_chinese_too(city: City) -> None:
    chinese = {"Accept-Language": "zh"}
    condition = {"property": "height", "op": "~", "value": 1}
    with city.client("admin") as admin:
        named = {"title": TARGET["title"], "layer": "buildings", "conditions": [condition]}
        wrong = admin.put("/measures/x", json=named, headers=chinese).json()
        assert wrong["detail"].startswith("参数 conditions[0].op 不正确:应为 '='、'!='、'<'")
        assert wrong["parameter"] == "op"
        missing = admin.put("/targets/area", json={"measure": "x", "goal": 1}, headers=chinese).json()
        assert (missing["parameter"], missing["detail"]) == ("title", "参数 title 不正确:必须给出。")
        json = {**chinese, "Content-Type": "application/json"}
        broken = admin.put("/targets/area", content=b"{", headers=json).json()
        assert (broken["parameter"], broken["detail"]) == ("body", "参数 body 不正确:不是有效的 JSON。")
        asked = admin.get(f"/blocks/{990101}/profile", params={"trend_days": "x"}, headers=chinese).json()
        assert (asked["parameter"], asked["detail"]) == ("trend_days", "参数 trend_days 不正确:应为整数。")
        shape = admin.put("/targets/UPPER", json=TARGET, headers=chinese).json()
        assert shape["detail"] == "参数 code 不正确:格式应为 ^[a-z][a-z0-9_.]{0,62}$。"
