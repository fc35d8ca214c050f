# SPDX-License-Identifier: Apache-2.0
"""Reads with GDAL in a process of its own, since GDAL keeps the interpreter from serving while it asks.

On standard input a JSON list of what to read (`path`, and arguments of pyogrio); on standard output the same number of
answers: the fields with their types, the features, and the CRS; or what GDAL said is wrong.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import numpy as np
import pyogrio
import pyogrio.raw


def read(asked: dict[str, Any]) -> dict[str, Any]:
    """One answer."""
    path = asked.pop("path")
    if "bbox" in asked:
        asked["bbox"] = tuple(asked["bbox"])
    try:
        if asked.pop("list", False):
            return {"layers": [str(name) for name, _ in pyogrio.list_layers(path)]}
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            meta, ids, shapes, columns = pyogrio.raw.read(path, return_fids=True, **asked)
    except pyogrio.errors.DataSourceError as error:
        return {"error": str(error)}
    return {
        "crs": meta["crs"],
        "fields": {
            str(n): [str(t), str(s)]
            for n, t, s in zip(meta["fields"], meta["ogr_types"], meta["ogr_subtypes"], strict=True)
        },
        "ids": [int(number) for number in ids],
        "shapes": [None if wkb is None else wkb.hex() for wkb in shapes],
        "columns": {str(n): [plain(v) for v in column] for n, column in zip(meta["fields"], columns, strict=True)},
        "warnings": [str(one.message) for one in told],
    }


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.ndarray):
        return [plain(one) for one in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and value != value else value


if __name__ == "__main__":
    json.dump([read(asked) for asked in json.load(sys.stdin)], sys.stdout)
