# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a value that does not have the declared form: the checker's errors, in words of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi.exceptions import RequestValidationError

from twin.errors import InvalidRequestError
from twin.text import Text

_TEXTS: Final[Mapping[str, Text]] = {
    "missing": Text("必须给出", "it has to be given"),
    "extra_forbidden": Text("这里没有这一项", "there is no such field here"),
    "json_invalid": Text("不是有效的 JSON", "it is no valid JSON"),
    "model_attributes_type": Text("应为 JSON 对象", "it has to be a JSON object"),
    "model_type": Text("应为 JSON 对象", "it has to be a JSON object"),
    "dict_type": Text("应为 JSON 对象", "it has to be a JSON object"),
    "list_type": Text("应为列表", "it has to be a list"),
    "tuple_type": Text("应为列表", "it has to be a list"),
    "set_type": Text("应为列表", "it has to be a list"),
    "string_type": Text("应为文本", "it has to be text"),
    "string_unicode": Text("应为 UTF-8 文本", "it has to be text in UTF-8"),
    "string_too_short": Text("至少 {min_length} 个字符", "it has to have {min_length} characters or more"),
    "string_too_long": Text("最多 {max_length} 个字符", "it has to have {max_length} characters or fewer"),
    "string_pattern_mismatch": Text("格式应为 {pattern}", "it has to be of the form {pattern}"),
    "too_short": Text("至少 {min_length} 项", "it has to have {min_length} items or more"),
    "too_long": Text("最多 {max_length} 项", "it has to have {max_length} items or fewer"),
    "int_type": Text("应为整数", "it has to be a whole number"),
    "int_parsing": Text("应为整数", "it has to be a whole number"),
    "int_parsing_size": Text("整数过大", "it is too large a number"),
    "int_from_float": Text("应为整数", "it has to be a whole number"),
    "float_type": Text("应为数字", "it has to be a number"),
    "float_parsing": Text("应为数字", "it has to be a number"),
    "finite_number": Text("应为有限的数字", "it has to be a finite number"),
    "bool_type": Text("应为 true 或 false", "it has to be true or false"),
    "bool_parsing": Text("应为 true 或 false", "it has to be true or false"),
    "greater_than": Text("应大于 {gt}", "it has to be greater than {gt}"),
    "greater_than_equal": Text("应不小于 {ge}", "it has to be {ge} or greater"),
    "less_than": Text("应小于 {lt}", "it has to be less than {lt}"),
    "less_than_equal": Text("应不大于 {le}", "it has to be {le} or less"),
    "multiple_of": Text("应为 {multiple_of} 的倍数", "it has to be a multiple of {multiple_of}"),
    "date_type": Text("应为日期(年-月-日)", "it has to be a date (YYYY-MM-DD)"),
    "date_parsing": Text("应为日期(年-月-日)", "it has to be a date (YYYY-MM-DD)"),
    "date_from_datetime_parsing": Text("应为日期(年-月-日)", "it has to be a date (YYYY-MM-DD)"),
    "date_from_datetime_inexact": Text("应为不带时刻的日期", "it has to be a date without a time of day"),
    "date_past": Text("应为过去的日期", "it has to be a date of the past"),
    "date_future": Text("应为将来的日期", "it has to be a date of the future"),
    "datetime_type": Text("应为 RFC 3339 时刻", "it has to be an RFC 3339 instant"),
    "datetime_parsing": Text("应为 RFC 3339 时刻", "it has to be an RFC 3339 instant"),
    "datetime_from_date_parsing": Text("应为 RFC 3339 时刻", "it has to be an RFC 3339 instant"),
    "datetime_object_invalid": Text("应为 RFC 3339 时刻", "it has to be an RFC 3339 instant"),
    "timezone_naive": Text("时刻不应带时区", "it has to be an instant without a time zone"),
    "timezone_aware": Text("时刻应带时区", "it has to be an instant with a time zone"),
    "uuid_type": Text("应为 UUID", "it has to be a UUID"),
    "uuid_parsing": Text("应为 UUID", "it has to be a UUID"),
    "enum": Text("应为 {expected} 之一", "it has to be one of {expected}"),
    "literal_error": Text("应为 {expected} 之一", "it has to be one of {expected}"),
}
_OTHER: Final = Text("不符合要求的格式", "it is not of the form that is asked for")
_PLACES: Final = ("body", "query", "path", "header", "cookie")


def explain_refusal(error: Mapping[str, Any]) -> Text:
    """What is allowed, for one error of the checker (`type`, `ctx`). Never the value itself.

    What none of our own checks can raise is told in general words rather than in a language nobody chose.
    """
    text = _TEXTS.get(str(error["type"]), _OTHER)
    given: Mapping[str, Any] = error.get("ctx") or {}
    expected = str(given.get("expected", ""))
    context = {name: _shorten(value) for name, value in given.items()}
    in_chinese = context | {"expected": expected.replace(" or ", "、").replace(", ", "、")}
    try:
        return Text(text.zh.format_map(in_chinese), text.en.format_map(context))
    except KeyError:
        return _OTHER


def describe_validation(error: RequestValidationError) -> InvalidRequestError:
    """The first thing that is wrong with a request. `parameter` is the field's own name, the text says its place."""
    first = error.errors()[0]
    place: Sequence[str | int] = first["loc"]
    if first["type"] == "json_invalid":
        # What follows is the position in the text, not a field.
        place = place[:1]
    inner = place[1:] if len(place) > 1 and place[0] in _PLACES else place
    names = [part for part in inner if isinstance(part, str)]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in inner).lstrip(".")
    reason = explain_refusal(first)
    return InvalidRequestError(
        Text(f"参数 {path} 不正确:{reason.zh}。", f"The parameter {path} is wrong: {reason.en}."),
        names[-1] if names else str(place[0]),
    )


def _shorten(value: Any) -> Any:
    """A bound as a person writes it: 0 and not 0.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
