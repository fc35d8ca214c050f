# SPDX-License-Identifier: Apache-2.0
"""Business layers: one upload makes a layer, counted in its blocks, seen by some, and gone without a trace."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.report import LoadReport
from ingest.source import Options, find_source
from tests.api.district import COMMUNITY, DISTRICT, EAST, WEST
from tests.api.server import City

SHOPS = """编号,名称,经度,纬度,类型,员工
1,一号店,114.005,22.503,餐饮,5
2,二号店,114.015,22.504,零售,12
3,三号店,114.055,22.504,餐饮,不详
"""


def load(city: City, folder: Path, text: str = SHOPS) -> LoadReport:
    path = folder / "shops.csv"
    path.write_text(text)
    return find_source("points").load(city.settings, path, Options(crs="EPSG:4490", layer_name="shops"))


def eventually(met: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if found := met():
            return found
        time.sleep(0.1)
    pytest.fail("it did not come about")


def test_a_list_becomes_a_layer_by_one_upload(live_city: City, tmp_path: Path) -> None:
    with live_city.client("admin") as admin, live_city.client("west") as west, live_city.client() as public:
        load(live_city, tmp_path)
        described = eventually(lambda: (a := admin.get("/collections/shops")).status_code == 200 and a.json())
        assert {p["name"] for p in described["blocktwin"]["properties"]} >= {"name", "类型", "员工"}
        features = admin.get("/collections/shops/items").json()["features"]
        assert sorted(f["properties"]["类型"] for f in features) == ["零售", "餐饮", "餐饮"]
        assert len(west.get("/collections/shops/items").json()["features"]) == 2
        assert admin.get("/collections/shops/tiles/WebMercatorQuad/14/7172/13374").status_code in (200, 204)
        assert public.get("/collections/shops").status_code == 404
        assert "shops" not in {c["id"] for c in public.get("/collections").json()["collections"]}


def test_it_is_counted_in_every_block(live_city: City, tmp_path: Path) -> None:
    load(live_city, tmp_path)
    with live_city.client("admin") as admin:
        for code, count in ((DISTRICT, 3), (WEST, 2), (EAST, 1), (COMMUNITY, 2)):
            business = admin.get(f"/blocks/{code}/profile").json()["business"]
            assert [(layer["code"], layer["count"]) for layer in business] == [("shops", count)]


def test_its_description_gives_types_titles_and_looks(live_city: City, tmp_path: Path) -> None:
    load(live_city, tmp_path)
    description = {
        "title": {"zh": "门店", "en": "Shops"}, "owner": "商务局", "access_class": 3,
        "attribute_schema": {"properties": {
            "员工": {"type": "integer", "x-title-en": "Staff", "x-unit": "人"}, "类型": {"type": "string"},
        }},
        "legend": {"fill": "#336699", "by": {"property": "类型", "values": {"餐饮": "#ff0000", "坏": "url(x)"}}},
    }  # fmt: skip
    with live_city.client("admin") as admin, live_city.client("wall") as wall:
        assert admin.put("/business-layers/shops", json=description).status_code == 200
        described = eventually(lambda: (a := admin.get("/collections/shops")).status_code == 200 and a.json())[
            "blocktwin"
        ]
        assert described["style"]["by"] == {"property": "类型", "values": {"餐饮": "#ff0000"}}
        staff = next(p for p in described["properties"] if p["name"] == "员工")
        assert (staff["type"], staff["unit"], staff["title"]["en"]) == ("integer", "人", "Staff")
        values = {f["properties"]["local_id"]: f["properties"]["员工"] for f in
                  admin.get("/collections/shops/items").json()["features"]}  # fmt: skip
        assert values == {"1": 5, "2": 12, "3": None}
        assert wall.get("/collections/shops/items").status_code == 404
        assert wall.get(f"/blocks/{DISTRICT}/profile").json()["business"] == []


def test_rows_are_held_to_the_layers_schema_and_class(live_city: City, tmp_path: Path) -> None:
    description = {
        "title": {"zh": "shops"}, "access_class": 3,
        "attribute_schema": {
            "properties": {"员工": {"type": "integer", "minimum": 6}, "类型": {"enum": ["餐饮", "零售"]}},
            "required": ["类型"],
        },
    }  # fmt: skip
    with live_city.client("admin") as admin:
        assert admin.put("/business-layers/shops", json=description).status_code == 201
        report = load(live_city, tmp_path, SHOPS + "4,四号店,114.005,22.503,,9\n")
        assert (report.read, report.kept, report.rejected) == (4, 1, 3)
        told = {(reject.row, reject.field, reject.reason.en) for reject in report.rejects}
        assert told == {
            (1, "员工", "less than the least allowed"), (3, "员工", "not of the type that is asked for"),
            (4, "类型", "a column that is asked for is empty"),
        }  # fmt: skip
    assert live_city.execute("SELECT access_class FROM business_feature") == [(3,)]


def test_a_second_upload_is_a_second_version_and_the_first_can_be_asked_for(live_city: City, tmp_path: Path) -> None:
    load(live_city, tmp_path)
    moment = live_city.execute("SELECT clock_timestamp()::text")[0][0]
    load(live_city, tmp_path, SHOPS.replace("一号店", "老店"))
    with live_city.client("admin") as admin:
        eventually(lambda: admin.get("/collections/shops").status_code == 200)
        assert admin.get("/business-layers").json()["layers"][0]["version"] == 2

        def names(**given: str) -> set[str]:
            answer = admin.get("/collections/shops/items", params=given).json()
            return {f["properties"]["name"] for f in answer["features"]}

        assert "老店" in names()
        assert "一号店" in names(as_of=str(moment))


def test_whoever_watches_hears_of_its_changes(live_city: City, tmp_path: Path) -> None:
    load(live_city, tmp_path)
    with live_city.client("admin") as admin:
        eventually(lambda: admin.get("/collections/shops").status_code == 200)
        with admin.stream("GET", "/stream", params={"layers": "shops"}) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: hello"
            live_city.execute("UPDATE business_feature SET name = '改名' WHERE local_id = '1'")
            told = next(line for line in lines if line.startswith("data:") and '"layer"' in line)
    assert '"layer":"shops"' in told


def test_it_goes_without_a_trace(live_city: City, tmp_path: Path) -> None:
    load(live_city, tmp_path)
    load(live_city, tmp_path, SHOPS.replace("一号店", "老店"))
    with live_city.client("admin") as admin, live_city.client("planner") as planner:
        assert planner.delete("/business-layers/shops").status_code == 403
        gone = admin.delete("/business-layers/shops").json()
        assert (gone["features"], gone["versions"]) == (3, 1)
        assert admin.get("/collections/shops").status_code == 404
        assert admin.get(f"/blocks/{DISTRICT}/profile").json()["business"] == []
        assert admin.delete("/business-layers/shops").status_code == 404
    left = live_city.execute(
        "SELECT (SELECT count(*) FROM business_feature) + (SELECT count(*) FROM business_feature_history) "
        "+ (SELECT count(*) FROM load WHERE kind = 'points') "
        "+ (SELECT count(*) FROM measure WHERE code = 'business.shops')"
    )
    assert left == [(0,)]


def test_what_has_outlived_its_retention_is_purged(live_city: City, tmp_path: Path) -> None:
    load(live_city, tmp_path)
    live_city.execute("UPDATE business_layer SET retention_until = current_date - 2")
    assert live_city.execute("SELECT purge_expired_layers()") == [(1,)]
    assert live_city.execute("SELECT what, features, reason LIKE 'retention%%' FROM purge_record") == [
        ("business layer shops", 3, True)
    ]


def test_a_layer_of_the_program_is_no_business_layer(city: City) -> None:
    with city.client("admin") as admin:
        answer = admin.put("/business-layers/buildings", json={"title": {"zh": "楼"}})
    assert answer.status_code == 409
