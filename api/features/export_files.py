# SPDX-License-Identifier: Apache-2.0
"""Writes the texts and tables of an export batch by batch; `make_writer` knows who writes what."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Self

import orjson

from api.features.export_arrow import OgrWriter, ParquetWriter
from api.features.export_marks import MEDIA_TYPES as MEDIA_TYPES
from api.features.export_marks import Format as Format
from api.features.export_marks import Mark as Mark
from api.features.export_marks import Row, Writer
from api.features.export_sheet import SheetWriter
from api.http.offered_crs import OfferedCrs
from layers.layer import Layer, Property
from twin.text import Language, Text

_DEGREES: Final = Text("经度|纬度", "longitude|latitude")
_METRES: Final = Text("东坐标|北坐标", "easting|northing")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class GeoJsonWriter:
    """One FeatureCollection; features come as text from the database. The mark is its member `export`."""

    def __init__(self, path: Path, layer: Layer, mark: Mark) -> None:
        self._file = path.open("wb")
        self._file.write(
            b'{"type":"FeatureCollection","name":%b,"export":%b,"features":['
            % (orjson.dumps(layer.id), orjson.dumps(mark.as_dict()))
        )
        self._is_first = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

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
    path: Path, layer: Layer, shown: Sequence[Property], form: Format, language: Language, mark: Mark, crs: OfferedCrs
) -> Writer:
    """Who writes a table or a geographic file: tables in people's words, the others under our names."""
    if form == "csv":
        return _CsvWriter(path, shown, language, crs)
    if form == "xlsx":
        return _XlsxWriter(path, layer, shown, language, mark, crs)
    if form == "parquet":
        return ParquetWriter(path, shown, crs.definition, mark)
    return OgrWriter(path, "FlatGeobuf" if form == "fgb" else "GPKG", layer, shown, crs.definition, mark)


class _CsvWriter:
    """UTF-8; a CSV has no place for a mark but its name."""

    def __init__(self, path: Path, shown: Sequence[Property], language: Language, crs: OfferedCrs) -> None:
        self._path, self._shown, self._crs = path, shown, crs
        self._language: Language = language

    def write(self, batches: Iterable[Sequence[Row]]) -> None:
        """Write the whole file."""
        # Excel takes a file without the mark for one in the machine's own code page.
        with self._path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow(_headings(self._shown, self._language, self._crs))
            for rows in batches:
                writer.writerows(_as_cells(row, self._shown, self._language, self._crs) for row in rows)


class _XlsxWriter:
    """The mark is the document's identifier."""

    def __init__(
        self, path: Path, layer: Layer, shown: Sequence[Property], language: Language, mark: Mark, crs: OfferedCrs
    ) -> None:
        said = "; ".join(f"{name} {value}" for name, value in mark.as_dict().items())
        self._sheet = SheetWriter(
            path, layer.title.in_language(language), _headings(shown, language, crs), identifier=mark.id, said=said
        )
        self._shown, self._crs = shown, crs
        self._language: Language = language

    def write(self, batches: Iterable[Sequence[Row]]) -> None:
        """Write the whole file."""
        for rows in batches:
            self._sheet.write([_as_cells(row, self._shown, self._language, self._crs) for row in rows])
        self._sheet.close()


def defuse(value: object) -> object:
    """A text that a spreadsheet would run as a formula, so that it shows it instead.

    >>> defuse("=HYPERLINK(1)"), defuse("园区"), defuse(-3)
    ("'=HYPERLINK(1)", '园区', -3)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _headings(shown: Sequence[Property], language: Language, crs: OfferedCrs) -> list[str]:
    names = ["id"]
    for declared in shown:
        title = declared.title.in_language(language)
        heading = f"{title} ({declared.unit})" if declared.unit else title
        names.append(heading if heading not in names else declared.name)
    place = _DEGREES if crs.is_geographic else _METRES
    return [*names, *place.in_language(language).split("|")]


def _as_cells(row: Row, shown: Sequence[Property], language: Language, crs: OfferedCrs) -> list[Any]:
    place = row[1] or (None, None)
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
    return [*cells, *(None if one is None else round(one, crs.shape.decimals) for one in place)]
