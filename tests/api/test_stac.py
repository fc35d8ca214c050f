# SPDX-License-Identifier: Apache-2.0
"""Models and tilesets over HTTP as STAC, held to STAC's own schemas."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.api.district import EAST
from tests.api.server import City

pydantic_stac = pytest.importorskip("stac_pydantic")
local_validator = pytest.importorskip("pystac.validation.local_validator")

SCHEMAS = "https://schemas.stacspec.org/v1.1.0/"


@pytest.fixture(scope="module")
def validate() -> Any:
    """Checks a document against the STAC schema of its kind, as the library bundles it; nothing is fetched."""
    from jsonschema import Draft7Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT7

    bundled = local_validator.get_local_schema_cache()
    registry = Registry().with_resources(
        [(uri, Resource.from_contents(schema, DRAFT7)) for uri, schema in bundled.items()]
    )

    def check(document: dict[str, Any]) -> None:
        kind = {"Feature": "item", "Catalog": "catalog", "Collection": "collection"}[document["type"]]
        schema = bundled[f"{SCHEMAS}{kind}-spec/json-schema/{kind}.json"]
        Draft7Validator(schema, registry=registry).validate(document)
        for extension in document.get("stac_extensions", []):
            assert extension == "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
        if kind == "item":
            code = document["properties"]["proj:code"]
            assert code is None or code.partition(":")[2].isdigit()

    return check


def read(client: httpx.Client, path: str, **parameters: str | int) -> dict[str, Any]:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def write(value: Any) -> str:
    """A value of a body as a query parameter."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def ids(page: dict[str, Any]) -> list[str]:
    assert page["numberMatched"] >= page["numberReturned"] == len(page["features"])
    return [item["id"] for item in page["features"]]


def test_the_catalogue_collections_and_items_hold_to_the_schemas(city: City, validate: Any) -> None:
    from stac_pydantic.api import Collections, Item, ItemCollection, LandingPage

    with city.client("admin") as admin:
        root = read(admin, "/stac")
        validate(root)
        LandingPage.model_validate(root)
        assert read(admin, "/stac/conformance")["conformsTo"] == root["conformsTo"]
        collections = read(admin, "/stac/collections")
        Collections.model_validate(collections)
        for collection in collections["collections"]:
            validate(collection)
            assert read(admin, f"/stac/collections/{collection['id']}") == collection
            page = read(admin, f"/stac/collections/{collection['id']}/items")
            ItemCollection.model_validate(page)
            assert page["features"]
            for item in page["features"]:
                validate(item)
                Item.model_validate(item)
                assert read(admin, f"/stac/collections/{collection['id']}/items/{item['id']}") == item


def test_every_link_and_asset_leads_somewhere(city: City) -> None:
    with city.client("admin") as admin:
        for link in read(admin, "/stac")["links"]:
            answer = admin.request(link.get("method", "GET"), link["href"], json={} if "method" in link else None)
            assert answer.status_code == 200, link
            assert answer.headers["content-type"].startswith(link["type"].partition(";")[0])
        for item in read(admin, "/stac/search", limit=100)["features"]:
            assert item["assets"]
            for one in [*item["links"], *item["assets"].values()]:
                assert admin.get(one["href"]).status_code == 200, one
            landing = admin.get(item["links"][0]["href"])
            assert landing.headers["content-type"] == "application/geo+json"


def test_a_model_is_an_item_with_its_tiles_and_no_file_that_was_sent_in(city: City) -> None:
    ((tileset, model),) = city.execute("SELECT id, model_id FROM tileset")
    with city.client("admin") as admin:
        item = read(admin, f"/stac/collections/models/items/{model}")
        assert item["assets"]["tileset"]["href"] == f"{city.url}/tilesets/{tileset}/tileset.json"
        assert set(item["assets"]) == {"tileset", "metadata"}
        assert item["properties"]["blocktwin:version"] == 1 and item["properties"]["datetime"].endswith("Z")
        stored = read(admin, f"/stac/collections/tilesets/items/{tileset}")
        assert stored["properties"]["proj:code"] == "EPSG:4978"
        assert [link["href"] for link in stored["links"] if link["rel"] == "derived_from"] == [item["links"][0]["href"]]


