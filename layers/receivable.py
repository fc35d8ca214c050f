# SPDX-License-Identifier: Apache-2.0
"""Which layers are written feature by feature, which of their properties, and what a value has to be. Pure.

Blocks come by their own load, models and tilesets by an upload, incidents and hazards go their own way from step to
step, storeys, units, addresses and legal entities hang on others and come with their lists: none of them is made here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from layers import business
from layers.editable import EDITABLE, EditableField, Value, check_value
from layers.layer import Layer, Property
from twin.errors import Problem
from twin.text import Text

ACCESS_CLASS: Final = "access_class"
"""May be sent with a feature's properties and is never shown among them."""

RECEIVABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "industrial_parks": EDITABLE["industrial_parks"],
    "urban_villages": EDITABLE["urban_villages"],
    "buildings": ("code", *EDITABLE["buildings"]),
    "roads": ("name", "road_class", "width"),
    "components": (
        "name", "code", "type_code", "type_name", "owner_department", "accuracy_class", "condition",
    ),
    "parcels": (
        "name", "code", "land_use", "land_use_code", "land_area", "plot_ratio", "building_density", "green_ratio",
        "height_limit", "plan_name",
    ),
    "height_limits": ("name", "code", "max_elevation", "vertical_datum", "basis"),
}  # fmt: skip
"""The layers of the program that are written, each with the properties that a writer gives: columns of its table.

A business layer takes its name and what its description names.
"""

_REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "industrial_parks": frozenset({"name"}),
    "urban_villages": frozenset({"name"}),
    "height_limits": frozenset({"max_elevation", "vertical_datum"}),
}
"""What a feature is nothing without."""

CODE_FORMS: Final[Mapping[str, str]] = {"buildings": "building", "components": "component"}
"""The layers whose codes have a form in the database (`code_form`)."""

_READ_ONLY: Final = frozenset({"local_id", "match_level", "confidence", "block_code"})
"""What a feature of a business layer is told by the server."""

_LARGEST: Final = 1e15


@dataclass(frozen=True)
class Given:
    """The properties that a writer sent, as they can be written. `access_class`: None where it was not said."""

    values: Mapping[str, Value]
    access_class: int | None


def is_receivable(layer: Layer) -> bool:
    """Whether features of this layer are made, replaced and deleted one by one."""
    return layer.id in RECEIVABLE or layer.kind == business.KIND


def receivable_fields(layer: Layer, access_class: int) -> dict[str, EditableField]:
    """The properties that a writer of this class gives, by name; none where the layer is not written."""
    shown = layer.properties_for(access_class)
    if layer.kind == business.KIND:
        return {p.name: _of_business(p) for p in shown if p.name not in _READ_ONLY}
    names = RECEIVABLE.get(layer.id, ())
    return {p.name: EditableField.of(p) for p in shown if p.name in names}


def describe_receivables(layer: Layer, access_class: int) -> dict[str, dict[str, Any]]:
    """JSON Schema of the properties: what is only read says `readOnly`, what is only written `writeOnly`."""
    fields = receivable_fields(layer, access_class)
    schema: dict[str, dict[str, Any]] = {}
    for declared in layer.properties_for(access_class):
        if declared.name not in fields:
            schema[declared.name] = {"readOnly": True}
    for name, field in fields.items():
        limits = {"minimum": field.minimum, "maximum": field.maximum}
        schema[name] = {key: value for key, value in limits.items() if value is not None}
    if fields:
        schema[ACCESS_CLASS] = {"type": "integer", "minimum": 1, "maximum": access_class, "writeOnly": True}
    return schema


def required_names(layer: Layer) -> frozenset[str]:
    """The properties without which a feature of this layer is refused."""
    return _REQUIRED.get(layer.id, frozenset())


def check_given(
    layer: Layer, given: Mapping[str, Any], access_class: int, where: str, problems: list[Problem], *,
    shown: Mapping[str, Any] | None = None, is_whole: bool = True,
) -> Given:  # fmt: skip
    """What was sent as it can be written; what is wrong about it is added to `problems`, the value never.

    A property that is only read may come back as it is `shown` now. `is_whole`: what is not given is emptied.
    """
    fields = receivable_fields(layer, access_class)
    clean: dict[str, Value] = {}
    wanted_class: int | None = None
    for name, value in given.items():
        field = fields.get(name)
        if name == ACCESS_CLASS:
            wanted_class = _check_class(value, access_class, where, problems)
        elif field is None:
            if not (shown is not None and name in shown and shown[name] == value):
                problems.append(_not_receivable(layer, name, fields, access_class, where))
        elif value is None:
            clean[name] = None
        else:
            found = _check_moment(field, value) if field.shown.type == "datetime" else check_value(field, value)
            if isinstance(found, Problem):
                problems.append(Problem(f"{where}.{found.where}", found.what, found.fix))
            else:
                clean[name] = found[0]
    if is_whole:
        clean = {name: clean.get(name) for name in fields}
    wrong = {problem.where for problem in problems}
    for name in sorted(required_names(layer)):
        if (is_whole or name in clean) and clean.get(name) is None and f"{where}.{name}" not in wrong:
            problems.append(
                Problem(f"{where}.{name}", Text("必须填写", "it has to be given"), Text("请填写", "fill it in"))
            )
    return Given(clean, wanted_class)


def split_attributes(layer: Layer, values: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
    """Columns, and attributes by their own key: those of a business layer are all attributes but the name."""
    if layer.kind != business.KIND:
        return dict(values), {}
    return (
        {name: value for name, value in values.items() if name == "name"},
        {business.attribute_key(name): value for name, value in values.items() if name != "name"},
    )


def _of_business(declared: Property) -> EditableField:
    is_number = declared.type in ("integer", "number")
    return EditableField(declared, -_LARGEST if is_number else None, _LARGEST if is_number else None)


def _check_class(value: Any, access_class: int, where: str, problems: list[Problem]) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 4:
        return value
    problems.append(
        Problem(
            f"{where}.{ACCESS_CLASS}",
            Text("不是安全级别", "it is no access class"),
            Text(f"应为 1 到 {access_class} 的整数", f"send a whole number from 1 to {access_class}"),
        )
    )
    return None


def _not_receivable(
    layer: Layer, name: str, fields: Mapping[str, EditableField], access_class: int, where: str
) -> Problem:
    listed: Sequence[str] = (*fields, ACCESS_CLASS)
    if any(declared.name == name for declared in layer.properties_for(access_class)):
        what = Text("这是只读属性", "it is read-only")
        return Problem(f"{where}.{name}", what, Text("请去掉它", "leave it out, or as it is"))
    return Problem(
        f"{where}.{name[:64]}",
        Text("没有这个属性", "there is no such property"),
        Text(f"可用:{', '.join(listed)}", f"use one of {', '.join(listed)}"),
    )


def _check_moment(field: EditableField, value: object) -> Problem | tuple[Value]:
    """A date stays a date; a moment is written with its zone, as `express_property` reads it."""
    try:
        if isinstance(value, str) and len(value) <= 32:
            moment = datetime.fromisoformat(value)
            if 1000 <= moment.year <= 2999 and (len(value) == 10 or "T" in value):
                return (value if len(value) == 10 or moment.tzinfo is None else moment.isoformat(),)
    except ValueError:
        pass
    return Problem(
        field.shown.name,
        Text("不是日期或 RFC 3339 时刻", "it is no date and no RFC 3339 instant"),
        Text("例如 2026-03-01 或 2026-03-01T08:00:00+08:00", "as in 2026-03-01 or 2026-03-01T08:00:00+08:00"),
    )
