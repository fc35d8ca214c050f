# SPDX-License-Identifier: Apache-2.0
"""Writes the files of an export batch by batch, so that memory does not grow with them; each carries its mark."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import geopandas as gpd
import orjson
import pandas as pd
import pyogrio
import shapely

from api.features.export_sheet import SheetWriter
from api.http.response import GEOJSON
from layers.layer import Layer, Property
from twin.model.table import STORAGE_SRID
from twin.text import Language, Text

Format = Literal["geojson", "gpkg", "csv", "xlsx"]

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "geojson": GEOJSON,
    "gpkg": "application/geopackage+sqlite3",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Mark:
    """What a file says of itself: the id under which its export is on record, when, of what, and its label."""

    id: str
    at: datetime
    layer: str
    secrecy_label: str

    def as_dict(self) -> dict[str, str]:
        """For a file's metadata."""
        return {
            "id": self.id, "at": self.at.isoformat(timespec="seconds"), "layer": self.layer,
            "secrecy_label": self.secrecy_label,
        }  # fmt: skip


class Writer(Protocol):
    """A file that grows by batches of `select_rows` rows (id, place, properties)."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add a batch."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


class GeoJsonWriter:
    """One FeatureCollection; features come as text from the database. The mark is its member `export`."""

    def __init__(self, path: Path, layer: Layer, mark: Mark) -> None:
        self._file = path.open("wb")
        self._file.write(
            b'{"type":"FeatureCollection","name":%b,"export":%b,"features":['
            % (orjson.dumps(layer.id), orjson.dumps(mark.as_dict()))
        )
        self._is_first = True

    def write(self, features: str) -> None:
        """Add features, with commas between them."""
        if features:
            self._file.write(b"" if self._is_first else b",")
            self._file.write(features.encode())
            self._is_first = False

    def close(self) -> None:
        """Finish the file."""
        self._file.write(b"]}")
        self._file.close()


def make_writer(
    path: Path, layer: Layer, shown: Sequence[Property], form: Format, language: Language, mark: Mark
) -> Writer:
    """The writer of a table or GeoPackage: tables in people's words, a GeoPackage under our names."""
    if form == "csv":
        return _CsvWriter(path, shown, language)
    if form == "xlsx":
        return _XlsxWriter(path, layer, shown, language, mark)
    return _GpkgWriter(path, layer, shown, mark)


class _CsvWriter:
    """UTF-8; a CSV has no place for a mark but its name."""

    def __init__(self, path: Path, shown: Sequence[Property], language: Language) -> None:
        # Excel takes a file without the mark for one in the machine's own code page.
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._shown = shown
        self._language: Language = language
        self._writer.writerow(_headings(shown, language))

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add a batch."""
        self._writer.writerows(_as_cells(row, self._shown, self._language) for row in rows)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class _GpkgWriter:
    """The mark is in the file's metadata."""

    def __init__(self, path: Path, layer: Layer, shown: Sequence[Property], mark: Mark) -> None:
        self._path, self._layer, self._shown = path, layer, shown
        self._metadata = {f"EXPORT_{name.upper()}": value for name, value in mark.as_dict().items()}
        self._is_begun = False

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add a batch."""
        columns: dict[str, pd.Series[Any]] = {"id": pd.Series([row[0] for row in rows], dtype="Int64")}
        for at, declared in enumerate(self._shown, start=2):
            columns[declared.name] = _series([row[at] for row in rows], declared)
        geometry = shapely.from_wkb([None if row[1] is None else bytes(row[1]) for row in rows])
        frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=STORAGE_SRID)
        further: dict[str, Any] = {"append": True} if self._is_begun else {"dataset_metadata": self._metadata}
        pyogrio.write_dataframe(
            frame, self._path, layer=self._layer.id, driver="GPKG", geometry_type="Unknown", **further
        )
        self._is_begun = True

    def close(self) -> None:
        """Finish the file; one without features has its columns all the same."""
        if not self._is_begun:
            self.write([])


class _XlsxWriter:
    """The mark is the document's identifier."""

    def __init__(self, path: Path, layer: Layer, shown: Sequence[Property], language: Language, mark: Mark) -> None:
        said = "; ".join(f"{name} {value}" for name, value in mark.as_dict().items())
        self._sheet = SheetWriter(
            path, layer.title.in_language(language), _headings(shown, language), identifier=mark.id, said=said
        )
        self._shown = shown
        self._language: Language = language

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add a batch."""
        self._sheet.write([_as_cells(row, self._shown, self._language) for row in rows])

    def close(self) -> None:
        """Finish the file."""
        self._sheet.close()


def defuse(value: object) -> object:
    """A text that a spreadsheet would run as a formula, so that it shows it instead.

    >>> defuse("=HYPERLINK(1)"), defuse("园区"), defuse(-3)
    ("'=HYPERLINK(1)", '园区', -3)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _headings(shown: Sequence[Property], language: Language) -> list[str]:
    names = ["id"]
    for declared in shown:
        title = declared.title.in_language(language)
        heading = f"{title} ({declared.unit})" if declared.unit else title
        names.append(heading if heading not in names else declared.name)
    return [*names, *Text("经度|纬度", "longitude|latitude").in_language(language).split("|")]


def _as_cells(row: Sequence[Any], shown: Sequence[Property], language: Language) -> list[Any]:
    longitude, latitude = row[1] or (None, None)
    cells = [row[0]]
    for declared, value in zip(shown, row[2:], strict=True):
        word = declared.values.get(str(value)) if declared.values and value is not None else None
        if word is not None:
            cells.append(word.in_language(language))
        elif isinstance(value, datetime):
            cells.append(value.isoformat(sep=" ", timespec="seconds"))
        elif isinstance(value, date):
            cells.append(value.isoformat())
        else:
            cells.append(defuse(value))
    return [*cells, _round(longitude), _round(latitude)]


def _round(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, 7)


def _series(values: Sequence[Any], declared: Property) -> pd.Series[Any]:
    if declared.type == "integer":
        return pd.Series(values, dtype="Int64")
    if declared.type == "number":
        return pd.Series(values, dtype="float64")
    if declared.type == "boolean":
        return pd.Series(values, dtype="boolean")
    texts = [None if value is None else value if isinstance(value, str) else str(value) for value in values]
    return pd.Series(texts, dtype=object)
