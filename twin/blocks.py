# SPDX-License-Identifier: Apache-2.0
"""The block tree in memory: codes, and which blocks a geometry lies in.

Only the finest level is searched; its code says the rest. The polygons are on the outer side of the
search, since a prepared polygon asked for many points is several times faster than the reverse.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from twin.block_raster import MOST_CELLS, BlockRaster
from twin.crs import geometries_to_metric
from twin.database import Connection
from twin.errors import SetupError
from twin.home import OUTSIDE
from twin.text import Text

Geometries = npt.NDArray[Any]
Codes = npt.NDArray[Any]
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Scheme:
    """A block scheme: level widths (digits of a code, coarse to fine), names, and its metric CRS."""

    scheme: str
    level_widths: tuple[int, ...]
    metric_srid: int

    def level(self, code: str) -> int | None:
        """The level (1 = coarsest) of a code by its width; None for a width no level has."""
        return self.level_widths.index(len(code)) + 1 if len(code) in self.level_widths else None

    def parent(self, code: str) -> str | None:
        """The code one level up; None for the coarsest.

        >>> Scheme("governance", (6, 9, 12, 14), 0).parent("440306017001")
        '440306017'
        """
        level = self.level(code)
        return code[: self.level_widths[level - 2]] if level and level > 1 else None


def read_scheme(connection: Connection) -> Scheme:
    """The governance scheme of this district.

    Raises SetupError where no blocks have been loaded yet.
    """
    row = connection.execute(
        "SELECT scheme, level_widths, metric_srid FROM block_scheme WHERE is_governance"
    ).fetchone()
    if row is None:
        raise SetupError(
            Text(
                "还没有块。请先运行 twin demo,或用 twin ingest blocks 导入块。",
                "There are no blocks yet. Run `twin demo`, or load them with `twin ingest blocks`.",
            )
        )
    return Scheme(row[0], tuple(row[1]), row[2])


RASTER_FEATURES = 200_000
"""How many features are worth making a raster of the blocks, which is then kept with the index."""


_CELLS_PER_AREA = 2
"""How fine a raster areas are worth: one that is finer costs more than the areas it saves from being asked."""


_UNKNOWN = ""


@dataclass(frozen=True)
class Meeting:
    """That feature `row` (its position) meets block `code` with `share` of its area or length."""

    row: int
    code: str
    share: float


class BlockIndex:
    """The blocks of the governance scheme, to be asked where things are; by several threads if need be."""

    def __init__(self, codes: Sequence[str], geometries: Geometries, scheme: Scheme) -> None:
        """`geometries` are polygons in the storage CRS, one a code, of every level."""
        self.scheme = scheme
        widths = np.array([len(code) for code in codes])
        order = np.lexsort((np.array(codes), -widths))
        self._codes = np.array(codes, dtype=object)[order]
        self._polygons = geometries[order]
        self._widths = widths[order]
        self.raster_features = RASTER_FEATURES
        self._expected = 0
        self._raster: BlockRaster | None = None
        self._drawing = threading.Lock()
        # A prepared polygon makes its index when it is first asked, so one thread at a time asks those.
        self._asking = threading.Lock()
        shapely.prepare(self._polygons)

    @classmethod
    def read(cls, connection: Connection) -> BlockIndex:
        """Read the tree as the connection sees it."""
        scheme = read_scheme(connection)
        rows = connection.execute(
            "SELECT code, ST_AsBinary(geometry) FROM valid_block WHERE scheme = %s", (scheme.scheme,)
        ).fetchall()
        return cls([row[0] for row in rows], shapely.from_wkb([row[1] for row in rows]), scheme)

    def expect(self, features: int) -> None:
        """So many are about to be asked for, in portions: many are worth a raster from the first one on."""
        self._expected = max(self._expected, features)

    def home(self, points: Geometries) -> Codes:
        """The finest block's code for each point (storage CRS); `~` where no block holds it.

        A point on a border belongs to the block with the lowest code. A missing point is outside.
        """
        placed = np.flatnonzero(~shapely.is_missing(points) & ~shapely.is_empty(points))
        raster = self._draw_raster(len(placed), MOST_CELLS)
        if raster is None:
            return self._find_home(points)
        homes = np.full(len(points), OUTSIDE, dtype=object)
        homes[placed] = raster.home(points[placed], OUTSIDE)
        return homes

    def place(self, geometries: Geometries) -> tuple[Codes, list[Meeting]]:
        """The home of each area or line, that of its point on surface, and the base grids that those meet
        which do not lie wholly in it: see `home` and `meetings`."""
        homes = np.full(len(geometries), _UNKNOWN, dtype=object)
        features = max(len(geometries), self._expected)
        raster = self._draw_raster(len(geometries), min(_CELLS_PER_AREA * features, MOST_CELLS))
        if raster is not None:
            homes = raster.home_of_boxes(shapely.bounds(geometries), _UNKNOWN)
        asked = np.flatnonzero(homes == _UNKNOWN)
        homes[asked] = self.home(shapely.point_on_surface(geometries[asked]))
        return homes, self._meetings(geometries[asked], homes[asked], asked)

    def _draw_raster(self, features: int, cells: int) -> BlockRaster | None:
        """The raster of the blocks, where there is one or so many features are worth it (one of `cells`, then)."""
        with self._drawing:
            if self._raster is None and max(features, self._expected) >= self.raster_features and len(self._polygons):
                self._raster = BlockRaster(self._polygons, self._find_home, cells)
            return self._raster

    def _find_home(self, points: Geometries) -> Codes:
        """The same, each point asked of the polygons themselves."""
        homes = np.full(len(points), OUTSIDE, dtype=object)
        waiting = np.flatnonzero(~shapely.is_missing(points) & ~shapely.is_empty(points))
        for width in sorted(set(self._widths.tolist()), reverse=True):
            if not len(waiting):
                break
            level = np.flatnonzero(self._widths == width)
            tree = shapely.STRtree(points[waiting])
            with self._asking:
                polygon, point = tree.query(self._polygons[level], predicate="intersects")
            # Later assignments win, so walk from the highest code to the lowest.
            backwards = np.argsort(polygon)[::-1]
            homes[waiting[point[backwards]]] = self._codes[level[polygon[backwards]]]
            waiting = waiting[homes[waiting] == OUTSIDE]
        return homes

    def meetings(self, geometries: Geometries, homes: Codes) -> list[Meeting]:
        """The base grids each area or line meets, for those that do not lie wholly in their home.

        Shares are of the area (m²) or length (m) in the metric CRS; what lies in no base grid has none.
        """
        return self._meetings(geometries, homes, np.arange(len(geometries)))

    def _meetings(self, geometries: Geometries, homes: Codes, names: Positions) -> list[Meeting]:
        """The same, with `names` for the geometries' own positions."""
        finest = np.flatnonzero(self._widths == self._widths.max(initial=0))
        row, position = self._meet(geometries, finest)
        counts = np.bincount(row, minlength=len(geometries))
        is_inside = np.zeros(len(geometries), dtype=bool)
        alone = counts[row] == 1
        # One grid met: wholly inside it, or partly in no grid at all (a pier beyond the coast).
        with self._asking:
            is_inside[row[alone]] = shapely.covers(self._polygons[finest[position[alone]]], geometries[row[alone]])
        is_spanning = ~is_inside & (counts > 0)
        chosen = is_spanning[row]
        return self._parts(geometries, row[chosen], position[chosen], finest, homes, names)

    def shares(self, areas: Geometries) -> list[Meeting]:
        """The base grids that each area meets, with the share of it in each; one that is wholly inside too."""
        finest = np.flatnonzero(self._widths == self._widths.max(initial=0))
        row, position = self._meet(areas, finest)
        return self._parts(areas, row, position, finest, None, np.arange(len(areas)))

    def _meet(self, geometries: Geometries, finest: Positions) -> tuple[Positions, Positions]:
        """Which geometry meets which of the `finest` blocks, by geometry and then by block."""
        tree = shapely.STRtree(geometries)
        with self._asking:
            position, row = tree.query(self._polygons[finest], predicate="intersects")
        by_row = np.lexsort((position, row))
        return row[by_row], position[by_row]

    def _parts(
        self,
        geometries: Geometries,
        row: Positions,
        position: Positions,
        finest: Positions,
        homes: Codes | None,
        names: Positions,
    ) -> list[Meeting]:
        pieces = shapely.intersection(geometries[row], self._polygons[finest[position]])
        whole, of_whole = np.unique(row, return_inverse=True)
        is_area = shapely.get_dimensions(geometries[whole]) == 2
        size = _measure(geometries[whole], is_area, self.scheme.metric_srid)[of_whole]
        part = _measure(pieces, is_area[of_whole], self.scheme.metric_srid)
        share = np.divide(part, size, out=np.zeros_like(part), where=size > 0)
        codes = self._codes[finest[position]]
        keep = share > 1e-9
        if homes is not None:
            keep |= codes == homes[row]
        return [
            Meeting(int(r), str(c), float(min(s, 1.0)))
            for r, c, s in zip(names[row[keep]], codes[keep], share[keep], strict=True)
        ]


def _measure(geometries: Geometries, is_area: npt.NDArray[np.bool_], metric_srid: int) -> npt.NDArray[np.float64]:
    """Area (m²) of what belongs to an area and length (m) of what belongs to a line.

    Two areas that share a border alone meet in a line, which is no part of either's area.
    """
    metric = geometries_to_metric(geometries, metric_srid)
    return np.where(is_area, shapely.area(metric), shapely.length(metric))
