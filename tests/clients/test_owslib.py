# SPDX-License-Identifier: Apache-2.0
"""OWSLib walks the service as a script of a city's own GIS does: features, their schemas, records, and writing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from owslib import ogcapi
from owslib.ogcapi.features import Features
from owslib.ogcapi.records import Records

from layers.registry import load_layers
from tests.api.district import WEST
from tests.api.server import City
from tests.clients.clients import LAYERS, read_stored

BOX = {"type": "Polygon", "coordinates": [
    [[114.004, 22.502], [114.006, 22.502], [114.006, 22.504], [114.004, 22.504], [114.004, 22.502]],
]}  # fmt: skip


@pytest.fixture(autouse=True)
def own_headers() -> Iterator[None]:
    """OWSLib keeps the headers of every client in one place; each test has its own."""
    before = dict(ogcapi.REQUEST_HEADERS)
    yield
    ogcapi.REQUEST_HEADERS.clear()
    ogcapi.REQUEST_HEADERS.update(before)


def sign(city: City, who: str = "admin") -> dict[str, str]:
    return {"Authorization": f"Bearer {city.tokens[who]}", "Accept-Language": "en"}


def test_owslib_walks_from_the_landing_page_to_every_schema(city: City) -> None:
    service = Features(city.url, headers=sign(city))
    assert service.response["title"] and {link["rel"] for link in service.links} >= {"self", "service-desc", "data"}
    assert any(uri.endswith("ogcapi-features-1/1.0/conf/core") for uri in service.conformance()["conformsTo"])
    described = service.api()
    assert described["openapi"].startswith("3.0") and "/collections/{layer_id}/items" in described["paths"]
    assert service.feature_collections() == list(LAYERS)
    for layer_id in LAYERS:
        assert service.collection(layer_id)["id"] == layer_id
        queryables = service.collection_queryables(layer_id)["properties"]
        schema = service.collection_schema(layer_id)["properties"]
        assert {"id", "geometry"} <= queryables.keys() <= schema.keys()
        if layer_id in load_layers():
            assert {declared.name for declared in load_layers()[layer_id].properties} <= queryables.keys()


@pytest.mark.parametrize("layer_id", LAYERS)
def test_owslib_pages_through_a_collection_and_finds_each_feature_once(city: City, layer_id: str) -> None:
    service = Features(city.url, headers=sign(city))
    found: list[int] = []
    asked: dict[str, Any] = {"limit": 7}
    while True:
        page = service.collection_items(layer_id, **asked)
        assert page["numberReturned"] == len(page["features"])
        found += [feature["id"] for feature in page["features"]]
        following = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        if following is None:
            break
        asked["cursor"] = following.rpartition("cursor=")[2].partition("&")[0]
    assert len(found) == len(set(found)) and set(found) == set(read_stored(city, layer_id))
    one = service.collection_item(layer_id, str(found[0]))
    assert one["id"] == found[0] and one["type"] == "Feature"


def test_owslib_narrows_by_box_time_filter_and_property(city: City) -> None:
    service = Features(city.url, headers=sign(city))

    def ids(layer_id: str, **asked: Any) -> set[int]:
        return {feature["id"] for feature in service.collection_items(layer_id, limit=1000, **asked)["features"]}

    def sql(statement: str) -> set[int]:
        return {int(str(number)) for (number,) in city.execute(statement)}

    assert ids("buildings", bbox=[114.003, 22.502, 114.021, 22.512]) == sql(
        "SELECT id FROM building WHERE ST_Intersects(geometry, ST_MakeEnvelope(114.003, 22.502, 114.021, 22.512, 4490))"
    )
    condition = "use = 'residential' AND block_code LIKE '990101001%' AND height > 10"
    assert ids("buildings", filter=condition, **{"filter-lang": "cql2-text"}) == sql(
        f"SELECT id FROM building WHERE {condition}"
    )
    written = {"op": "=", "args": [{"property": "parent_code"}, WEST]}
    assert ids("blocks", filter=json.dumps(written), **{"filter-lang": "cql2-json"}) == sql(
        f"SELECT id FROM block WHERE parent_code = '{WEST}'"
    )
    ((middle,),) = city.execute("SELECT to_char(now() - interval '5 hours', 'YYYY-MM-DD\"T\"HH24:MI:SSOF')")
    found = ids("incidents", datetime_=f"{middle}/..")
    assert found == sql(
        "SELECT id FROM incident WHERE occurred_at IS NULL OR occurred_at >= now() - interval '5 hours'"
    )
    assert ids("hazards", severity=2) == sql("SELECT id FROM hazard WHERE severity = 2")


def test_owslib_is_told_what_is_wrong(city: City) -> None:
    service = Features(city.url, headers=sign(city))
    with pytest.raises(RuntimeError, match="nothing"):
        service.collection_items("buildings", nothing=1)
    with pytest.raises(RuntimeError, match="404"):
        service.collection("nothing")


def test_owslib_makes_replaces_and_deletes_a_feature(live_city: City) -> None:
    service = Features(live_city.url, headers=sign(live_city))
    # Of GeoJSON it makes the media type by itself only where it cannot send it.
    service.headers["Content-Type"] = "application/geo+json"
    feature = {"type": "Feature", "geometry": BOX, "properties": {"name": "新园", "firms": 3}}
    assert service.collection_item_create("industrial_parks", json.dumps(feature))
    assert service.response_headers is not None
    number = service.response_headers["Location"].rpartition("/")[2]
    tag = service.response_headers["ETag"]
    assert service.collection_item("industrial_parks", number)["properties"]["firms"] == 3
    changed = json.dumps({**feature, "properties": {"name": "新园", "firms": 4}})
    with pytest.raises(RuntimeError, match="428"):
        service.collection_item_update("industrial_parks", number, changed)
    service.headers["If-Match"] = tag
    assert service.collection_item_update("industrial_parks", number, changed)
    with pytest.raises(RuntimeError, match="412"):
        service.collection_item_delete("industrial_parks", number)
    del service.headers["If-Match"]
    assert service.collection_item("industrial_parks", number)["properties"]["firms"] == 4
    service.headers["If-Match"] = service.response_headers["ETag"]
    assert service.collection_item_delete("industrial_parks", number)
    assert live_city.execute("SELECT count(*) FROM industrial_park WHERE name = '新园'") == [(0,)]


def test_owslib_may_not_write_without_a_role_for_it(live_city: City) -> None:
    service = Features(live_city.url, headers=sign(live_city, "west"))
    service.headers["Content-Type"] = "application/geo+json"
    feature = {"type": "Feature", "geometry": BOX, "properties": {"name": "新园"}}
    with pytest.raises(RuntimeError, match="403"):
        service.collection_item_create("industrial_parks", json.dumps(feature))


def test_owslib_reads_the_catalogue(city: City) -> None:
    service = Records(city.url, headers=sign(city))
    (catalogue,) = service.records()
    assert service.collection(catalogue)["itemType"] == "record"
    assert service.collection_queryables(catalogue)["properties"]
    page = service.collection_items(catalogue, limit=5)
    assert len(page["features"]) == 5 < page["numberMatched"]
    found = {record["id"] for record in service.collection_items(catalogue, limit=1000)["features"]}
    assert len(found) == page["numberMatched"] and {f"layer-{layer_id}" for layer_id in load_layers()} <= found
    for record_id in sorted(found)[:5]:
        record = service.collection_item(catalogue, record_id)
        assert record["id"] == record_id and record["properties"]["type"] and record["properties"]["title"]
    named = service.collection_items(catalogue, q="Buildings")["features"]
    assert "layer-buildings" in {record["id"] for record in named}
