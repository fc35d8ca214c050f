# SPDX-License-Identifier: Apache-2.0
"""Models and tilesets as STAC items (STAC 1.1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, LiteralString, cast

from psycopg.rows import dict_row
from psycopg.sql import SQL, Composable, Literal, Placeholder
from psycopg.types.json import Jsonb
from starlette.concurrency import run_in_threadpool

from api.catalogue.declared import ECEF, list_solids, read_kinds
from api.catalogue.record_writing import TILES_3D, write_moment
from api.catalogue.volumes import Volume, read_document
from api.features.extents import read_extents
from api.http.links import make_link
from api.http.response import GEOJSON, JSON
from api.services import Services
from api.sql import read_sql
from layers.registry import load_layers
from layers.tile import Box
from twin.access import Actor
from twin.assets import asset_path
from twin.model.table import STORAGE_SRID
from twin.text import Language, Text

STAC_VERSION: Final = "1.1.0"
PROJECTION: Final = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"

COLLECTIONS: Final[Mapping[str, tuple[Text, Text]]] = {
    "models": (
        Text("模型", "Models"),
        Text("BIM 模型,按已发布或最新的版本。", "BIM models, each with the version that is published, or the newest."),
    ),
    "tilesets": (
        Text("三维瓦片", "3D Tiles"),
        Text(
            "三维瓦片数据集:入库的,以及由数据行即时生成的。",
            "3D Tiles data sets: stored ones, and those that are made of rows when somebody asks.",
        ),
    ),
}

_TILESET: Final = Text("三维瓦片", "3D Tiles")
_ABOUT: Final = Text("模型信息", "What is known of the model")

_PAGE: Final[LiteralString] = """
    , matched AS MATERIALIZED (SELECT * FROM item WHERE {conditions})
    SELECT counted.number AS matched, page.*
    FROM (SELECT count(*) AS number FROM matched) AS counted
    LEFT JOIN LATERAL (
        SELECT matched.*, ST_AsGeoJSON(geometry, 7, 0)::jsonb AS shape, CASE WHEN geometry IS NOT NULL THEN ARRAY[
               ST_XMin(geometry), ST_YMin(geometry), ST_XMax(geometry), ST_YMax(geometry)] END AS box
        FROM matched WHERE {after} ORDER BY collection COLLATE "C", id COLLATE "C" LIMIT %(limit)s + 1
    ) AS page ON true
