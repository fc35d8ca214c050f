# SPDX-License-Identifier: Apache-2.0
"""Tilesets over HTTP: stored ones file by file, and the buildings' own out of the database."""

from __future__ import annotations

import json
import struct
import time
from typing import Any

import httpx
import numpy as np

from tests.api.district import EAST, GRIDS, WEST
from tests.api.server import City

Tile = dict[str, Any]


def read_document(content: bytes) -> dict[str, Any]:
    magic, version, total = struct.unpack_from("<4sII", content)
    assert (magic, version, total) == (b"glTF", 2, len(content))
    size, kind = struct.unpack_from("<I4s", content, 12)
    assert kind == b"JSON"
    return json.loads(content[20 : 20 + size])


def read_ids(content: bytes) -> list[int]:
    """The column `id` of the property table, which is written uncompressed."""
    document = read_document(content)
    table = document["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
    assert table["class"] == "building"
    view = document["bufferViews"][table["properties"]["id"]["values"]]
    start = 20 + struct.unpack_from("<I", content, 12)[0] + 8 + view["byteOffset"]
    return np.frombuffer(content[start : start + view["byteLength"]], "<u4").tolist()


def walk(tile: Tile, client: httpx.Client, base: str, frame: np.ndarray) -> list[tuple[Tile, bytes, np.ndarray]]:
    """Every content below a tile, with its tile and the transform that it stands under."""
    frame = frame @ np.array(tile.get("transform", np.eye(4).T.ravel())).reshape(4, 4).T
    found: list[tuple[Tile, bytes, np.ndarray]] = []
    uri = tile.get("content", {}).get("uri")
    if uri:
        answer = client.get(base + uri)
        assert answer.status_code == 200, answer.text
        if uri.endswith(".json"):
            found += walk(answer.json()["root"], client, base, frame)
        else:
            assert answer.headers["content-type"] == "model/gltf-binary"
            found.append((tile, answer.content, frame))
    for child in tile.get("children", []):
        assert child["geometricError"] <= tile["geometricError"]
        found += walk(child, client, base, frame)
    return found


def read_buildings(client: httpx.Client) -> list[tuple[Tile, bytes, np.ndarray]]:
    document = client.get("/tilesets/buildings/tileset.json").json()
    assert document["asset"]["version"] == "1.1"
    return walk(document["root"], client, "/tilesets/buildings/", np.eye(4))


def test_every_building_is_drawn_once_but_the_one_with_a_published_model(city: City) -> None:
    rows = city.execute("SELECT id, local_id FROM building")
    hidden = next(i for i, local_id in rows if local_id == "99010100200101")
    with city.client("wall") as wall:
        drawn = [i for _, content, _ in read_buildings(wall) for i in read_ids(content)]
    assert len(drawn) == len(set(drawn)) == GRIDS
    assert set(drawn) == {i for i, _ in rows} - {hidden}


def test_buildings_stand_where_they_stand_with_their_height(city: City) -> None:
    with city.client("wall") as wall:
        contents = read_buildings(wall)
    for tile, content, frame in contents:
        document = read_document(content)
        matrix = np.array(document["nodes"][0]["matrix"]).reshape(4, 4).T
        to_z_up = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
        accessor = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
        corners = np.array([[*accessor["min"], 1], [*accessor["max"], 1]], dtype=float).T
        local = to_z_up @ matrix @ corners
        box = np.array(tile["boundingVolume"]["box"])
        half = np.array([box[3], box[7], box[11]])
        assert (np.abs(local[:3] - box[:3, None]) <= half[:, None] + 1e-6).all()
        ecef = frame @ local
        distance = np.linalg.norm(ecef[:3], axis=0)
        assert (6_374_000 < distance).all() and (distance < 6_379_000).all()
        longitude = np.degrees(np.arctan2(ecef[1], ecef[0]))
        assert (114.0 <= longitude).all() and (longitude <= 114.08).all()


def test_a_street_manager_is_given_the_buildings_of_that_street_only(city: City) -> None:
    codes = dict(city.execute("SELECT id, block_code FROM building"))
    with city.client("west") as west, city.client() as public:
        drawn = [i for _, content, _ in read_buildings(west) for i in read_ids(content)]
        assert drawn and all(str(codes[i]).startswith(WEST) for i in drawn)
        shown = [i for _, content, _ in read_buildings(public) for i in read_ids(content)]
        assert len(shown) == 1


def test_a_building_that_changes_is_drawn_anew_and_only_its_street(live_city: City) -> None:
    paths = {code: f"/tilesets/buildings/{code}/{code}.glb" for code in (WEST, EAST)}
    with live_city.client("wall") as wall:
        before = {code: wall.get(path).headers["etag"] for code, path in paths.items()}
        live_city.execute("UPDATE building SET height = 90 WHERE local_id = '99010100100101'")
        deadline = time.monotonic() + 1
        while wall.get(paths[WEST]).headers["etag"] == before[WEST]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert wall.get(paths[EAST]).headers["etag"] == before[EAST]
        live_city.execute("UPDATE model SET published_version_id = NULL")
        deadline = time.monotonic() + 1
        while len(read_ids(wall.get(paths[EAST]).content)) != GRIDS / 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_stored_tileset_gives_its_files_ranges_and_nothing_beside(city: City) -> None:
    ((tileset_id,),) = city.execute("SELECT id FROM tileset")
    base = f"/tilesets/{tileset_id}"
    with city.client("wall") as wall:
        listed = wall.get("/tilesets").json()["tilesets"]
        assert [(t["id"], t["kind"]) for t in listed] == [("buildings", "buildings"), (str(tileset_id), "model")]
        assert wall.get(listed[1]["url"]).json() == {"asset": {"version": "1.1"}}
        part = wall.get(f"{base}/content.glb", headers={"Range": "bytes=10-19"})
        assert part.status_code == 206 and part.content == bytes(range(10, 20))
        etag = wall.get(f"{base}/content.glb").headers["etag"]
        assert wall.get(f"{base}/content.glb", headers={"If-None-Match": etag}).status_code == 304
        for path in ("..%2f..%2ftokens.json", "%2e%2e/tileset.json", "/etc/passwd", "nothing.glb", ""):
            assert wall.get(f"{base}/{path}").status_code == 404, path


def test_a_part_that_is_no_part_of_the_buildings_is_404(city: City) -> None:
    with city.client("wall") as wall:
        for path in ("x.json", "x/y.glb", f"{WEST}/{EAST}.glb", "tileset.glb", f"{WEST}.json/x", "~.json"):
            assert wall.get(f"/tilesets/buildings/{path}").status_code == 404, path
