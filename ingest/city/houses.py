# SPDX-License-Identifier: Apache-2.0
"""Storeys, units and firms on their way into buildings: numbers read, codes checked, places taken."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.city.within import (
    find_buildings,
    place_within,
    read_forms,
    reject_malformed,
    tell_contradictions,
    text_column,
    turn_away,
)
from ingest.report import LoadReport
from twin.blocks import BlockIndex
from twin.database import Connection
from twin.text import Text
from twin.uscc import are_valid


def link_units(
    connection: Connection, frame: gpd.GeoDataFrame, report: LoadReport, index: BlockIndex
) -> gpd.GeoDataFrame:
    """Units in their buildings: by `building_code`, else by the house code's own digits, else by id."""
    forms = read_forms(connection)
    for column, kind in (("building_code", "building"), ("code", "unit"), ("estate_code", "estate_unit")):
        frame = reject_malformed(frame, column, forms.get(kind), report)
    if "unit" in forms:
        told = frame["building_code"]
        from_code = frame["code"].str[: forms["unit"].within_digits]
        frame["building_code"] = told.fillna(from_code.where(text_column(frame, "building_local_id").isna()))
    if "local_id" not in frame.columns and frame["code"].notna().any():
        frame["local_id"] = frame["code"]
    if "storey_number" in frame.columns:
        frame = _read_storeys(frame, "storey_number", report)
    if "residents" in frame.columns:
        count = pd.to_numeric(frame["residents"], errors="coerce")
        negative = (count < 0).to_numpy(dtype=bool, na_value=False)
        frame = turn_away(frame, negative, report, Text("人数不能为负", "no fewer than 0 persons"), "residents")
    frame = _enter_buildings(connection, frame, report)
    tell_contradictions(frame, "code", forms, index, report)
    return frame


def link_storeys(
    connection: Connection, frame: gpd.GeoDataFrame, report: LoadReport, index: BlockIndex
) -> gpd.GeoDataFrame:
    """Storeys in their buildings; a storey is known by its building and its number."""
    forms = read_forms(connection)
    frame = reject_malformed(frame, "building_code", forms.get("building"), report)
    frame = _read_storeys(frame.assign(number=text_column(frame, "number")), "number", report)
    nameless = pd.to_numeric(frame["number"]).isna().to_numpy(dtype=bool)
    frame = turn_away(frame, nameless, report, Text("没有楼层号", "no storey number"), "number")
    frame = _enter_buildings(connection, frame, report)
    if "local_id" not in frame.columns:
        frame["local_id"] = frame["building_code"] + ":" + frame["number"].astype("string")
    tell_contradictions(frame, "building_code", forms, index, report)
    return frame


def link_entities(
    connection: Connection, frame: gpd.GeoDataFrame, report: LoadReport, _index: BlockIndex
) -> gpd.GeoDataFrame:
    """Legal entities by their code, at their own place or else within their building."""
    forms = read_forms(connection)
    codes = text_column(frame, "uscc").str.upper()
    frame = frame.assign(uscc=codes, local_id=codes)
    frame = turn_away(
        frame, codes.isna().to_numpy(dtype=bool), report, Text("没有统一社会信用代码", "no credit code"), "uscc"
    )
    wrong = ~are_valid(frame["uscc"].to_numpy(dtype=np.str_))
    frame = turn_away(
        frame, wrong, report,
        Text("统一社会信用代码的校验位不符(GB 32100)", "the credit code's check character is wrong (GB 32100)"), "uscc",
    )  # fmt: skip
    frame = reject_malformed(frame, "building_code", forms.get("building"), report)
    found = find_buildings(
        connection, report.source_id, frame["building_code"], text_column(frame, "building_local_id")
    )
    found["geometry"] = shapely.point_on_surface(found["geometry"].to_numpy(dtype=object))
    return place_within(frame, found, report, is_rejected=False)


def _enter_buildings(connection: Connection, frame: gpd.GeoDataFrame, report: LoadReport) -> gpd.GeoDataFrame:
    found = find_buildings(
        connection, report.source_id, frame["building_code"], text_column(frame, "building_local_id")
    )
    return place_within(frame, found, report, is_rejected=True)


def _read_storeys(frame: gpd.GeoDataFrame, column: str, report: LoadReport) -> gpd.GeoDataFrame:
    """Storey numbers as people write them: 3, 3F, 3层, B1, -1, 负1层; what else there is turns its row away."""
    written = text_column(frame, column)
    numbers = read_storey_numbers(written)
    frame = frame.assign(**{column: numbers})
    unread = (written.notna() & numbers.isna()).to_numpy(dtype=bool)
    return turn_away(frame, unread, report, Text("楼层号读不懂", "the storey number cannot be read"), column)


def read_storey_numbers(written: pd.Series[Any]) -> pd.Series[Any]:
    """Whole numbers, negative below the ground; NA for what cannot be read."""
    parts = written.str.upper().str.extract(
        r"^(?:第)?(?P<below>B|-|负|地下)?\s*(?P<number>\d{1,3})(?:\.0+)?\s*(?:F|层|楼)?$"
    )
    number = pd.to_numeric(parts["number"], errors="coerce").astype("Int64")
    return number.where(parts["below"].isna(), -number)
