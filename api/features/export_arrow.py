# SPDX-License-Identifier: Apache-2.0
"""Writes the geographic files of an export: GeoPackage and FlatGeobuf by GDAL, GeoParquet 1.1 by Arrow.

All three take batches as they come, so memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final, cast

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyproj import CRS

from api.features.export_marks import Mark, Row
from layers.layer import Layer, Property, PropertyType

GEOMETRY: Final = "geometry"
_BOX: Final = "bbox"
_SIDES: Final = ("xmin", "ymin", "xmax", "ymax")

_TYPES: Final[dict[PropertyType, pa.DataType]] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "datetime": pa.timestamp("us", "UTC"),
}
_GEOPARQUET: Final = "1.1.0"


class OgrWriter:
    """A GeoPackage with the mark in its metadata, or a FlatGeobuf with the mark as its description."""

    def __init__(
        self, path: Path, driver: str, layer: Layer, shown: Sequence[Property], crs: CRS, mark: Mark
    ) -> None:  # fmt: skip
        self._path, self._driver, self._layer, self._shown, self._crs = path, driver, layer, shown, crs
        self._mark = mark

    def write(self, batches: Iterable[Sequence[Row]]) -> None:
        """Write the whole file. One without features has its columns all the same."""
        schema = _make_schema(self._shown)
        reader = pa.RecordBatchReader.from_batches(
            schema, (_make_batch(schema, rows, self._shown) for rows in batches)
        )  # fmt: skip
        marked: dict[str, Any] = {}
        if self._driver == "GPKG":
            said = {f"EXPORT_{name.upper()}": value for name, value in self._mark.as_dict().items()}
            marked["dataset_metadata"] = said
        else:
            marked["TITLE"] = self._layer.id
            marked["DESCRIPTION"] = orjson.dumps({"export": self._mark.as_dict()}).decode()
        pyogrio.write_arrow(
            reader, self._path, layer=self._layer.id, driver=self._driver, geometry_name=GEOMETRY,
            geometry_type="Unknown", crs=self._crs.to_string(), **marked,
        )  # fmt: skip


class ParquetWriter:
    """A GeoParquet 1.1: WKB, the CRS as PROJJSON, a box of each feature; the mark is `blocktwin:export` of the file."""

    def __init__(self, path: Path, shown: Sequence[Property], crs: CRS, mark: Mark) -> None:
        self._path, self._shown, self._crs, self._mark = path, shown, crs, mark
        self._types: set[str] = set()
        self._bounds = _EMPTY

    def write(self, batches: Iterable[Sequence[Row]]) -> None:
        """Write the whole file. One without features has its columns all the same."""
        schema = _make_schema(self._shown)
        box = pa.struct([(side, pa.float64()) for side in _SIDES])
        whole = schema.append(pa.field(_BOX, box))
        with pq.ParquetWriter(self._path, whole, compression="zstd") as file:
            for rows in batches:
                batch = _make_batch(schema, rows, self._shown)
                bounds = self._measure(batch.column(GEOMETRY))
                file.write_batch(pa.record_batch([*batch.columns, bounds.cast(box)], schema=whole))
            file.add_key_value_metadata(
                {"geo": orjson.dumps(self._describe()).decode(),
                 "blocktwin:export": orjson.dumps(self._mark.as_dict()).decode()}
            )  # fmt: skip

    def _measure(self, wkb: pa.Array) -> pa.StructArray:
        """The boxes of a batch; also takes note of its types and of how far it reaches."""
        shapes = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
        bounds = shapely.bounds(shapes)
        present = ~shapely.is_missing(shapes)
        if present.any():
            for number, has_z in {*zip(shapely.get_type_id(shapes[present]).tolist(),
                                       shapely.has_z(shapes[present]).tolist(), strict=True)}:  # fmt: skip
                self._types.add(f"{_GEOMETRIES[number]}{' Z' if has_z else ''}")
            west, south, east, north = shapely.total_bounds(shapes[present]).tolist()
            own = self._bounds
            self._bounds = (min(own[0], west), min(own[1], south), max(own[2], east), max(own[3], north))
        sides = [pa.array(bounds[:, at], from_pandas=True) for at in range(4)]
        return pa.StructArray.from_arrays(sides, names=list(_SIDES), mask=pa.array(~present))

    def _describe(self) -> dict[str, Any]:
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": sorted(self._types),
            "crs": self._crs.to_json_dict(),
            "edges": "planar",
            "covering": {_BOX: {side: [_BOX, side] for side in _SIDES}},
        }
        if self._types:
            column["bbox"] = list(self._bounds)
        return {"version": _GEOPARQUET, "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}


_EMPTY: Final = (float("inf"), float("inf"), float("-inf"), float("-inf"))
_GEOMETRIES: Final = (
    "Point", "LineString", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
    "GeometryCollection",
)  # fmt: skip
"""By shapely's numbers of types; a ring is a line in WKB."""


def _make_schema(shown: Sequence[Property]) -> pa.Schema:
    fields = [pa.field("id", pa.int64(), nullable=False), *(pa.field(p.name, _TYPES[p.type]) for p in shown)]
    return pa.schema([*fields, pa.field(GEOMETRY, pa.binary())])


def _make_batch(schema: pa.Schema, rows: Sequence[Row], shown: Sequence[Property]) -> pa.RecordBatch:
    columns = [pa.array([row[0] for row in rows], pa.int64())]
    columns += [
        pa.array(list(_convert((row[at] for row in rows), declared.type)), _TYPES[declared.type])
        for at, declared in enumerate(shown, start=2)
    ]
    columns.append(pa.array([row[1] for row in rows], pa.binary()))
    return pa.record_batch(columns, schema=schema)


def _convert(values: Iterable[Any], kind: PropertyType) -> Generator[Any]:
    """Values as Arrow takes them for a type; None stays None."""
    for value in values:
        if value is None:
            yield None
        elif kind == "string":
            yield value if isinstance(value, str) else str(value)
        elif kind == "number":
            yield float(value)
        elif kind == "integer":
            yield int(value)
        elif kind == "datetime" and not isinstance(value, datetime):
            yield datetime.combine(cast("date", value), time(), UTC)
        else:
            yield value
