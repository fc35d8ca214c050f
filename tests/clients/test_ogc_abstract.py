# SPDX-License-Identifier: Apache-2.0
"""The abstract tests of OGC API Features Parts 1 and 2, walked as the official suite walks them.

From the landing page to every collection that is found there. Names in brackets are requirements of the standard.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest
import shapely
from shapely.geometry import shape

from tests.api.server import City
from tests.clients.clients import LAYERS

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GEOJSON = "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
COLLECTIONS = (*LAYERS, "catalogue")
Walk = tuple[httpx.Client, dict[str, Any]]


def links(document: dict[str, Any], rel: str, media_type: str | None = None) -> list[dict[str, Any]]:
    found = [link for link in document["links"] if link["rel"] == rel]
    assert all(link["href"].startswith("http") and link["type"] for link in found if not link.get("templated"))
    return [link for link in found if media_type is None or link["type"].startswith(media_type)]


def media_type(answer: httpx.Response) -> str:
    return answer.headers["content-type"].partition(";")[0]


@pytest.fixture(scope="module")
def client(city: City) -> Any:
    with city.client("admin") as admin:
        yield admin


@pytest.fixture(scope="module")
def described(client: httpx.Client) -> dict[str, Any]:
    (link,) = links(client.get("/").json(), "service-desc", OPENAPI)
    answer = client.get(link["href"], headers={"Accept": OPENAPI})
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture(params=COLLECTIONS)
def walk(request: pytest.FixtureRequest, client: httpx.Client) -> Walk:
    """A collection as the list of all leads to it."""
    listed = client.get("/collections").json()
    (found,) = [one for one in listed["collections"] if one["id"] == request.param]
    (own, *_) = links(found, "self", "application/json")
    return client, client.get(own["href"]).json()


def items_link(collection: dict[str, Any]) -> str:
    (link, *_) = links(collection, "items", GEOJSON)
    return link["href"]


def test_landing_page_conformance_and_description(client: httpx.Client, described: dict[str, Any]) -> None:
    """[core/root-success, core/conformance-success, core/api-definition-success]"""
    landing = client.get("/").json()
    for rel in ("service-desc", "service-doc", "conformance", "data"):
        assert links(landing, rel)
        for link in links(landing, rel):
            answer = client.get(link["href"], headers={"Accept": link["type"]})
            assert answer.status_code == 200 and media_type(answer) == link["type"].partition(";")[0]
    declared = client.get(links(landing, "conformance")[0]["href"]).json()["conformsTo"]
    part = "http://www.opengis.net/spec/ogcapi-features"
    assert {f"{part}-1/1.0/conf/{name}" for name in ("core", "oas30", "geojson", "html")} <= set(declared)
    assert f"{part}-2/1.0/conf/crs" in declared
    assert described["openapi"].startswith("3.0.") and described["info"]["title"] and described["paths"]


def test_the_list_has_every_collection(client: httpx.Client) -> None:
    """[core/fc-md-success, core/fc-md-links, core/fc-md-items, core/rel-types]"""
    answer = client.get("/collections")
    assert answer.status_code == 200 and media_type(answer) == "application/json"
    listed = answer.json()
    assert links(listed, "self", "application/json") and links(listed, "alternate", "text/html")
    assert {one["id"] for one in listed["collections"]} >= set(COLLECTIONS)


@pytest.mark.parametrize("layer_id", LAYERS[:-1])
def test_the_description_has_the_parameters_of_the_standard(described: dict[str, Any], layer_id: str) -> None:
    """[core/fc-limit-definition, core/fc-bbox-definition, core/fc-time-definition, crs/fc-crs-definition]"""
    operation = described["paths"][f"/collections/{layer_id}/items"]["get"]
    parameters = {one["name"]: one for one in operation["parameters"]}
    for name in ("limit", "bbox", "datetime", "crs", "bbox-crs"):
        one = parameters[name]
        assert (one["in"], one.get("required", False), one["style"], one["explode"]) == ("query", False, "form", False)
    limit, box = parameters["limit"]["schema"], parameters["bbox"]["schema"]
    assert limit["type"] == "integer" and limit["minimum"] == 1 <= limit["default"] <= limit["maximum"]
    assert (box["type"], box["items"]["type"]) == ("array", "number")
    assert parameters["datetime"]["schema"]["type"] == "string"
    assert operation["responses"]["200"]["content"][GEOJSON]


def test_a_collection_says_what_it_is(walk: Walk) -> None:
    """[core/sfc-md-success, core/fc-md-extent, crs/crs-uri, crs/storageCrs]"""
    _, collection = walk
    assert collection["title"] and links(collection, "self") and links(collection, "alternate", "text/html")
    for west, south, east, north in collection["extent"]["spatial"]["bbox"]:
        assert -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90
    for ends in collection["extent"].get("temporal", {}).get("interval", []):
        assert len(ends) == 2 and all(end is None or datetime.fromisoformat(end).tzinfo for end in ends)
    assert collection["crs"][0] == CRS84 and collection["storageCrs"] in collection["crs"]


def test_pages_lead_through_the_whole_collection(walk: Walk) -> None:
    """[core/fc-op, core/fc-response, core/fc-links, core/fc-timeStamp, core/fc-numberReturned]"""
    client, collection = walk
    seen: list[Any] = []
    url: str | None = f"{items_link(collection)}?limit=9"
    while url is not None:
        answer = client.get(url)
        assert answer.status_code == 200 and media_type(answer) == GEOJSON, answer.text
        page = answer.json()
        assert page["type"] == "FeatureCollection" and len(page["features"]) <= 9
        assert page["numberReturned"] == len(page["features"])
        assert page.get("numberMatched", 1_000_000) >= page["numberReturned"]
        assert "timeStamp" not in page or datetime.fromisoformat(page["timeStamp"]).tzinfo
        assert links(page, "self", GEOJSON) and links(page, "alternate", "text/html")
        for feature in page["features"]:
            assert feature["type"] == "Feature" and isinstance(feature["properties"], dict)
            # RFC 7946: degrees of WGS 84 say nothing of a CRS.
            assert "crs" not in feature and (feature["geometry"] is None or "crs" not in feature["geometry"])
        seen += [feature["id"] for feature in page["features"]]
        url = next((link["href"] for link in links(page, "next", GEOJSON)), None)
    assert seen and len(seen) == len(set(seen))


def test_a_box_and_a_time_narrow(walk: Walk) -> None:
    """[core/fc-bbox-response, core/fc-time-response]"""
    client, collection = walk
    url = items_link(collection)
    box = shapely.box(114.0, 22.5, 114.03, 22.515)
    found = client.get(url, params={"bbox": "114.0,22.5,114.03,22.515", "limit": 1000}).json()["features"]
    whole = client.get(url, params={"limit": 1000}).json()["features"]
    for feature in whole:
        is_inside = feature["geometry"] is None or shape(feature["geometry"]).intersects(box)
        # The catalogue shows the box of a record.
        assert is_inside == (feature["id"] in {one["id"] for one in found}) or collection["id"] == "catalogue"
    moment = "2024-02-12T23:20:50Z"
    for asked in (moment, f"{moment}/2030-01-01T00:00:00Z", f"{moment}/..", f"../{moment}", "2024-02-12"):
        assert client.get(url, params={"datetime": asked}).status_code == 200


@pytest.mark.parametrize("query", [
    "unknownQueryParameter=1", "limit=no", "limit=0", "bbox=1,2,3", "bbox=a,b,c,d", "datetime=no", "crs=no",
    "bbox=1,2,3,4&bbox-crs=no", "crs=http://www.opengis.net/def/crs/EPSG/0/0",
])  # fmt: skip
def test_what_is_wrong_is_400(walk: Walk, query: str) -> None:
    """[core/query-param-unknown, core/query-param-invalid, crs/fc-crs-valid-value, crs/fc-bbox-crs-valid-value]"""
    client, collection = walk
    answer = client.get(f"{items_link(collection)}?{query}")
    assert answer.status_code == 400 and media_type(answer) == "application/problem+json"


def test_a_feature_is_the_one_of_the_page(walk: Walk) -> None:
    """[core/f-op, core/f-success, core/f-links]"""
    client, collection = walk
    for feature in client.get(items_link(collection), params={"limit": 3}).json()["features"]:
        answer = client.get(f"{items_link(collection)}/{feature['id']}")
        assert answer.status_code == 200 and media_type(answer) == GEOJSON
        alone = answer.json()
        assert (alone["id"], alone["geometry"]) == (feature["id"], feature["geometry"])
        assert links(alone, "self", GEOJSON) and links(alone, "alternate", "text/html") and links(alone, "collection")
    assert client.get(f"{items_link(collection)}/no-such-feature").status_code == 404


def test_every_crs_of_a_collection_is_answered_in(walk: Walk) -> None:
    """[crs/fc-crs-action, crs/fc-crs-default-value, crs/ogc-crs-header, crs/ogc-crs-header-value]"""
    client, collection = walk
    url = items_link(collection)
    plain = client.get(url, params={"limit": 2})
    assert plain.headers["content-crs"] == f"<{CRS84}>"
    for crs in collection["crs"]:
        answer = client.get(url, params={"limit": 2, "crs": crs})
        assert answer.status_code == 200 and answer.headers["content-crs"] == f"<{crs}>"
        for before, feature in zip(plain.json()["features"], answer.json()["features"], strict=True):
            assert before["id"] == feature["id"]
            assert (before["geometry"] == feature["geometry"]) == (crs == CRS84 or before["geometry"] is None)
