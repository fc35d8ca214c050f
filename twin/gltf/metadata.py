# SPDX-License-Identifier: Apache-2.0
"""EXT_structural_metadata: a property table as schema and binary columns."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from twin.gltf.buffers import BufferWriter
from twin.gltf.mesh import PropertyTable

COMPONENT_TYPES: Final = {
    "int8": "INT8",
    "uint8": "UINT8",
    "int16": "INT16",
    "uint16": "UINT16",
    "int32": "INT32",
    "uint32": "UINT32",
    "int64": "INT64",
    "uint64": "UINT64",
    "float32": "FLOAT32",
    "float64": "FLOAT64",
}


def describe_table(table: PropertyTable, buffers: BufferWriter) -> dict[str, Any]:
    """The document's EXT_structural_metadata; the columns' bytes go into `buffers`."""
    schema: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for name, values in table.columns.items():
        if isinstance(values, np.ndarray):
            schema[name], properties[name] = _describe_numbers(values, table.no_data.get(name), buffers)
        else:
            schema[name] = {"type": "STRING"}
            properties[name] = _write_strings(list(values), buffers)
    return {
        "schema": {"id": "blocktwin", "classes": {table.class_name: {"properties": schema}}},
        "propertyTables": [
            {
                "name": table.class_name,
                "class": table.class_name,
                "count": table.count,
                "properties": properties,
            }
        ],
    }


def _describe_numbers(
    values: NDArray[Any], no_data: int | float | None, buffers: BufferWriter
) -> tuple[dict[str, Any], dict[str, Any]]:
    component = COMPONENT_TYPES.get(values.dtype.name)
    if component is None:
        raise ValueError(f"a property column cannot be {values.dtype.name}")
    declared: dict[str, Any] = {"type": "SCALAR", "componentType": component}
    if no_data is None:
        declared["required"] = True
    else:
        declared["noData"] = no_data
    little_endian = values.astype(values.dtype.newbyteorder("<"))
    return declared, {"values": buffers.add_plain(little_endian.tobytes())}


def _write_strings(values: list[str], buffers: BufferWriter) -> dict[str, Any]:
    # Lone surrogates come out of broken escapes in the source; they are no UTF-8.
    encoded = [value.encode("utf-8", "replace") for value in values]
    offsets = np.zeros(len(encoded) + 1, dtype="<u4")
    np.cumsum([len(value) for value in encoded], out=offsets[1:])
    # A buffer view may not be empty, so a column of empty strings gets one byte nobody reads.
    return {
        "values": buffers.add_plain(b"".join(encoded) or b"\0"),
        "stringOffsets": buffers.add_plain(offsets.tobytes()),
        "stringOffsetType": "UINT32",
    }
