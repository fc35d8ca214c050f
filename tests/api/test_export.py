# SPDX-License-Identifier: Apache-2.0
"""Export over HTTP: files that open elsewhere with what the asker may see in them, and no more."""

from __future__ import annotations

import csv
import io
import json
import logging
import zipfile
from pathlib import Path

import httpx
import psycopg
import pyogrio
import pytest

import api.features.export
from layers.registry import load_layers
from tests.api.district import DISTRICT, GRIDS, WEST
from tests.api.server import City
from twin.access import Role, create_token
from twin.database import transaction


def test_a_geopackage_has_the_features_and_fields_of_the_layer(city: City, tmp_path: Path) -> None:
    with city.client("admin") as admin:
        answer = admin.get("/collections/buildings/export", params={"f": "gpkg", "block": WEST})
    assert answer.status_code == 200, answer.text
    mark = answer.headers["twin-export"]
    assert answer.headers["content-disposition"] == f'attachment; filename="buildings-{mark}.gpkg"'
    path = tmp_path / "buildings.gpkg"
    path.write_bytes(answer.content)
    frame = pyogrio.read_dataframe(path)
    assert len(frame) == GRIDS // 2 + 1
    assert frame.crs.to_epsg() == 4490
    assert set(frame["block_code"].str[:9]) == {WEST}
    assert set(frame.geom_type) == {"Polygon"}


def test_a_table_for_excel_has_a_mark_and_words_in_chinese(city: City) -> None:
    with city.client("admin") as admin:
        answer = admin.get(
            "/collections/buildings/export", params={"f": "csv", "block": WEST}, headers={"Accept-Language": "zh"}
        )
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {"名称", "用途", "高度 (m)", "经度", "纬度"} <= set(rows[0])
    assert {row["用途"] for row in rows} == {"住宅", "公共服务"}


