# SPDX-License-Identifier: Apache-2.0
"""3D containers over HTTP: OGC API 3D GeoVolumes (22-029, draft), an API of its own below `/geovolumes`.

Its collections are no collections of features, so they are not among those: a client that reads features would stumble.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.catalogue.containers import Container, Content, read_containers
from api.catalogue.record_writing import GEOVOLUMES, TILES_3D
from api.catalogue.volumes import Volume
from api.http.links import base_url, make_link
from api.http.negotiation import HTML, choose_form
from api.http.offered_crs import CRS84, DEFAULT_CRS, parse_box
from api.http.parameters import refuse_unknown
from api.http.response import JSON, answer_bytes
from api.services import Services, get_actor, get_services
from twin.access import Actor
from twin.errors import InvalidRequestError, NotFoundError
from twin.text import Language, Text, negotiate_language

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["geovolumes"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
Form = Annotated[str | None, Query(alias="f", description="json")]
Bbox = Annotated[str | None, Query(description="four numbers in degrees, or six with heights in metres")]
Format = Annotated[str | None, Query(alias="format", description="of the content: 3dtiles")]

ROOT: Final = "/geovolumes"
CRS84H: Final = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
CONFORMS_TO: Final = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/landing-page",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "https://www.opengis.net/spec/ogcapi-geovolumes-1/1.0/conf/core",
    "https://www.opengis.net/spec/ogcapi-geovolumes-1/1.0/conf/3d-tiles",
    "http://www.opengis.net/spec/ogcapi-geovolumes-1/1.0/conf/spatialquery",
)

_FORMS: Final = {"json": JSON}
_FORMATS: Final = ("3dtiles", TILES_3D, "application/3dtiles+json")
"""What `format` may be; all of them mean 3D Tiles, which are all that there is."""
_TYPES: Final = (TILES_3D, "application/3dtiles+json")
"""The draft has both, one in Core and the other in its class of 3D Tiles."""
_OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
_VARY: Final = {"Vary": "Accept, Accept-Language, Authorization, Cookie"}
_TITLE: Final = Text("三维容器", "3D containers")
_LEAD: Final = Text(
    "按块组织的三维瓦片:城区、街道,及其中的建筑、楼层、户、模型与倾斜摄影。",
    "3D Tiles by blocks: the district and its streets, with the buildings, storeys, units, models and meshes in them.",
)


@router.get(ROOT, summary="3D GeoVolumes: where it begins", operation_id="get_geovolumes")
async def get_landing(request: Request, actor: AsActor, form: Form = None) -> Response:
    """The landing page of this API."""
    choose_form(request, _FORMS, form)
    base = base_url(request)
    language = _language(request)
    body = {
        "title": _TITLE.in_language(language), "description": _LEAD.in_language(language),
        "links": [
            make_link(f"{base}{ROOT}", "self", JSON), make_link(f"{base}/api", "service-desc", _OPENAPI),
            make_link(f"{base}/api?f=html", "service-doc", HTML),
            make_link(f"{base}{ROOT}/conformance", "conformance", JSON),
            make_link(f"{base}{ROOT}/collections", "data", JSON),
        ],
    }  # fmt: skip
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _VARY)


@router.get(f"{ROOT}/conformance", summary="What 3D GeoVolumes hold to", operation_id="get_geovolumes_conformance")
async def get_conformance(request: Request, actor: AsActor, form: Form = None) -> Response:
    """The classes of the draft that hold here."""
    choose_form(request, _FORMS, form)
    return answer_bytes(request, actor, orjson.dumps({"conformsTo": CONFORMS_TO}), JSON, _VARY)


@router.get(f"{ROOT}/collections", summary="The 3D containers", operation_id="list_containers")
async def list_containers(
    request: Request, actor: AsActor, services: With, bbox: Bbox = None, content: Format = None, form: Form = None
) -> Response:
    """The district and its streets, as far as anything in them meets `bbox` and may be seen."""
    choose_form(request, _FORMS, form)
    is_wanted = _read_wish(bbox, content)
    whole = await read_containers(services, actor)
    narrowed = whole and whole.narrow(is_wanted)
    base, language = base_url(request), _language(request)
    listed = [narrowed, *narrowed.children] if narrowed else []
    body = {
        "links": [make_link(str(request.url), "self", JSON), make_link(f"{base}{ROOT}", "root", JSON)],
        "collections": [_write(one, base, language) for one in listed],
    }
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _VARY)


@router.get(f"{ROOT}/collections/{{container_id}}", summary="One 3D container", operation_id="get_container")
async def get_container(
    request: Request, actor: AsActor, services: With, container_id: Annotated[str, Path(max_length=100)],
    bbox: Bbox = None, content: Format = None, form: Form = None,
) -> Response:  # fmt: skip
    """Its content and its children; of both only what meets `bbox`."""
    choose_form(request, _FORMS, form)
    is_wanted = _read_wish(bbox, content)
    whole = await read_containers(services, actor)
    found = next((one for one in ((whole, *whole.children) if whole else ()) if one.id == container_id), None)
    if found is None:
        raise NotFoundError(
            Text(
                f"没有三维容器“{container_id}”,或其中没有您可见的内容。",
                f"There is no 3D container '{container_id}', or nothing in it within your reach.",
            )
        )
    base, language = base_url(request), _language(request)
    narrowed = found.narrow(is_wanted) or Container(found.code, found.title, found.parent)
    body = _write(narrowed, base, language, extent=found.volume)
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _VARY)


def _read_wish(bbox: str | None, content: str | None) -> Callable[[Volume], bool]:
    """Which content is wanted. Raises InvalidRequestError."""
    if content is not None and content.lower() not in _FORMATS:
        listed = ", ".join(_FORMATS)
        raise InvalidRequestError(
            Text(f"参数 format 应为 {listed} 之一。", f"The parameter format is one of {listed}."), "format"
        )
    if bbox is None:
        return lambda _volume: True
    boxes, _ = parse_box(bbox, DEFAULT_CRS)
    numbers = [float(part) for part in bbox.split(",")]
    heights = (numbers[2], numbers[5]) if len(numbers) == 6 else None
    return lambda volume: volume.meets(boxes, heights)


def _write(one: Container, base: str, language: Language, *, extent: Volume | None = None) -> dict[str, Any]:
    written = _summarise(one, base, language, extent=extent)
    written["content"] = [_link(content, base, language, TILES_3D) for content in one.content]
    written["children"] = [_summarise(child, base, language) for child in one.children]
    if one.parent is not None:
        written["links"].append(make_link(f"{base}{ROOT}/collections/{one.parent}", "up", JSON))
    written["links"] += [_link(content, base, language, kind) for content in one.content for kind in _TYPES]
    return written


def _summarise(one: Container, base: str, language: Language, *, extent: Volume | None = None) -> dict[str, Any]:
    box = list(extent or one.volume)
    return {
        "id": one.id, "title": one.title.in_language(language), "collectionType": "3d-container",
        "itemType": "unknown", "crs": [CRS84, CRS84H],
        "extent": {"spatial": {"bbox": [box], "crs": CRS84H}},
        "contentExtent": box,
        "links": [make_link(f"{base}{ROOT}/collections/{one.id}", "self", JSON)],
    }  # fmt: skip


def _link(content: Content, base: str, language: Language, media_type: str) -> dict[str, Any]:
    return make_link(f"{base}{content.path}", GEOVOLUMES, media_type, content.title.in_language(language))


def _language(request: Request) -> Language:
    return negotiate_language(request.headers.get("accept-language"))