def test_each_finds_what_he_may_see_and_is_told_of_no_more(city: City) -> None:
    ((tileset, model),) = city.execute("SELECT id, model_id FROM tileset")
    for name, models in ((None, []), ("west", []), ("east", [str(model)]), ("wall", [str(model)])):
        with city.client(name) as client:
            assert ids(read(client, "/stac/collections/models/items")) == models
            page = read(client, "/stac/search", limit=100)
            assert page["numberMatched"] == len(page["features"])
            assert (str(tileset) in ids(page)) is bool(models)
            status = client.get(f"/stac/collections/models/items/{model}").status_code
            assert (status == 200) is bool(models)
            assert client.get(f"/stac/collections/tilesets/items/{tileset}").status_code == status
    with city.client("east") as east:
        assert EAST not in east.get("/stac/search").text


def test_items_are_searched_by_place_time_id_and_collection(city: City) -> None:
    ((model,),) = city.execute("SELECT id FROM model")
    near = {"type": "Polygon", "coordinates": [[[114, 22], [115, 22], [115, 23], [114, 23], [114, 22]]]}
    far = {"type": "Point", "coordinates": [10, 10]}
    cases: tuple[tuple[dict[str, Any], bool], ...] = (
        ({}, True), ({"bbox": [114, 22, 115, 23]}, True), ({"bbox": [114, 22, -50, 115, 23, 500]}, True),
        ({"bbox": [10, 10, 11, 11]}, False), ({"intersects": near}, True), ({"intersects": far}, False),
        ({"datetime": "2000-01-01T00:00:00Z/.."}, True), ({"datetime": "../2000-01-01T00:00:00Z"}, False),
        ({"ids": [str(model)], "collections": ["models"]}, True), ({"ids": ["nothing"]}, False),
        ({"collections": ["tilesets"]}, False), ({"collections": ["nothing"]}, False),
    )  # fmt: skip
    with city.client("wall") as wall:
        for asked, is_found in cases:
            answer = wall.post("/stac/search", json={**asked, "limit": 100})
            assert answer.status_code == 200, answer.text
            assert (
                read(wall, "/stac/search", **{name: write(value) for name, value in asked.items()}, limit=100)[
                    "features"
                ]
                == answer.json()["features"]
            )
            found = [(i["collection"], i["id"]) for i in answer.json()["features"]]
            assert (("models", str(model)) in found) is is_found, asked


def test_pages_hold_every_item_once_by_either_method(city: City) -> None:
    with city.client("wall") as wall:
        whole = [(i["collection"], i["id"]) for i in read(wall, "/stac/search", limit=100)["features"]]
        for method in ("GET", "POST"):
            link: dict[str, Any] | None = {"href": "/stac/search?limit=1" if method == "GET" else "/stac/search"}
            body: dict[str, Any] = {"limit": 1}
            found: list[tuple[str, str]] = []
            while link is not None:
                body |= link.get("body", {})
                page = wall.request(method, link["href"], json=body if method == "POST" else None).json()
                found += [(i["collection"], i["id"]) for i in page["features"]]
                link = next((one for one in page["links"] if one["rel"] == "next"), None)
            assert found == whole and len(found) > 1


@pytest.mark.parametrize("query", [
    "x=1", "bbox=1,2", "datetime=now", "limit=0", "token=abc", "intersects=nothing", "intersects=%7B%7D",
    "bbox=1,1,2,2&intersects=%7B%22type%22%3A%22Point%22%2C%22coordinates%22%3A%5B1%2C1%5D%7D",
    "intersects=%7B%22type%22%3A%22Point%22%2C%22coordinates%22%3A%5B1000%2C1%5D%7D",
])  # fmt: skip
def test_what_is_asked_wrongly_is_refused_and_named(city: City, query: str) -> None:
    with city.client() as anybody:
        answer = anybody.get(f"/stac/search?{query}")
        assert answer.status_code == 400 and answer.json()["parameter"], answer.text


@pytest.mark.parametrize(
    "body", [{"x": 1}, {"bbox": "1,2"}, {"bbox": [1, 2]}, {"limit": 0}, {"ids": "a"}, {"ids": [1]}]
)
def test_a_wrong_body_is_refused_and_named(city: City, body: dict[str, Any]) -> None:
    with city.client() as anybody:
        answer = anybody.post("/stac/search", json=body)
        assert answer.status_code == 400 and answer.json()["parameter"], answer.text


def test_copies_and_heads_are_as_everywhere(city: City) -> None:
    with city.client("wall") as wall:
        for path in ("/stac", "/stac/collections", "/stac/collections/models/items", "/stac/search"):
            answer = wall.get(path)
            assert wall.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
            assert wall.head(path).headers["etag"] == answer.headers["etag"]
        assert wall.get("/stac/collections/nothing").status_code == 404
        assert wall.get("/stac/collections/nothing/items").status_code == 404
