# SPDX-License-Identifier: Apache-2.0
"""Which coordinate systems numbers could be in: every one that puts them where they could be.

Candidates that put the data in the same place to the metre are one candidate with several names: no
measurement of places tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from pyproj import CRS, Proj
from pyproj.aoi import AreaOfInterest
from pyproj.database import CRSInfo, query_crs_info
from pyproj.enums import PJType
from pyproj.exceptions import CRSError, ProjError

from twin.crs import WEB_MERCATOR, Coordinates, DeclaredCrs, parse_crs, to_storage, web_map_crs

Area = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

_SAME_PLACE_DEG: Final = 1e-5  # a metre
_DATUM_DEG: Final = 0.02  # more than any two datums or a web map differ
_WORLD_DEG: Final = 300.0
_FAMILIES: Final = ("CGCS2000", "WGS 84", "New Beijing", "Beijing 1954", "Xian 1980")
"""Names that come first among candidates of equal place: what is most used where there are Gauss-Krueger zones."""


@dataclass(frozen=True)
class Candidate:
    """A coordinate system that the data could be in; `is_swapped`: with y (latitude, north) in the first place."""

    crs: DeclaredCrs
    is_swapped: bool = False
    same_as: tuple[str, ...] = ()
    """Further systems that put the data in the same place to the metre."""

    @property
    def name(self) -> str:
        """How reports write it; a swapped one has a name of its own."""
        return f"{self.crs.name} (y, x)" if self.is_swapped else self.crs.name

    def place(self, xy: Coordinates) -> Coordinates:
        """Coordinates (n, 2) as longitude, latitude in the storage CRS; not finite where they have no place."""
        return to_storage(self.crs, xy[:, ::-1] if self.is_swapped else xy)


def list_candidates(
    xy: Coordinates, area: Area, known: Iterable[DeclaredCrs] = (), *, has_registry: bool = True
) -> list[Candidate]:
    """The systems that put most of `xy` (n, 2; a sample will do) within `area`, most usual first.

    `known` are systems that somebody named (the file, a person, the settings): they come first. Without
    `has_registry` only these and those of the whole world are tried.
    """
    found: list[tuple[Candidate, Coordinates]] = []
    for candidate in _all_candidates(xy, area, tuple(known), has_registry=has_registry):
        places = _place(candidate, xy, area)
        if places is None or not _is_within(places, area):
            continue
        for position, (twin, there) in enumerate(found):
            if np.nanmax(np.abs(there - places)) < _SAME_PLACE_DEG and twin.is_swapped == candidate.is_swapped:
                if candidate.name not in (twin.name, *twin.same_as):
                    found[position] = (replace(twin, same_as=(*twin.same_as, candidate.name)), there)
                break
        else:
            found.append((candidate, places))
    return [candidate for candidate, _ in found]


def _all_candidates(
    xy: Coordinates, area: Area, known: tuple[DeclaredCrs, ...], *, has_registry: bool
) -> Iterator[Candidate]:
    web_maps = [web_map_crs(name, is_mercator=is_mercator) for is_mercator in (False, True) for name in _WEB_MAP_NAMES]
    plain = [parse_crs("EPSG:4326"), parse_crs("EPSG:4490"), parse_crs(WEB_MERCATOR)]
    listed = {crs.name for crs in (*known, *plain)}
    registry = [
        DeclaredCrs(name, crs)
        for name, crs in (_registered(_whole_degrees(area)) if has_registry else ())
        if name not in listed
    ]
    may_be_degrees = bool(np.nanmax(np.abs(xy)) <= 360)
    for crs in (*known, *plain, *web_maps, *registry):
        if crs.is_geographic != may_be_degrees:
            continue
        yield Candidate(crs)
        yield Candidate(crs, is_swapped=True)


_WEB_MAP_NAMES: Final = ("GCJ-02", "BD-09")


def _whole_degrees(area: Area) -> Area:
    return (float(np.floor(area[0])), float(np.floor(area[1])), float(np.ceil(area[2])), float(np.ceil(area[3])))


@lru_cache(maxsize=8)
def _registered(area: Area) -> tuple[tuple[str, CRS], ...]:
    """The registry's geographic and projected systems in use in an area, by `_FAMILIES`, then code."""
    around = AreaOfInterest(*(max(min(side, limit), -limit) for side, limit in zip(area, (180, 90) * 2, strict=True)))
    kinds = [PJType.GEOGRAPHIC_2D_CRS, PJType.PROJECTED_CRS]
    infos = [
        info
        for info in query_crs_info(auth_name="EPSG", pj_types=kinds, area_of_interest=around, contains=False)
        if not info.deprecated and (info.type == PJType.PROJECTED_CRS or not _is_worldwide(info))
    ]
    infos.sort(key=lambda info: (_family(info.name), int(info.code)))
    systems: list[tuple[str, CRS]] = []
    for info in infos:
        try:
            systems.append((f"EPSG:{info.code}", CRS.from_epsg(int(info.code))))
        except CRSError:
            continue
    return tuple(systems)


def _is_worldwide(info: CRSInfo) -> bool:
    """The many realisations of WGS 84 and ITRS: the same place as EPSG:4326 here."""
    area = info.area_of_use
    return area is None or (area.east - area.west) % 360 == 0 or area.east - area.west > _WORLD_DEG


def _family(name: str) -> int:
    return next((n for n, family in enumerate(_FAMILIES) if name.startswith(family)), len(_FAMILIES))


def _place(candidate: Candidate, xy: Coordinates, area: Area) -> Coordinates | None:
    try:
        if candidate.crs.crs.is_projected:
            # Finding the way to another datum takes 50 ms, the inverse projection one; most end here.
            x, y = (xy[:, 1], xy[:, 0]) if candidate.is_swapped else (xy[:, 0], xy[:, 1])
            near = (area[0] - _DATUM_DEG, area[1] - _DATUM_DEG, area[2] + _DATUM_DEG, area[3] + _DATUM_DEG)
            if not _is_within(np.column_stack(_projection(candidate.crs.crs)(x, y, inverse=True)), near):
                return None
        places = candidate.place(xy)
    except (ProjError, CRSError):  # a system that nothing leads to the storage CRS from
        return None
    return np.where(np.isfinite(places), places, np.nan)


@lru_cache(maxsize=512)
def _projection(crs: CRS) -> Proj:
    return Proj(crs)


def _is_within(places: Coordinates, area: Area) -> bool:
    west, south, east, north = area
    inside = (
        (places[:, 0] >= west) & (places[:, 0] <= east) & (places[:, 1] >= south) & (places[:, 1] <= north)
    )  # NaN is nowhere
    return bool(inside.mean() > 0.5)
