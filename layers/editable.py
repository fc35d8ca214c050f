# SPDX-License-Identifier: Apache-2.0
"""Which properties of which layers people may correct, and what a value has to be. Pure: it only judges."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from layers.layer import Layer, Property
from twin.errors import NotFoundError, Problem, RefusedError
from twin.personal import find_personal
from twin.text import Text

Value = str | int | float | None

EDITABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "industrial_parks": ("name", "code", "park_type", "operator", "land_area", "floor_area", "vacant_area", "firms"),
    "urban_villages": ("name", "code", "company", "buildings", "rental_units", "hazards", "survey_completeness"),
    "buildings": (
        "name", "use", "structure", "storeys_above", "storeys_below", "height", "base_elevation", "gross_floor_area",
        "year_built",
    ),
    "units": ("room", "use", "storey_number", "floor_area", "occupancy"),
    "addresses": ("road", "number", "residential_quarters", "building", "unit", "room"),
}  # fmt: skip
"""The properties of each layer that can be corrected; each is a column of the layer's table."""

PLACED: Final = frozenset({"industrial_parks", "urban_villages", "buildings", "addresses"})
"""The layers whose geometry can be corrected; a unit's is its building's."""

_MAX_TEXT: Final = 200
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "survey_completeness": (0, 1),
    "year_built": (1000, 2200),
    "base_elevation": (-500, 9000),
    "height": (0, 1000),
    "storeys_above": (0, 250),
    "storeys_below": (0, 30),
    "storey_number": (-30, 250),
    "building_density": (0, 1),
    "green_ratio": (0, 1),
    "max_elevation": (-500, 9000),
}
_LARGEST: Final = 1e9
_NOT_MORE: Final = (("vacant_area", "floor_area"),)
"""Of each pair the first is not greater than the second."""


@dataclass(frozen=True)
class EditableField:
    """A property as an editor needs it."""

    shown: Property
    minimum: float | None
    maximum: float | None

    @classmethod
    def of(cls, declared: Property) -> EditableField:
        """The property within the limits that its name has."""
        return cls(declared, *_range(declared))

    def as_dict(self) -> dict[str, object]:
        """For a client that makes a form."""
        return {
            "name": self.shown.name,
            "title": self.shown.title.as_dict(),
            "type": self.shown.type,
            "unit": self.shown.unit,
            "values": {code: text.as_dict() for code, text in self.shown.values.items()} if self.shown.values else None,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }


def editable_fields(layer: Layer, access_class: int) -> dict[str, EditableField]:
    """The fields of a layer that an actor of this class may correct. Raises NotFoundError for other layers."""
    names = EDITABLE.get(layer.id)
    if names is None:
        raise NotFoundError(
            Text(
                f"图层 {layer.id} 不接受更正。可更正的有:{'、'.join(EDITABLE)}。",
                f"The layer {layer.id} takes no corrections. Those that do: {', '.join(EDITABLE)}.",
            )
        )
    return {
        declared.name: EditableField.of(declared)
        for declared in layer.properties_for(access_class)
        if declared.name in names
    }


def check_changes(layer: Layer, changes: Mapping[str, object], access_class: int) -> dict[str, Value]:
    """The changes as they can be written. Raises RefusedError that names every wrong field and what to do."""
    fields = editable_fields(layer, access_class)
    problems: list[Problem] = []
    clean: dict[str, Value] = {}
    for name, value in changes.items():
        field = fields.get(name)
        found = _unknown(name, fields) if field is None else check_value(field, value)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            clean[name] = found[0]
    if problems:
        raise RefusedError(
            Text(f"有 {len(problems)} 个字段不正确。", f"{len(problems)} of the fields are wrong."), problems
        )
    return clean


def check_whole(row: Mapping[str, Any], changed: Collection[str]) -> None:
    """What fields say about each other, once the changes are in; old contradictions are left. Raises RefusedError."""
    problems = [
        Problem(
            small,
            Text(
                f"{row[small]:g} 大于 {large}({row[large]:g})", f"{row[small]:g} is more than {large}, {row[large]:g}"
            ),
            Text(f"请改小 {small} 或同时更正 {large}", f"lower {small}, or correct {large} as well"),
        )
        for small, large in _NOT_MORE
        if (small in changed or large in changed)
        and row.get(small) is not None
        and row.get(large) is not None
        and row[small] > row[large]
    ]
    if problems:
        raise RefusedError(Text("字段之间矛盾。", "The fields contradict each other."), problems)


