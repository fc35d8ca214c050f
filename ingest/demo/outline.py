# SPDX-License-Identifier: Apache-2.0
"""The outline of the demo district, its ten streets and its trunk roads, drawn by hand as control points.

The names and codes of the streets are real; every line is invented and only roughly where it would be.
A line that two streets share exists once, so the streets tile the district by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from ingest.demo.frame import HOUSE_LON_LAT, FloatArray, to_metres

RoadClass = Literal["expressway", "arterial", "secondary", "local"]

DISTRICT_CODE: Final = "440306"
DISTRICT_NAME: Final = ("宝安区", "Bao'an District")

#: The area that the outline is scaled to (m²).
DISTRICT_AREA: Final = 392.0e6


@dataclass(frozen=True)
class StreetSeed:
    """A street: its real code and names, and a point inside (longitude, latitude)."""

    code: str
    name: str
    name_en: str
    inside: tuple[float, float]


STREETS: Final = (
    StreetSeed("440306017", "新安街道", "Xin'an Subdistrict", (113.883, 22.555)),
    StreetSeed("440306018", "西乡街道", "Xixiang Subdistrict", (113.870, 22.590)),
    StreetSeed("440306019", "航城街道", "Hangcheng Subdistrict", (113.845, 22.630)),
    StreetSeed("440306020", "福永街道", "Fuyong Subdistrict", (113.825, 22.672)),
    StreetSeed("440306021", "福海街道", "Fuhai Subdistrict", (113.793, 22.702)),
    StreetSeed("440306022", "沙井街道", "Shajing Subdistrict", (113.787, 22.738)),
    StreetSeed("440306023", "新桥街道", "Xinqiao Subdistrict", (113.842, 22.733)),
    StreetSeed("440306024", "松岗街道", "Songgang Subdistrict", (113.840, 22.780)),
    StreetSeed("440306025", "燕罗街道", "Yanluo Subdistrict", (113.860, 22.818)),
    StreetSeed("440306026", "石岩街道", "Shiyan Subdistrict", (113.935, 22.685)),
)


@dataclass(frozen=True)
class Arc:
    """One drawn line: what it is as a road, its roughness (m of displacement), control points in degrees."""

    road_class: RoadClass
    roughness: float
    points: tuple[tuple[float, float], ...]
    smooth: bool = True
    outer: bool = False


_K1, _K2, _K3 = (113.853, 22.560), (113.826, 22.587), (113.794, 22.660)
_K4, _K5, _K6 = (113.780, 22.683), (113.757, 22.716), (113.768, 22.763)
_K7, _K8, _K9 = (113.803, 22.793), (113.894, 22.802), (113.880, 22.762)
_K10, _K11, _K12 = (113.873, 22.733), (113.925, 22.631), (113.918, 22.589)
_C0 = (113.906, 22.535)
_J1, _J2, _J3 = (113.887, 22.624), (113.869, 22.660), (113.871, 22.711)
_J4, _J5, _J6 = (113.818, 22.697), (113.809, 22.722), (113.818, 22.758)

#: Outer lines first (coast, river, land border), then the lines between streets.
STREET_ARCS: Final = (
    Arc(
        "secondary",
        35,
        (_C0, (113.898, 22.529), (113.885, 22.529), (113.871, 22.537), (113.863, 22.549), _K1),
        outer=True,
    ),
    Arc(
        "secondary",
        6,
        (_K1, (113.848, 22.5645), (113.8425, 22.5605), (113.836, 22.568), (113.840, 22.5715), _K2),
        smooth=False,
        outer=True,
    ),
    Arc(
        "secondary",
        8,
        (_K2, (113.817, 22.596), (113.801, 22.604), (113.785, 22.634), (113.789, 22.651), _K3),
        smooth=False,
        outer=True,
    ),
    Arc("secondary", 30, (_K3, (113.789, 22.671), _K4), outer=True),
    Arc(
        "secondary",
        6,
        (_K4, (113.773, 22.691), (113.7675, 22.6885), (113.7625, 22.697), (113.7665, 22.6995), _K5),
        smooth=False,
        outer=True,
    ),
    Arc("secondary", 60, (_K5, (113.750, 22.728), (113.754, 22.742), (113.761, 22.752), _K6), outer=True),
    Arc("secondary", 70, (_K6, (113.777, 22.777), (113.793, 22.781), _K7), outer=True),
    Arc(
        "secondary",
        55,
        (
            _K7,
            (113.811, 22.811),
            (113.829, 22.822),
            (113.844, 22.842),
            (113.866, 22.850),
            (113.888, 22.838),
            (113.902, 22.822),
            _K8,
        ),
        outer=True,
    ),
    Arc("secondary", 55, (_K8, (113.883, 22.790), (113.889, 22.776), _K9), outer=True),
    Arc("secondary", 55, (_K9, (113.872, 22.750), _K10), outer=True),
    Arc(
        "secondary",
        65,
        (
            _K10,
            (113.884, 22.724),
            (113.903, 22.731),
            (113.925, 22.729),
            (113.948, 22.722),
            (113.969, 22.716),
            (113.990, 22.699),
            (113.998, 22.676),
            (113.984, 22.656),
            (113.961, 22.648),
            (113.944, 22.636),
            _K11,
        ),
        outer=True,
    ),
    Arc("secondary", 55, (_K11, (113.913, 22.616), (113.921, 22.602), _K12), outer=True),
    Arc(
        "secondary",
        60,
        (_K12, (113.924, 22.574), (113.914, 22.556), (113.912, 22.544), _C0),
        outer=True,
    ),
    Arc("arterial", 12, (_K1, (113.866, 22.568), (113.884, 22.577), (113.901, 22.586), _K12)),
    Arc("arterial", 12, (_K2, (113.845, 22.598), (113.867, 22.608), _J1)),
    Arc("arterial", 30, (_J1, (113.905, 22.632), _K11)),
    Arc("arterial", 12, (_K3, (113.815, 22.649), (113.842, 22.652), _J2)),
    Arc("arterial", 40, (_J1, (113.876, 22.640), _J2)),
    Arc("arterial", 40, (_J2, (113.876, 22.688), _J3)),
    Arc("arterial", 30, (_J3, (113.876, 22.722), _K10)),
    Arc("arterial", 10, (_K4, (113.799, 22.688), _J4)),
    Arc("arterial", 15, (_J4, (113.845, 22.701), _J3)),
    Arc("arterial", 10, (_K5, (113.784, 22.716), _J5)),
    Arc("arterial", 10, (_J4, (113.812, 22.709), _J5)),
    Arc("arterial", 10, (_J5, (113.814, 22.740), _J6)),
    Arc("arterial", 15, (_K6, (113.792, 22.762), _J6)),
    Arc("arterial", 15, (_J6, (113.850, 22.766), _K9)),
    Arc("arterial", 15, (_K7, (113.830, 22.794), (113.862, 22.797), _K8)),
)

#: Through roads that cross streets; they run past the border and end where they leave the district.
TRUNKS: Final = (
    Arc(
        "expressway",
        6,
        (
            (113.884, 22.515),
            (113.875, 22.541),
            (113.861, 22.558),
            (113.847, 22.577),
            (113.833, 22.600),
            (113.821, 22.627),
            (113.812, 22.655),
            (113.800, 22.682),
            (113.786, 22.706),
            (113.777, 22.730),
            (113.781, 22.755),
            (113.788, 22.800),
        ),
    ),
    Arc(
        "arterial",
        6,
        (
            (113.916, 22.515),
            (113.898, 22.552),
            (113.882, 22.574),
            (113.868, 22.595),
            (113.853, 22.625),
            (113.838, 22.655),
            (113.829, 22.690),
            (113.827, 22.720),
            (113.836, 22.750),
            (113.840, 22.780),
            (113.846, 22.810),
            (113.852, 22.870),
        ),
    ),
    Arc(
        "expressway",
        10,
        (
            (113.760, 22.662),
            (113.800, 22.671),
            (113.838, 22.674),
            (113.868, 22.683),
            (113.912, 22.689),
            (113.955, 22.681),
            (114.020, 22.670),
        ),
    ),
    Arc("arterial", 8, ((113.735, 22.741), (113.790, 22.744), (113.834, 22.746), (113.895, 22.749))),
    Arc("arterial", 10, ((113.918, 22.618), (113.922, 22.655), (113.930, 22.685), (113.932, 22.745))),
)


def _smooth_points(points: FloatArray, spacing: float) -> FloatArray:
    """Points about every `spacing` m on a Catmull-Rom curve through control points, shape (n, 2), m."""
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    parts: list[FloatArray] = []
    for index in range(len(points) - 1):
        p0, p1, p2, p3 = padded[index : index + 4]
        steps = max(2, int(np.hypot(*(p2 - p1)) / spacing))
        t = np.linspace(0, 1, steps, endpoint=False)[:, None]
        linear = 2 * p1 + (p2 - p0) * t
        parts.append(0.5 * (linear + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3))
    parts.append(points[-1:])
    return np.vstack(parts)


def _straight_points(points: FloatArray, spacing: float) -> FloatArray:
    """Points about every `spacing` m on the straight lines between control points, corners kept."""
    line = LineString(points)
    corners = shapely.line_locate_point(line, shapely.points(points))
    at = np.unique(np.concatenate([corners, np.arange(0, line.length, spacing)]))
    return shapely.get_coordinates(shapely.line_interpolate_point(line, at))


def _roughen(points: FloatArray, roughness: float, rng: np.random.Generator) -> FloatArray:
    """Points displaced sideways by a sum of waves, up to about `roughness` m; the ends stay in place."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    offset = np.zeros(len(points))
    for wavelength, share in ((4300.0, 1.0), (1530.0, 0.7), (610.0, 0.22), (270.0, 0.10)):
        offset += share * np.sin(2 * np.pi * (along / wavelength + rng.random()))
    fade = np.clip(np.minimum(along, along[-1] - along) / 600.0, 0, 1)
    direction = np.gradient(points, axis=0)
    normal = np.column_stack([-direction[:, 1], direction[:, 0]])
    normal /= np.maximum(np.hypot(*normal.T), 1e-9)[:, None]
    return points + normal * (offset * fade * roughness)[:, None]


