# SPDX-License-Identifier: Apache-2.0
"""Holds a list's rows to what its business layer says of their attributes (JSON Schema)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from ingest.report import LoadReport
from twin.errors import RefusedError
from twin.text import Text

_TRUE: Final = frozenset({"true", "1", "yes", "是"})
_FALSE: Final = frozenset({"false", "0", "no", "否"})

_SAID: Final[Mapping[str, Text]] = {
    "type": Text("不是要求的类型", "not of the type that is asked for"),
    "enum": Text("不在允许的值之内", "none of the values that are allowed"),
    "pattern": Text("不合要求的写法", "not written as it should be"),
    "required": Text("缺少必填的列", "a column that is asked for is empty"),
    "minimum": Text("小于最小值", "less than the least allowed"),
    "maximum": Text("大于最大值", "more than the most allowed"),
    "maxLength": Text("过长", "too long"),
}


def check_attributes(frame: gpd.GeoDataFrame, schema: Mapping[str, Any], report: LoadReport) -> gpd.GeoDataFrame:
    """The rows whose attributes fit `schema`; the others are turned away with field and reason, never the value.

    Cells are text; what the schema wants as a number or a boolean is read as one. Raises RefusedError where the
    layer's schema itself is none.
    """
    if not schema:
        return frame
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        raise RefusedError(
            Text(
                f"业务图层的 attribute_schema 不是有效的 JSON Schema:{error.message}",
                f"The layer's attribute_schema is no JSON Schema: {error.message}",
            )
        ) from error
    validator = Draft202012Validator(dict(schema))
    types = {name: told.get("type") for name, told in schema.get("properties", {}).items() if isinstance(told, dict)}
    columns = [name for name in types if name in frame.columns]
    fits = np.ones(len(frame), dtype=bool)
    for position, (row, cells) in enumerate(zip(frame.index, frame[columns].to_numpy(dtype=object), strict=True)):
        values = {name: _read(cell, types[name]) for name, cell in zip(columns, cells, strict=True) if _is_given(cell)}
        told: set[tuple[str | None, str]] = set()
        for error in validator.iter_errors(values):
            column = str(error.path[0]) if error.path else _missing(error.validator, schema, values)
            told.add((column, str(error.validator)))
        for column, rule in sorted(told, key=str):
            said = _SAID.get(rule, Text(f"不符合图层的规则 {rule}", f"against the layer's rule {rule}"))
            report.reject([int(row)], said, column)
        fits[position] = not told
    report.read += int((~fits).sum())
    return frame[fits]


def _is_given(cell: Any) -> bool:
    return isinstance(cell, str) and cell.strip() != ""


def _read(cell: str, wanted: Any) -> Any:
    text = cell.strip()
    if wanted in ("number", "integer"):
        try:
            number = float(text)
        except ValueError:
            return text
        return int(number) if number.is_integer() else number
    if wanted == "boolean":
        known = text.casefold()
        return True if known in _TRUE else False if known in _FALSE else text
    return text


def _missing(rule: Any, schema: Mapping[str, Any], values: Mapping[str, Any]) -> str | None:
    if rule != "required":
        return None
    return next((name for name in schema.get("required", []) if name not in values), None)
