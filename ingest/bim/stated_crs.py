# SPDX-License-Identifier: Apache-2.0
"""The CRS that a file states: by a name that is one and nothing near it, or by its WKT."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ingest.bim.records import Candidate
from ingest.bim.unplaced import UnplacedError
from twin.crs import DeclaredCrs, parse_crs
from twin.errors import RefusedError
from twin.gltf.globe import locate_crs
from twin.text import Text

DEGREES_OF_A_METRE: Final = 1e-5
_CODED: Final = re.compile(
    r"(?:[A-Za-z]+\s*:\s*\d+(?:\+\d+)?|urn:ogc:def:crs:\S+|https?://\S+/def/crs/\S+)$", re.IGNORECASE
)


def settle_crs(operation: dict[str, Any], declared: DeclaredCrs | None, candidates: Sequence[Candidate]) -> DeclaredCrs:
    """The CRS that an operation names by name or WKT, else the one a person declares.

    Raises UnplacedError where there is none, or where name and WKT differ; RefusedError against a person's word.
    """
    wkt, name = operation.get("crs_wkt"), (operation.get("crs_name") or "").strip()
    by_name = _parse_name(name)
    by_wkt = _parse_wkt(wkt) if wkt else None
    if by_name is not None and by_wkt is not None and not _agree(by_name, by_wkt, operation):
        raise _refuse(
            f"坐标系名称({by_name.name})与其 WKT({by_wkt.crs.name})不是同一个坐标系",
            f"the name of its CRS ({by_name.name}) and the WKT ({by_wkt.crs.name}) are two different systems",
            candidates,
        )
    stated = by_name or by_wkt
    if declared is not None:
        if stated is not None and not stated.crs.equals(declared.crs, ignore_axis_order=True):
            raise RefusedError(
                Text(
                    zh=f"文件写明 {stated.name},与给定的 {declared.name} 矛盾。",
                    en=f"The file says {stated.name}, which contradicts the given {declared.name}.",
                )
            )
        return declared
    if stated is None:
        shown = (wkt or name)[:60]
        if shown:
            raise _refuse(
                f"坐标系“{shown}”不是有效的名称(应如 EPSG:4547)",
                f"its CRS “{shown}” is no valid name (it should read like EPSG:4547)",
                candidates,
            )
        raise _refuse("坐标转换没有写明坐标系", "its coordinate operation names no CRS", candidates)
    return stated


def _parse_name(name: str) -> DeclaredCrs | None:
    """The CRS of a name that is one. The standard asks for an authority and a code: `EPSG:4547`. A bare number may
    be a code of anything, and what a library takes for a near enough name is a guess.
    """
    if not name or name.isdigit():
        return None
    try:
        found = parse_crs(name)
    except RefusedError:
        return None
    is_exact = bool(_CODED.match(name)) or found.web_map is not None
    return found if is_exact or found.crs.name.casefold() == name.casefold() else None


def _parse_wkt(wkt: str) -> DeclaredCrs | None:
    try:
        return parse_crs(_plain_wkt(wkt))
    except RefusedError:
        return None


def _agree(one: DeclaredCrs, other: DeclaredCrs, operation: dict[str, Any]) -> bool:
    """Whether two CRS put the operation's own point within a metre: WKT is seldom equal to the letter."""
    if one.crs.equals(other.crs, ignore_axis_order=True):
        return True
    point = (_number(operation["eastings"]), _number(operation["northings"]))
    if point[0] is None or point[1] is None or not (one.crs.is_projected and other.crs.is_projected):
        return False
    grid = np.array([point], dtype=np.float64)
    first, second = (np.column_stack(locate_crs(crs.crs).to_lon_lat(grid))[0] for crs in (one, other))
    return bool(np.isfinite([first, second]).all() and float(np.abs(first - second).max()) < DEGREES_OF_A_METRE)


def _plain_wkt(wkt: str) -> str:
    """WKT without a trailing coordinate epoch, which some exporters append outside the system's brackets."""
    depth = 0
    for place, letter in enumerate(wkt):
        depth += (letter == "[") - (letter == "]")
        if letter == "]" and depth == 0:
            return wkt[: place + 1]
    return wkt


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _refuse(zh: str, en: str, candidates: Sequence[Candidate]) -> RefusedError:
    return UnplacedError(Text(zh=zh, en=en), candidates)
