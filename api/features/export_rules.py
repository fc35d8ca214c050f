# SPDX-License-Identifier: Apache-2.0
"""What an export has to keep to: the area of layers that are capped, and a record of every file that goes out."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from zoneinfo import ZoneInfo

import shapely
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from api.features.export_marks import Format, Mark
from api.pool import as_owner
from api.services import Services
from api.sql import read_sql
from layers.filter import Filter
from layers.layer import Layer
from layers.tile import Box
from twin.access import Actor
from twin.errors import InvalidRequestError
from twin.home import OUTSIDE
from twin.settings import Settings
from twin.text import Text

Connection = AsyncConnection[TupleRow]

_EARTH_KM: Final = 6371.0
_RECORD: Final[LiteralString] = """
    INSERT INTO export_record (id, at, role, token_id, layer, form, filter, block_codes, area, rows, size,
                               access_class, secrecy_label)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Reach:
    """What an export asks for: blocks (none: everything), and their area in km²."""

    block_codes: tuple[str, ...]
    area: float


def cap_of(layer: Layer, settings: Settings) -> float:
    """The largest area of one export of a layer in km²; 0: there is no cap."""
    return settings.topographic_export_km2 if layer.is_topographic else 0


async def admit_export(
    connection: Connection, actor: Actor, settings: Settings, layer: Layer, narrowed: Filter
) -> Reach:  # fmt: skip
    """How far an export reaches, for a transaction of `actor`.

    Raises InvalidRequestError where that is more than the layer's cap allows.
    """
    reach = await _measure(connection, actor, layer, narrowed)
    cap = cap_of(layer, settings)
    if cap and reach.area > cap:
        zh, en = layer.title.zh, layer.title.en
        raise InvalidRequestError(
            Text(
                f"图层“{zh}”属于大比例尺地形类,一次最多导出 {cap:g} km²,本次请求覆盖 {reach.area:.1f} km²。"
                "请用 block(街道、社区或网格)或 bbox 缩小范围。",
                f"The layer '{en}' is of the large-scale topographic class: one export covers at most {cap:g} km², and "
                f"this one asks for {reach.area:.1f} km². Narrow it with block (a street, community or grid) or bbox.",
            ),
            "block",
        )
    return reach


def make_mark(layer: Layer, zone: ZoneInfo) -> Mark:
    """A new mark; its id is not to be guessed and tells nothing but the day."""
    now = datetime.now(zone)
    return Mark(f"E{now:%Y%m%d}-{secrets.token_hex(6)}", now, layer.id, layer.secrecy_label)


async def record_export(
    services: Services, actor: Actor, mark: Mark, form: Format, narrowed: Filter, reach: Reach, *, rows: int,
    size: int | None,
) -> None:  # fmt: skip
    """Put an export on record, before the first byte of it leaves. No value and no word of a search is kept."""
    said: dict[str, Any] = {
        "block": narrowed.block, "bbox": [list(box) for box in narrowed.boxes] or None,
        "ids": None if narrowed.ids is None else len(narrowed.ids),
        "interval": None if narrowed.interval is None else [end and end.isoformat() for end in narrowed.interval],
        "as_of": narrowed.as_of and narrowed.as_of.isoformat(),
        "words": len(narrowed.search) or None,
        "conditions": [f"{match.name}{match.operator}" for match in narrowed.matches] or None,
        "filter": list(narrowed.expression.names) if narrowed.expression else None,
    }  # fmt: skip
    kept = {name: value for name, value in said.items() if value is not None}
    async with as_owner(services.pool) as connection:
        await connection.execute(
            _RECORD,
            (
                mark.id, mark.at, actor.role, actor.token_id, mark.layer, form, Jsonb(kept), list(reach.block_codes),
                round(reach.area, 6), rows, size, actor.access_class, mark.secrecy_label,
            ),
        )  # fmt: skip


async def _measure(connection: Connection, actor: Actor, layer: Layer, narrowed: Filter) -> Reach:
    codes = _asked_codes(actor, narrowed)
    is_outside_asked = codes is None
    if narrowed.ids is not None:
        # Single features: the blocks that they lie in, not all that could have been asked for.
        text = SQL("SELECT DISTINCT block_code FROM ({}) AS feature WHERE id = ANY(%s)").format(SQL(layer.sql))
        homes = [row[0] for row in await (await connection.execute(text, (list(narrowed.ids),))).fetchall()]
        is_outside_asked = OUTSIDE in homes
        codes = [code for code in homes if code != OUTSIDE]
    values = {"codes": codes, "box": _as_wkb(narrowed.boxes)}
    row = await (await connection.execute(read_sql("export_area"), values)).fetchone()
    area = float(row[0]) if row else 0.0
    if is_outside_asked:
        area += await _measure_outside(connection, layer, narrowed)
    return Reach(tuple(codes or ()), area)


def _asked_codes(actor: Actor, narrowed: Filter) -> list[str] | None:
    """The blocks within the asker's scope, none within another; None: all there are, and what lies outside them."""
    asked = narrowed.block
    if actor.is_unscoped:
        return None if asked is None else [asked]
    if asked is not None and actor.reaches(asked):
        return [asked]
    granted = {code for code in actor.block_codes if asked is None or code.startswith(asked)}
    return sorted(c for c in granted if not any(c != other and c.startswith(other) for other in granted))


async def _measure_outside(connection: Connection, layer: Layer, narrowed: Filter) -> float:
    """km² of the box around the features that lie in no block: nobody knows how much of that is covered."""
    text = SQL(
        "SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM ("
        "SELECT ST_Extent(CASE WHEN %(box)s::bytea IS NULL THEN geometry "
        "ELSE ST_ClipByBox2D(geometry, ST_GeomFromWKB(%(box)s, 4490)) END) AS box FROM ({}) AS feature "
        "WHERE block_code = %(outside)s AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s)) "
        "AND (%(box)s::bytea IS NULL OR geometry && ST_GeomFromWKB(%(box)s, 4490))) AS found"
    ).format(SQL(layer.sql))
    values = {
        "outside": OUTSIDE, "ids": None if narrowed.ids is None else list(narrowed.ids),
        "box": _as_wkb(narrowed.boxes),
    }  # fmt: skip
    row = await (await connection.execute(text, values)).fetchone()
    return 0.0 if row is None or row[0] is None else _area_of_box((row[0], row[1], row[2], row[3]))


def _area_of_box(box: Box) -> float:
    """km² of a box of degrees, on a sphere: no metric CRS holds far from its district.

    >>> round(_area_of_box((114.0, 22.5, 114.01, 22.51)), 2)
    1.14
    """
    west, south, east, north = (math.radians(side) for side in box)
    return _EARTH_KM**2 * (east - west) * (math.sin(north) - math.sin(south))


def _as_wkb(boxes: Sequence[Box]) -> bytes | None:
    return shapely.to_wkb(shapely.MultiPolygon([shapely.box(*box) for box in boxes])) if boxes else None
