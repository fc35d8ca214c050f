# SPDX-License-Identifier: Apache-2.0
"""The catalogue as a collection among the others."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request

from api.catalogue import CATALOGUE
from api.catalogue.record_layer import RECORDS, TYPES
from api.features.extents import Extent
from api.http.links import base_url, make_link
from api.http.negotiation import HTML
from api.http.offered_crs import CRS84
from api.http.response import GEOJSON, JSON
from layers.tile import Box
from twin.text import Language

SCHEMA_JSON: Final = "application/schema+json"
CATALOG_JSON: Final = "application/ogc-catalog+json"
COLLECTION_FORMS: Final = {"json": JSON, "catalog": CATALOG_JSON, "html": HTML}
RECORD_FORMS: Final = {"geojson": GEOJSON, "json": JSON, "html": HTML}

CONFORMS_TO: Final = tuple(
    f"http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/{name}"
    for name in (
        "record-core", "record-collection", "record-core-query-parameters", "records-api", "searchable-catalog",
        "sorting", "filtering", "json", "html", "oas30",
    )
)  # fmt: skip
"""The classes of OGC API Records Part 1 that hold here."""

_RELATION: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
_WORLD: Final[Box] = (-180.0, -90.0, 180.0, 90.0)


def describe_catalogue(request: Request, box: Box | None, language: Language) -> dict[str, Any]:
    """The collection of records. box: of the district, degrees; None before there is one."""
    here = f"{base_url(request)}/collections/{CATALOGUE}"
    return {
        "id": CATALOGUE,
        "type": "Catalog",
        "title": RECORDS.title.in_language(language),
        "description": RECORDS.description.in_language(language),
        "itemType": "record",
        "keywords": [title.in_language(language) for title in TYPES.values()],
        "language": {"code": language},
        "languages": [{"code": "zh"}, {"code": "en"}],
        "crs": [CRS84],
        "storageCrs": CRS84,
        "extent": Extent(box or _WORLD, None).as_dict(),
        "defaultSortOrder": ["+id"],
        "conformsTo": list(CONFORMS_TO),
        "links": [
            make_link(here, "self", JSON),
            make_link(f"{here}?f=catalog", "alternate", CATALOG_JSON),
            make_link(f"{here}?f=html", "alternate", HTML),
            make_link(f"{here}/items", "items", GEOJSON),
            make_link(f"{here}/items?f=html", "items", HTML),
            make_link(f"{here}/queryables", f"{_RELATION}queryables", SCHEMA_JSON),
            make_link(f"{here}/sortables", f"{_RELATION}sortables", SCHEMA_JSON),
            make_link(f"{base_url(request)}/stac", "related", JSON, "STAC"),
        ],
    }
