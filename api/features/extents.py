# SPDX-License-Identifier: Apache-2.0
"""How far each layer reaches in space and time, for whoever asks: what `extent` of a collection says."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import datetime
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from api.features.district import read_district
from api.http.offered_crs import CRS84
from api.pool import fetch_row
from api.services import Services
from layers.layer import Layer
from layers.query import select_extent
from layers.tile import Box
from twin.access import Actor

GREGORIAN: Final = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"

_KEPT_S: Final = 60.0
"""How long an extent is told again without looking: it takes a look at every row."""
_MOST: Final = 4_096
_WORLD: Final[Box] = (-180.0, -90.0, 180.0, 90.0)


class Extent(NamedTuple):
    """The box (degrees, lon/lat) and the first and last moment; None: the layer's features have no moment."""

    box: Box
    moments: tuple[datetime, datetime] | None

    def as_dict(self) -> dict[str, Any]:
        """As a collection has it. An interval is told only where both its ends are known."""
        told: dict[str, Any] = {"spatial": {"bbox": [list(self.box)], "crs": CRS84}}
        if self.moments is not None:
            told["temporal"] = {"interval": [[_write(moment) for moment in self.moments]], "trs": GREGORIAN}
        return told


class _Memory:
    def __init__(self) -> None:
        self.known: OrderedDict[tuple[str, str], tuple[float, Extent]] = OrderedDict()

    def find(self, key: tuple[str, str]) -> Extent | None:
        at, extent = self.known.get(key, (0.0, None))
        return extent if time.monotonic() - at < _KEPT_S else None

    def keep(self, key: tuple[str, str], extent: Extent) -> None:
        self.known[key] = time.monotonic(), extent
        self.known.move_to_end(key)
        while len(self.known) > _MOST:
            self.known.popitem(last=False)


_memories: WeakKeyDictionary[Services, _Memory] = WeakKeyDictionary()


async def read_extents(services: Services, actor: Actor, layers: list[Layer]) -> dict[str, Extent]:
    """By layer: what holds the district and everything that `actor` sees, as of a minute ago at most."""
    memory = _memories.setdefault(services, _Memory())
    found = {layer.id: memory.find((layer.id, actor.cache_key)) for layer in layers}
    missing = [layer for layer in layers if found[layer.id] is None]
    if missing:
        district = await read_district(services)
        async with services.as_actor(actor) as connection:
            for layer in missing:
                row = await fetch_row(connection, select_extent(layer))
                own: Box | None = None if row is None or row[0] is None else (row[0], row[1], row[2], row[3])
                moments = None if row is None or row[4] is None else (row[4], row[5])
                extent = Extent(_join(district.bbox if district else None, own), moments)
                memory.keep((layer.id, actor.cache_key), extent)
                found[layer.id] = extent
    return {name: extent for name, extent in found.items() if extent is not None}


def _join(one: Box | None, other: Box | None) -> Box:
    if one is None or other is None:
        return one or other or _WORLD
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


def _write(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
