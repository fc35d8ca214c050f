# SPDX-License-Identifier: Apache-2.0
"""Tiles in every tile matrix set, and what describes them, as clients read it."""

from __future__ import annotations

import mapbox_vector_tile
import morecantile
import pytest

from layers.registry import load_layers
from tests.api.server import City
from twin import beidou

SETS = ["CGCS2000Quad", "WebMercatorQuad", "WorldCRS84Quad"]
POINT = (114.01, 22.505)


def find_tile(city: City, matrix_set: str, zoom: int) -> str:
    """Where the point is, worked out from the published definition by a library that knows nothing of ours."""
    with city.client() as client:
        defined = morecantile.TileMatrixSet.model_validate(client.get(f"/tileMatrixSets/{matrix_set}").json())
    tile = defined.tile(*POINT, zoom)
    return f"{zoom}/{tile.y}/{tile.x}"


def test_the_tile_matrix_sets_are_listed_and_defined(city: City) -> None:
    with city.client() as client:
        listed = client.get("/tileMatrixSets").json()["tileMatrixSets"]
        assert sorted(one["id"] for one in listed) == SETS
        for one in listed:
            defined = client.get(one["links"][0]["href"]).json()
            assert defined["crs"] == one["crs"] and defined.get("uri") == one.get("uri")
            assert [m["id"] for m in defined["tileMatrices"]][:2] == (
                ["1", "2"] if one["id"] == "CGCS2000Quad" else ["0", "1"]
            )
        assert client.get("/tileMatrixSets/Nowhere").status_code == 404
        ours = client.get("/tileMatrixSets/WebMercatorQuad").json()["tileMatrices"]
    known = morecantile.tms.get("WebMercatorQuad")
    for matrix, meant in zip(ours, known.tileMatrices, strict=False):
        assert matrix["scaleDenominator"] == pytest.approx(meant.scaleDenominator, rel=1e-9)
        assert (matrix["matrixWidth"], matrix["matrixHeight"]) == (meant.matrixWidth, meant.matrixHeight)


@pytest.mark.parametrize("matrix_set", SETS)
def test_a_library_that_reads_the_definition_finds_the_tiles(city: City, matrix_set: str) -> None:
    zoom = 13 if matrix_set == "WorldCRS84Quad" else 14
    with city.client("admin") as client:
        answer = client.get(f"/collections/buildings/tiles/{matrix_set}/{find_tile(city, matrix_set, zoom)}")
        assert answer.status_code == 200
        drawn = mapbox_vector_tile.decode(answer.content)["buildings"]["features"]
        around = f"{POINT[0] - 0.001},{POINT[1] - 0.001},{POINT[0] + 0.001},{POINT[1] + 0.001}"
        near = client.get("/collections/buildings/items", params={"bbox": around}).json()["features"]
        assert near and {feature["id"] for feature in near} <= {feature["id"] for feature in drawn}


@pytest.mark.parametrize("layer", sorted(load_layers()))
def test_every_layer_describes_its_tiles_in_every_set(city: City, layer: str) -> None:
    with city.client("admin") as client:
        listed = client.get(f"/collections/{layer}/tiles").json()["tilesets"]
        assert sorted(one["tileMatrixSetId"] for one in listed) == SETS
        for one in listed:
            described = client.get(next(link for link in one["links"] if link["rel"] == "self")["href"]).json()
            assert described["tilejson"] == "3.0.0" and described["dataType"] == "vector"
            limits = described["tileMatrixSetLimits"]
            assert [limit["tileMatrix"] for limit in limits] == [
                str(zoom) for zoom in range(described["minzoom"], described["maxzoom"] + 1)
            ]
            assert all(limit["minTileRow"] <= limit["maxTileRow"] for limit in limits)
            item = next(link for link in described["links"] if link["rel"] == "item")
            assert item["templated"] and item["type"] == "application/vnd.mapbox-vector-tile"
            row, column = limits[0]["minTileRow"], limits[0]["minTileCol"]
            path = item["href"].replace("{tileMatrix}", limits[0]["tileMatrix"])
            path = path.replace("{tileRow}", str(row)).replace("{tileCol}", str(column))
            assert client.get(path).status_code in (200, 204)
        style = client.get(f"/styles/{layer}").json()
        assert style["version"] == 8 and list(style["sources"]) == [layer]
        assert client.get(f"/collections/{layer}/tiles/Nowhere").status_code == 404


def test_heat_by_beidou_cell_counts_what_the_asker_sees(city: City) -> None:
    path = f"/collections/incidents/tiles/WebMercatorQuad/{find_tile(city, 'WebMercatorQuad', 14)}"
    with city.client("admin") as admin, city.client("west") as west, city.client() as public:
        answer = admin.get(path, params={"cells": "beidou"})
        drawn = mapbox_vector_tile.decode(answer.content)["incidents"]["features"]
        assert {feature["properties"]["level"] for feature in drawn} == {5}
        counts = {feature["properties"]["code"]: feature["properties"]["count"] for feature in drawn}
        held = admin.get("/collections/incidents/items", params={"limit": 1000}).json()["features"]
        by_cell: dict[str, int] = {}
        for feature in held:
            code = beidou.encode(*feature["geometry"]["coordinates"], level=5)
            by_cell[code] = by_cell.get(code, 0) + 1
        assert counts and all(by_cell[code] == count for code, count in counts.items())
        scoped = mapbox_vector_tile.decode(west.get(path, params={"cells": "beidou"}).content or b"")
        assert sum(f["properties"]["count"] for f in scoped.get("incidents", {"features": []})["features"]) <= sum(
            counts.values()
        )
        assert public.get(path, params={"cells": "beidou"}).status_code == 204
        assert admin.get(path, params={"cells": "hexagons"}).status_code == 400


def test_the_kept_cells_of_far_zooms_follow_an_edit(live_city: City) -> None:
    path = f"/collections/incidents/tiles/WebMercatorQuad/{find_tile(live_city, 'WebMercatorQuad', 9)}"

    def count() -> int:
        with live_city.client("admin") as client:
            content = client.get(path).content
        features = mapbox_vector_tile.decode(content)["incidents"]["features"]
        return sum(feature["properties"]["count"] for feature in features)

    before = count()
    for number in range(3):
        live_city.execute(
            "INSERT INTO incident (source_id, local_id, severity, block_code, access_class, geometry) "
            f"VALUES ('more', '{number}', 1, '99010100100101', 1, ST_SetSRID(ST_Point(114.0012, 22.5012), 4490))"
        )
        # From cells that are kept or without them: the answer to the next request is right, or soon is (the cache).
        for _ in range(100):
            if count() == before + number + 1:
                break
        assert count() == before + number + 1
