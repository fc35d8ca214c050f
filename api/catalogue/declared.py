# SPDX-License-Identifier: Apache-2.0
"""What the catalogue tells of that no row describes: layers, and the tilesets that are made of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.features.extents import Extent, read_extents
from api.http.offered_crs import STORAGE_CRS
from api.intake.kinds import list_kinds
from api.pool import as_owner, fetch_row
from api.services import Services
from layers.layer import Layer
from layers.registry import load_layers
from layers.solids.declaration import SOLID_LAYERS
from layers.solids.query import select_any
from twin.access import Actor
from twin.text import Text

ECEF: Final = "EPSG:4978"
"""What the coordinates of 3D Tiles are in."""

_TOPICS: Final[Mapping[str, str]] = {
    "address": "location", "block": "boundaries", "building": "structure", "component": "utilitiesCommunication",
    "hazard": "society", "height_limit": "planningCadastre", "incident": "society",
    "industrial_park": "planningCadastre", "legal_entity": "economy", "model": "structure",
    "parcel": "planningCadastre", "road": "transportation", "storey": "structure", "tileset": "structure",
    "unit": "structure", "urban_village": "society",
}  # fmt: skip
"""Topic categories of ISO 19115 by the table that a layer shows or a load fills."""

_READ_KINDS: LiteralString = "SELECT kind, relation FROM dataset_kind"


async def read_kinds(services: Services) -> dict[str, str]:
    """The table that loads of each kind fill: what datasets and layers are joined by."""
    async with as_owner(services.pool) as connection:
        return {row[0]: row[1] for row in await (await connection.execute(_READ_KINDS)).fetchall()}


def describe_kinds(kinds: Mapping[str, str]) -> dict[str, dict[str, str | None]]:
    """Titles and topics by kind of dataset, as `catalogue_records.sql` takes them."""
    known = list_kinds()
    titles = {kind: known[kind].title if kind in known else Text(kind, kind) for kind in kinds}
    return {
        kind: {**titles[kind].as_dict(), "topic": _TOPICS.get(relation)} for kind, relation in kinds.items()
    }  # fmt: skip


async def list_solids(connection: AsyncConnection[TupleRow]) -> list[str]:
    """The tilesets made of rows that have anything in them for the actor of this connection."""
    found: list[str] = []
    for solid in SOLID_LAYERS.values():
        row = await fetch_row(connection, select_any(solid))
        found += [solid.id] if row and row[0] else []
    return found


async def declare_records(services: Services, actor: Actor, kinds: Mapping[str, str]) -> list[dict[str, Any]]:
    """Layers and tilesets that are made of rows, as `catalogue_records.sql` takes them: those in the actor's reach."""
    layers = services.layers.list_for(actor)
    extents = await read_extents(services, actor, layers)
    async with services.as_actor(actor) as connection:
        solids = await list_solids(connection)
    classes = services.layers.business_classes
    declared = [_declare_layer(layer, extents[layer.id], kinds, classes.get(layer.id, 1)) for layer in layers]
    for solid in solids:
        layer = load_layers()[solid]
        declared.append(
            _declare_layer(layer, extents[layer.id], kinds, 1) | {
                "id": f"tileset-{solid}", "type": "tileset", "crs": ECEF, "keywords": ["3D Tiles", solid],
                "title_zh": f"{layer.title.zh}(三维)", "title_en": f"{layer.title.en} in 3D", "time_from": None,
                "time_to": None,
            }
        )  # fmt: skip
    return declared


def _declare_layer(
    layer: Layer, extent: Extent, kinds: Mapping[str, str], access_class: int
) -> dict[str, Any]:  # fmt: skip
    first, last = extent.moments or (None, None)
    is_business = layer.id not in load_layers()
    return {
        "id": f"layer-{layer.id}", "type": "layer", "layer": layer.id, "title_zh": layer.title.zh,
        "title_en": layer.title.en, "description_zh": layer.description.zh, "description_en": layer.description.en,
        "keywords": list(dict.fromkeys((layer.id, layer.title.zh, layer.title.en, layer.geometry))),
        "topic": _TOPICS.get(layer.kind), "access_class": access_class, "secrecy_label": layer.secrecy_label,
        "crs": STORAGE_CRS, "box": list(extent.box), "time_from": first and first.isoformat(),
        "time_to": last and last.isoformat(),
        # All business layers share one table, whose datasets say nothing of a single layer.
        "kinds": [] if is_business else [kind for kind, relation in kinds.items() if relation == layer.kind],
    }  # fmt: skip
