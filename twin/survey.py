# SPDX-License-Identifier: Apache-2.0
"""Forms of collection rounds: JSON Schema (2020-12) that asks for facts, never for persons. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry

from twin.errors import Problem, RefusedError
from twin.personal import asks_for_personal, find_personal
from twin.text import Text

MAX_FIELDS: Final = 300

_FORBIDDEN: Final = frozenset({"$ref", "$dynamicRef", "$id", "$anchor"})
"""A form is whole in itself: nothing is fetched for it, and nothing in it leads in circles."""


def check_form(form: Mapping[str, Any]) -> int:
    """How many fields a form requires. Raises RefusedError for what is no usable form, saying where."""
    problems: list[Problem] = []
    for path, key, value in _walk(form, "form"):
        if key in _FORBIDDEN:
            problems.append(
                Problem(path, Text(f"不能使用 {key}", f"{key} is not allowed"), Text("请直接写出字段", "write it out"))
            )
        if key == "properties" and isinstance(value, Mapping):
            problems += _check_names(path, value)
    if not problems:
        try:
            Draft202012Validator.check_schema(form)
        except SchemaError as error:
            where = "/".join(["form", *(str(part) for part in error.absolute_path)])
            fix = Text("请按 JSON Schema 2020-12 修改", "make it JSON Schema 2020-12")
            problems.append(Problem(where, Text("不是有效的 JSON Schema", f"it is no schema: {error.message}"), fix))
    if not problems and form.get("type") != "object":
        problems.append(
            Problem("form/type", Text("应为 object", "it is not object"), Text("写作 object", "say object"))
        )
    required = 0 if problems else sum(1 for _ in required_fields(form))
    if not problems and not 0 < required <= MAX_FIELDS:
        problems.append(
            Problem(
                "form/required",
                Text(f"必填字段 {required} 个", f"{required} fields are required"),
                Text(f"应为 1 到 {MAX_FIELDS} 个", f"require 1 to {MAX_FIELDS}"),
            )
        )
    if problems:
        raise RefusedError(Text("表单不能使用。", "The form cannot be used."), problems)
    return required


def required_fields(form: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the fields that are required; of a required section, those that it requires."""
    properties = form.get("properties") or {}
    for name in form.get("required") or ():
        inner = properties.get(name) or {}
        here = (*path, str(name))
        if isinstance(inner, Mapping) and inner.get("type") == "object" and inner.get("required"):
            yield from required_fields(inner, here)
        else:
            yield here


def count_answered(form: Mapping[str, Any], answers: Mapping[str, Any]) -> int:
    """How many of the required fields have an answer; nothing, an empty text and an empty list are none.

    >>> form = {"type": "object", "required": ["a", "b"], "properties": {"a": {}, "b": {}}}
    >>> count_answered(form, {"a": 0, "b": ""})
    1
    """
    count = 0
    for path in required_fields(form):
        value: Any = answers
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        count += value is not None and value not in ("", [], {})
    return count


def check_answers(form: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
    """Whether what is answered fits the form; what is missing may follow. Raises RefusedError by field."""
    validator = Draft202012Validator(form, registry=Registry())
    problems = [
        _explain(error)
        for error in sorted(validator.iter_errors(answers), key=lambda error: str(list(error.absolute_path)))
        if error.validator != "required"
    ]
    for path, _, value in _walk(answers, ""):
        if "\0" in path or (isinstance(value, str) and "\0" in value):
            fix = Text("请删去", "take it out")
            problems.append(Problem("answers", Text("含有空字符", "it holds a NUL character"), fix))
        what = find_personal(value) if isinstance(value, str) else None
        if what is not None:
            fix = Text("请去掉个人信息", "take personal data out")
            problems.append(Problem(path.lstrip("/"), Text(f"含有{what.zh}", f"it holds {what.en}"), fix))
    if problems:
        raise RefusedError(
            Text(f"有 {len(problems)} 处不符合表单。", f"{len(problems)} answers do not fit the form."), problems
        )


_SAID: Final[Mapping[str, Text]] = {
    "type": Text("类型不对", "it is of the wrong type"),
    "enum": Text("不在选项内", "it is none of the choices"),
    "minimum": Text("太小", "it is too small"),
    "maximum": Text("太大", "it is too large"),
    "maxLength": Text("太长", "it is too long"),
    "minLength": Text("太短", "it is too short"),
    "pattern": Text("格式不对", "it has the wrong form"),
    "additionalProperties": Text("有表单之外的字段", "it has fields that the form has not"),
}


def _explain(error: ValidationError) -> Problem:
    where = "/".join(str(part) for part in error.absolute_path) or "answers"
    rule = str(error.validator)
    what = _SAID.get(rule, Text("不符合表单", "it does not fit the form"))
    # The rule is told, never the value: what somebody typed by mistake may be about a person.
    wanted = f"{rule}: {error.validator_value}" if rule in _SAID and rule != "additionalProperties" else rule
    return Problem(where, what, Text(f"要求 {wanted}", f"the form wants {wanted}"))


def _check_names(path: str, properties: Mapping[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    for name, inner in properties.items():
        title = inner.get("title", "") if isinstance(inner, Mapping) else ""
        if asks_for_personal(f"{name} {title}"):
            problems.append(
                Problem(
                    f"{path}/{name}",
                    Text("要求填写个人信息", "it asks for personal data"),
                    Text("摸查表只收事实与数量,请删去", "a form asks for facts and counts; leave it out"),
                )
            )
    return problems


def _walk(value: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    """Everything within: its path, its last name, itself."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield f"{path}/{key}", str(key), inner
            yield from _walk(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield f"{path}/{number}", str(number), inner
            yield from _walk(inner, f"{path}/{number}")
