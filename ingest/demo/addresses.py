# SPDX-License-Identifier: Apache-2.0
"""The demo's standard addresses: one for each building, and one for each unit. Streets are real, the rest invented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.demo.district import DemoDistrict
from twin.address.parts import PARTS, AddressParts, format_address

_PROVINCE: Final = "广东省"
_CITY: Final = "深圳市"
_WIDTHS: Final = (6, 9, 12)
_NUMBERED: Final = re.compile(r"(.*示例)(\D+?)(\d+)号?")


def build_addresses(district: DemoDistrict) -> gpd.GeoDataFrame:
    """The addresses frame: local_id, code, the parts, normalised, building_code, point. The same district, the same.

    A building has the next number of its nearest road, and the next building number of the park or village
    around it; a unit has its building's address and its room.
    """
    buildings = district.buildings.sort_values("code").reset_index(drop=True)
    points = shapely.point_on_surface(np.asarray(buildings.geometry.array))
    parts = list(_name_buildings(district, buildings, points))
    codes = buildings["code"].tolist()
    rows = [
        (f"DEMO-A-{local_id.removeprefix('DEMO-B-')}", None, part, code)
        for local_id, part, code in zip(buildings["local_id"].tolist(), parts, codes, strict=True)
    ]
    places = list(points)
    by_code = dict(zip(codes, zip(parts, points, strict=True), strict=True))
    units = district.units
    for local_id, code, building, storey, room in zip(
        *(units[name].tolist() for name in ("local_id", "code", "building_code", "storey_number", "room")), strict=True
    ):
        if building in by_code and room:
            part, point = by_code[building]
            whole = replace(part, storey=str(int(storey)), room=str(room))
            rows.append((f"DEMO-A-{local_id.removeprefix('DEMO-U-')}", code, whole, building))
            places.append(point)
    columns: dict[str, object] = {
        "local_id": [row[0] for row in rows],
        "code": pd.Series([row[1] for row in rows], dtype="string"),
        **{name: pd.Series([getattr(row[2], name) for row in rows], dtype="string") for name in PARTS},
        "normalised": [format_address(row[2], "town") for row in rows],
        "building_code": [row[3] for row in rows],
    }
    return gpd.GeoDataFrame(columns, geometry=places, crs=district.buildings.crs)


def _name_buildings(
    district: DemoDistrict, buildings: gpd.GeoDataFrame, points: np.ndarray[tuple[int], np.dtype[np.object_]]
) -> Iterator[AddressParts]:
    names = dict(zip(district.blocks["code"].tolist(), district.blocks["name"].tolist(), strict=True))
    roads = np.asarray(district.roads.geometry.array)
    nearest = shapely.STRtree(roads).nearest(points)
    quarters = pd.concat([district.urban_villages, district.industrial_parks], ignore_index=True)
    within = np.full(len(points), -1)
    quarter, building = shapely.STRtree(points).query(np.asarray(quarters.geometry.array), predicate="contains")
    within[building] = quarter
    numbers: dict[tuple[str, int], int] = {}

    def count(what: str, which: int) -> str:
        numbers[what, which] = numbers.get((what, which), 0) + 1
        return str(numbers[what, which])

    for code, name, road, around in zip(
        buildings["code"].tolist(), buildings["name"].tolist(), nearest.tolist(), within.tolist(), strict=True
    ):
        county, town, community = (names.get(code[:width]) for width in _WIDTHS)
        inside = str(quarters["name"].iat[around]) if around >= 0 else name if isinstance(name, str) else None
        yield AddressParts(
            province=_PROVINCE, city=_CITY, county=county, town=town, community=community,
            road=number_first(str(district.roads["name"].iat[road]).partition(" / ")[0]),
            number=count("road", road),
            residential_quarters=number_first(inside) if inside else None,
            building=count("quarter", around) if around >= 0 else None,
        )  # fmt: skip


def number_first(name: str) -> str:
    """A numbered name in which the number is no gate number.

    >>> number_first("新安示例路3号"), number_first("示例工业园12号"), number_first("示例跨街道村")
    ('新安示例3路', '示例12工业园', '示例跨村')
    """
    found = _NUMBERED.fullmatch(name)
    return f"{found[1]}{found[3]}{found[2]}" if found else name.replace("街道", "")
