# SPDX-License-Identifier: Apache-2.0
"""EXT_mesh_features and EXT_structural_metadata: feature ids lead to rows, and rows have all that they declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from twin.tiles3d.glb import BrokenGlbError, Glb

METADATA: Final = "EXT_structural_metadata"
FEATURES: Final = "EXT_mesh_features"

_SIZES: Final = {
    "INT8": 1, "UINT8": 1, "INT16": 2, "UINT16": 2, "INT32": 4, "UINT32": 4, "INT64": 8, "UINT64": 8, "FLOAT32": 4,
    "FLOAT64": 8,
}  # fmt: skip
_WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_OFFSETS: Final = {"UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8"}


def check_tables(glb: Glb) -> list[int]:
    """The row counts of a glb's property tables. Raises BrokenGlbError for one that is not what it declares."""
    metadata = glb.document.get("extensions", {}).get(METADATA)
    if metadata is None:
        return []
    schema = metadata.get("schema")
    if not isinstance(schema, Mapping) or not isinstance(schema.get("classes"), Mapping) or "schemaUri" in metadata:
        raise BrokenGlbError("schema", METADATA, "there is no schema with classes in the content itself")
    counts: list[int] = []
    for number, table in enumerate(metadata.get("propertyTables", [])):
        where = f"{METADATA}/propertyTables/{number}"
        declared = schema["classes"].get(table.get("class"))
        if declared is None:
            raise BrokenGlbError("table-class", where, f"the schema has no class {table.get('class')!r}")
        if not isinstance(table.get("count"), int) or table["count"] < 1:
            raise BrokenGlbError("table-count", where, "its count is no positive number")
        _check_columns(glb, table, declared.get("properties", {}), where)
        counts.append(table["count"])
    return counts


def _check_columns(glb: Glb, table: Mapping[str, Any], declared: Mapping[str, Any], where: str) -> None:
    columns = table.get("properties", {})
    for name in declared:
        if declared[name].get("required") and name not in columns:
            raise BrokenGlbError("table-column", where, f"the required column {name!r} is not there")
    for name, column in columns.items():
        at = f"{where}/properties/{name}"
        if name not in declared:
            raise BrokenGlbError("table-column", at, "the class declares no such property")
        kind = declared[name].get("type")
        data = glb.read_view(column.get("values"), at)
        if declared[name].get("array"):
            continue
        if kind == "STRING":
            _check_strings(glb, column, data, table["count"], at)
        elif kind == "BOOLEAN":
            _check_size(len(data), -(-table["count"] // 8), at)
        elif kind in _WIDTHS:
            size = _SIZES.get(declared[name].get("componentType"))
            if size is None:
                raise BrokenGlbError("schema", at, "its componentType is impossible")
            _check_size(len(data), table["count"] * size * _WIDTHS[kind], at)
        elif kind != "ENUM":
            raise BrokenGlbError("schema", at, f"its type {kind!r} is impossible")


def _check_strings(glb: Glb, column: Mapping[str, Any], data: bytes, count: int, where: str) -> None:
    dtype = _OFFSETS.get(column.get("stringOffsetType", "UINT32"))
    if dtype is None:
        raise BrokenGlbError("table-offsets", where, "its stringOffsetType is impossible")
    raw = glb.read_view(column.get("stringOffsets"), where)
    _check_size(len(raw), (count + 1) * np.dtype(dtype).itemsize, where)
    offsets = np.frombuffer(raw, dtype, count + 1).astype(np.int64)
    if offsets[0] != 0 or (np.diff(offsets) < 0).any() or offsets[-1] > len(data):
        raise BrokenGlbError("table-offsets", where, "its string offsets do not ascend within the values")
    try:
        data[: int(offsets[-1])].decode("utf-8")
    except UnicodeDecodeError as error:
        raise BrokenGlbError("table-text", where, "its strings are not UTF-8") from error


def _check_size(actual: int, needed: int, where: str) -> None:
    if actual != needed:
        raise BrokenGlbError("table-size", where, f"it has {actual} bytes where the count asks for {needed}")


def check_features(glb: Glb, primitive: Mapping[str, Any], tables: list[int], where: str) -> int:
    """How many features a primitive has. Raises BrokenGlbError where an id has no row, or the count is another."""
    described = primitive.get("extensions", {}).get(FEATURES)
    if described is None:
        return 0
    most = 0
    for number, feature_set in enumerate(described.get("featureIds", [])):
        at = f"{where}/{FEATURES}/{number}"
        count, null = feature_set.get("featureCount"), feature_set.get("nullFeatureId")
        if not isinstance(count, int) or count < 1:
            raise BrokenGlbError("feature-count", at, "its featureCount is no positive number")
        table = feature_set.get("propertyTable")
        if table is not None and (not isinstance(table, int) or not 0 <= table < len(tables)):
            raise BrokenGlbError("feature-table", at, f"there is no property table {table}")
        if "attribute" in feature_set:
            name = f"_FEATURE_ID_{feature_set['attribute']}"
            if name not in primitive.get("attributes", {}):
                raise BrokenGlbError("feature-attribute", at, f"the primitive has no {name}")
            values = glb.read_accessor(primitive["attributes"][name], at)
            if values.shape[1] != 1 or (values != np.rint(values)).any() or values.min() < 0:
                raise BrokenGlbError("feature-attribute", at, "its ids are no whole numbers")
            ids = np.unique(values)
            ids = ids if null is None else ids[ids != null]
            if len(ids) > count:
                raise BrokenGlbError("feature-count", at, f"there are {len(ids)} ids where {count} are declared")
            if table is not None and len(ids) and int(ids[-1]) >= tables[table]:
                raise BrokenGlbError("feature-row", at, f"the id {int(ids[-1])} has no row in the property table")
        most = max(most, count)
    return most
