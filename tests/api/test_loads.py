# SPDX-License-Identifier: Apache-2.0
"""Loads over HTTP: listed, explained and taken back, by those whose business it is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import pytest

from ingest.command.blocks import Action, run_action
from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.report import LoadReport
from ingest.source import Options
from tests.api.district import COMMUNITY
from tests.api.server import City
from twin.crs import parse_crs
from twin.database import database_url, transaction


def load_park(city: City) -> int:
    """One park, and one row that is turned away."""
    frame = gpd.GeoDataFrame(
        {"local_id": ["1", None], "name": ["新园", "无编号"]},
        geometry=gpd.points_from_xy([114.01, 114.011], [22.501, 22.501]).buffer(0.0005), crs=4490,
    )  # fmt: skip
    frame.index = range(1, 3)
    report = LoadReport("parks", "office")
    with transaction(city.settings) as connection:
        load_frames(connection, [frame], KINDS["parks"], parse_crs("EPSG:4490"), report, actor="test")
    assert report.load_id is not None
    return report.load_id


def wait(client: httpx.Client, job: int) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        body = client.get(f"/jobs/{job}").json()
        if body["state"] not in ("queued", "running"):
            return body
        time.sleep(0.1)
    pytest.fail("the job did not end")


def test_a_load_is_previewed_and_taken_back_by_the_worker(live_city: City) -> None:
    number = load_park(live_city)
    with live_city.client("admin") as admin:
        listed = admin.get("/loads").json()["loads"]
        assert [(load["id"], load["kind"], load["read"], load["rejected"]) for load in listed] == [
            (number, "parks", 2, 1)
        ]
        assert admin.get(f"/loads/{number}").json()["report"]["kept"] == 1
        rejects = admin.get(f"/loads/{number}/rejects").json()["rejects"]
        assert [(reject["row"], reject["field"]) for reject in rejects] == [(2, "local_id")]
        environment = os.environ | {"TWIN_DATABASE_URL": database_url(live_city.settings)}
        program = Path(sys.executable).with_name("twin")
        with subprocess.Popen([program, "worker"], env=environment, stdout=subprocess.DEVNULL) as worker:
            try:
                plan = wait(admin, admin.post(f"/loads/{number}/withdraw").json()["job_id"])
                assert plan["report"]["removed"] == 1
                parks = f"/collections/industrial_parks/items?block={COMMUNITY}"
                assert len(admin.get(parks).json()["features"]) == 1
                done = wait(admin, admin.post(f"/loads/{number}/withdraw", json={"preview": False}).json()["job_id"])
                assert done["state"] == "done"
                assert admin.get(parks).json()["features"] == []
                again = wait(admin, admin.post(f"/loads/{number}/withdraw", json={"preview": False}).json()["job_id"])
                assert again["state"] == "refused"
            finally:
                worker.terminate()
        assert admin.get(f"/loads/{number}").json()["withdrawn_at"] is not None


def test_a_change_of_blocks_is_previewed_and_taken_back_or_says_what_stands_upon_it(
    live_city: City, tmp_path: Path
) -> None:
    settings, old, new, newest = live_city.settings, f"{COMMUNITY}01", f"{COMMUNITY}31", f"{COMMUNITY}41"
    live_city.execute("UPDATE block SET valid_from = now() - interval '1 year'")
    path = tmp_path / "r.csv"
    numbers: list[int | None] = []
    for before, after in ((old, new), (new, newest)):
        path.write_text(f"old,new\n{before},{after}\n")
        numbers.append(run_action(settings, Action.RENUMBER, path, Options()).load_id)
    with live_city.client("admin") as admin:
        environment = os.environ | {"TWIN_DATABASE_URL": database_url(settings)}
        program = Path(sys.executable).with_name("twin")
        with subprocess.Popen([program, "worker"], env=environment, stdout=subprocess.DEVNULL) as worker:
            try:

                def withdraw(load: int | None, **options: bool) -> dict[str, Any]:
                    return wait(admin, admin.post(f"/loads/{load}/withdraw", json=options).json()["job_id"])

                refused = withdraw(numbers[0])
                assert refused["state"] == "refused"
                (reason,) = refused["report"]["problems"]
                assert (reason["where"], reason["fix_i18n"]["en"]) == (
                    f"code {new}",
                    f"withdraw load {numbers[1]} first",
                )
                plan = withdraw(numbers[1])["report"]
                assert (plan["removed"], plan["returned"]) == (1, 1) and plan["rehomed"] > 0
                assert admin.get(f"/blocks/{newest}").status_code == 200
                assert withdraw(numbers[1], preview=False)["report"] == plan
                assert withdraw(numbers[0], preview=False)["state"] == "done"
            finally:
                worker.terminate()
        assert admin.get(f"/blocks/{newest}").status_code == admin.get(f"/blocks/{new}").status_code == 404
        assert admin.get(f"/blocks/{old}").json()["valid_to"] is None
        assert admin.get(f"/blocks/{old}/lineage").json()["successors"] == []


@pytest.mark.parametrize("path", ["/loads", "/loads/1", "/loads/1/rejects"])
def test_loads_are_the_stewards_business(city: City, path: str) -> None:
    for name in (None, "west", "planner", "wall"):
        with city.client(name) as client:
            assert client.get(path).status_code == 403


def test_a_load_that_does_not_exist_is_not_found(city: City) -> None:
    with city.client("admin") as admin:
        assert admin.get("/loads/999").status_code == 404
        assert admin.post("/loads/999/withdraw").status_code == 404
