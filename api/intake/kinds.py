# SPDX-License-Identifier: Apache-2.0
"""What may be sent in: the kinds of the load pipeline, found without importing the package that reads them.

A package that announces jobs (entry point group `twin.jobs`) has its kinds in its folder `sources/`, one file
each, and the column mappings that it ships in `mappings/`. So a new file there is a kind of upload at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Response

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.services import get_actor
from twin.access import WRITERS, Actor, Role
from twin.errors import AccessDeniedError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["uploads"])

MODEL: Final = "model"
"""The kind that planners send; every other is the steward's."""

DATA_ROLES: Final[frozenset[Role]] = frozenset({"steward", "admin"})

_VECTOR: Final = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".fgb", ".topojson")
_TABLE: Final = (".csv",)
_ANY_TABLE: Final = (*_TABLE, ".xlsx", ".ods", *_VECTOR)

_KNOWN: Final[dict[str, tuple[Text, tuple[str, ...]]]] = {
    "addresses": (Text("标准地址", "Standard addresses"), _ANY_TABLE),
    "blocks": (Text("块", "Blocks"), (*_VECTOR, *_TABLE)),
    "business": (Text("入块业务", "Business layers"), _ANY_TABLE),
    "buildings": (Text("建筑", "Buildings"), _ANY_TABLE),
    "components": (Text("城市部件", "Components"), _ANY_TABLE),
    "entities": (Text("法人", "Legal entities"), _ANY_TABLE),
    "height_limits": (Text("限高区", "Height limits"), _ANY_TABLE),
    "incidents": (Text("事件", "Incidents"), (*_TABLE, ".xlsx", ".ods")),
    "model": (Text("建筑模型", "Building models"), (".ifc", ".ifczip", ".ifcxml")),
    "parcels": (Text("地块", "Parcels"), _ANY_TABLE),
    "parks": (Text("工业园区", "Industrial parks"), _ANY_TABLE),
    "points": (Text("入块业务(只有点)", "Business layers of points alone"), _ANY_TABLE),
    "rental_spaces": (Text("可租空间", "Space for rent"), (*_TABLE, ".xlsx", ".ods")),
    "roads": (Text("道路", "Roads"), _ANY_TABLE),
    "storeys": (Text("楼层", "Storeys"), _ANY_TABLE),
    "survey_answers": (Text("摸查答案", "Survey answers"), (*_TABLE, ".xlsx", ".ods")),
    "units": (Text("户(房屋)", "Units"), ()),
    "villages": (Text("城中村", "Urban villages"), _ANY_TABLE),
}
"""Titles, and what the files are called; a kind that is not here has its name as title and takes any file."""


@dataclass(frozen=True)
class UploadKind:
    """A kind of upload: its id, what people call it, and the endings its files have (none: any)."""

    id: str
    title: Text
    suffixes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"id": self.id, "title": self.title.as_dict(), "suffixes": list(self.suffixes)}


@cache
def list_kinds() -> dict[str, UploadKind]:
    """Every kind by its id, in the order of ids."""
    found: dict[str, UploadKind] = {}
    for stem in sorted(_stems("sources", "*.py")):
        title, suffixes = _KNOWN.get(stem, (Text(stem, stem), ()))
        found[stem] = UploadKind(stem, title, suffixes)
    return found


@cache
def list_mappings() -> tuple[str, ...]:
    """The names of the column mappings that are shipped."""
    return tuple(sorted(_stems("mappings", "*.toml")))


def may_send(actor: Actor, kind: str) -> bool:
    """Whether the actor's role may upload this kind."""
    return actor.role in (WRITERS if kind == MODEL else DATA_ROLES)


@router.get("/kinds", summary="What may be uploaded")
async def get_kinds(actor: Annotated[Actor, Depends(get_actor)]) -> Response:
    """The kinds that the asker may send in, and the shipped column mappings."""
    kinds = [kind.as_dict() for kind in list_kinds().values() if may_send(actor, kind.id)]
    if not kinds:
        raise AccessDeniedError(Text(f"角色 {actor.role} 不能上传。", f"The role {actor.role} may not upload."))
    body = {"kinds": kinds, "mappings": list(list_mappings())}
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})


def _stems(folder: str, pattern: str) -> set[str]:
    stems: set[str] = set()
    for entry in entry_points(group="twin.jobs"):
        # Finding a top-level package reads its folder's name only; none of its modules runs.
        spec = find_spec(entry.module.partition(".")[0])
        for place in (spec.submodule_search_locations or ()) if spec else ():
            stems |= {path.stem for path in Path(place, folder).glob(pattern)}
    return {stem for stem in stems if not stem.startswith("_")}
