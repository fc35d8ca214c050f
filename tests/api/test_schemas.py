# SPDX-License-Identifier: Apache-2.0
"""Queryables, schemas and what is declared of them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.server import City

DIALECT = "https://json-schema.org/draft/2020-12/schema"
RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"


def read(client: httpx.Client, layer: str, name: str, **headers: str) -> dict[str, Any]:
    answer = client.get(f"/collections/{layer}/{name}", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/schema+json"
    assert "Accept-Language" in answer.headers["vary"]
    return answer.json()


@pytest.mark.parametrize("name", ["queryables", "schema"])
def test_every_collection_links_to_schemas_that_hold_to_part_5(city: City, name: str) -> None:
    with city.client("admin") as admin:
        for collection in admin.get("/collections").json()["collections"]:
            if collection["itemType"] != "feature":
                continue
            here = collection["id"]
            for described in (collection, admin.get(f"/collections/{here}").json()):
                (link,) = [link for link in described["links"] if link["rel"] == f"{RELATION}{name}"]
                assert link["href"] == f"{city.url}/collections/{here}/{name}"
                assert link["type"] == "application/schema+json"
            schema = read(admin, here, name)
            assert schema["$schema"] == DIALECT and schema["$id"] == link["href"] and schema["type"] == "object"
            assert schema["additionalProperties"] is False
            properties = schema["properties"]
            roles = [p["x-ogc-role"] for p in properties.values() if "x-ogc-role" in p]
            assert roles.count("id") == roles.count("primary-geometry") == 1 and roles.count("primary-instant") <= 1
            assert properties["id"]["type"] == "integer"
            order = [p["x-ogc-propertySeq"] for p in properties.values()]
            assert order == list(range(1, len(order) + 1))
            for key, described in properties.items():
                assert ("type" in described) is (key != "geometry"), key
                assert described["title"]
                if "enum" in described:
                    assert {type(one) for one in described["enum"]} == {
                        int if described["type"] == "integer" else str
                    }  # fmt: skip


def test_geometries_times_codes_and_units_are_told(city: City) -> None:
    with city.client("admin") as admin:
        buildings = read(admin, "buildings", "queryables")["properties"]
        assert buildings["geometry"]["format"] == "geometry-polygon-or-multipolygon"
        assert buildings["height"] == {
            "title": "Height", "type": "number", "x-ogc-unit": "m", "description": "Unit: m", "x-ogc-propertySeq": 9,
        }  # fmt: skip
        assert buildings["gross_floor_area"]["x-ogc-unit"] == "m2"
        assert "office" in buildings["use"]["enum"] and "office: Office" in buildings["use"]["description"]
        incidents = read(admin, "incidents", "schema")["properties"]
        assert incidents["geometry"]["format"] == "geometry-point-or-multipoint"
        assert incidents["occurred_at"]["format"] == "date-time"
        assert incidents["occurred_at"]["x-ogc-role"] == "primary-instant"
        assert incidents["severity"]["enum"] == [1, 2, 3, 4]
        roads = read(admin, "roads", "schema")["properties"]
        assert roads["geometry"]["format"] == "geometry-linestring-or-multilinestring"


def test_titles_are_in_the_language_that_is_asked_for(city: City) -> None:
    with city.client("admin") as admin:
        chinese = read(admin, "buildings", "queryables", **{"Accept-Language": "zh-CN"})
        assert chinese["title"] == "建筑" and chinese["properties"]["height"]["title"] == "高度"
        assert "单位:m" in chinese["properties"]["height"]["description"]
        assert "office: 办公" in chinese["properties"]["use"]["description"]
        assert read(admin, "buildings", "queryables", **{"Accept-Language": "en"})["title"] == "Buildings"


def test_a_schema_tells_what_is_read_and_what_is_written(city: City) -> None:
    with city.client("admin") as admin:
        parks = read(admin, "industrial_parks", "schema")
        assert parks["required"] == ["name"]
        assert parks["properties"]["id"]["readOnly"] and parks["properties"]["block_code"]["readOnly"]
        assert "readOnly" not in parks["properties"]["name"] and "readOnly" not in parks["properties"]["geometry"]
        assert parks["properties"]["access_class"]["writeOnly"] is True
        assert "readOnly" not in read(admin, "industrial_parks", "queryables")["properties"]["id"]
        blocks = read(admin, "blocks", "schema")
        assert all(described["readOnly"] for described in blocks["properties"].values()) and "required" not in blocks


def test_a_schema_holds_no_column_above_the_actors_class(city: City) -> None:
    for name in ("queryables", "schema"):
        with city.client("wall") as wall, city.client() as anybody, city.client("admin") as admin:
            assert "summary" in read(admin, "incidents", name)["properties"]
            assert "summary" not in read(wall, "incidents", name)["properties"]
            assert "firms" not in read(anybody, "industrial_parks", name)["properties"]
            assert "firms" in read(wall, "industrial_parks", name)["properties"]


def test_whatever_a_feature_shows_is_in_its_schema_and_may_be_asked_for(city: City) -> None:
    with city.client("admin") as admin:
        for collection in admin.get("/collections").json()["collections"]:
            if collection["itemType"] != "feature":
                continue
            here = collection["id"]
            declared = read(admin, here, "schema")["properties"]
            asked = read(admin, here, "queryables")["properties"]
            for feature in admin.get(f"/collections/{here}/items", params={"limit": 1}).json()["features"]:
                assert set(feature["properties"]) == {
                    name for name, one in declared.items() if name not in ("id", "geometry") and "writeOnly" not in one
                }
            anything = " OR ".join(f'"{key}" IS NOT NULL' for key in asked)
            answer = admin.get(f"/collections/{here}/items", params={"filter": anything, "limit": 1})
            assert answer.status_code == 200, (here, answer.text)


def test_an_unknown_layer_and_an_unknown_parameter_are_refused(city: City) -> None:
    with city.client() as anybody:
        assert anybody.get("/collections/nothing/queryables").status_code == 404
        assert anybody.get("/collections/nothing/schema").status_code == 404
        assert anybody.get("/collections/buildings/schema?x=1").status_code == 400


def test_conformance_names_what_works_and_nothing_that_does_not(city: City) -> None:
    with city.client() as anybody:
        declared = set(anybody.get("/conformance").json()["conformsTo"])
        cql2 = {uri.rpartition("/")[2] for uri in declared if "/spec/cql2/" in uri}
        assert cql2 == {
            "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
            "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus",
            "spatial-functions", "temporal-functions", "property-property", "arithmetic",
        }  # fmt: skip
        part_5 = {uri.rpartition("/")[2] for uri in declared if "/ogcapi-features-5/" in uri}
        assert part_5 == {"schemas", "core-roles-features", "returnables-and-receivables", "queryables"}
        part_3 = {uri.rpartition("/")[2] for uri in declared if "/ogcapi-features-3/" in uri}
        assert part_3 == {"queryables", "queryables-query-parameters", "filter", "features-filter"}
        for missing in ("sortables", "functions"):
            assert anybody.get(f"/collections/buildings/{missing}").status_code == 404
