# SPDX-License-Identifier: Apache-2.0
"""The catalogue over HTTP: OGC API Records Part 1 (20-004r1)."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.catalogue import CATALOGUE, record_pages
from api.catalogue.description import COLLECTION_FORMS, RECORD_FORMS, SCHEMA_JSON, describe_catalogue
from api.catalogue.record_layer import RECORDS, describe_queryables, describe_sortables
from api.catalogue.record_query import (
    RecordQuery,
    decode_cursor,
    encode_cursor,
    limit_of,
    parse_query,
    parse_sort,
    read_query,
)
from api.catalogue.record_writing import write_record
from api.catalogue.selecting import RecordFilter, read_records
from api.features.district import read_district
from api.http.links import base_url, link_forms, make_link, vary_url
from api.http.negotiation import HTML, choose_form
from api.http.offered_crs import DEFAULT_CRS
from api.http.parameters import refuse_unknown
from api.http.response import GEOJSON, JSON, answer_bytes
from api.services import Services, get_actor, get_services
from twin.access import Actor
from twin.errors import NotFoundError
from twin.text import Language, Text, negotiate_language

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["records"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
Form = Annotated[str | None, Query(alias="f", description="the form, instead of the Accept header")]

_HERE: Final = f"/collections/{CATALOGUE}"
_VARY: Final = "Accept, Accept-Language, Authorization, Cookie"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


@router.get(_HERE, summary="The catalogue", operation_id="get_catalogue")
async def get_catalogue(request: Request, actor: AsActor, services: With, form: Form = None) -> Response:
    """What it is, and where its records are."""
    chosen = choose_form(request, COLLECTION_FORMS, form)
    language = _language(request)
    district = await read_district(services)
    described = describe_catalogue(request, district and district.bbox, language)
    headers = _headers(language)
    if chosen == "html":
        page = record_pages.render_catalogue(request, described, language)
        return answer_bytes(request, actor, page.encode(), HTML, headers)
    described["links"] = [
        *link_forms(request, COLLECTION_FORMS, chosen),
        *(link for link in described["links"] if link["rel"] not in ("self", "alternate")),
    ]
    return answer_bytes(request, actor, orjson.dumps(described), COLLECTION_FORMS[chosen], headers)


@router.get(f"{_HERE}/queryables", summary="What a filter of records may ask about", operation_id="get_record_queries")
async def get_queryables(request: Request, actor: AsActor) -> Response:
    """JSON Schema of the properties that `filter` may name."""
    return _answer_schema(request, actor, "queryables", describe_queryables(_language(request)))


@router.get(f"{_HERE}/sortables", summary="What records may be sorted by", operation_id="get_record_sortables")
async def get_sortables(request: Request, actor: AsActor) -> Response:
    """JSON Schema of the properties that `sortby` may name."""
    return _answer_schema(request, actor, "sortables", describe_sortables(_language(request)))


@router.get(f"{_HERE}/items", summary="Records", operation_id="list_records")
async def list_records(
    request: Request, actor: AsActor, services: With, query: Annotated[RecordQuery, Depends(read_query)]
) -> Response:
    """A page of records by id, or as `sortby` says; `numberMatched` are those that the actor may know of."""
    form = choose_form(request, RECORD_FORMS, query.form)
    language = _language(request)
    narrowed = parse_query(services, actor, query)
    sort = parse_sort(query.sortby)
    after = decode_cursor(query.cursor, sort)
    page = await read_records(services, actor, language, narrowed, limit=limit_of(query), sort=sort, after=after)
    following = None
    if page.following is not None:
        following = vary_url(request, cursor=encode_cursor(sort, page.following))
    headers = _headers(language)
    if form == "html":
        text = record_pages.render_records(request, page.rows, following, page.matched, language)
        return answer_bytes(request, actor, text.encode(), HTML, headers)
    here = f"{base_url(request)}{_HERE}"
    body: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": [write_record(request, actor, row, page.layers_by_kind, language) for row in page.rows],
        "numberMatched": page.matched,
        "numberReturned": len(page.rows),
        "links": [
            *link_forms(request, RECORD_FORMS, "geojson"),
            *([make_link(following, "next", GEOJSON)] if following else []),
            make_link(here, "collection", JSON),
        ],
    }
    return answer_bytes(request, actor, orjson.dumps(body), GEOJSON, {**headers, "Content-Crs": DEFAULT_CRS.header})


@router.get(f"{_HERE}/items/{{record_id}}", summary="One record", operation_id="get_record")
async def get_record(
    request: Request, actor: AsActor, services: With, record_id: Annotated[str, Path(max_length=100)],
    form: Form = None,
) -> Response:  # fmt: skip
    """A record as GeoJSON or HTML; what the actor may not know of is not there."""
    chosen = choose_form(request, RECORD_FORMS, form)
    language = _language(request)
    narrowed = RecordFilter(ids=(record_id.replace("\0", ""),))
    page = await read_records(services, actor, language, narrowed, limit=1)
    if not page.rows:
        raise NotFoundError(
            Text(
                f"目录中没有记录“{record_id}”,或它不在您的权限范围内。",
                f"The catalogue has no record '{record_id}', or none within your reach.",
            )
        )
    headers = _headers(language)
    written = write_record(request, actor, page.rows[0], page.layers_by_kind, language)
    if chosen == "html":
        text = record_pages.render_record(request, written, language)
        return answer_bytes(request, actor, text.encode(), HTML, headers)
    written["links"] = [*link_forms(request, RECORD_FORMS, "geojson"), *written["links"][2:]]
    return answer_bytes(request, actor, orjson.dumps(written), GEOJSON, {**headers, "Content-Crs": DEFAULT_CRS.header})


def _answer_schema(request: Request, actor: Actor, name: str, properties: dict[str, Any]) -> Response:
    body = {
        "$schema": _DIALECT, "$id": f"{base_url(request)}{_HERE}/{name}", "type": "object",
        "title": RECORDS.title.in_language(_language(request)), "properties": properties,
        "additionalProperties": False,
    }  # fmt: skip
    return answer_bytes(request, actor, orjson.dumps(body), SCHEMA_JSON, _headers(_language(request)))


def _headers(language: Language) -> dict[str, str]:
    return {"Vary": _VARY, "Content-Language": language}


def _language(request: Request) -> Language:
    return negotiate_language(request.headers.get("accept-language"))
