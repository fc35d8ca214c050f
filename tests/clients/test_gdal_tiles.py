# SPDX-License-Identifier: Apache-2.0
"""GDAL's reader of vector tiles on the tiles of every layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely
from pyproj import Transformer

from layers.tile import HALF_WORLD, TILE_MATRIX_SETS, WEB_MERCATOR, find_span
from tests.api.server import City
from tests.clients.clients import LAYERS, ask_gdal, read_stored

_TO_METRES = Transformer.from_crs(4490, 3857, always_xy=True)


def save_tiles(city: City, folder: Path, layer_id: str) -> tuple[str, int, dict[int, shapely.Point]]:
    """The finest tiles in which the layer's features stand, as files zoom/column/row, which is the order GDAL knows.

    Gives the folder of the zoom, the zoom, and a place on each feature in degrees.
    """
    places = {
        number: shape.point_on_surface() for number, (shape, _) in read_stored(city, layer_id).items() if shape
    }  # fmt: skip
    with city.client("admin") as admin:
        described = admin.get(f"/collections/{layer_id}/tiles/{WEB_MERCATOR}").json()
        zoom: int = described["maxzoom"]
        tiles = {
            (column, row)
            for place in places.values()
            for columns, rows in [find_span(TILE_MATRIX_SETS[WEB_MERCATOR], zoom, place.bounds)]
            for column in columns for row in rows
        }  # fmt: skip
        for column, row in tiles:
            address = described["tiles"][0].format(z=zoom, x=column, y=row)
            answer = admin.get(address)
            assert answer.status_code == 200, address
            file = folder / layer_id / str(zoom) / str(column) / f"{row}.mvt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(answer.content)
    return str(folder / layer_id / str(zoom)), zoom, places


@pytest.fixture(scope="module")
def tiled(city: City, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What GDAL reads, the zoom, and where the features are, by layer."""
    folder = tmp_path_factory.mktemp("tiles")
    saved = {layer_id: save_tiles(city, folder, layer_id) for layer_id in LAYERS}
    asked = [
        {"path": f"MVT:{path}", "METADATA_FILE": "", "TILE_EXTENSION": "mvt", "CLIP": "NO"}
        for path, _, _ in saved.values()
    ]
    return {
        layer_id: (answer, *saved[layer_id][1:])
        for layer_id, answer in zip(saved, ask_gdal(city, asked), strict=True)
    }  # fmt: skip


@pytest.mark.parametrize("layer_id", LAYERS)
def test_gdal_finds_every_feature_in_the_tile_of_its_place(tiled: dict[str, Any], layer_id: str) -> None:
    answer, zoom, places = tiled[layer_id]
    assert "error" not in answer and answer["crs"] == "EPSG:3857"
    drawn: dict[int, list[shapely.Geometry]] = {}
    for number, text in zip(answer["columns"]["mvt_id"], answer["shapes"], strict=True):
        drawn.setdefault(number, []).append(shapely.from_wkb(text))
    assert places and places.keys() <= drawn.keys()
    unit = 2 * HALF_WORLD / 2**zoom / 4096
    for number, place in places.items():
        there = shapely.Point(_TO_METRES.transform(place.x, place.y))
        assert min(shapely.distance(shape, there) for shape in drawn[number]) < 1.5 * unit
