# SPDX-License-Identifier: Apache-2.0
"""The front door: landing page, conformance and the API's description, for people and for machines."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.features.district import read_district
from api.http.html import render_links, render_page
from api.http.links import base_url, make_link
from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.services import Services, get_services
from api.site.pages import page_response
from twin.text import Text, negotiate_language

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["landing"])

With = Annotated[Services, Depends(get_services)]
Format = Annotated[Literal["json", "html"] | None, Query(description="instead of the Accept header")]

OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.1"

CONFORMS_TO: Final = [
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/landing-page",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
]

_LEAD: Final = Text(
    "城区数字孪生后端:BIM、实景三维与块数据,同在一个 PostGIS。",
    "The digital-twin backend of a city district: BIM, photogrammetry and block data in one PostGIS.",
)
_SYNTHETIC: Final = Text(
    "演示数据:街道名称与编码真实,几何与数值均为合成。",
    "Demonstration data: real street names and codes, invented geometry and figures.",
)
_PLACES: Final = (
    ("/wall", Text("大屏", "Wall"), Text("区块数据大屏", "The command-centre wall")),
    ("/plan", Text("规划", "Plan"), Text("上传并查看模型", "Upload and look at models")),
    ("/admin", Text("管理", "Admin"), Text("载入、质量、待审与令牌", "Loads, quality, reviews and tokens")),
    ("/collections", Text("图层", "Collections"), Text("OGC API 要素与瓦片", "OGC API Features and Tiles")),
    ("/api", Text("接口", "API"), Text("OpenAPI 3.1 说明", "The OpenAPI 3.1 description")),
    ("/health", Text("状态", "Health"), Text("数据库、迁移与作业", "Database, migrations and workers")),
)


@router.get("/", summary="The landing page")
async def get_landing(request: Request, services: With, f: Format = None) -> Response:
    """HTML for people, JSON for machines."""
    language = negotiate_language(request.headers.get("accept-language"))
    district = await read_district(services)
    if _wants_html(request, f):
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
        make_link(f"{base}/", "self", JSON),
        make_link(f"{base}/?f=html", "alternate", "text/html"),
        make_link(f"{base}/api", "service-desc", OPENAPI),
        make_link(f"{base}/api?f=html", "service-doc", "text/html"),
        make_link(f"{base}/conformance", "conformance", JSON),
        make_link(f"{base}/collections", "data", JSON),
    ]
    return _json({"title": "Blocktwin", "description": _LEAD.in_language(language), "links": links}, JSON)


@router.get("/conformance", summary="What standards this follows")
async def get_conformance() -> Response:
    """Only what is true."""
    return _json({"conformsTo": CONFORMS_TO}, JSON)


@router.get("/api", summary="The API's description")
async def get_api(request: Request, f: Format = None) -> Response:
    """OpenAPI for machines, a list of paths for people."""
    document: dict[str, Any] = request.app.openapi()
    if not _wants_html(request, f):
        return _json(document, OPENAPI)
    language = negotiate_language(request.headers.get("accept-language"))
    rows = "".join(
        f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(operation.get('summary', ''))}</td></tr>"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    body = f'<h1>API</h1><p class="lead"><a href="/api?f=json">OpenAPI 3.1</a></p><table>{rows}</table>'
    return page_response(render_page("Blocktwin API", body, language))


def _wants_html(request: Request, asked: str | None) -> bool:
    if asked is not None:
        return asked == "html"
    accept = request.headers.get("accept", "")
    return "text/html" in accept and "application/json" not in accept.split("text/html")[0]


def _json(body: dict[str, Any], media_type: str) -> Response:
    headers = {"Cache-Control": "no-cache", "Vary": "Accept, Accept-Language"}
    return Response(orjson.dumps(body), media_type=media_type, headers=headers)
