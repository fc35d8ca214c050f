# SPDX-License-Identifier: Apache-2.0
"""Indicators and targets: put together without code, counted at once, never typed in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.district import DISTRICT, EAST, GRIDS, WEST
from tests.api.server import City

TALL = {
    "title": {"zh": "高层住宅", "en": "Tall houses"}, "layer": "buildings", "pillar": "house",
    "conditions": [
        {"property": "height", "op": ">=", "value": 15}, {"property": "use", "op": "in", "value": ["residential"]},
    ],
}  # fmt: skip


def measured(profile: dict[str, Any]) -> dict[str, Any]:
    return {m["code"]: m["value"] for pillar in profile["pillars"] for m in pillar["measures"]}


def test_an_indicator_counts_what_is_there_and_follows_what_is_written(live_city: City) -> None:
    with live_city.client("admin") as admin:
        assert admin.put("/measures/tall", json=TALL).status_code == 200
        assert measured(admin.get(f"/blocks/{DISTRICT}/profile").json())["tall"] == GRIDS
        live_city.execute("UPDATE building SET height = 3 WHERE block_code LIKE %s", WEST + "%")
        assert measured(admin.get(f"/blocks/{DISTRICT}/profile").json())["tall"] == GRIDS / 2
        summed = TALL | {"value": "gross_floor_area", "by_share": True, "unit": "m²"}
        assert admin.put("/measures/tall", json=summed).status_code == 200
        assert measured(admin.get(f"/blocks/{EAST}/profile").json())["tall"] == 1000 * GRIDS / 2
        assert admin.delete("/measures/tall").status_code == 204
        assert "tall" not in measured(admin.get(f"/blocks/{DISTRICT}/profile").json())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": "name"}, "no number"),
        ({"value": "no_such"}, "no property 'no_such'"),
        ({"conditions": [{"property": "height", "op": "=", "value": "1; DROP TABLE building"}]}, "is no number"),
        ({"by_day": True}, "no time column"),
        ({"k": 10, "dimension": "use"}, "protected by k"),
        ({"pillar": "nobody"}, "no pillar"),
        ({"layer": "nothing"}, "no layer"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(city: City, change: dict[str, Any], said: str) -> None:
    with city.client("admin") as admin:
        answer = admin.put("/measures/wrong", json=TALL | change)
    assert answer.status_code in (400, 404)
    assert said in answer.json()["detail"]


def test_what_a_person_types_is_a_value_and_never_sql(live_city: City) -> None:
    nasty = "x' OR true) --"
    with live_city.client("admin") as admin:
        condition = [{"property": "use", "op": "=", "value": nasty}]
        assert admin.put("/measures/nasty", json=TALL | {"conditions": condition}).status_code == 200
        assert measured(admin.get(f"/blocks/{DISTRICT}/profile").json())["nasty"] == 0
        live_city.execute("UPDATE building SET use = %s WHERE local_id = 'public'", nasty)
        assert measured(admin.get(f"/blocks/{DISTRICT}/profile").json())["nasty"] == 1


def test_what_comes_with_the_program_stays(city: City) -> None:
    with city.client("admin") as admin:
        assert admin.put("/measures/buildings.count", json=TALL).status_code == 409
        assert admin.delete("/measures/buildings.count").status_code == 404


def test_only_stewards_define_and_anybody_reads(city: City) -> None:
    for name in (None, "west", "planner", "wall"):
        with city.client(name) as client:
            assert client.put("/measures/mine", json=TALL).status_code == 403
            assert client.put("/pillars/house", json={"is_enabled": False}).status_code == 403
            assert client.get("/measures").status_code == 200
            assert client.get("/pillars").status_code == 200


def test_a_pillar_is_switched_off_and_on(live_city: City) -> None:
    with live_city.client("admin") as admin:
        admin.put("/pillars/house", json={"is_enabled": False})
        codes = [p["code"] for p in admin.get(f"/blocks/{DISTRICT}/profile").json()["pillars"]]
        assert "house" not in codes
        admin.put("/pillars/communication", json={"is_enabled": True, "title": {"zh": "通讯设施", "en": "Cabinets"}})
        shown = {p["code"]: p["title"]["en"] for p in admin.get(f"/blocks/{DISTRICT}/profile").json()["pillars"]}
        assert shown["communication"] == "Cabinets"


def test_a_target_is_done_by_what_is_loaded_and_by_block(live_city: City) -> None:
    target = {
        "title": {"zh": "建筑面积", "en": "Floor area"}, "measure": "buildings.floor_area", "unit": "万m²",
        "factor": 0.0001, "goal": 3.2, "due_date": "2027-12-31",
    }  # fmt: skip
    with live_city.client("admin") as admin, live_city.client("west") as west:
        assert admin.put("/targets/area", json=target).status_code == 200
        whole = admin.get("/targets").json()["targets"][0]
        assert (whole["done"], whole["goal"], whole["ratio"]) == (1.6, 3.2, 0.5)
        assert admin.get("/targets", params={"block": WEST}).json()["targets"][0]["done"] == 0.8
        assert west.get("/targets").json()["targets"][0]["done"] == 0.8
        assert west.get("/targets", params={"block": EAST}).status_code == 403
        assert admin.delete("/measures/buildings.floor_area").status_code == 404
        live_city.execute("DELETE FROM building")
        assert admin.get("/targets").json()["targets"][0]["done"] == 0
        assert admin.put("/targets/people", json=target | {"measure": "units.residents"}).status_code == 400
