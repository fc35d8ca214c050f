# SPDX-License-Identifier: Apache-2.0
"""Datasets over HTTP: made by loads, described by people, counted by the database, and seen as far as one reaches."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pytest
import shapely
from typer.testing import CliRunner

from ingest.command.datasets import read_datasets
from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.report import LoadReport
from ingest.withdraw import withdraw_load
from tests.api.district import EAST, WEST
from tests.api.server import City
from twin.access import create_token
from twin.crs import parse_crs
from twin.database import connect, transaction
from twin.datasets import note_overdue, refresh_datasets
from twin.settings import Settings

GIVEN = {
    "title": {"zh": "园区名录", "en": "Register of parks"}, "owner": "测试区住建局", "steward": "园区科数据岗",
    "licence": "内部使用", "note": "每月一次", "refresh_days": 30, "access_class": 2,
}  # fmt: skip


def load_parks(settings: Settings, source_id: str = "office", *, count: int = 3, access_class: int = 2) -> int:
    """`count` parks from west to east, 0.02 degrees apart, the first without an operator; one row more is rejected."""
    boxes = [shapely.box(114.001 + n * 0.02, 22.501, 114.002 + n * 0.02, 22.502) for n in range(count)]
    frame = gpd.GeoDataFrame(
        {
            "local_id": [*(str(n) for n in range(count)), None],
            "name": [f"园 {n}" for n in range(count + 1)],
            "operator": [None, *("运营公司",) * count],
            "access_class": access_class,
        },
        geometry=[*boxes, boxes[0]], crs=4490,
    )  # fmt: skip
    frame.index = range(1, count + 2)
    report = LoadReport("parks", source_id)
    with transaction(settings) as connection:
        load_frames(connection, [frame], KINDS["parks"], parse_crs("EPSG:4490"), report, actor="test")
    assert report.load_id is not None
    return report.load_id


def with_token(city: City, name: str, role: Any, scope: list[str]) -> None:
    with transaction(city.settings) as connection:
        city.tokens[name] = create_token(connection, role, scope=scope)


def fields(dataset: dict[str, Any]) -> dict[str, float]:
    return {field["name"]: field["filled"] for field in dataset["fields"]}


def test_a_load_makes_its_dataset_and_what_is_there_is_counted(live_city: City) -> None:
    load_parks(live_city.settings)
    with live_city.client("admin") as admin:
        body = admin.get("/datasets").json()
        assert body["next"] is None
        (dataset,) = body["datasets"]
        assert (dataset["kind"], dataset["source_id"], dataset["title"]) == ("parks", "office", None)
        assert (dataset["rows"], dataset["read"], dataset["rejected"]) == (3, 4, 1)
        assert (dataset["crs"], dataset["access_class"], dataset["coverage"]) == ("EPSG:4490", 2, round(3 / 16, 4))
        assert dataset["extent"] == [114.001, 22.501, 114.042, 22.502]
        assert fields(dataset)["name"] == 1 and fields(dataset)["operator"] == round(2 / 3, 4)
        assert 0 < dataset["completeness"] < 1
        assert dataset["loaded_at"] and dataset["computed_at"] and not dataset["is_overdue"]
        assert admin.get(f"/datasets/{dataset['id']}").json() == dataset
        assert admin.get(f"/datasets?block={WEST}").json()["datasets"][0]["rows"] == 2
        assert admin.get("/datasets?kind=roads").json()["datasets"] == []
        assert admin.get("/datasets/999").status_code == 404


def test_datasets_come_in_pages(live_city: City) -> None:
    for source in ("a", "b", "c"):
        load_parks(live_city.settings, source)
    with live_city.client("admin") as admin:
        first = admin.get("/datasets?limit=2").json()
        assert [dataset["source_id"] for dataset in first["datasets"]] == ["a", "b"]
        rest = admin.get(f"/datasets?limit=2&after={first['next']}").json()
        assert [dataset["source_id"] for dataset in rest["datasets"]] == ["c"]
        assert rest["next"] is None


def test_people_say_what_a_dataset_is_and_nothing_that_is_computed(live_city: City) -> None:
    load_parks(live_city.settings)
    with live_city.client("admin") as admin:
        number = admin.get("/datasets").json()["datasets"][0]["id"]
        said = admin.put(f"/datasets/{number}", json=GIVEN).json()
        assert {name: said[name] for name in GIVEN} == GIVEN
        changed = admin.put(f"/datasets/{number}", json={"note": None, "block": WEST}).json()
        assert (changed["note"], changed["owner"], changed["block"]) == (None, GIVEN["owner"], WEST)
        assert changed["coverage"] == round(2 / 8, 4)
        for wrong in (
            {"rows": 5}, {"crs": "EPSG:4326"}, {"refresh_days": 0}, {"access_class": 9}, {"title": {"zh": "仅中文"}},
            {"steward": "张三先生"}, {"owner": "请联系 13800138000"}, {"block": "123"}, {"access_class": 4},
        ):  # fmt: skip
            assert admin.put(f"/datasets/{number}", json=wrong).status_code == 422, wrong
        assert admin.put("/datasets/999", json={}).status_code == 404
        assert admin.get(f"/datasets/{number}").json() == changed


def test_a_scoped_steward_sees_counts_of_the_own_blocks_only(live_city: City) -> None:
    load_parks(live_city.settings)
    with_token(live_city, "east steward", "steward", [EAST])
    with live_city.client("east steward") as steward:
        (dataset,) = steward.get("/datasets").json()["datasets"]
        assert (dataset["rows"], dataset["coverage"]) == (1, round(1 / 8, 4))
        assert (dataset["read"], dataset["rejected"]) == (None, None)
        assert dataset["extent"][0] > 114.04
        assert fields(dataset)["operator"] == 1
        assert steward.get(f"/datasets?block={WEST}").status_code == 403
        assert steward.put(f"/datasets/{dataset['id']}", json=GIVEN).status_code == 403


def test_classes_above_the_actors_are_neither_listed_nor_counted(live_city: City) -> None:
    load_parks(live_city.settings, "open", access_class=2)
    load_parks(live_city.settings, "open", count=1, access_class=4)
    load_parks(live_city.settings, "secret", access_class=4)
    with live_city.client("admin") as admin:
        (dataset,) = admin.get("/datasets").json()["datasets"]
        assert (dataset["source_id"], dataset["rows"], dataset["access_class"]) == ("open", 2, 2)


@pytest.mark.parametrize("name", [None, "west", "planner", "wall"])
def test_datasets_are_the_stewards_business(city: City, name: str | None) -> None:
    with city.client(name) as client:
        assert client.get("/datasets").status_code == 403
        assert client.put("/datasets/1", json={}).status_code == 403


def test_what_is_overdue_becomes_an_issue_until_it_comes_anew(live_city: City) -> None:
    number = load_parks(live_city.settings)
    live_city.execute("UPDATE dataset SET refresh_days = 30")
    assert note_overdue(live_city.settings) == 0
    live_city.execute("UPDATE dataset SET loaded_at = loaded_at - interval '31 days'")
    assert (note_overdue(live_city.settings), note_overdue(live_city.settings)) == (1, 0)
    with live_city.client("admin") as admin:
        (dataset,) = admin.get("/datasets").json()["datasets"]
        assert dataset["is_overdue"] and dataset["issues"] == 1 and dataset["age_days"] == 31
        (issue,) = admin.get(f"/datasets/{dataset['id']}/issues").json()["features"]
        assert (issue["properties"]["kind"], issue["properties"]["load_id"]) == ("dataset_overdue", number)
        assert issue["geometry"]["type"] == "Polygon"
        assert admin.get("/quality?kind=dataset_overdue").json()["issues"][0]["where"] == "dataset parks/office"
        load_parks(live_city.settings)
        assert note_overdue(live_city.settings) == 0
        (dataset,) = admin.get("/datasets").json()["datasets"]
        assert not dataset["is_overdue"] and dataset["issues"] == 0


def test_a_few_rows_into_a_large_dataset_wait_to_be_counted(live_city: City) -> None:
    load_parks(live_city.settings)
    live_city.execute("UPDATE dataset SET features = 1000000")
    load_parks(live_city.settings, count=4)
    with live_city.client("admin") as admin:
        (dataset,) = admin.get("/datasets").json()["datasets"]
        assert dataset["is_stale"] and dataset["rows"] == 3
        assert refresh_datasets(live_city.settings) == 1
        (dataset,) = admin.get("/datasets").json()["datasets"]
        assert not dataset["is_stale"] and dataset["rows"] == 4
    assert refresh_datasets(live_city.settings) == 0
    assert refresh_datasets(live_city.settings, is_forced=True) == 1


def test_a_load_taken_back_leaves_the_dataset_as_the_load_before_left_it(live_city: City) -> None:
    first = load_parks(live_city.settings, count=2)
    second = load_parks(live_city.settings, count=4)
    with transaction(live_city.settings) as connection:
        withdraw_load(connection, second, "test")
    with live_city.client("admin") as admin:
        (dataset,) = admin.get("/datasets").json()["datasets"]
        assert (dataset["rows"], dataset["last_load_id"]) == (2, first)
        with transaction(live_city.settings) as connection:
            withdraw_load(connection, first, "test")
        (dataset,) = admin.get("/datasets").json()["datasets"]
        assert (dataset["rows"], dataset["loaded_at"], dataset["completeness"]) == (0, None, None)
    live_city.execute("DELETE FROM load")
    with connect(live_city.settings) as connection:
        assert read_datasets(connection) == []


def test_every_kind_that_can_be_loaded_has_its_table(city: City) -> None:
    with connect(city.settings) as connection:
        known = dict(connection.execute("SELECT kind, relation FROM dataset_kind").fetchall())
    assert {name: kind.table.name for name, kind in KINDS.items()}.items() <= known.items()
    assert known.keys() - KINDS.keys() == {"blocks", "model"}, known


def test_the_command_lists_describes_and_counts(live_city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    from ingest.command.datasets import datasets
    from twin.database import database_url

    load_parks(live_city.settings)
    monkeypatch.setenv("TWIN_DATABASE_URL", database_url(live_city.settings))
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    app.command()(datasets)
    run = CliRunner().invoke
    assert "parks" in run(app, ["list"]).stdout
    number = live_city.execute("SELECT id FROM dataset")[0][0]
    assert '"source_id": "office"' in run(app, ["describe", str(number)]).stdout
    assert run(app, ["refresh", "--all"]).exit_code == 0
    assert run(app, ["describe"]).exit_code != 0
    assert run(app, ["describe", "999"]).exit_code != 0
