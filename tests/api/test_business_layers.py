# SPDX-License-Identifier: Apache-2.0
"""Business layers: one upload makes a layer, counted in its blocks, seen by some, and gone without a trace."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import mapbox_vector_tile
import pytest
import shapely

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


def test_attributes_may_be_called_whatever_a_department_calls_them(live_city: City, tmp_path: Path) -> None:
    text = """编号,经度,纬度,占比(%),"a ""b"" {c}",tile_lon,count,%s
1,114.005,22.503,5,x,q,7,s
"""
    load(live_city, tmp_path, text)
    named = {"占比(%)": "5", 'a "b" {c}': "x", "attribute_tile_lon": "q", "attribute_count": "7", "%s": "s"}
    with live_city.client("admin") as admin:
        eventually(lambda: admin.get("/collections/shops").status_code == 200)
        (feature,) = admin.get("/collections/shops/items").json()["features"]
        assert feature["properties"].items() >= named.items()
        for form in ("csv", "geojson"):
            written = admin.get("/collections/shops/export", params={"f": form})
            assert written.status_code == 200 and "占比(%)" in written.text
        item = admin.get(f"/collections/shops/items/{feature['id']}")
        assert item.json()["properties"]["占比(%)"] == "5"
        tile = admin.get("/collections/shops/tiles/WebMercatorQuad/16/28607/53524")
        assert tile.status_code in (200, 204)
        for zoom in (8, 14):
            column, row = int((114.005 + 180) / 360 * 2**zoom), {8: 111, 14: 7143}[zoom]
            assert admin.get(f"/collections/shops/tiles/WebMercatorQuad/{zoom}/{row}/{column}").status_code in (
                200,
                204,
            )


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


def test_a_layer_of_points_lines_and_areas_shows_all_of_them(live_city: City, tmp_path: Path) -> None:
    path = tmp_path / "zones.gpkg"
    # The area and the line lie in both streets: the border is at 114.04.
    gpd.GeoDataFrame(
        {"编号": ["area", "line", "point"], "名称": ["片区", "线路", "点位"]},
        geometry=[
            shapely.box(114.036, 22.502, 114.041, 22.505),
            shapely.LineString([(114.039, 22.507), (114.042, 22.507), (114.044, 22.507)]),
            shapely.Point(114.045, 22.503),
        ],
        crs=4490,
    ).to_file(path)  # fmt: skip
    find_source("business").load(live_city.settings, path, Options(layer_name="zones"))
    with live_city.client("admin") as admin, live_city.client("west") as west, live_city.client("east") as east:
        described = eventually(lambda: (a := admin.get("/collections/zones")).status_code == 200 and a.json())
        assert described["blocktwin"]["geometries"] == ["polygon", "line", "point"]
        assert described["blocktwin"]["geometry"] == "polygon" and described["blocktwin"]["style"]["radius"] == 4

        def found(client: httpx.Client, **given: str) -> set[str]:
            answer = client.get("/collections/zones/items", params=given).json()
            return {f["properties"]["local_id"] for f in answer["features"]}

        assert found(admin, block=WEST) == {"area", "line"} == found(west)
        assert found(admin, block=EAST) == {"area", "line", "point"} == found(east)
        # Each is counted once, at its home.
        for code, count in ((DISTRICT, 3), (WEST, 1), (EAST, 2)):
            assert [layer["count"] for layer in admin.get(f"/blocks/{code}/profile").json()["business"]] == [count]
        # From far and near: a cell holds them all, then each is drawn as it is.
        tiles = "/collections/zones/tiles/WebMercatorQuad"
        assert admin.get(f"{tiles}/9/223/418").content
        drawn = mapbox_vector_tile.decode(admin.get(f"{tiles}/14/7140/13382").content)["zones"]["features"]
        assert {shape["geometry"]["type"] for shape in drawn} == {"Polygon", "LineString", "Point"}
        style = admin.get("/styles/default").json()
        assert not [entry for entry in style["layers"] if entry["source"] == "zones"]  # off until it is switched on


def test_every_load_that_changes_something_is_a_version(live_city: City, tmp_path: Path) -> None:
    load(live_city, tmp_path)
    load(live_city, tmp_path)  # nothing new
    smaller = SHOPS.replace("一号店", "老店").replace("3,三号店", "4,四号店")
    (tmp_path / "shops.csv").write_text(smaller)
    whole = Options(crs="EPSG:4490", layer_name="shops", update="whole")
    report = find_source("business").load(live_city.settings, tmp_path / "shops.csv", whole)
    assert (report.inserted, report.updated, report.ended) == (1, 1, 1)
    with (
        live_city.client("admin") as admin, live_city.client("west") as west, live_city.client("planner") as planner,
        live_city.client() as public,
    ):  # fmt: skip
        eventually(lambda: admin.get("/collections/shops").status_code == 200)
        listed = admin.get("/business-layers/shops/versions").json()["versions"]
        told = ("number", "file", "added", "changed", "ended", "rows")
        assert [tuple(version[name] for name in told) for version in listed] == [
            (2, "shops.csv", 1, 1, 1, 3), (1, "shops.csv", 3, 0, 0, 3),
        ]  # fmt: skip
        assert listed[0]["load_id"] == report.load_id
        page = admin.get("/business-layers/shops/versions", params={"limit": 1}).json()
        assert page["next"] == 2
        assert admin.get("/business-layers/shops/versions", params={"after": 2}).json()["versions"] == listed[1:]

        def rows(**given: Any) -> set[tuple[str, str]]:
            features = admin.get("/collections/shops/items", params=given).json()["features"]
            return {(f["properties"]["local_id"], f["properties"]["name"]) for f in features}

        first = {("1", "一号店"), ("2", "二号店"), ("3", "三号店")}
        assert rows(as_of=listed[1]["as_of"]) == first
        assert rows(as_of=listed[0]["as_of"]) == rows() == {("1", "老店"), ("2", "二号店"), ("4", "四号店")}

        def changes(client: httpx.Client, **given: Any) -> list[tuple[str, str]]:
            answer = client.get("/business-layers/shops/versions/2/changes", params=given).json()
            return [(change["local_id"], change["op"]) for change in answer["changes"]]

        assert changes(admin) == [("1", "changed"), ("3", "ended"), ("4", "added")]
        assert changes(admin, op="ended") == [("3", "ended")]
        half = admin.get("/business-layers/shops/versions/2/changes", params={"limit": 2}).json()
        assert changes(admin, after=half["next"]) == [("4", "added")]
        assert admin.get("/business-layers/shops/versions/9/changes").status_code == 404
        # The steward's and the owner's business, and the owner's within reach.
        assert [c.get("/business-layers/shops/versions").status_code for c in (planner, west, public)] == [
            403,
            403,
            404,
        ]
        owned = {"title": {"zh": "shops"}, "owner_role": "grid_manager"}
        assert admin.put("/business-layers/shops", json=owned).status_code == 200
        assert west.get("/business-layers/shops/versions").json()["versions"][0]["ended"] == 1
        assert changes(west) == [("1", "changed")]
        assert planner.get("/business-layers/shops/versions").status_code == 403


def test_whoever_watches_hears_that_the_list_of_layers_is_another(live_city: City, tmp_path: Path) -> None:
    with live_city.client("admin") as admin, live_city.client("wall") as wall:

        def hear(client: httpx.Client, work: Callable[[], object], until: str = "collections") -> dict[str, Any]:
            with client.stream("GET", "/stream", params={"layers": "buildings"}) as answer:
                lines = answer.iter_lines()
                assert next(lines) == "event: hello"
                work()
                told = next(line for line in lines if line.startswith("data:") and f'"layer":"{until}"' in line)
            return json.loads(told.removeprefix("data:"))

        def ids(client: httpx.Client) -> set[str]:
            return {layer["id"] for layer in client.get("/collections").json()["collections"]}

        told = hear(wall, lambda: load(live_city, tmp_path))
        assert (told["ids"], told["block_codes"], told["bbox"]) == (None, [], None)
        # Whoever is told may ask at once.
        assert "shops" in ids(wall)
        described = {"title": {"zh": "门店"}, "access_class": 3}
        hear(wall, lambda: admin.put("/business-layers/shops", json=described))
        assert "shops" not in ids(wall) and "shops" in ids(admin)
        # What the wall may not know of it does not hear of: only the change of its own that follows.
        building = "UPDATE building SET name = '新名' WHERE local_id = 'public'"
        heard: list[dict[str, Any]] = []
        with wall.stream("GET", "/stream") as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: hello"
            admin.delete("/business-layers/shops")
            live_city.execute(building)
            for line in lines:
                if line.startswith('data: {"layer"'):
                    heard.append(json.loads(line.removeprefix("data:")))
                    if heard[-1]["layer"] == "buildings":
                        break
        assert "collections" not in {event["layer"] for event in heard}


def find_everywhere(city: City, words: list[str]) -> set[str]:
    """The tables that have any of the words in any column, certificates and the audit log aside."""
    tables = city.execute(
        "SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace AS space ON space.oid = relnamespace "
        "WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema') "
        "AND relname NOT IN ('purge_record', 'audit_entry')"
    )
    pattern = "|".join(words)
    return {
        str(name)
        for (name,) in tables
        if city.execute(f"SELECT 1 FROM {name} AS t WHERE t::text ~ %s LIMIT 1", pattern)
    }


def test_nothing_of_it_is_left_in_any_table_or_file(live_city: City, tmp_path: Path) -> None:
    # What is told of each step stays findable until then: names, a value, an address, the layer, its file and title.
    secrets = ["zz_secret", "机密", "绝密路", "qwertz"]
    told = ("1,机密一,,114.005,22.503", "2,机密二,绝密路1号,,", "3,机密三,,,")
    text = "编号,名称,地址,经度,纬度,备注\n" + "".join(f"{row},qwertz\n" for row in told)
    settings = live_city.settings
    path = tmp_path / "qwertz.csv"
    path.write_text(text)
    options = Options(crs="EPSG:4490", layer_name="zz secret")
    live_city.execute(
        "INSERT INTO address (source_id, local_id, road, number, normalised, block_code, geometry) SELECT 'test', 'a', "
        "'公开路', '1', '公开路1号', code, ST_PointOnSurface(geometry) FROM block WHERE level = 4 LIMIT 1"
    )
    find_source("business").load(settings, path, options)
    review = live_city.execute("SELECT id FROM placement_review")[0][0]
    live_city.execute(
        "UPDATE placement_review SET candidates = jsonb_build_array(jsonb_build_object('address_id', (SELECT id FROM "
        "address), 'match_level', 'gate_number')), alias = '绝密路1号'"
    )
    assert live_city.execute("SELECT confirm_placement(%s, 0, 'test')", review) == [("done",)]
    area = gpd.GeoDataFrame(
        {"编号": ["9"], "名称": ["机密片"]}, geometry=[shapely.box(114.036, 22.502, 114.041, 22.505)], crs=4490
    )
    area.to_file(tmp_path / "qwertz.gpkg")
    # The list ends what it lacks: its review is gone with it, the alias it taught is not.
    whole = replace(options, crs=None, update="whole")
    assert find_source("business").load(settings, tmp_path / "qwertz.gpkg", whole).ended == 2
    settings.spool_dir.mkdir(parents=True, exist_ok=True)
    (settings.spool_dir / "waiting").write_text(text)
    live_city.execute(
        "INSERT INTO job_progress (kind, state, report) VALUES ('business', 'done', '{\"source_id\": \"zz_secret\", "
        "\"file\": \"qwertz.csv\"}'), ('withdrawal', 'done', jsonb_build_object('load_id', (SELECT max(id) FROM load), "
        "'file_name', 'qwertz.gpkg'))"
    )
    live_city.execute(
        "INSERT INTO upload (id, filename, kind, options, size, job_id) SELECT 'waiting', 'qwertz.csv', 'business', "
        "'{\"check\": true}', 9, min(id) FROM job_progress"
    )
    live_city.execute(
        "INSERT INTO target (code, title, measure, goal, due_date) "
        "VALUES ('t', '{}', 'business.zz_secret', 5, '2030-01-01')"
    )
    features = live_city.execute("SELECT array_agg(id) FROM (SELECT id FROM business_feature "
                                 "UNION SELECT id FROM business_feature_history) AS had")[0][0]  # fmt: skip
    where = find_everywhere(live_city, secrets)
    assert {f"public.{name}" for name in ("business_feature", "business_feature_history", "load", "load_end", "upload",
            "job_progress", "address_alias", "business_layer_version", "measure", "target")} <= where  # fmt: skip
    with live_city.client("admin") as admin:
        assert admin.delete("/business-layers/zz_secret").status_code == 200
        assert find_everywhere(live_city, secrets) == set()
        # The audit log says that there was a layer of this name and that it went, and nothing of what was in it.
        for word in secrets[1:]:
            assert live_city.execute("SELECT count(*) FROM audit_entry AS t WHERE t::text ~ %s", word) == [(0,)], word
        assert not list(settings.spool_dir.iterdir())
        # Nor where it lay: the change log has neither its boxes nor its ids, and no block counts it.
        assert live_city.execute(
            "SELECT count(*) FROM change WHERE layer = 'business_features' "
            "AND (ids && %s::bigint[] OR envelope IS NOT NULL)",
            features,
        ) == [(0,)]
        for table in ("feature_block", "feature_block_history"):
            assert live_city.execute(f"SELECT count(*) FROM {table} WHERE kind = 'business_feature'") == [(0,)]
        assert live_city.execute("SELECT count(*) FROM load_reject") == [(0,)]


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
