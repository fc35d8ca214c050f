# SPDX-License-Identifier: Apache-2.0
"""3D containers: blocks with the 3D Tiles that stand in them, in the actor's reach (OGC 22-029, draft)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from starlette.concurrency import run_in_threadpool

from api.catalogue.declared import list_solids
from api.catalogue.stac_items import read_asset_volume
from api.catalogue.volumes import Volume, enclose, read_volume
from api.features.district import District, read_district
from api.services import Services
from api.sql import read_sql
from api.tiles.solids import get_part
from layers.registry import load_layers
from layers.solids.declaration import SOLID_LAYERS
from twin.access import Actor
from twin.assets import asset_path
from twin.text import Text

PREFIX: Final = "3d-"
"""What the id of a container begins with; a block's code follows."""

_PART: Final = ".json"


@dataclass(frozen=True)
class Content:
    """3D Tiles: the path of a tileset.json below the server, its title and how far it reaches."""

    path: str
    title: Text
    volume: Volume


@dataclass(frozen=True)
class Container:
    """A block, what stands in it, and the blocks below it with something in them. `parent`: a container's id."""

    code: str
    title: Text
    parent: str | None = None
    content: tuple[Content, ...] = ()
    children: tuple[Container, ...] = field(default=())

    @property
    def id(self) -> str:
        """As addresses have it."""
        return f"{PREFIX}{self.code}"

    @property
    def volume(self) -> Volume:
        """Around its content, of which there is some."""
        return enclose([one.volume for one in (*self.content, *(c for child in self.children for c in child.content))])

    def narrow(self, is_wanted: Callable[[Volume], bool]) -> Container | None:
        """The container with what is wanted of its content; None where that is nothing."""
        content = tuple(one for one in self.content if is_wanted(one.volume))
        children = tuple(filter(None, (child.narrow(is_wanted) for child in self.children)))
        if not content and not children:
            return None
        return Container(self.code, self.title, self.parent, content, children)


async def read_containers(services: Services, actor: Actor) -> Container | None:
    """The district with its streets as children, of what the actor sees; None where that is nothing at all."""
    district = await read_district(services)
    if district is None:
        return None
    async with services.as_actor(actor) as connection:
        solids = await list_solids(connection)
    parts = {solid: await _read_parts(services, actor, solid) for solid in solids}
    width = (district.level_widths[1:] or district.level_widths)[0]
    async with services.as_actor(actor) as connection:
        codes = sorted({code for volumes in parts.values() for code in volumes if len(code) == width})
        cursor = await connection.execute(read_sql("catalogue_streets"), {"codes": codes})
        rows = await cursor.fetchall()
        stored = [(row[1], await _read_stored(services, row)) for row in rows if row[0] == "tileset"]
        missing = sorted({code[:width] for code, _ in stored if len(code) >= width} - set(codes))
        more = await (await connection.execute(read_sql("catalogue_streets"), {"codes": missing})).fetchall()
    names = {row[1]: Text(row[2], row[3]) for row in (*rows, *more) if row[0] == "block"}
    return _gather(district, names, parts, stored)


def _gather(
    district: District, names: Mapping[str, Text], parts: Mapping[str, Mapping[str, Volume]],
    stored: Sequence[tuple[str, Content]],
) -> Container | None:  # fmt: skip
    titles = {solid: load_layers()[solid].title for solid in parts}
    whole = [
        Content(f"/tilesets/{solid}/tileset.json", titles[solid], enclose(list(volumes.values())))
        for solid, volumes in parts.items() if volumes
    ]  # fmt: skip
    streets: list[Container] = []
    for code in sorted(names):
        own = [
            Content(f"/tilesets/{solid}/{code}{_PART}", titles[solid], volumes[code])
            for solid, volumes in parts.items() if code in volumes
        ]  # fmt: skip
        own += [content for home, content in stored if home.startswith(code)]
        if own and code != district.code:
            streets.append(Container(code, names[code], f"{PREFIX}{district.code}", tuple(own)))
    content = (*whole, *(content for _, content in stored))
    title = Text(district.name, district.name_en or district.name)
    return Container(district.code, title, None, content, tuple(streets)) if content else None


async def _read_parts(services: Services, actor: Actor, solid: str) -> dict[str, Volume]:
    """How far each part of a tileset that is made of rows reaches, by the part's name."""
    root = await get_part(services, actor, SOLID_LAYERS[solid], "tileset.json", is_packed=False)
    tile: dict[str, Any] = orjson.loads(root.data)["root"]
    found: dict[str, Volume] = {}
    for child in tile.get("children", []):
        volume = read_volume(child)
        if volume is not None:
            found[str(child["content"]["uri"]).removesuffix(_PART)] = volume
    return found


async def _read_stored(services: Services, row: Sequence[Any]) -> Content:
    """A stored tileset; one whose file says nothing of heights lies flat on what lifts it."""
    known = await run_in_threadpool(read_asset_volume, asset_path(services.settings, row[5]))
    west, south, east, north = (round(side, 7) for side in row[7:11])
    height = float(row[6] or 0)
    volume = known or Volume(west, south, height, east, north, height)
    return Content(f"/tilesets/{row[4]}/tileset.json", Text(row[2], row[3]), volume)
