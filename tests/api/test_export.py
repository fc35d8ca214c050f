# SPDX-License-Identifier: Apache-2.0
"""Export over HTTP: files that open elsewhere with what the asker may see in them, and no more."""

from __future__ import annotations

import csv
import io
import logging
import zipfile
from pathlib import Path

import pyogrio
import pytest

import api.export
from layers.registry import load_layers
from tests.api.district import GRIDS, WEST
from tests.api.server import City


def test_a_geopackage_has_the_features_and_fields_of_the_layer(city: City, tmp_path: Path) -> None:
    with city.client("admin") as admin:
        answer = admin.get("/collections/buildings/export", params={"f": "gpkg", "block": WEST})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="buildings.gpkg"'
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
        text = admin.get("/collections/buildings/export", params={"f": "csv"}).content.decode("utf-8-sig")
        book = admin.get("/collections/buildings/export", params={"f": "xlsx"}).content
    row = next(csv.DictReader(io.StringIO(text)))
    assert row["Name"].startswith("'=HYPERLINK")
    assert row["Base elevation (m)"] == "-2.5"
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheet = "".join(parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/"))
    assert "<f>" not in sheet


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
        assert len(public.get("/collections/buildings/export").json()["features"]) == 1


def test_every_layer_goes_out_in_every_format(city: City) -> None:
    with city.client("admin") as admin:
        for layer in load_layers():
            for form in ("geojson", "gpkg", "csv", "xlsx"):
                answer = admin.get(f"/collections/{layer}/export", params={"f": form, "block": WEST})
                assert (answer.status_code, len(answer.content) > 0) == (200, True), (layer, form, answer.text)


def test_too_large_an_export_says_how_to_go_on(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.export, "MAX_ROWS", 3)
    with city.client("admin") as admin:
        for form in ("geojson", "csv", "gpkg", "xlsx"):
            answer = admin.get("/collections/buildings/export", params={"f": form})
            assert answer.status_code == 400
            assert "block" in answer.json()["detail"]
        assert admin.get("/collections/buildings/export", params={"f": "shp"}).status_code == 400


def test_the_log_says_who_took_how_much_and_no_value(city: City, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "twin.api.export"), city.client("admin") as admin:
        admin.get("/registers/parks/export", params={"f": "csv", "q": "东园"})
    lines = [record.getMessage() for record in caplog.records if record.name == "twin.api.export"]
    assert len(lines) == 1
    assert "layer=industrial_parks" in lines[0] and "rows=1" in lines[0] and "role=admin" in lines[0]
    assert "东园" not in lines[0]
