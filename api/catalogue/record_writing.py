# SPDX-License-Identifier: Apache-2.0
"""A row of the catalogue as a record in GeoJSON (OGC API Records Part 1, 20-004r1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import Request

from api.catalogue import CATALOGUE
from api.catalogue.record_layer import TYPES
from api.features.items import FORMS
from api.http.links import base_url, make_link
from api.http.negotiation import HTML
from api.http.response import GEOJSON, JSON
from api.intake.jobs import OVERSEERS
from layers.tile import WEB_MERCATOR
from twin.access import Actor
from twin.personal import find_personal
from twin.text import Language, Text

RECORD_CORE: Final = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"
TILES_3D: Final = "application/json+3dtiles"
GEOVOLUMES: Final = "http://www.opengis.net/def/rel/ogc/1.0/3d-geovolumes"

_TILESETS: Final = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
_TOPIC_SCHEME: Final = "http://standards.iso.org/iso/19115/-3/mri/1.0/codelists.xml#MD_TopicCategoryCode"
_LANGUAGES: Final[Mapping[Language, dict[str, str]]] = {
    "zh": {"code": "zh", "name": "中文", "alternate": "Chinese", "dir": "ltr"},
    "en": {"code": "en", "name": "English", "dir": "ltr"},
}
_LICENCE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+]*(?:-[A-Za-z0-9.+]+)+|MIT|ISC|PDDL|Unlicense")
"""What an identifier of the SPDX list looks like; anything else that was said is a statement of rights."""
_FEATURES: Final = Text("要素", "Features")
_LAYER: Final = Text("图层", "The layer")
_VECTOR_TILES: Final = Text("矢量瓦片", "Vector tiles")
_ABOUT: Final = Text("详情", "What is known of it")
_IN_3D: Final = Text("三维瓦片", "3D Tiles")


def write_record(
    request: Request, actor: Actor, row: Mapping[str, Any], layers_by_kind: Mapping[str, str], language: Language
) -> dict[str, Any]:
    """One record. layers_by_kind: the layer that shows what the loads of a kind fill."""
    here = f"{base_url(request)}/collections/{CATALOGUE}"
    address = f"{here}/items/{row['id']}"
    return {
        "type": "Feature",
        "id": row["id"],
        "conformsTo": [RECORD_CORE],
        "geometry": row["geometry"],
        "time": _write_time(row["time_from"], row["time_to"]),
        "properties": _write_properties(row, language),
        "links": [
            make_link(address, "self", GEOJSON),
            make_link(f"{address}?f=html", "alternate", HTML),
            make_link(here, "collection", JSON),
            *_link_resources(base_url(request), actor, row["facts"], row["type"], layers_by_kind, language),
        ],
    }


def write_moment(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def list_contacts(owner: str | None) -> list[dict[str, Any]]:
    """The organisation that answers for it; what looks like a person is not told."""
    if not owner or find_personal(owner) is not None:
        return []
    return [{"organization": owner, "roles": ["owner"]}]


def write_licence(licence: str | None) -> dict[str, str]:
    """A licence by its identifier, or what was said of it as a statement of rights."""
    if not licence:
        return {}
    return {"license" if _LICENCE_ID.fullmatch(licence) else "rights": licence}


def _write_properties(row: Mapping[str, Any], language: Language) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "type": row["type"],
        "title": row["title"],
        "titles": {"zh": row["title_zh"], "en": row["title_en"]},
        "keywords": [*row["keywords"], TYPES[row["type"]].in_language(language)],
        "language": _LANGUAGES[language],
        "languages": list(_LANGUAGES.values()),
        "contacts": list_contacts(row["owner"]),
        **write_licence(row["licence"]),
        "access_class": row["access_class"],
    }
    if row["topic"]:
        properties["themes"] = [{"concepts": [{"id": row["topic"]}], "scheme": _TOPIC_SCHEME}]
    if row["external_id"]:
        properties["externalIds"] = [{"scheme": row["scheme"], "value": row["external_id"]}]
    for name in ("description", "secrecy_label", "features", "crs", "refresh_days", "is_overdue"):
        if row[name] is not None:
            properties[name] = row[name]
    for name in ("completeness", "coverage"):
        if row[name] is not None:
            properties[name] = round(row[name], 4)
    for name in ("created", "updated"):
        if row[name] is not None:
            properties[name] = write_moment(row[name])
    if row["type"] == "model":
        properties |= {"version": row["facts"]["version"], "state": row["facts"]["state"]}
    return properties


def _write_time(start: datetime | None, end: datetime | None) -> dict[str, Any] | None:
    if start is None and end is None:
        return None
    return {"interval": [write_moment(start) or "..", write_moment(end) or ".."]}


def _link_resources(
    base: str, actor: Actor, facts: Mapping[str, Any], kind: str, layers_by_kind: Mapping[str, str], language: Language
) -> list[dict[str, Any]]:
    """What the record is of: where it is, and in which forms."""
    links: list[dict[str, Any]] = []
    if kind == "dataset":
        if actor.role in OVERSEERS:
            links.append(make_link(f"{base}/datasets/{facts['dataset']}", "describes", JSON))
        layer = layers_by_kind.get(facts["kind"])
        if layer is not None:
            links.append(make_link(f"{base}/collections/{layer}", "related", JSON, _LAYER.in_language(language)))
        return links
    if kind == "layer":
        return _link_layer(f"{base}/collections/{facts['layer']}", language)
    tileset = facts.get("tileset") or facts.get("layer")
    if kind == "model":
        links.append(make_link(f"{base}/models/{facts['model']}", "describes", JSON, _ABOUT.in_language(language)))
    if tileset is not None:
        title = _IN_3D.in_language(language)
        links.append(make_link(f"{base}/tilesets/{tileset}/tileset.json", GEOVOLUMES, TILES_3D, title))
    if kind == "tileset" and facts.get("layer"):
        address = f"{base}/collections/{facts['layer']}"
        links.append(make_link(address, "related", JSON, _LAYER.in_language(language)))
    if kind == "tileset" and facts.get("model"):
        links.append(make_link(f"{base}/models/{facts['model']}", "related", JSON, _ABOUT.in_language(language)))
    item = f"models/items/{facts['model']}" if kind == "model" else f"tilesets/items/{tileset}"
    links.append(make_link(f"{base}/stac/collections/{item}", "alternate", GEOJSON, "STAC"))
    return links


def _link_layer(here: str, language: Language) -> list[dict[str, Any]]:
    title = _FEATURES.in_language(language)
    files = {name: media_type for name, media_type in FORMS.items() if media_type not in (GEOJSON, JSON, HTML)}
    return [
        make_link(here, "describes", JSON, _LAYER.in_language(language)),
        make_link(f"{here}/items", "items", GEOJSON, title),
        *(make_link(f"{here}/items?f={name}", "enclosure", kind, title) for name, kind in files.items()),
        make_link(f"{here}/tiles", _TILESETS, JSON, _VECTOR_TILES.in_language(language)),
        make_link(f"{here}/tiles/{WEB_MERCATOR}", "preview", JSON, _VECTOR_TILES.in_language(language)),
    ]
