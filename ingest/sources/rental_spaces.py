# SPDX-License-Identifier: Apache-2.0
"""Space for rent in parks by building, storey and unit, from a table (CSV, XLSX).

The file is the whole list of every park that it names: what it no longer has of one is taken away, unless a row of
that park was turned away, of which nobody knows what it was meant to say. A list of rejected rows that comes back
mended is a part of such a file, and takes nothing away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd
from psycopg.types.json import Jsonb

from ingest.mapping import Mapping as ColumnMapping
from ingest.mapping import check_mapping, read_mapping
from ingest.merged import WRITER_ROLE, MergedSource
from ingest.readers import returned
from ingest.readers.table import read_cells, read_heading
from ingest.report import LoadReport
from ingest.source import Options
from ingest.wrong_cell import WrongCellError
from twin.database import Connection
from twin.personal import find_personal
from twin.text import Text

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "park_code": ("park_code", "园区编码", "园区编号"),
    "building_code": ("building_code", "楼栋编码", "楼栋编号", "建筑编码"),
    "storey_number": ("storey_number", "storey", "楼层", "楼层号"),
    "unit_code": ("unit_code", "unit", "单元编码", "户编码", "房屋编码"),
    "area": ("area", "面积", "可租面积", "建筑面积"),
    "use": ("use", "用途"),
    "state": ("state", "状态"),
    "available_from": ("available_from", "可租日期", "可租时间"),
}
_REQUIRED: Final = ("park_code", "building_code", "area")
_STATES: Final[Mapping[str, str]] = {
    "": "vacant", "vacant": "vacant", "空置": "vacant", "待租": "vacant", "reserved": "reserved", "预订": "reserved",
    "预留": "reserved", "let": "let", "已租": "let", "在租": "let",
}  # fmt: skip
_MOST_AREA: Final = 1e6

Space = dict[str, Any]


@dataclass(frozen=True)
class _Lists:
    """The spaces by the park's id, and the parks of which the file has not all."""

    spaces: dict[int, list[Space]]
    incomplete: set[int]


class RentalSpaceSource(MergedSource[_Lists]):
    """Spaces are parts of a park, not features: they have no place of their own and are merged park by park."""

    kind = "rental_spaces"
    title = Text("园区可租空间", "space for rent in parks")
    step = Text("检查并合并可租空间", "checking and merging the spaces")

    def read(self, connection: Connection, path: Path, options: Options, report: LoadReport) -> _Lists:
        """The spaces of each park."""
        table = read_cells(path, options.layer)
        columns = [str(column) for column in table.columns]
        mapping = read_mapping(options.mapping) if options.mapping else _detect(columns)
        check_mapping(mapping, columns, _REQUIRED, path.name)
        report.mapping = dict(mapping.fields)
        report.ignored_columns = sorted(set(columns) - set(mapping.fields.values()))
        report.read = len(table)
        rows = _cells(table, mapping)
        ids = _find_parks(connection, {row["park_code"] for row in rows.values()})
        standing = _find_buildings(connection, [found[0] for found in ids.values() if len(found) == 1])
        parks: dict[int, list[Space]] = {}
        incomplete: set[int] = set()
        seen: set[tuple[Any, ...]] = set()
        for number, row in rows.items():
            found = ids.get(row["park_code"], [])
            try:
                if len(found) != 1:
                    raise WrongCellError("park_code", _NO_PARK if not found else _MANY_PARKS)
                space = _read_space(row)
                if (found[0], space["building_code"]) not in standing:
                    raise WrongCellError("building_code", _NO_BUILDING)
                place = (found[0], space["building_code"], space["storey_number"], space["unit_code"])
                if place in seen:
                    raise WrongCellError("building_code", _TWICE)
            except WrongCellError as error:
                report.reject([number], error.reason, error.field)
                incomplete.update(found)
                continue
            seen.add(place)
            parks.setdefault(found[0], []).append(space)
        report.kept = report.read - report.rejected
        is_part = returned.is_returned(read_heading(path, options.layer))
        return _Lists(parks, set(parks) if is_part else incomplete)

    def merge(self, connection: Connection, rows: _Lists, report: LoadReport) -> None:
        """Merge them into the parks' lists."""
        removed = sum(
            _merge(connection, park, spaces, report, keeps_others=park in rows.incomplete)
            for park, spaces in rows.spaces.items()
        )
        report.details |= {"parks": len(rows.spaces), "removed": removed}


SOURCE = RentalSpaceSource()


_NO_PARK: Final = Text("没有这个编码的园区", "there is no park with this code")
_MANY_PARKS: Final = Text("有多个园区用这个编码", "several parks have this code")
_NO_BUILDING: Final = Text("园区内没有这栋建筑", "no such building stands in the park")
_TWICE: Final = Text("同一处重复", "this place is there twice")


