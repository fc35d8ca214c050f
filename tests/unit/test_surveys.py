# SPDX-License-Identifier: Apache-2.0
"""Forms of collection rounds: usable, harmless, and counted right."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import RefusedError
from twin.survey import check_answers, check_form, count_answered, required_fields

FORM: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["hydrants", "fire"],
    "properties": {
        "hydrants": {"type": "integer", "minimum": 0},
        "note": {"type": "string"},
        "fire": {
            "type": "object", "required": ["exits", "alarm"],
            "properties": {"exits": {"type": "integer"}, "alarm": {"enum": ["yes", "no"]}},
        },
    },
}  # fmt: skip


def test_required_fields_are_counted_within_sections_too() -> None:
    assert check_form(FORM) == 3
    assert list(required_fields(FORM)) == [("hydrants",), ("fire", "exits"), ("fire", "alarm")]
    assert count_answered(FORM, {}) == 0
    assert count_answered(FORM, {"hydrants": 0, "fire": {"alarm": "no"}, "note": "x"}) == 2


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from([None, "", [], 0, False, "x"])))
def test_an_answer_more_is_never_counted_as_less(answers: dict[str, Any]) -> None:
    form = {"type": "object", "required": ["a", "b", "c"], "properties": {name: {} for name in "abcd"}}
    before = count_answered(form, answers)
    assert 0 <= before <= 3
    for name in "abcd":
        assert before <= count_answered(form, answers | {name: 1}) <= before + 1


@pytest.mark.parametrize(
    ("form", "where"),
    [
        (
            {"type": "object", "properties": {"phone": {"title": "业主电话"}}, "required": ["phone"]},
            "phone",
        ),
        ({"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1/x"}}, "required": ["a"]}, "$ref"),
        ({"type": "object", "properties": {"a": {"type": "colour"}}, "required": ["a"]}, "type"),
        ({"type": "object", "properties": {"a": {}}}, "required"),
        ({"type": "array"}, "type"),
    ],
)
def test_a_form_that_cannot_be_used_is_refused_with_its_place(form: dict[str, Any], where: str) -> None:
    with pytest.raises(RefusedError) as refused:
        check_form(form)
    assert where in refused.value.problems[0].where


def test_answers_are_judged_by_field_and_never_repeated() -> None:
    check_answers(FORM, {"fire": {"exits": 2}})
    with pytest.raises(RefusedError) as refused:
        check_answers(FORM, {"hydrants": "secret", "fire": {"alarm": "13800138000"}, "more": 1})
    problems = refused.value.problems
    assert {problem.where for problem in problems} == {"answers", "hydrants", "fire/alarm"}
    assert all("secret" not in f"{p.what.en}{p.fix.en}" and "138001" not in f"{p.what.en}{p.fix.en}" for p in problems)
