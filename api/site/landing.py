# SPDX-License-Identifier: Apache-2.0
"""The front door: landing page, conformance and the API's description, for people and for machines."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.catalogue import CATALOGUE
from api.catalogue.description import CONFORMS_TO as RECORDS
from api.features.district import read_district
from api.features.filtering import CONFORMS_TO as FILTERING
from api.features.schemas import CONFORMS_TO as SCHEMAS
from api.http.html import render_links, render_page, render_table, render_trail
from api.http.links import base_url, link_forms, make_link
from api.http.negotiation import HTML, choose_form
from api.http.parameters import refuse_unknown
from api.http.response import JSON, TextResponse
from api.services import Services, get_services
from api.site.openapi import MEDIA_TYPE, write_openapi
from api.site.pages import page_response
from twin.text import Text, negotiate_language

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["landing"])

With = Annotated[Services, Depends(get_services)]
Form = Annotated[str | None, Query(alias="f", description="the form, instead of the Accept header")]

_FORMS: Final = {"json": JSON, "html": HTML}
_API_FORMS: Final = {"json": MEDIA_TYPE, "plain": JSON, "html": HTML}

CONFORMS_TO: Final = [
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/landing-page",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/create-replace-delete",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/update",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/optimistic-locking-etags",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/features",
    *FILTERING,  # Part 3 and CQL2
    *SCHEMAS,  # Part 5
    *RECORDS,
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
    "http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
]

_CATALOG: Final = "http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog"

_LEAD: Final = Text(
    "城区数字孪生后端:BIM、实景三维与块数据,同在一个 PostGIS。",
    "The digital-twin backend of a city district: BIM, photogrammetry and block data in one PostGIS.",
)
_SYNTHETIC: Final = Text(
    "演示数据:街道名称与编码真实,几何与数值均为合成。",
    "Demonstration data: real street names and codes, invented geometry and figures.",
)
_CONFORMANCE: Final = Text("遵循的标准", "Conformance")
_PLACES: Final = (
    ("/wall", Text("大屏", "Wall"), Text("区块数据大屏", "The command-centre wall")),
    ("/plan", Text("规划", "Plan"), Text("上传并查看模型", "Upload and look at models")),
    ("/admin", Text("管理", "Admin"), Text("载入、质量、待审与令牌", "Loads, quality, reviews and tokens")),
    ("/collections", Text("图层", "Collections"), Text("OGC API 要素与瓦片", "OGC API Features and Tiles")),
    ("/stac", Text("STAC", "STAC"), Text("模型与三维瓦片目录", "Models and 3D Tiles as STAC")),
    ("/geovolumes/collections", Text("三维容器", "3D containers"), Text("按街道的三维瓦片", "3D Tiles by streets")),
    (f"/collections/{CATALOGUE}/items", Text("目录", "Catalogue"), Text("有哪些数据", "What data there is")),
    ("/conformance", Text("标准", "Standards"), Text("遵循的 OGC 标准", "The OGC standards that are followed")),
    ("/api", Text("接口", "API"), Text("OpenAPI 3.0 说明", "The OpenAPI 3.0 description")),
    ("/health", Text("状态", "Health"), Text("数据库、迁移与作业", "Database, migrations and workers")),
)


@router.get("/", summary="The landing page", operation_id="get_landing")
async def get_landing(request: Request, services: With, form: Form = None) -> Response:
    """HTML for people, JSON for machines."""
    chosen = choose_form(request, _FORMS, form)
    language = negotiate_language(request.headers.get("accept-language"))
    district = await read_district(services)
    if chosen == "html":
        name = "" if district is None else (district.name if language == "zh" else district.name_en or district.name)
        notes = [_LEAD.in_language(language)]
        if district and district.is_synthetic:
            notes.append(_SYNTHETIC.in_language(language))
        links = [(href, title.in_language(language), what.in_language(language)) for href, title, what in _PLACES]
        heading = escape(f"Blocktwin · {name}" if name else "Blocktwin")
        body = f'<h1>{heading}</h1><p class="lead">{"<br>".join(map(escape, notes))}</p>{render_links(links)}'
        return page_response(render_page("Blocktwin", body, language))
    base = base_url(request)
    links = [
        *link_forms(request, _FORMS, "json"),
        make_link(f"{base}/api", "service-desc", MEDIA_TYPE),
        make_link(f"{base}/api?f=html", "service-doc", HTML),
        make_link(f"{base}/conformance", "conformance", JSON),
        make_link(f"{base}/collections", "data", JSON),
        make_link(f"{base}/collections/{CATALOGUE}", _CATALOG, JSON),
        make_link(f"{base}/stac", "related", JSON, "STAC"),
        make_link(f"{base}/geovolumes", "related", JSON, "3D GeoVolumes"),
    ]
    return _json({"title": "Blocktwin", "description": _LEAD.in_language(language), "links": links}, JSON)


@router.get("/conformance", summary="What standards this follows", operation_id="get_conformance")
async def get_conformance(request: Request, form: Form = None) -> Response:
    """Only what is true."""
    if choose_form(request, _FORMS, form) == "html":
        language = negotiate_language(request.headers.get("accept-language"))
        title = _CONFORMANCE.in_language(language)
        body = f"<h1>{escape(title)}</h1>{render_table([(uri,) for uri in CONFORMS_TO])}"
        return page_response(render_page(title, render_trail([("/", "Blocktwin")]) + body, language))
    return _json({"conformsTo": CONFORMS_TO}, JSON)


@router.get("/api", summary="The API's description", operation_id="get_api")
async def get_api(request: Request, services: With, form: Form = None) -> Response:
    """OpenAPI 3.0 for machines, a list of paths for people."""
    chosen = choose_form(request, _API_FORMS, form)
    state = request.app.state
    document: dict[str, Any] | None = getattr(state, "openapi", None)
    if document is None:
        document = state.openapi = write_openapi(request.app, services.settings)
    if chosen != "html":
        return _json({**document, "servers": [{"url": base_url(request)}]}, MEDIA_TYPE if chosen == "json" else JSON)
    language = negotiate_language(request.headers.get("accept-language"))
    rows = [
        (method.upper(), path, operation.get("summary", ""))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    body = f'<h1>API</h1><p class="lead"><a href="/api?f=json">OpenAPI 3.0</a></p>{render_table(rows)}'
    return page_response(render_page("Blocktwin API", render_trail([("/", "Blocktwin")]) + body, language))


def _json(body: dict[str, Any], media_type: str) -> Response:
    headers = {"Cache-Control": "no-cache", "Vary": "Accept, Accept-Language"}
    return TextResponse(orjson.dumps(body), media_type=media_type, headers=headers)