def check_text(text: str, field: str, most: int = 500) -> str:
    """A free text, trimmed. Raises RefusedError for one that is empty, too long or has personal data in it."""
    found = _check_text(text, field, most)
    if isinstance(found, Problem):
        raise RefusedError(Text(f"字段 {field} 不正确。", f"The field {field} is wrong."), [found])
    return found


def _range(declared: Property) -> tuple[float | None, float | None]:
    if declared.type not in ("integer", "number"):
        return None, None
    return _RANGES.get(declared.name, (0, _LARGEST))


def _unknown(name: str, fields: Mapping[str, EditableField]) -> Problem:
    listed = ", ".join(fields)
    return Problem(
        name[:64],
        Text("没有这个可更正的字段", "no such field can be corrected"),
        Text(f"可用:{listed}", f"use one of {listed}"),
    )


def check_value(field: EditableField, value: object) -> Problem | tuple[Value]:
    """The value in a tuple, since None is one; or what is wrong with it."""
    declared = field.shown
    if value is None:
        if declared.name == "name":
            return Problem("name", Text("名称不能为空", "there is no name"), Text("请填写名称", "give a name"))
        return (None,)
    if declared.type in ("integer", "number"):
        return _check_number(field, value)
    if declared.type == "boolean":
        wrong = Problem(declared.name, Text("应为 true 或 false", "it is neither true nor false"),
                        Text("请填写 true 或 false", "send true or false"))  # fmt: skip
        return (value,) if isinstance(value, bool) else wrong
    if not isinstance(value, str):
        return Problem(declared.name, Text("应为文字", "it is no text"), Text("请用引号括起", "send it as a string"))
    text = _check_text(value, declared.name, _MAX_TEXT)
    if isinstance(text, Problem):
        return text
    # No list of uses is complete; of what else has a list, only that.
    if declared.values and declared.name != "use" and text not in declared.values:
        zh = "、".join(f"{code}({word.zh})" for code, word in declared.values.items())
        en = ", ".join(f"{code} ({word.en})" for code, word in declared.values.items())
        return Problem(
            declared.name, Text("不在取值表内", "it is not one of the values"), Text(f"可用:{zh}", f"use {en}")
        )
    return (text,)


def _check_number(field: EditableField, value: object) -> Problem | tuple[Value]:
    name = field.shown.name
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return Problem(name, Text("不是数", "it is no number"), Text("请填写数字", "send a number"))
    if field.shown.type == "integer" and value != int(value):
        return Problem(name, Text("应为整数", "it is no whole number"), Text("请填写整数", "send a whole number"))
    assert field.minimum is not None and field.maximum is not None
    if not field.minimum <= value <= field.maximum:
        low, high = f"{field.minimum:g}", f"{field.maximum:g}"
        return Problem(
            name,
            Text("超出范围", "it is out of range"),
            Text(f"应在 {low} 到 {high} 之间", f"between {low} and {high}"),
        )
    return (int(value) if field.shown.type == "integer" else float(value),)


def _check_text(text: str, field: str, most: int) -> Problem | str:
    text = text.strip()
    if not text:
        return Problem(field, Text("是空的", "it is empty"), Text("请填写,或用 null 清除", "fill it in, or send null"))
    if len(text) > most or any(ord(letter) < 32 and letter != "\n" for letter in text):
        return Problem(
            field,
            Text("太长或含控制字符", "it is too long, or has control characters"),
            Text(f"最多 {most} 字", f"at most {most} characters"),
        )
    what = find_personal(text)
    if what is not None:
        return Problem(
            field,
            Text(f"含有{what.zh}", f"it holds {what.en}"),
            Text("请去掉个人信息后再提交", "take personal data out and send it again"),
        )
    return text