def _detect(columns: list[str]) -> ColumnMapping:
    by_name = {column.strip().lower().replace(" ", "_"): column for column in columns}
    found = {ours: next((by_name[n] for n in names if n in by_name), None) for ours, names in _NAMES.items()}
    return ColumnMapping({ours: theirs for ours, theirs in found.items() if theirs is not None})


def _cells(table: pd.DataFrame, mapping: ColumnMapping) -> dict[int, dict[str, str]]:
    """The cells by row number and our names, trimmed; '' where there is nothing."""
    columns = {
        ours: [
            _translate(str(cell).strip(), mapping.values.get(ours, {}))
            for cell in table[theirs].astype("string").fillna("")
        ]
        for ours, theirs in mapping.fields.items() if ours in _NAMES
    }  # fmt: skip
    constants = {ours: str(value) for ours, value in mapping.constants.items() if ours in _NAMES}
    empty = dict.fromkeys(_NAMES, "")
    return {
        int(number): empty | constants | {ours: cells[at] for ours, cells in columns.items()}
        for at, number in enumerate(table.index)
    }


def _translate(cell: str, words: Mapping[str, str]) -> str:
    return {str(theirs).casefold(): ours for theirs, ours in words.items()}.get(cell.casefold(), cell)


def _read_space(row: Mapping[str, str]) -> Space:
    state = _STATES.get(row["state"].casefold())
    if state is None:
        raise WrongCellError("state", Text("不认识的状态", "a state that is not known"))
    area = _number(row["area"], "area")
    if area is None or not 0 < area <= _MOST_AREA:
        raise WrongCellError("area", Text("面积应大于 0", "an area is more than 0"))
    storey = _number(row["storey_number"], "storey_number")
    if storey is not None and (storey != int(storey) or not -30 <= storey <= 250):
        raise WrongCellError("storey_number", Text("楼层应为整数", "a storey is a whole number"))
    if not row["building_code"]:
        raise WrongCellError("building_code", Text("缺少楼栋编码", "there is no building's code"))
    if len(row["use"]) > 50 or find_personal(row["use"]) is not None:
        raise WrongCellError("use", Text("用途太长或含个人信息", "too long, or with personal data in it"))
    return {
        "building_code": row["building_code"], "storey_number": None if storey is None else int(storey),
        "unit_code": row["unit_code"] or None, "area": area, "use": row["use"] or None, "state": state,
        "available_from": _day(row["available_from"]),
    }  # fmt: skip


def _number(cell: str, field: str) -> float | None:
    if not cell:
        return None
    try:
        value = float(cell.replace(",", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise WrongCellError(field, Text("不是数", "it is no number"))
    return value


def _day(cell: str) -> str | None:
    """ISO, with - or / between; a time after it is dropped."""
    if not cell:
        return None
    parts = cell.replace("/", "-").replace("T", " ").split(" ")[0].split("-")
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day).isoformat()
    except ValueError:
        raise WrongCellError(
            "available_from", Text("日期应写作 2026-01-31", "a day is written as 2026-01-31")
        ) from None


def _find_parks(connection: Connection, codes: set[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    rows = connection.execute("SELECT code, id FROM industrial_park WHERE code = ANY(%s)", (sorted(codes),)).fetchall()
    for code, number in rows:
        found.setdefault(str(code), []).append(int(number))
    return found


def _find_buildings(connection: Connection, parks: list[int]) -> set[tuple[int, str]]:
    """The buildings that stand in the parks: park, code."""
    rows = connection.execute(
        "SELECT park.id, building.code FROM industrial_park AS park JOIN building "
        "ON building.geometry && park.geometry AND ST_Intersects(building.geometry, park.geometry) "
        "WHERE park.id = ANY(%s) AND building.code IS NOT NULL",
        (parks,),
    ).fetchall()
    return {(int(park), str(code)) for park, code in rows}


def _merge(connection: Connection, park: int, spaces: list[Space], report: LoadReport, *, keeps_others: bool) -> int:
    """Merge a park's list and give how many spaces were taken away."""
    given = list(spaces)
    others: list[Space] = []
    if keeps_others:
        named = {(space["building_code"], space["storey_number"], space["unit_code"]) for space in spaces}
        rows = connection.execute(
            "SELECT to_jsonb(kept) FROM rental_space AS kept WHERE park_id = %s", (park,)
        ).fetchall()  # fmt: skip
        others = [
            row[0] for row in rows
            if (row[0]["building_code"], row[0]["storey_number"], row[0]["unit_code"]) not in named
        ]  # fmt: skip
    row = connection.execute(
        "SELECT inserted, updated, removed, unchanged FROM merge_rental_spaces(%s, %s, %s, NULL, %s)",
        (park, Jsonb(given + others), WRITER_ROLE, report.load_id),
    ).fetchone()
    assert row is not None
    report.inserted += row[0]
    report.updated += row[1]
    report.unchanged += row[3] - len(others)
    return int(row[2])
