# SPDX-License-Identifier: Apache-2.0
"""Where a model stands: a person's word, then what the file states, never what an exporter made up.

Order: override > map conversion or rigid operation > ePset_MapConversion > placements with large
coordinates under a declared CRS. The site's latitude and longitude are a candidate for a person to confirm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.bim.grid_point import check_area, refuse_contradictions, to_globe
from ingest.bim.map_operation import GridPlace, find_grid_place
from ingest.bim.records import Candidate, Georeference, GeoreferenceSource, Placement
from ingest.bim.unplaced import UnplacedError
from twin.crs import parse_crs
from twin.errors import Problem
from twin.gltf.globe import locate_crs, place_on_globe
from twin.text import Text

FAR: Final = 10_000.0
"""Metres: a model's own coordinates beyond this are map coordinates, not a building's."""

ORIGIN: Final = 1_000.0
"""Grid units: a map's coordinates are never this small; its origin lies in a sea or in another country."""

TWICE: Final = 50_000.0
"""Metres: placements this near to the conversion's own eastings and northings already contain them."""

EXPORTER_DEFAULTS: Final = (
    (-71.0567, 42.3587, "Boston"),
    (-0.1262, 51.5002, "London"),
    (-87.6394, 41.8744, "Chicago"),
    (139.7667, 35.7, "Tokyo"),
    (54.4167, 24.4667, "Abu Dhabi"),
)
"""Cities that programs write into a model whose author never said where it is."""


def resolve(
    facts: dict[str, Any],
    *,
    override: Placement | None = None,
    crs: str | None = None,
    accept_site: bool = False,
) -> tuple[Georeference, list[Candidate], list[Problem]]:
    """The model's place, the places it hints at, and what is odd about it.

    facts: as `read_georeference_facts` gives them. crs: the CRS a person declares for map coordinates.
    accept_site: a person's word that the site's latitude and longitude are true.
    Raises UnplacedError with the reason, RefusedError for a CRS that contradicts the file's.
    """
    candidates, problems = _list_candidates(facts)
    declared = parse_crs(crs) if crs else None
    if override is not None:
        return _place_by_word(facts, override), candidates, problems
    operations = facts["operations"]
    if operations:
        refuse_contradictions(facts, declared, candidates)
        place = find_grid_place(operations[0], facts, declared, candidates)
        _refuse_twice(facts, operations[0], place, candidates)
        return _place_on_grid(facts, place, candidates, problems), candidates, problems
    middle = facts["middle"]
    if max(abs(middle[0]), abs(middle[1])) > FAR:
        if declared is None:
            raise UnplacedError(
                Text(
                    zh=f"模型坐标很大({middle[0]:.0f}, {middle[1]:.0f}),像是投影坐标,但未说明坐标系(--crs)",
                    en=f"its coordinates are large ({middle[0]:.0f}, {middle[1]:.0f}) and look projected, "
                    "but nothing names their CRS (--crs)",
                ),
                candidates,
            )
        place = GridPlace("site_placement", declared, 0.0, 0.0, 0.0, 0.0, 1.0, ())
        return _place_on_grid(facts, place, candidates, problems), candidates, problems
    if accept_site and candidates:
        site = candidates[0]
        placed = _place_by_word(facts, Placement(site.longitude, site.latitude, site.height))
        reason = Text(
            zh="按人工确认采用 IfcSite 的经纬度",
            en="the site's latitude and longitude, confirmed by a person",
        )
        return replace(placed, source="site_lat_lon", reason=reason), candidates, problems
    if candidates:
        raise UnplacedError(
            Text(
                zh="文件里只有 IfcSite 的经纬度,导出软件常写入默认城市,不足为凭",
                en="the file has only the site's latitude and longitude, which exporters fill with a default city",
            ),
            candidates,
        )
    raise UnplacedError(Text(zh="文件没有任何地理坐标", en="the file holds no georeference of any kind"), candidates)


def _odd(zh: str, en: str) -> Problem:
    return Problem("georeference", Text(zh=zh, en=en), Text(zh="请核对位置。", en="Check the position."))


def _list_candidates(facts: dict[str, Any]) -> tuple[list[Candidate], list[Problem]]:
    candidates: list[Candidate] = []
    problems: list[Problem] = []
    for site in facts["sites"]:
        longitude, latitude = site["longitude"], site["latitude"]
        if longitude is None or latitude is None or abs(longitude) > 180 or abs(latitude) > 90:
            continue
        if abs(longitude) < 1e-6 and abs(latitude) < 1e-6:
            problems.append(_odd("IfcSite 的经纬度为 0,0,视为未设置", "the site's 0,0 means it was never set"))
            continue
        city = next(
            (name for lon, lat, name in EXPORTER_DEFAULTS if math.hypot(longitude - lon, latitude - lat) < 0.01),
            None,
        )
        note_zh = f"(导出软件的默认城市 {city})" if city else ""
        note_en = f" (an exporter's default, {city})" if city else ""
        candidates.append(
            Candidate(
                longitude,
                latitude,
                site["elevation"] or 0.0,
                Text(
                    zh=f"IfcSite 写的是 {longitude:.6f},{latitude:.6f}{note_zh}",
                    en=f"the site says {longitude:.6f},{latitude:.6f}{note_en}",
                ),
            )
        )
    return candidates, problems