"""


@dataclass(frozen=True, kw_only=True)
class ItemFilter:
    """What items are narrowed to; None does not narrow. boxes: degrees; geometry: a GeoJSON text in degrees."""

    collections: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    boxes: tuple[Box, ...] = ()
    geometry: str | None = None
    interval: tuple[datetime | None, datetime | None] | None = None


@dataclass(frozen=True)
class ItemPage:
    """The items of a page, how many match in all, and the collection and id that the next page goes on from."""

    items: list[dict[str, Any]]
    matched: int
    following: tuple[str, str] | None


async def read_items(
    services: Services, actor: Actor, language: Language, narrowed: ItemFilter, base: str, *, limit: int,
    after: tuple[str, str] | None = None,
) -> ItemPage:  # fmt: skip
    """A page of items by collection and id, of what the actor sees. base: where this server is."""
    layers = load_layers()
    kinds = await read_kinds(services)
    values: dict[str, Any] = {"limit": limit}
    async with services.as_actor(actor) as connection:
        solids = await list_solids(connection)
    extents = await read_extents(services, actor, [layers[solid] for solid in solids])
    values["live"] = Jsonb([
        {
            "id": solid, "title": layers[solid].title.in_language(language), "box": list(extents[solid].box),
            "kinds": [kind for kind, relation in kinds.items() if relation == layers[solid].kind],
        }
        for solid in solids
    ])  # fmt: skip
    conditions = [SQL("geometry IS NOT NULL"), *_narrow(narrowed, values)]
    going_on = SQL("true")
    if after is not None:
        values |= {"after_collection": after[0], "after_id": after[1]}
        going_on = SQL('(collection COLLATE "C", id COLLATE "C") > (%(after_collection)s, %(after_id)s)')
    statement = SQL(cast("LiteralString", read_sql("catalogue_items").decode())) + SQL(_PAGE).format(
        conditions=SQL(" AND ").join(conditions), after=going_on
    )
    async with services.as_actor(actor) as connection:
        rows = await (await connection.cursor(row_factory=dict_row).execute(statement, values)).fetchall()
    found = [row for row in rows if row["id"] is not None]
    written = [await _write_item(services, row, base, language) for row in found[:limit]]
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        following = (str(last["collection"]), str(last["id"]))
    return ItemPage(written, rows[0]["matched"], following)


def _narrow(narrowed: ItemFilter, values: dict[str, Any]) -> list[Composable]:
    conditions: list[Composable] = []
    if narrowed.collections is not None:
        values["collections"] = list(narrowed.collections)
        conditions.append(SQL("collection = ANY (%(collections)s)"))
    if narrowed.ids is not None:
        values["ids"] = list(narrowed.ids)
        conditions.append(SQL("id = ANY (%(ids)s)"))
    if narrowed.boxes:
        parts: list[Composable] = []
        for number, box in enumerate(narrowed.boxes):
            names = [f"box{number}_{side}" for side in range(4)]
            values |= dict(zip(names, box, strict=True))
            corners = SQL(", ").join(SQL("{}::float8").format(Placeholder(name)) for name in names)
            parts.append(SQL("ST_Intersects(geometry, ST_MakeEnvelope({}, {}))").format(corners, Literal(STORAGE_SRID)))
        conditions.append(SQL("({})").format(SQL(" OR ").join(parts)))
    if narrowed.geometry is not None:
        values["shape"] = narrowed.geometry
        shape = SQL("ST_SetSRID(ST_GeomFromGeoJSON(%(shape)s), {})").format(Literal(STORAGE_SRID))
        conditions.append(SQL("ST_Intersects(geometry, {})").format(shape))
    if narrowed.interval is not None:
        values |= dict(zip(("since", "until"), narrowed.interval, strict=True))
        conditions.append(
            SQL(
                "moment BETWEEN coalesce(%(since)s::timestamptz, '-infinity') "
                "AND coalesce(%(until)s::timestamptz, 'infinity')"
            )
        )
    return conditions


async def _write_item(services: Services, row: Mapping[str, Any], base: str, language: Language) -> dict[str, Any]:
    root = f"{base}/stac"
    parent = f"{root}/collections/{row['collection']}"
    volume = None
    if row["asset"] is not None:
        volume = await run_in_threadpool(read_asset_volume, asset_path(services.settings, row["asset"]))
    west, south, east, north = row["box"]
    bbox = [west, south, east, north]
    if volume is not None:
        bbox = [west, south, volume.low, east, north, volume.high]
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": [PROJECTION],
        "id": row["id"],
        "collection": row["collection"],
        "geometry": row["shape"],
        "bbox": bbox,
        "properties": _write_properties(row),
        "links": [
            make_link(f"{parent}/items/{row['id']}", "self", GEOJSON),
            make_link(root, "root", JSON),
            make_link(parent, "parent", JSON),
            make_link(parent, "collection", JSON),
            *_link_origin(row, base),
        ],
        "assets": _list_assets(row, base, language),
    }


def read_asset_volume(folder: Path) -> Volume | None:
    """How far the tileset in an asset's folder reaches."""
    file = folder / "tileset.json"
    return read_document(file.read_bytes()) if file.is_file() else None


def _write_properties(row: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": row["title"],
        "datetime": write_moment(row["moment"]),
        "proj:code": _find_code(row["crs"]) if row["collection"] == "models" else ECEF,
        "access_class": row["access_class"],
    }
    for name in ("created", "updated"):
        if row[name] is not None:
            properties[name] = write_moment(row[name])
    for name in ("version", "state", "ifc_schema"):
        if row[name] is not None:
            properties[f"blocktwin:{name}"] = row[name]
    return properties


def _find_code(crs: str | None) -> str | None:
    """A CRS as the extension has it, authority and code; null where it has no code."""
    return crs if crs is not None and crs.startswith("EPSG:") else None


def _link_origin(row: Mapping[str, Any], base: str) -> list[dict[str, Any]]:
    if row["collection"] == "tilesets" and row["model"] is not None:
        return [make_link(f"{base}/stac/collections/models/items/{row['model']}", "derived_from", GEOJSON)]
    return []


def _list_assets(row: Mapping[str, Any], base: str, language: Language) -> dict[str, Any]:
    """What can be fetched: 3D Tiles, and what is known of a model. The file that was sent in is not handed out."""
    assets: dict[str, Any] = {}
    if row["tileset"] is not None:
        assets["tileset"] = {
            "href": f"{base}/tilesets/{row['tileset']}/tileset.json", "type": TILES_3D, "roles": ["data"],
            "title": _TILESET.in_language(language),
        }  # fmt: skip
    if row["collection"] == "models":
        assets["metadata"] = {
            "href": f"{base}/models/{row['id']}", "type": JSON, "roles": ["metadata"],
            "title": _ABOUT.in_language(language),
        }  # fmt: skip
    return assets