def _draw_arc(arc: Arc, metres: FloatArray, calm: float, rng: np.random.Generator) -> LineString:
    """The arc through control points in metres, with its roughness scaled by `calm`."""
    spacing = 90.0 if arc.outer else 140.0
    points = _smooth_points(metres, spacing) if arc.smooth else _straight_points(metres, spacing)
    return LineString(np.round(_roughen(points, calm * arc.roughness, rng), 2))


@dataclass(frozen=True)
class Outline:
    """The drawn district in metres: a polygon per street (in the order of STREETS) and the lines."""

    streets: tuple[Polygon, ...]
    arcs: tuple[LineString, ...]
    trunks: tuple[LineString, ...]


def draw_outline(rng: np.random.Generator) -> Outline:
    """Streets and trunk roads in EPSG:4547 metres, scaled about the house to the district's area."""
    house = to_metres([HOUSE_LON_LAT])[0]
    ring = np.vstack([to_metres(arc.points) for arc in STREET_ARCS if arc.outer])
    factor = float(np.sqrt(DISTRICT_AREA / abs(Polygon(ring).area)))

    def place(points: tuple[tuple[float, float], ...]) -> FloatArray:
        return np.round(house + (to_metres(points) - house) * factor, 2)

    insides = [shapely.Point(place((street.inside,))[0]) for street in STREETS]
    # Two rough lines may meet where they should not: draw them calmer until there is one face per street.
    for calm in (1.0, 0.7, 0.4, 0.0):
        arcs = tuple(_draw_arc(arc, place(arc.points), calm, rng) for arc in STREET_ARCS)
        faces = shapely.get_parts(shapely.polygonize(list(arcs)))
        streets = [face for inside in insides for face in faces if face.contains(inside)]
        if len(faces) == len(streets) == len(STREETS) and shapely.coverage_is_valid(streets):
            trunks = tuple(_draw_arc(arc, place(arc.points), calm, rng) for arc in TRUNKS)
            return Outline(tuple(streets), arcs, trunks)
    raise ValueError("the demo's outline does not close: its control points are wrong")
