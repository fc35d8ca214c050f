# SPDX-License-Identifier: Apache-2.0
"""Another district in the demo's place: everything that names the district follows."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ingest.blocks.init import init_district
from ingest.demo.load import load_demo
from ingest.source import Options, RefusedLoadError
from tests.api.district import build_district
from tests.api.server import serve
from twin.access import create_token
from twin.database import connect, transaction
from twin.settings import Settings
from twin.text import Text


def start(settings: Settings, path: Path, options: Options, *, yes: bool = True, replaces: bool = False):
    asked: list[Text] = []

    def confirm(what: Text) -> bool:
        asked.append(what)
        return yes

    report = init_district(settings, path, options, metric_crs=None, replaces=replaces, confirm=confirm)
    return report, asked


def test_a_county_and_its_towns_take_the_demos_place(database: Settings, real_data: Path, tmp_path: Path) -> None:
    tokens = build_district(database)
    with transaction(database) as connection:
        connection.execute("UPDATE building SET source_id = 'demo' WHERE local_id <> 'public'")
        connection.execute("UPDATE incident SET source_id = 'demo'")
        create_token(connection, "wall", label="demo")
    database.tokens_path.parent.mkdir(parents=True, exist_ok=True)
    database.tokens_path.write_text("{}")
    topology = next((real_data / "boundaries" / "hierarchy_topojson").glob("*.json"))
    scheme = tmp_path / "towns.toml"
    scheme.write_text('scheme = "towns"\nlevels = [{width=5,zh="县",en="County"},{width=8,zh="乡镇",en="Town"}]\n')
    wanted = Options(layer="counties,towns", scheme=str(scheme), crs="EPSG:4326")
    with pytest.raises(RefusedLoadError, match="22 districts"):
        start(database, topology, wanted)
    county = Options(layer="counties,towns", scheme=str(scheme), crs="EPSG:4326", only=("10014",))
    with pytest.raises(RefusedLoadError, match="Not confirmed"):
        start(database, topology, county, yes=False)
    report, asked = start(database, topology, county)
    assert "demo data" in asked[0].en and "building 16" in asked[0].en
    assert report.details["district"] == {
        "code": "10014", "scheme": "towns", "level_widths": [5, 8], "metric_crs": "EPSG:32651",
    }  # fmt: skip
    assert any("UTM zone 51N" in problem.what.en for problem in report.problems)
    assert not database.tokens_path.exists()
    with connect(database) as connection:
        assert connection.execute("SELECT count(*), min(local_id) FROM building").fetchone() == (1, "public")
        for table in ("incident", "incident_history", "building_history"):
            query = f"SELECT count(*) FROM {table} WHERE source_id = 'demo'"
            assert connection.execute(query.encode()).fetchone() == (0,)
        assert connection.execute("SELECT DISTINCT block_code FROM building").fetchall() == [("~",)]
        assert connection.execute("SELECT count(*) FROM access_token WHERE label = 'demo'").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM valid_block").fetchone() == (17,)
    assert load_demo(database, "small", lambda _step, _done: None) == {}, "no demo beside a district of one's own"
    with serve(database, tokens) as city, httpx.Client(base_url=city.url, headers={"Accept-Language": "zh"}) as client:
        assert client.get("/blocks").json()["blocks"][0]["name"] == "台東縣"
        assert "台東縣" in client.get("/?f=html").text
        west, south, east, north = client.get("/collections/blocks").json()["extent"]["spatial"]["bbox"][0]
        assert 120 < west < east < 123 and 21 < south < north < 24
        assert len(client.get("/blocks/10014").json()["children"]) == 16
        assert client.get("/schemes").json()["schemes"][0]["id"] == "towns"
        assert client.get("/blocks/990101").status_code == 404


def test_a_chinese_district_gets_the_national_zone_and_a_real_one_is_not_replaced_unasked(
    database: Settings, real_data: Path
) -> None:
    path = next((real_data / "boundaries" / "chongqing_districts_gbk").glob("*.shp"))
    report, asked = start(database, path, Options(only=("500101",)))
    assert asked == [] and report.details["district"]["metric_crs"] == "EPSG:4545"
    assert any("national 3-degree zone" in problem.what.en for problem in report.problems)
    with pytest.raises(RefusedLoadError, match="Add --replace"):
        start(database, path, Options(only=("500235",)))
    report, _ = start(database, path, Options(only=("500235",)), replaces=True)
    assert report.details["district"]["code"] == "500235"
    with connect(database) as connection:
        assert connection.execute("SELECT code, name FROM valid_block").fetchall() == [("500235", "云阳县")]
