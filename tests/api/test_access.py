# SPDX-License-Identifier: Apache-2.0
"""Who sees what, through every door."""

from __future__ import annotations

import time

import httpx
import mapbox_vector_tile
import pytest

from tests.api.district import DISTRICT, EAST, GRIDS, WEST
from tests.api.server import City

TILE = "14/7139/13379"
"""A tile over the middle of the district's south (z/row/col)."""

LAYERS = ("blocks", "buildings", "industrial_parks", "urban_villages", "incidents", "roads", "models", "tilesets")


def read_features(client: httpx.Client, layer: str, query: str = "") -> list[dict]:
    answer = client.get(f"/collections/{layer}/items?limit=1000{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["features"]


def read_tiles(client: httpx.Client, layer: str, zoom: int = 14) -> list[dict]:
    """The features of all tiles of a zoom over the district."""
    from math import cos, log, pi, radians, tan

    count = 2**zoom

    def row(latitude: float) -> int:
        return int((1 - log(tan(radians(latitude)) + 1 / cos(radians(latitude))) / pi) / 2 * count)

    found: list[dict] = []
    for x in range(int((113.999 + 180) / 360 * count), int((114.081 + 180) / 360 * count) + 1):
        for y in range(row(22.541), row(22.499) + 1):
            answer = client.get(f"/collections/{layer}/tiles/WebMercatorQuad/{zoom}/{y}/{x}?buffer=0")
            assert answer.status_code in (200, 204), answer.text
            if answer.status_code == 200:
                found += mapbox_vector_tile.decode(answer.content)[layer]["features"]
    return found


def home(feature: dict) -> str:
    return feature["properties"]["block_code"]


def test_the_manager_of_a_street_gets_no_row_of_another_street_in_items(city: City) -> None:
    for name, own in (("west", WEST), ("east", EAST)):
        with city.client(name) as client:
            for layer in ("buildings", "incidents", "industrial_parks", "models"):
                assert all(home(f).startswith(own) for f in read_features(client, layer)), layer
            assert len(read_features(client, "buildings")) == GRIDS / 2 + (own == WEST)
            assert read_features(client, "buildings", f"&block={EAST if own == WEST else WEST}") == []


def test_the_manager_of_a_street_gets_no_single_item_of_another_street(city: City) -> None:
    ids = dict(city.execute("SELECT block_code, id FROM building WHERE access_class = 2"))
    with city.client("west") as west:
        for code, feature_id in ids.items():
            expected = 200 if str(code).startswith(WEST) else 404
            assert west.get(f"/collections/buildings/items/{feature_id}").status_code == expected
            listed = west.get(f"/collections/buildings/items?ids={feature_id}").json()["features"]
            assert len(listed) == (expected == 200)


@pytest.mark.parametrize("zoom", [11, 14, 16])
def test_the_manager_of_a_street_gets_no_feature_of_another_street_in_tiles(city: City, zoom: int) -> None:
    codes = dict(city.execute("SELECT id, block_code FROM incident"))
    with city.client("west") as west, city.client("admin") as admin:
        seen = {f["id"] for f in read_tiles(west, "incidents", zoom)}
        assert seen and all(str(codes[i]).startswith(WEST) for i in seen)
        counted = sum(f["properties"].get("count", 1) for f in read_tiles(west, "incidents", zoom))
        assert counted == GRIDS / 2 + 1
        assert sum(f["properties"].get("count", 1) for f in read_tiles(admin, "incidents", zoom)) == GRIDS + 1


def test_both_managers_see_the_village_that_lies_in_both_streets(city: City) -> None:
    for name in ("west", "east"):
        with city.client(name) as client:
            (village,) = read_features(client, "urban_villages")
            assert village["properties"]["name"] == "两街村"
            assert client.get(f"/collections/urban_villages/items/{village['id']}").status_code == 200
            assert {f["id"] for f in read_tiles(client, "urban_villages")} == {village["id"]}
            own = WEST if name == "west" else EAST
            assert len(read_features(client, "urban_villages", f"&block={own}")) == 1


def test_the_village_in_two_streets_is_counted_once_and_at_its_home(city: City) -> None:
    with city.client("admin") as admin:
        counts = [
            admin.get(f"/blocks/{code}/profile").json()["registers"]["urban_villages"]["count"]
            for code in (DISTRICT, WEST, EAST)
        ]
    assert counts == [1, 1, 0]


def test_names_codes_and_boundaries_of_blocks_are_public(city: City) -> None:
    for name in (None, "west"):
        with city.client(name) as client:
            assert client.get(f"/blocks/{EAST}").json()["name"].startswith("街道")
            assert len(read_features(client, "blocks")) == GRIDS + 4 + 2 + 1


def test_without_a_token_only_the_first_class_is_seen(city: City) -> None:
    with city.client() as client:
        assert [f["properties"]["name"] for f in read_features(client, "buildings")] == ["图书馆"]
        for layer in LAYERS:
            if layer not in ("blocks", "buildings"):
                assert read_features(client, layer) == [], layer
                assert read_tiles(client, layer) == [], layer
        assert client.get("/models").json() == {"models": []}
        assert [t["id"] for t in client.get("/tilesets").json()["tilesets"]] == ["buildings"]


def test_a_restricted_incident_and_a_restricted_property_are_for_the_third_class_only(city: City) -> None:
    with city.client("wall") as wall, city.client("west") as west:
        assert "restricted" not in {f["properties"]["incident_no"] for f in read_features(wall, "incidents")}
        assert "restricted" in {f["properties"]["incident_no"] for f in read_features(west, "incidents")}
        assert all("summary" not in f["properties"] for f in read_features(wall, "incidents"))
        assert any(f["properties"]["summary"] == "told in confidence" for f in read_features(west, "incidents"))
        for client, is_told in ((wall, False), (west, True)):
            declared = client.get("/collections/incidents").json()["blocktwin"]["properties"]
            assert any(p["name"] == "summary" for p in declared) is is_told


def test_the_profile_of_a_block_outside_the_scope_is_refused_with_the_reason(city: City) -> None:
    with city.client("west") as west:
        answer = west.get(f"/blocks/{EAST}/profile")
        assert answer.status_code == 403
        assert WEST in answer.json()["detail"]


def test_the_profile_above_the_scope_counts_only_the_scope_and_says_so(city: City) -> None:
    with city.client("west") as west, city.client("admin") as admin:
        mine, whole = (client.get(f"/blocks/{DISTRICT}/profile").json() for client in (west, admin))
    assert mine["limited_to"] == [WEST] and whole["limited_to"] is None
    assert mine["registers"]["buildings"]["count"] == GRIDS / 2 + 1
    assert whole["registers"]["buildings"]["count"] == GRIDS + 1
    assert [child["buildings"] for child in mine["children"]] == [GRIDS / 2 + 1, None]
    assert [child["buildings"] for child in whole["children"]] == [GRIDS / 2 + 1, GRIDS / 2]


def test_models_elements_and_tilesets_stay_within_the_scope(city: City) -> None:
    ((model_id, tileset_id),) = city.execute("SELECT model.id, tileset.id FROM model, tileset")
    paths = (
        f"/models/{model_id}", f"/models/{model_id}/elements/wall", f"/tilesets/{tileset_id}/tileset.json",
        f"/tilesets/{tileset_id}/content.glb", f"/tilesets/buildings/{EAST}.json",
        f"/tilesets/buildings/{EAST}/{EAST}.glb",
    )  # fmt: skip
    for name, status in (("east", 200), ("west", 404), (None, 404)):
        with city.client(name) as client:
            for path in paths:
                assert client.get(path).status_code == status, (name, path)


def test_a_revoked_token_gets_401_within_a_second_on_a_warm_tile(live_city: City) -> None:
    with live_city.client("wall") as wall:
        path = f"/collections/buildings/tiles/WebMercatorQuad/{TILE}"
        assert wall.get(path).status_code in (200, 204)
        live_city.execute("UPDATE access_token SET revoked_at = now() WHERE role = 'wall'")
        deadline = time.monotonic() + 1
        while wall.get(path).status_code != 401:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for other in ("/collections/buildings/items", "/session", "/stream", "/models", "/tilesets"):
            answer = wall.get(other)
            assert answer.status_code == 401, other
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_session_cookie_does_what_its_token_does_but_writes_only_from_our_own_pages(city: City) -> None:
    with city.client() as client:
        assert client.post("/session", json={"token": "twin_nonsense"}).status_code == 401
        answer = client.post("/session", json={"token": city.tokens["planner"]})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        assert client.get("/session").json()["role"] == "planner"
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "1"}
        assert client.post("/uploads", headers=headers).status_code == 403
        assert client.delete("/session").status_code == 204
        assert client.get("/session").json()["role"] == "public"


def test_the_token_in_a_link_is_exchanged_for_a_cookie(city: City) -> None:
    with city.client() as client:
        answer = client.get(f"/wall?token={city.tokens['wall']}&lang=en")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/wall?lang=en"
        assert client.get("/session").json()["role"] == "wall"
        assert client.get("/wall?token=nonsense").status_code == 401


def test_a_broken_authorization_header_is_no_way_round(city: City) -> None:
    with city.client() as client:
        for value in ("Bearer x", "bearer  twin_x", "Bearer " + "a" * 5000):
            assert client.get("/collections/buildings/items", headers={"Authorization": value}).status_code == 401
        assert client.get("/session", headers={"Authorization": "Basic abc"}).json()["role"] == "public"