def _true_heading(facts: dict[str, Any]) -> float:
    """Clockwise degrees from north to the model's y axis, by the model's own true north."""
    north = facts["true_north"]
    return -math.degrees(math.atan2(north[0], north[1])) if north else 0.0


def _place_by_word(facts: dict[str, Any], word: Placement) -> Georeference:
    heading = _true_heading(facts) if word.heading_deg is None else word.heading_deg
    return _assemble(
        facts,
        source="override",
        position=(word.longitude, word.latitude, word.height),
        heading=heading,
        scale=1.0,
        crs="EPSG:4490",
        accuracy=None,
        reason=Text(zh="由人工指定的位置(模型的建筑原点)", en="placed by a person's word (the building's origin)"),
    )


def _refuse_twice(
    facts: dict[str, Any], operation: dict[str, Any], place: GridPlace, candidates: Sequence[Candidate]
) -> None:
    middle = facts["middle"]
    offset = math.hypot(place.eastings, place.northings)
    if (
        max(abs(middle[0]), abs(middle[1])) > FAR
        and offset > FAR
        and math.hypot(middle[0] - place.eastings, middle[1] - place.northings) < TWICE
    ):
        raise UnplacedError(
            Text(
                zh=f"地理坐标写了两遍:构件坐标({middle[0]:.0f}, {middle[1]:.0f})已含 {operation['kind']} 的平移",
                en=f"it is georeferenced twice: its coordinates ({middle[0]:.0f}, {middle[1]:.0f}) already "
                f"contain what {operation['kind']} adds",
            ),
            candidates,
        )


def _refuse_origin(place: GridPlace, anchor: NDArray[np.float64], candidates: Sequence[Candidate]) -> None:
    grid = place.to_grid(anchor)[0]
    if float(np.abs(grid).max()) < ORIGIN:
        raise UnplacedError(
            Text(
                zh=f"它的坐标({grid[0]:.0f}, {grid[1]:.0f})就在 {place.crs.name} 的原点,等于没有设置",
                en=f"its coordinates ({grid[0]:.0f}, {grid[1]:.0f}) are the origin of {place.crs.name}, "
                "as where nobody set them",
            ),
            candidates,
        )


def _place_on_grid(
    facts: dict[str, Any], place: GridPlace, candidates: Sequence[Candidate], problems: list[Problem]
) -> Georeference:
    problems += place.problems
    anchor = np.array(facts["anchor"], dtype=np.float64)
    # The anchor and a point 10 m along each axis: what the projection does to them gives heading and scale.
    steps = anchor + np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [0.0, 10.0, 0.0]])
    longitude, latitude = to_globe(place.crs, place.to_grid(steps))
    check_area(place.crs, longitude[0], latitude[0], candidates)
    _refuse_origin(place, steps[:1], candidates)
    height = place.height + anchor[2] * place.scale
    frame = place_on_globe(longitude[0], latitude[0], 0.0)
    points = np.stack([place_on_globe(lon, lat, 0.0)[:3, 3] for lon, lat in zip(longitude, latitude, strict=True)])
    along = (points[1:] - points[0]) @ frame[:3, :2]
    heading = math.degrees(math.atan2(along[1, 0], along[1, 1]))
    scale = float(np.sqrt(abs(np.linalg.det(along))) / 10.0)
    if abs(scale - 1) > 0.01:
        problems.append(
            _odd(
                f"{place.crs.name} 在此处的长度比为 {1 / scale:.3f},模型保持自身尺寸",
                f"lengths in {place.crs.name} are {1 / scale:.3f} times the ground's here; the model keeps its size",
            )
        )
        scale = 1.0
    names = {
        "map_conversion": "IfcMapConversion",
        "rigid_operation": "IfcRigidOperation",
        "epset_map_conversion": "ePset_MapConversion",
        "site_placement": "large coordinates",
    }
    name = names[place.source]
    return _assemble(
        facts,
        source=place.source,
        position=(float(longitude[0]), float(latitude[0]), float(height)),
        heading=heading,
        scale=scale,
        crs=place.crs.name,
        accuracy=locate_crs(place.crs.crs).accuracy_m,
        reason=Text(
            zh=f"依据{'模型自身的投影坐标' if place.source == 'site_placement' else name}({place.crs.name})",
            en=f"by the file's {name} in {place.crs.name}",
        ),
    )


def _assemble(
    facts: dict[str, Any],
    *,
    source: GeoreferenceSource,
    position: tuple[float, float, float],
    heading: float,
    scale: float,
    crs: str,
    accuracy: float | None,
    reason: Text,
) -> Georeference:
    anchor = np.array(facts["anchor"], dtype=np.float64)
    frame = place_on_globe(*position, heading_deg=heading)
    matrix = frame.copy()
    matrix[:3, :3] *= scale
    matrix[:3, 3] -= matrix[:3, :3] @ anchor
    return Georeference(
        source=source,
        longitude=position[0],
        latitude=position[1],
        height=position[2],
        heading_deg=(heading + 180.0) % 360.0 - 180.0,
        scale=scale,
        crs=crs,
        accuracy_m=accuracy,
        anchor=(float(anchor[0]), float(anchor[1]), float(anchor[2])),
        matrix=tuple(float(value) for value in matrix.T.ravel()),
        reason=reason,
    )
