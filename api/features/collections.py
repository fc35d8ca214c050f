# SPDX-License-Identifier: Apache-2.0
"""Collections: what layers there are, how far each reaches, in which CRSs and forms its features come."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.catalogue.description import describe_catalogue
from api.features import feature_pages
from api.features.district import read_district
from api.features.export_rules import cap_of
from api.features.extents import Extent, read_extents
from api.features.items import FORMS
from api.features.schemas import link_schemas
from api.http.links import base_url, link_forms, make_link
from api.http.negotiation import HTML, choose_form
from api.http.offered_crs import STORAGE_CRS, list_crs
from api.http.parameters import refuse_unknown
from api.http.response import GEOJSON, JSON, MVT, answer_bytes
from api.services import Services, get_actor, get_services
from layers.layer import Layer
from layers.style import describe_layer
from layers.tile import WEB_MERCATOR
from twin.access import Actor
from twin.settings import Settings
from twin.text import Language, negotiate_language

_TILESETS: Final = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
_GLOBAL_CRS: Final = "#/crs"
"""In the list of collections: see the list at its top."""
_FORMS: Final = {"json": JSON, "html": HTML}
_LOCALISED: Final = {"Vary": "Accept, Accept-Language, Authorization, Cookie"}

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["features"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
LayerId = Annotated[str, Path(description="A layer's id")]
Form = Annotated[str | None, Query(alias="f", description="the form, instead of the Accept header")]


@router.get("/collections", summary="The layers", operation_id="list_collections")
async def list_collections(request: Request, actor: AsActor, services: With, form: Form = None) -> Response:
    """Every layer with its declaration in `blocktwin`, and the CRSs in which all of them come."""
    chosen = choose_form(request, _FORMS, form)
    language = _language(request)
    layers = services.layers.list_for(actor)
    extents = await read_extents(services, actor, layers)
    base = base_url(request)
    described = [
        _describe(layer, actor, services.settings, extents[layer.id], language)
        | {"crs": [_GLOBAL_CRS], "links": _link_collection(f"{base}/collections/{layer.id}")}
        for layer in layers
    ]
    district = await read_district(services)
    described.append(describe_catalogue(request, district and district.bbox, language))
    if chosen == "html":
        page = feature_pages.render_collections(request, described, language)
        return answer_bytes(request, actor, page.encode(), HTML, _LOCALISED)
    body = {
        "links": link_forms(request, _FORMS, "json"),
        "crs": list(list_crs(services.settings.metric_srid)),
        "collections": described,
    }
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _LOCALISED)


@router.get("/collections/{layer_id}", summary="One layer", operation_id="get_collection")
async def get_collection(
    request: Request, actor: AsActor, services: With, layer_id: LayerId, form: Form = None
) -> Response:
    """A layer's declaration, extent and links.

    In `blocktwin`: `secrecy_label`, which its exports say of themselves, and `export_km2`, the most that one of them
    may cover (null: no cap).
    """
    chosen = choose_form(request, _FORMS, form)
    layer = services.layers.find(layer_id, actor)
    extents = await read_extents(services, actor, [layer])
    language = _language(request)
    base = base_url(request)
    described = _describe(layer, actor, services.settings, extents[layer.id], language)
    if chosen == "html":
        shown = layer.properties_for(actor.access_class)
        page = feature_pages.render_collection(request, layer, described, shown, language)
        return answer_bytes(request, actor, page.encode(), HTML, _LOCALISED)
    own = [*link_forms(request, _FORMS, "json"), *_link_collection(f"{base}/collections/{layer.id}")[1:]]
    return answer_bytes(request, actor, orjson.dumps(described | {"links": own}), JSON, _LOCALISED)


def _describe(layer: Layer, actor: Actor, settings: Settings, extent: Extent, language: Language) -> dict[str, Any]:
    return {
        "id": layer.id,
        "title": layer.title.in_language(language),
        "description": layer.description.in_language(language),
        "itemType": "feature",
        "crs": list(list_crs(settings.metric_srid)),
        "storageCrs": STORAGE_CRS,
        "extent": extent.as_dict(),
        "blocktwin": describe_layer(layer, actor.access_class) | {"export_km2": cap_of(layer, settings) or None},
    }


def _link_collection(here: str) -> list[dict[str, Any]]:
    """The links of a collection: itself first, its features in every form, what describes them, its tiles."""
    listed = {media_type: name for name, media_type in FORMS.items() if name not in ("geojson", "json")}
    tiles = f"{here}/tiles/{WEB_MERCATOR}"
    return [
        make_link(here, "self", JSON),
        make_link(f"{here}/items", "items", GEOJSON),
        *(make_link(f"{here}/items?f={name}", "items", media_type) for media_type, name in listed.items()),
        *link_schemas(here),
        make_link(f"{here}/tiles", _TILESETS, JSON),
        make_link(tiles, "describedby", JSON, "TileJSON"),
        make_link(f"{tiles}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", MVT) | {"templated": True},
    ]


def _language(request: Request) -> Language:
    return negotiate_language(request.headers.get("accept-language"))