def test_no_cell_is_a_formula(live_city: City) -> None:
    live_city.execute("UPDATE building SET name = '=HYPERLINK(\"http://x\")', base_elevation = -2.5")
    with live_city.client("admin") as admin:
        asked = {"block": WEST}
        text = admin.get("/collections/buildings/export", params=asked | {"f": "csv"}).content.decode("utf-8-sig")
        book = admin.get("/collections/buildings/export", params=asked | {"f": "xlsx"}).content
    row = next(csv.DictReader(io.StringIO(text)))
    assert row["Name"].startswith("'=HYPERLINK")
    assert row["Base elevation (m)"] == "-2.5"
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheet = "".join(parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/"))
    assert "<f>" not in sheet and "&apos;=HYPERLINK(&quot;" not in sheet and "'=HYPERLINK(&quot;" in sheet


def test_a_workbook_opens_with_the_same_rows(city: City, tmp_path: Path) -> None:
    with city.client("admin") as admin:
        path = tmp_path / "parks.xlsx"
        path.write_bytes(admin.get("/registers/parks/export", params={"f": "xlsx", "q": "东"}).content)
    frame = pyogrio.read_dataframe(path)
    assert frame["Name"].tolist() == ["东园"]
    assert frame["Firms"].tolist() == [7]
    assert frame["longitude"].tolist() == [pytest.approx(114.0675)]


def test_geojson_is_the_items_in_one_piece(city: City) -> None:
    with city.client("admin") as admin:
        exported = admin.get("/collections/urban_villages/export").json()
        assert exported["features"] == admin.get("/collections/urban_villages/items").json()["features"]


def test_an_export_holds_only_what_the_asker_may_see(city: City) -> None:
    with city.client("west") as west:
        names = [
            f["properties"]["block_code"][:9] for f in west.get("/collections/buildings/export").json()["features"]
        ]
    assert set(names) == {WEST}
    # The text of an incident is a column of class 3.
    for name, is_told in (("wall", False), ("planner", True)):
        with city.client(name) as client:
            head = client.get("/collections/incidents/export", params={"f": "csv"}).content.decode("utf-8-sig")
        assert ("Summary" in head.splitlines()[0]) is is_told
    with city.client() as public:
        exported = public.get("/collections/buildings/export", params={"block": WEST}).json()
        assert len(exported["features"]) == 1


def test_every_layer_goes_out_in_every_format(city: City) -> None:
    with city.client("admin") as admin:
        for layer in load_layers():
            for form in ("geojson", "gpkg", "csv", "xlsx"):
                answer = admin.get(f"/collections/{layer}/export", params={"f": form, "block": WEST})
                assert (answer.status_code, len(answer.content) > 0) == (200, True), (layer, form, answer.text)


def test_too_large_an_export_says_how_to_go_on(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(city.settings, "export_max_rows", 3)
    with city.client("admin") as admin:
        for form in ("geojson", "csv", "gpkg", "xlsx"):
            answer = admin.get("/collections/buildings/export", params={"f": form, "block": WEST})
            assert answer.status_code == 400
            assert "block" in answer.json()["detail"]
        assert admin.get("/collections/buildings/export", params={"f": "shp"}).status_code == 400


def test_a_file_that_is_written_page_by_page_has_every_row_once(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: dict[str, list[bytes]] = {}
    with city.client("admin") as admin:
        for page in (5_000, 3):
            monkeypatch.setattr(api.features.export, "_PAGE", page)
            for layer in ("buildings", "incidents", "urban_villages"):
                one = admin.get(f"/collections/{layer}/export", params={"block": WEST}).json()
                ids = [feature["id"] for feature in one["features"]]
                assert len(ids) == len(set(ids))
                table = admin.get(f"/collections/{layer}/export", params={"block": WEST, "f": "csv"}).content
                whole.setdefault(layer, []).append(json.dumps(one["features"]).encode() + table)
    assert all(first == second for first, second in whole.values())


def test_a_large_scale_topographic_layer_goes_out_up_to_its_cap_of_area(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(client: httpx.Client, layer: str = "buildings", **params: str) -> httpx.Response:
        return client.get(f"/collections/{layer}/export", params=params)

    with city.client("admin") as admin, city.client("west") as west:
        # The district has 36 km², a street 18, a community 9, a grid 2.3.
        refused = ask(admin)
        assert refused.status_code == 400
        assert "25 km²" in refused.json()["detail"] and "36." in refused.json()["detail"]
        assert "block" in refused.json()["detail"]
        for layer, status in (("roads", 400), ("components", 400), ("industrial_parks", 200), ("incidents", 200)):
            assert ask(admin, layer).status_code == status, layer
        assert ask(admin, block=DISTRICT).status_code == 400
        assert ask(admin, block=WEST).status_code == 200
        # A scope is as good as a block: the manager's street is all that there is to be had.
        assert ask(west).status_code == 200 and ask(west, block=DISTRICT).status_code == 200
        assert ask(admin, bbox="114,22.5,114.03,22.53").status_code == 200
        assert ask(admin, bbox="-180,-90,180,90").status_code == 400
        assert ask(admin, bbox="-180,-90,180,90", block=WEST).status_code == 200
        assert ask(admin, ids="1,2,3").status_code == 200
        assert ask(admin, ids=",".join(str(number) for number in range(1, 18))).status_code == 400
        monkeypatch.setattr(city.settings, "topographic_export_km2", 10)
        assert ask(admin, block=WEST).status_code == 400 and ask(west).status_code == 400
        assert ask(admin, block=f"{WEST}001").status_code == 200
        monkeypatch.setattr(city.settings, "topographic_export_km2", 0)
        assert ask(admin).status_code == 200


def test_what_lies_outside_of_every_block_counts_towards_the_cap_as_well(live_city: City) -> None:
    live_city.execute("DELETE FROM block WHERE code NOT LIKE '990101001%' AND code <> '990101'")
    live_city.execute("UPDATE block SET geometry = (SELECT geometry FROM block WHERE code = '990101001') "
                      "WHERE code = '990101'")  # fmt: skip
    with live_city.client("admin") as admin:
        assert admin.get("/collections/buildings/export").status_code == 200
        live_city.execute("UPDATE building SET block_code = '~' WHERE block_code LIKE '990101002%'")
        assert admin.get("/collections/buildings/export").status_code == 400
        near = admin.get("/collections/buildings/export", params={"bbox": "114.04,22.5,114.06,22.51"})
        assert near.status_code == 200 and len(near.json()["features"]) == 1


def test_every_file_has_the_mark_under_which_it_is_on_record(live_city: City, tmp_path: Path) -> None:
    with transaction(live_city.settings) as connection:
        for name, scope in (("auditor", ()), ("steward", ()), ("western", (WEST,))):
            role: Role = "auditor" if name == "western" else name
            live_city.tokens[name] = create_token(connection, role, scope=scope, label=name)
    marks: dict[str, str] = {}
    with live_city.client("west") as west, live_city.client("admin") as admin:
        for form in ("geojson", "gpkg", "csv", "xlsx"):
            answer = west.get("/collections/buildings/export", params={"f": form, "bbox": "114,22.5,114.03,22.53"})
            marks[form] = answer.headers["twin-export"]
            (tmp_path / f"file.{form}").write_bytes(answer.content)
            assert marks[form] in answer.headers["content-disposition"]
            assert int(answer.headers["content-length"]) == len(answer.content)
        admin.get("/registers/parks/export", params={"f": "csv", "q": "东园", "filter": "firms>=3"})
        assert admin.get("/collections/buildings/export").status_code == 400
    inside = json.loads((tmp_path / "file.geojson").read_text())["export"]
    assert (inside["id"], inside["layer"], inside["secrecy_label"]) == (marks["geojson"], "buildings", "none")
    assert pyogrio.read_info(tmp_path / "file.gpkg")["dataset_metadata"]["EXPORT_ID"] == marks["gpkg"]
    with zipfile.ZipFile(tmp_path / "file.xlsx") as book:
        assert f"<dc:identifier>{marks['xlsx']}</dc:identifier>" in book.read("docProps/core.xml").decode()
    with live_city.client("auditor") as auditor:
        listed = auditor.get("/exports").json()["exports"]
        assert [one["layer"] for one in listed] == ["industrial_parks"] + ["buildings"] * 4
        assert [one["id"] for one in listed[1:]] == [marks[form] for form in ("xlsx", "csv", "gpkg", "geojson")]
        newest, oldest = listed[0], listed[-1]
        assert newest["filter"] == {"words": 1, "conditions": ["firms>="]} and newest["block_codes"] == []
        assert (oldest["role"], oldest["form"], oldest["block_codes"]) == ("grid_manager", "geojson", [WEST])
        assert oldest["rows"] == len(json.loads((tmp_path / "file.geojson").read_text())["features"])
        assert oldest["area"] == pytest.approx(3.09 * 3.32, rel=0.02)
        assert oldest["size"] == (tmp_path / "file.geojson").stat().st_size
        pages = auditor.get("/exports", params={"limit": 3}).json()
        rest = auditor.get("/exports", params={"limit": 3, "before": pages["next"]}).json()
        assert [one["id"] for one in pages["exports"] + rest["exports"]] == [one["id"] for one in listed]
        assert auditor.get(f"/exports/{marks['csv']}").json()["form"] == "csv"
        assert auditor.get("/exports/E20200101-000000000000").status_code == 404
    with live_city.client("western") as western:
        assert len(western.get("/exports").json()["exports"]) == 4
        assert western.get(f"/exports/{newest['id']}").status_code == 404
    for name, status in (("steward", 200), ("west", 403), ("planner", 403), (None, 403)):
        with live_city.client(name) as client:
            assert client.get("/exports").status_code == status
    with pytest.raises(psycopg.errors.RaiseException):
        live_city.execute("UPDATE export_record SET rows = 0")


def test_the_log_says_who_took_how_much_and_no_value(city: City, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "twin.api.export"), city.client("admin") as admin:
        admin.get("/registers/parks/export", params={"f": "csv", "q": "东园"})
    lines = [record.getMessage() for record in caplog.records if record.name == "twin.api.export"]
    assert len(lines) == 1
    assert "layer=industrial_parks" in lines[0] and "rows=1" in lines[0] and "role=admin" in lines[0]
    assert "东园" not in lines[0]
