# SPDX-License-Identifier: Apache-2.0
"""What a file and a person say about its CRS, and which of them holds. Nothing is guessed.

Rules, by the names that reports give them:

- `default-yields`: GeoJSON without a `crs` member is WGS84 by its standard (RFC 7946); since nobody wrote
  that down, a declaration holds against it.
- `stated-holds`: what a file states itself holds; a declaration that contradicts it is refused.
- `declared-by-force`: with `--crs-force` the declaration holds, and the report says so.
- `parameters-over-name`: where the name of a projection says another zone or meridian than its parameters,
  the parameters hold.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from pyproj import CRS
from pyproj.exceptions import ProjError

from twin.crs import Coordinates, DeclaredCrs, describe_crs, from_storage, parse_crs, to_storage
from twin.errors import Problem, RefusedError
from twin.text import Text

_SAME_PLACE_DEG: Final = 1e-5  # a metre
_GEOJSON: Final = frozenset({".json", ".geojson"})
_HEAD_BYTES: Final = 65_536
_MERIDIAN: Final = re.compile(r"CM[_ ](\d{2,3}(?:\.\d+)?)E?\b", re.IGNORECASE)
_ZONE: Final = re.compile(r"(?<!UTM )(?<!UTM_)zone[_ ](\d{2})\b", re.IGNORECASE)


class UnsettledCrsError(RefusedError):
    """Which CRS holds is not settled: neither file nor person says, or the two contradict each other."""


def state_crs(path: Path, crs: CRS | None) -> DeclaredCrs | None:
    """What a vector file states, as its reader gives it; None where it states nothing that places anything."""
    if crs is None:
        return None
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    if not (crs.is_geographic or crs.is_projected):
        return None
    stated = DeclaredCrs(describe_crs(crs), crs)
    return replace(stated, is_default=True) if _is_silent_geojson(path) else stated


def _is_silent_geojson(path: Path) -> bool:
    if path.suffix.lower() not in _GEOJSON:
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(max(path.stat().st_size - _HEAD_BYTES, 0))
        tail = file.read()
    return b'"crs"' not in head and b'"crs"' not in tail and b'"Topology"' not in head


def settle_crs(stated: DeclaredCrs | None, declared: str | None, file_name: str, *, is_forced: bool) -> DeclaredCrs:
    """The CRS to use: what a person declares, unless the file says otherwise; never a guess.

    Raises UnsettledCrsError where neither says, or where the two contradict each other without `--crs-force`.
    """
    if declared is None:
        if stated is None:
            raise UnsettledCrsError(
                Text(
                    f"{file_name} 没有坐标系信息,必须用 --crs 声明(如 EPSG:4490、EPSG:4547、GCJ-02)。",
                    f"{file_name} does not state its CRS, so declare it with --crs (EPSG:4490, EPSG:4547, GCJ-02 …).",
                )
            )
        return stated
    wanted = parse_crs(declared)
    if stated is not None and not stated.is_default and not is_forced and not are_same_place(stated, wanted):
        raise UnsettledCrsError(
            Text(
                f"{file_name} 自述坐标系为 {stated.name},与声明的 {wanted.name} 矛盾。确信声明正确时请加 --crs-force。",
                f"{file_name} states {stated.name}, and {wanted.name} was declared. Where the declaration is right, "
                "add --crs-force.",
            )
        )
    return wanted


def are_same_place(one: DeclaredCrs, other: DeclaredCrs) -> bool:
    """Whether two systems put the same numbers in the same place to the metre (EPSG:4326 and 4490 do)."""
    if one.web_map != other.web_map or one.is_geographic != other.is_geographic:
        return False
    if one.crs.equals(other.crs, ignore_axis_order=True):
        return True
    area = one.crs.area_of_use or other.crs.area_of_use
    if area is None:
        return False
    steps = np.linspace(0.2, 0.8, 4)
    east, north = np.meshgrid(
        area.west + steps * (area.east - area.west), area.south + steps * (area.north - area.south)
    )
    try:
        numbers: Coordinates = from_storage(one, np.column_stack([east.ravel(), north.ravel()]))
        difference = to_storage(one, numbers) - to_storage(other, numbers)
    except ProjError:
        return False
    return bool(np.isfinite(difference).all() and np.abs(difference).max() < _SAME_PLACE_DEG)


def explain_declaration(
    stated: DeclaredCrs | None, declared: DeclaredCrs, file_name: str, *, is_forced: bool
) -> list[Problem]:
    """Which rule was used where what is said contradicts itself; an empty list where it does not."""
    problems: list[Problem] = []
    if stated is not None and not are_same_place(stated, declared):
        if stated.is_default:
            problems.append(
                Problem(
                    file_name,
                    Text(
                        f"规则 default-yields:GeoJSON 未写 crs,按标准是 {stated.name};采用声明的 {declared.name}",
                        f"rule default-yields: GeoJSON without crs is {stated.name} by its standard; the declared "
                        f"{declared.name} is used",
                    ),
                    Text("用 --reference 核对", "hold it against a --reference"),
                )
            )
        elif is_forced:
            problems.append(
                Problem(
                    file_name,
                    Text(
                        f"规则 declared-by-force:文件自述 {stated.name},按 --crs-force 采用 {declared.name}",
                        f"rule declared-by-force: --crs-force puts {declared.name} in place of {stated.name}",
                    ),
                    Text("用 --reference 核对", "hold it against a --reference"),
                )
            )
    contradiction = find_name_contradiction(declared.crs)
    if contradiction is not None:
        problems.append(
            Problem(
                file_name, contradiction, Text("核对数据的 .prj,或用 --crs 声明", "check the .prj, or declare --crs")
            )
        )
    return problems


def find_name_contradiction(crs: CRS) -> Text | None:
    """Where the name of a projection says another zone or central meridian than its parameters do."""
    parameters = {
        parameter.name: float(parameter.value)
        for parameter in (crs.coordinate_operation.params if crs.coordinate_operation else ())
        if isinstance(parameter.value, int | float)
    }
    easting, meridian = parameters.get("False easting", 0.0), parameters.get("Longitude of natural origin")
    named = _MERIDIAN.search(crs.name)
    if named and meridian is not None and abs(float(named[1]) - meridian) > 1e-6:
        return Text(
            f"规则 parameters-over-name:名称“{crs.name}”的中央经线是 {named[1]}°,参数是 {meridian:g}°,以参数为准",
            f"rule parameters-over-name: '{crs.name}' names the meridian {named[1]} and its parameters say "
            f"{meridian:g}; the parameters hold",
        )
    zone = _ZONE.search(crs.name)
    if zone and "gauss" in crs.name.lower().replace("gk", "gauss") and int(easting // 1_000_000) != int(zone[1]):
        return Text(
            f"规则 parameters-over-name:名称“{crs.name}”是 {zone[1]} 带,东偏移却是 {easting:.0f},以参数为准",
            f"rule parameters-over-name: '{crs.name}' names zone {zone[1]} and its false easting is {easting:.0f}; "
            "the parameters hold",
        )
    return None
