# SPDX-License-Identifier: Apache-2.0
"""GDAL/OGR (and so QGIS, and most of what reads maps) on the served collections and tiles."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

from layers.registry import load_layers
from tests.api.district import WEST
from tests.api.server import City
from tests.clients.clients import LAYERS, SHOPS, ask_gdal, read_stored, watch_gdal

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
_OGR_TYPES = {
    "string": "OFTString", "integer": "OFTInteger", "number": "OFTReal", "boolean": "OFTInteger",
    "datetime": "OFTDateTime",
}  # fmt: skip


def as_read(value: Any, kind: str) -> Any:
    """A stored value as GDAL gives it: moments in UTC, to the millisecond."""
    if value is None or kind != "datetime":
        return value
    moment = datetime.fromisoformat(value)
    return moment.timestamp() if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()


def shapes_of(answer: dict[str, Any]) -> dict[int, shapely.Geometry | None]:
    return {
        number: None if text is None else shapely.from_wkb(text)
        for number, text in zip(answer["ids"], answer["shapes"], strict=True)
    }  # fmt: skip


def check_shapes(read: dict[int, shapely.Geometry | None], wanted: dict[int, shapely.Geometry | None], by: float):
    assert read.keys() == wanted.keys()
    for number, shape in wanted.items():
        found = read[number]
        assert (found is None) == (shape is None)
        if shape is not None and found is not None:
            assert shapely.equals_exact(shapely.force_2d(found), shapely.force_2d(shape), tolerance=by, normalize=True)


@pytest.fixture(scope="module")
def everything(city: City) -> dict[str, dict[str, Any]]:
    """Every collection as GDAL reads it, five features a page."""
    path = f"OAPIF:{city.url}"
    (listed,) = ask_gdal(city, [{"path": path, "list": True}])
    names: list[str] = listed["layers"]
    asked = [{"path": path, "layer": name, "PAGE_SIZE": "5", "datetime_as_string": True} for name in names]
    return dict(zip(names, ask_gdal(city, asked), strict=True))


def test_gdal_lists_every_collection(everything: dict[str, Any]) -> None:
    assert set(everything) == {*LAYERS, "catalogue"}


def test_gdal_reads_the_records_of_the_catalogue(city: City, everything: dict[str, Any]) -> None:
    answer = everything["catalogue"]
    with city.client("admin") as admin:
        page = admin.get("/collections/catalogue/items", params={"limit": 1000}).json()
    assert answer["columns"]["id"] == [record["id"] for record in page["features"]]
    assert len(answer["ids"]) == page["numberMatched"] and answer["warnings"] == []


@pytest.mark.parametrize("layer_id", LAYERS)
def test_gdal_reads_every_feature_of_a_collection_as_it_is_stored(
    city: City, everything: dict[str, Any], layer_id: str
) -> None:
    answer = everything[layer_id]
    assert "error" not in answer and answer["warnings"] == []
    stored = read_stored(city, layer_id)
    assert stored and len(answer["ids"]) == len(set(answer["ids"])) == len(stored)
    assert CRS.from_user_input(answer["crs"]) == CRS.from_epsg(4490)
    check_shapes(shapes_of(answer), {number: shape for number, (shape, _) in stored.items()}, 1e-7)
    if layer_id == SHOPS:
        assert answer["fields"]["staff"][0] == "OFTInteger"
        for number, staff in zip(answer["ids"], answer["columns"]["staff"], strict=True):
            assert staff == stored[number][1]["staff"]
        return
    for declared in load_layers()[layer_id].properties:
        column = answer["columns"][declared.name]
        assert answer["fields"][declared.name][0] == _OGR_TYPES[declared.type], declared.name
        for number, value in zip(answer["ids"], column, strict=True):
            wanted = stored[number][1][declared.name]
            if declared.type == "number" and wanted is not None:
                assert value == pytest.approx(wanted)
            else:
                assert as_read(value, declared.type) == as_read(wanted, declared.type), declared.name


@pytest.mark.parametrize("code", ["OGC:CRS84", "EPSG:4326", "EPSG:4490", "EPSG:3857", "EPSG:4547"])
def test_gdal_reads_in_each_crs_that_is_offered(city: City, code: str) -> None:
    names = ("buildings", "roads", "addresses")
    # CRS84 and EPSG:4326 are one to it, and it asks for the first of them.
    said = 4326 if code == "OGC:CRS84" else CRS.from_user_input(code).to_epsg()
    asked = [{"path": f"OAPIF:{city.url}", "layer": name, "CRS": code} for name in names]
    # Files and tables have x before y whatever the registry says; GDAL turns what comes latitude first.
    move = Transformer.from_crs(4490, code, always_xy=True)
    for name, answer in zip(names, ask_gdal(city, asked), strict=True):
        assert CRS.from_user_input(answer["crs"]).name.startswith(CRS.from_epsg(said).name)
        wanted = {
            number: shapely.transform(shape, lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1])))
            for number, (shape, _) in read_stored(city, name).items() if shape is not None
        }  # fmt: skip
        check_shapes(shapes_of(answer), wanted, 1e-7 if CRS.from_user_input(code).is_geographic else 2e-2)


@pytest.mark.parametrize("code", ["EPSG:4490", "EPSG:3857", "EPSG:4547"])
def test_gdals_spatial_filter_is_the_servers_box(city: City, code: str) -> None:
    box = (114.003, 22.502, 114.021, 22.512)
    moved = Transformer.from_crs(4490, code, always_xy=True).transform_bounds(*box)
    asked = {"path": f"OAPIF:{city.url}", "layer": "buildings", "CRS": code, "bbox": moved}
    (answer,), fetched = watch_gdal(city, [asked])
    wanted = {
        n for n, (shape, _) in read_stored(city, "buildings").items() if shapely.intersects(shape, shapely.box(*box))
    }
    assert set(answer["ids"]) == wanted and 0 < len(wanted) < 17
    assert any("bbox=" in url and f"bbox-crs={EPSG}{code[5:]}" in url for url in fetched)


@pytest.mark.parametrize(("layer_id", "where", "pushed"), [
    ("buildings", "use = 'public'", "use=public"),
    ("buildings", "use = 'residential' AND storeys_above = 6", "use=residential&storeys_above=6"),
    ("incidents", "state = 'closed' AND severity = 4", "state=closed&severity=4"),
    ("incidents", "severity > 1 AND state = 'handling'", "state=handling"),
    ("hazards", "severity IN (1, 2)", ""),
    ("blocks", f"parent_code = '{WEST}'", f"parent_code={WEST}"),
    ("parcels", "plot_ratio > 2.4 AND land_use = '居住用地'", "land_use=居住用地"),
])  # fmt: skip
def test_gdals_attribute_filter_finds_what_sql_finds(city: City, layer_id: str, where: str, pushed: str) -> None:
    """`pushed` is what it asks of the server, by the parameters that the API's description lists; it does the rest."""
    asked = {"path": f"OAPIF:{city.url}", "layer": layer_id, "where": where, "PAGE_SIZE": "4"}
    (answer,), fetched = watch_gdal(city, [asked])
    rows = city.execute(f"SELECT id FROM ({load_layers()[layer_id].sql}) AS layer WHERE {where}")
    assert rows and sorted(answer["ids"]) == sorted(int(str(number)) for (number,) in rows)
    assert any(pushed in url for url in fetched)


def test_gdal_sees_what_its_token_may_see(city: City) -> None:
    asked = [{"path": f"OAPIF:{city.url}", "layer": name} for name in ("buildings", "incidents")]
    everybody, west, admin = (ask_gdal(city, asked, who) for who in (None, "west", "admin"))
    assert [len(answer["ids"]) for answer in everybody] == [1, 0]
    assert 1 < len(west[0]["ids"]) < len(admin[0]["ids"])
    assert set(west[1]["ids"]) < set(admin[1]["ids"])
