# SPDX-License-Identifier: Apache-2.0
"""Collections and items over HTTP."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.api.district import DISTRICT, GRIDS, WEST
from tests.api.server import City


def walk(client: httpx.Client, path: str) -> list[dict]:
    """Every feature of a paged list, by its next links."""
    found: list[dict] = []
    url: str | None = path
    while url:
        page = client.get(url).json()
        assert page["numberReturned"] == len(page["features"])
        found += page["features"]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    return found


@pytest.mark.parametrize("limit", [1, 3, 16, 17, 18])
def test_paging_visits_each_row_once(city: City, limit: int) -> None:
    with city.client("admin") as admin:
        for path in (f"/collections/buildings/items?limit={limit}", f"/incidents?limit={limit}"):
            ids = [f["id"] for f in walk(admin, path)]
            assert len(ids) == len(set(ids)) == GRIDS + 1


def test_paging_stays_true_while_rows_come_and_go(live_city: City) -> None:
    with live_city.client("admin") as admin:
        before = {f["id"] for f in walk(admin, "/collections/buildings/items")}
        first = admin.get("/collections/buildings/items?limit=5").json()
        live_city.execute("DELETE FROM building WHERE id = %s", first["features"][0]["id"])
        (link,) = [link["href"] for link in first["links"] if link["rel"] == "next"]
        rest = walk(admin, link)
        assert {f["id"] for f in first["features"] + rest} == before


def test_incidents_come_newest_first_and_those_without_a_time_last(city: City) -> None:
    with city.client("admin") as admin:
        incidents = walk(admin, "/incidents?limit=4")
    times = [f["properties"]["occurred_at"] for f in incidents]
    assert times[-1] is None
    assert times[:-1] == sorted(times[:-1], reverse=True)
    assert incidents[0]["properties"]["event_type_name"] == "噪声"


def test_a_feature_is_geojson_with_seven_decimals_and_an_integer_id(city: City) -> None:
    with city.client("wall") as wall:
        answer = wall.get("/collections/buildings/items?limit=1")
    assert answer.headers["content-type"] == "application/geo+json"
    (feature,) = answer.json()["features"]
    assert isinstance(feature["id"], int) and feature["geometry"]["type"] == "Polygon"
    assert "crs" not in feature["geometry"]
    assert not re.search(r"\d\.\d{8,}", answer.text)


def test_bbox_block_ids_and_datetime_narrow(city: City) -> None:
    with city.client("admin") as admin:

        def count(query: str) -> int:
            return admin.get(f"/collections/buildings/items?count=exact&{query}").json()["numberMatched"]

        assert count("") == GRIDS + 1
        assert count(f"block={WEST}") == GRIDS / 2 + 1
        assert count("block=99010100100101") == 2
        assert count("bbox=114,22.5,114.02,22.51") == 2
        assert count("bbox=114,22.5,-100,114.02,22.51,900") == 2
        assert count("bbox=0,0,1,1") == 0
        first = admin.get("/collections/buildings/items?limit=2").json()["features"]
        assert count("ids=" + ",".join(str(f["id"]) for f in first)) == 2
        incidents = "/collections/incidents/items?count=exact&datetime="
        # What has no time is in every interval.
        assert admin.get(incidents + "../2000-01-01").json()["numberMatched"] == 1
        assert admin.get(incidents + "2000-01-01T00:00:00Z/..").json()["numberMatched"] == GRIDS + 1


def test_a_bbox_across_the_antimeridian_is_not_the_whole_world(live_city: City) -> None:
    live_city.execute(
        "INSERT INTO incident (source_id, local_id, block_code, geometry) VALUES "
        "('far', 'fiji', '~', ST_SetSRID(ST_Point(179.5, -17), 4490)),"
        "('far', 'samoa', '~', ST_SetSRID(ST_Point(-172, -13.6), 4490))"
    )
    with live_city.client("admin") as admin:
        found = admin.get("/collections/incidents/items?bbox=170,-30,-170,10").json()["features"]
        assert {f["properties"]["incident_no"] for f in found} == {"fiji", "samoa"}
        with live_city.client("west") as west:
            assert west.get("/collections/incidents/items?bbox=170,-30,-170,10").json()["features"] == []


@pytest.mark.parametrize("path", [
    "/collections?x=1", "/collections/buildings?limit=1", "/collections/buildings/items?foo=1",
    "/collections/buildings/items?limit=0", "/collections/buildings/items?limit=-1",
    "/collections/buildings/items?limit=a", "/collections/buildings/items?bbox=1,2,3",
    "/collections/buildings/items?bbox=1,50,3,40", "/collections/buildings/items?bbox=nan,0,1,1",
    "/collections/buildings/items?ids=1;2", "/collections/buildings/items?datetime=yesterday",
    "/collections/buildings/items?datetime=2026-01-02/2026-01-01", "/collections/buildings/items?cursor=!!",
    "/collections/incidents/items?cursor=MQ", "/collections/buildings/items?block=%27--",
    "/collections/buildings/tiles/WebMercatorQuad/14/1/1?x=1",
    "/collections/buildings/tiles/WebMercatorQuad/14/1/1?buffer=7", "/stream?layer=x", "/blocks/990101?x",
])  # fmt: skip
def test_a_parameter_that_is_unknown_or_wrong_is_400_and_named(city: City, path: str) -> None:
    with city.client() as client:
        answer = client.get(path)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["parameter"]


@pytest.mark.parametrize("path", [
    "/collections/nothing", "/collections/nothing/items", "/collections/buildings/items/999999",
    "/collections/buildings/items/x", "/collections/nothing/tiles/WebMercatorQuad/1/0/0",
    "/collections/buildings/tiles/WebMercatorQuad/3/100/100", "/collections/buildings/tiles/WebMercatorQuad/99/0/0",
    "/blocks/123", "/models/99", "/tilesets/99/tileset.json", "/jobs/99", "/stream?layers=nothing", "/nowhere",
])  # fmt: skip
def test_what_is_not_there_is_404_in_the_readers_language(city: City, path: str) -> None:
    with city.client("admin") as client:
        english = client.get(path)
        chinese = client.get(path, headers={"Accept-Language": "zh-CN"})
    assert english.status_code == chinese.status_code == 404
    assert english.json()["title"] == "Not found" and chinese.json()["title"] == "未找到"


@pytest.mark.parametrize("path", [
    "/", "/collections", "/collections/buildings", "/collections/buildings/items", "/incidents", "/blocks/990101",
    "/collections/blocks/tiles/WebMercatorQuad", "/collections/blocks/tiles/WebMercatorQuad/10/446/836", "/tilesets",
])  # fmt: skip
def test_head_answers_as_get_without_a_body(city: City, path: str) -> None:
    # The time in a page changes how long its compressed copy is.
    with city.client("wall") as wall:
        got, headed = (ask(path, headers={"Accept-Encoding": "identity"}) for ask in (wall.get, wall.head))
    assert headed.status_code == got.status_code == 200
    assert headed.content == b""
    for name in ("content-length", "content-type", "etag"):
        assert headed.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize("path", [
    "/collections", "/collections/buildings/items", "/collections/buildings/items/1", "/blocks/990101", "/models",
    "/collections/blocks/tiles/WebMercatorQuad/10/446/836", "/tilesets/buildings/tileset.json",
])  # fmt: skip
def test_an_etag_is_answered_with_304(city: City, path: str) -> None:
    with city.client("wall") as wall:
        first = wall.get(path)
        etag = first.headers["etag"]
        # A page tells the time, so that its tag is one of what it says and not of its bytes.
        assert re.fullmatch(r'W/"[^"]+"' if path.endswith("/items") else r'"[^"]+"', etag)
        again = wall.get(path, headers={"If-None-Match": f'"other", {etag}'})
        assert again.status_code == 304 and again.content == b""
        assert again.headers["etag"] == etag
        assert wall.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_head_of_the_endless_stream_ends(city: City) -> None:
    with city.client() as client:
        assert client.head("/stream").status_code == 404


def test_a_day_is_a_day_of_the_district(city: City) -> None:
    ((day,),) = city.execute("SELECT (max(occurred_at) AT TIME ZONE 'Asia/Shanghai')::date::text FROM incident")
    with city.client("admin") as admin:
        found = admin.get(f"/incidents?datetime={day}").json()["features"]
    times = [f["properties"]["occurred_at"] for f in found if f["properties"]["occurred_at"] is not None]
    assert times and all(moment.startswith(f"{day}T") for moment in times)


def test_the_landing_page_speaks_to_people_and_machines(city: City) -> None:
    with city.client() as client:
        page = client.get("/", headers={"Accept": "text/html", "Accept-Language": "zh"})
        assert "测试区" in page.text and 'href="/wall"' in page.text and "合成" in page.text
        links = {link["rel"]: link["href"] for link in client.get("/").json()["links"]}
        for rel in ("service-desc", "conformance", "data"):
            assert client.get(links[rel]).status_code == 200
        document = client.get("/api").json()
        assert document["openapi"].startswith("3.0")
        assert "/collections/{layer_id}/items" in document["paths"]
        assert "<script" not in client.get("/api?f=html").text


def test_every_layer_says_what_it_is(city: City) -> None:
    with city.client("admin") as admin:
        collections = [one for one in admin.get("/collections").json()["collections"] if one["itemType"] == "feature"]
        assert collections[0]["id"] == "blocks"
        for collection in collections:
            own = collection["blocktwin"]
            assert own["title"]["zh"] and own["title"]["en"]
            assert own["minzoom"] <= own["complete_from_zoom"] <= own["maxzoom"]
            assert own["secrecy_label"] in ("none", "internal", "secret")
            is_capped = collection["id"] in ("buildings", "roads", "components")
            assert (own["is_topographic"], own["export_km2"]) == (is_capped, 25 if is_capped else None)
            assert collection["extent"]["spatial"]["bbox"] == [[114.0, 22.5, 114.08, 22.54]]
            described = admin.get(f"/collections/{collection['id']}/tiles/WebMercatorQuad").json()
            assert described["vector_layers"][0]["id"] == collection["id"]
            assert admin.get(f"/collections/{collection['id']}/queryables").json()["properties"]


def test_a_block_knows_its_place(city: City) -> None:
    with city.client() as client:
        block = client.get(f"/blocks/{WEST}").json()
    assert (block["code"], block["level"], block["parent"]) == (WEST, 2, DISTRICT)
    assert block["level_name"] == {"zh": "街道", "en": "Street"}
    assert [a["code"] for a in block["ancestors"]] == [DISTRICT]
    assert block["bbox"] == [114.0, 22.5, 114.04, 22.54]
    assert len(block["children"]) == 2 and block["geometry"]["type"] == "Polygon"


def test_a_profile_counts_registers_and_incidents(city: City) -> None:
    with city.client("admin") as admin:
        profile = admin.get(f"/blocks/{DISTRICT}/profile").json()
    assert profile["registers"]["buildings"] == {"count": GRIDS + 1, "floor_area": 1000 * GRIDS}
    assert profile["registers"]["industrial_parks"].items() >= {"count": 1, "land_area": 5000, "firms": 7}.items()
    incidents = profile["incidents"]
    assert incidents["total"] == GRIDS + 1 and incidents["open"] == GRIDS * 3 / 4 + 1
    assert incidents["by_type"] == [{"code": "noise", "name": {"zh": "噪声", "en": "Noise"}, "count": GRIDS}]
    assert incidents["by_severity"] == {"1": 1, "4": GRIDS * 3 / 4}
    assert len(incidents["by_day"]) == 30 and sum(d["count"] for d in incidents["by_day"]) == GRIDS


def test_a_model_leads_to_its_storeys_and_elements(city: City) -> None:
    with city.client("planner") as planner:
        (model,) = planner.get("/models").json()["models"]
        assert model["position"] == [114.05, 22.505, 3.5] and model["heading_deg"] == 12
        assert (model["storeys"], model["elements"], model["version"]) == (1, 1, 1)
        one = planner.get(f"/models/{model['id']}").json()
        assert one["version"]["schema"] == "IFC4" and one["storeys"][0]["name"] == "EG"
        wall = planner.get(f"/models/{model['id']}/elements/wall").json()
        assert wall["storey"] == "EG" and wall["material"] == ["Brick"]
        assert wall["property_sets"]["Pset_WallCommon"] == {"IsExternal": True}
        assert [p["global_id"] for p in wall["parents"]] == ["storey"]
