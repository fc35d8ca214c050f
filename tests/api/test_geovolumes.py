# SPDX-License-Identifier: Apache-2.0
"""3D containers over HTTP: the district and its streets with the 3D Tiles in them, each in the asker's reach."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest

from api.catalogue.volumes import read_volume
from tests.api.district import DISTRICT, EAST, WEST
from tests.api.server import City
from twin.gltf.globe import place_on_globe

ROOT = "/geovolumes/collections"
TILES = "application/json+3dtiles"


def read(client: httpx.Client, path: str = ROOT, **parameters: str) -> dict[str, Any]:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def list_ids(body: dict[str, Any]) -> list[str]:
    return [one["id"] for one in body["collections"]]


def list_paths(container: dict[str, Any], city: City) -> list[str]:
    return [one["href"].removeprefix(city.url) for one in container["content"]]


def test_the_district_and_its_streets_are_containers(city: City) -> None:
    ((tileset,),) = city.execute("SELECT id FROM tileset")
    with city.client("wall") as wall:
        district, west, east = read(wall)["collections"]
        assert [one["id"] for one in (district, west, east)] == [f"3d-{code}" for code in (DISTRICT, WEST, EAST)]
        assert (district["title"], west["title"]) == ("Test district", f"Street {WEST}")
        assert [child["id"] for child in district["children"]] == [west["id"], east["id"]]
        assert list_paths(district, city) == ["/tilesets/buildings/tileset.json", f"/tilesets/{tileset}/tileset.json"]
        assert list_paths(west, city) == [f"/tilesets/buildings/{WEST}.json"]
        assert list_paths(east, city) == [f"/tilesets/buildings/{EAST}.json", f"/tilesets/{tileset}/tileset.json"]
        for container in (district, west, east):
            assert container["collectionType"] == "3d-container"
            ((w, s, low, e, n, high),) = container["extent"]["spatial"]["bbox"]
            assert 114 <= w < e <= 114.09 and 22.5 <= s < n <= 22.55 and -2 < low < high < 30
            assert read(wall, f"{ROOT}/{container['id']}") == container
            for link in (*container["links"], *container["content"]):
                assert wall.get(link["href"]).status_code == 200, link
            assert {link["type"] for link in container["links"] if link["rel"].endswith("/3d-geovolumes")} == {
                TILES, "application/3dtiles+json",
            }  # fmt: skip


def test_each_is_given_the_containers_in_reach(city: City) -> None:
    with city.client("west") as client:
        assert list_ids(read(client)) == [f"3d-{DISTRICT}", f"3d-{WEST}"]
        assert client.get(f"{ROOT}/3d-{EAST}").status_code == 404
        ((_, _, _, east, _, _),) = read(client)["collections"][0]["extent"]["spatial"]["bbox"]
        assert east < 114.045
    with city.client() as anybody:
        district, street = read(anybody)["collections"]
        assert list_paths(district, city) == ["/tilesets/buildings/tileset.json"]
        assert street["id"] == f"3d-{WEST}"


def test_whoever_sees_nothing_is_told_of_no_container(live_city: City) -> None:
    live_city.execute("UPDATE building SET access_class = 3")
    with live_city.client() as anybody:
        assert list_ids(read(anybody)) == []
        assert anybody.get(f"{ROOT}/3d-{DISTRICT}").status_code == 404


@pytest.mark.parametrize(("bbox", "streets"), [
    ("114,22.5,114.03,22.54", [WEST]), ("114,22.5,114.08,22.54", [WEST, EAST]), ("10,10,11,11", []),
    ("114,22.5,0,114.08,22.54,10", [WEST, EAST]), ("114,22.5,5000,114.08,22.54,6000", []),
])  # fmt: skip
def test_a_box_narrows_to_what_it_meets_in_all_three_dimensions(city: City, bbox: str, streets: list[str]) -> None:
    with city.client("wall") as wall:
        wanted = [f"3d-{code}" for code in ([DISTRICT, *streets] if streets else [])]
        assert list_ids(read(wall, bbox=bbox)) == wanted
        alone = read(wall, f"{ROOT}/3d-{DISTRICT}", bbox=bbox)
        assert [child["id"] for child in alone["children"]] == wanted[1:]
        assert bool(alone["content"]) is bool(streets)
        assert alone["extent"] == read(wall, f"{ROOT}/3d-{DISTRICT}")["extent"]


@pytest.mark.parametrize(("query", "status"), [
    ("format=3dtiles", 200), (f"format={TILES.replace('+', '%2B')}", 200), ("format=i3s", 400), ("f=json", 200),
    ("f=html", 400), ("bbox=1,2,3", 400), ("x=1", 400),
])  # fmt: skip
def test_forms_and_parameters_are_checked(city: City, query: str, status: int) -> None:
    with city.client("wall") as wall:
        for path in (ROOT, f"{ROOT}/3d-{WEST}"):
            assert wall.get(f"{path}?{query}").status_code == status


def test_the_landing_page_leads_everywhere_and_copies_are_kept(city: City) -> None:
    with city.client("wall") as wall:
        for link in read(wall, "/geovolumes")["links"]:
            assert wall.get(link["href"]).status_code == 200, link
        assert any(uri.endswith("/conf/3d-tiles") for uri in read(wall, "/geovolumes/conformance")["conformsTo"])
        for path in ("/geovolumes", ROOT, f"{ROOT}/3d-{WEST}"):
            answer = wall.get(path)
            assert wall.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
            assert wall.head(path).headers["etag"] == answer.headers["etag"]
            assert wall.get(path, headers={"Accept": "image/png"}).status_code == 406


def test_regions_boxes_and_spheres_come_down_to_the_same_place() -> None:
    frame = place_on_globe(114.0, 22.5, 0.0).T.ravel().tolist()
    box = {"box": [0, 0, 10, 50, 0, 0, 0, 50, 0, 0, 0, 10]}
    region = {"region": [*np.radians([113.9995, 22.4995, 114.0005, 22.5005]).tolist(), 0, 20]}
    placed = read_volume({"transform": frame, "boundingVolume": box})
    told = read_volume({"boundingVolume": region})
    round_one = read_volume({"transform": frame, "boundingVolume": {"sphere": [0, 0, 10, 50]}})
    assert placed and told and round_one
    assert np.abs(np.subtract(placed, told)).max() < 0.02
    assert round_one.low < placed.low and round_one.high > placed.high
    assert told == (113.9995, 22.4995, 0, 114.0005, 22.5005, 20)
    for wrong in ({}, {"boundingVolume": {}}, {"boundingVolume": {"box": [1]}}, {"boundingVolume": {"region": "x"}}):
        assert read_volume(wrong) is None
