# SPDX-License-Identifier: Apache-2.0
"""Indicators and targets: put together without code, counted at once, never typed in."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
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


NASTY = "50% 'x' $1 {}"
"""The name of an attribute that somebody's list has."""

SHOPS: dict[str, Any] = {
    "title": {"zh": "门店", "en": "Shops"}, "access_class": 2,
    "attribute_schema": {"properties": {
        "类型": {"type": "string"}, "员工": {"type": "integer"}, "面积": {"type": ["number", "null"]},
        "开业": {"type": "string", "format": "date"}, "检查": {"type": "string", "format": "date-time"},
        "连锁": {"type": "boolean"}, NASTY: {"type": "number"},
    }},
}  # fmt: skip
STAFF = {
    "title": {"zh": "餐饮员工", "en": "Staff of restaurants"}, "layer": "shops", "pillar": "legal_entity",
    "conditions": [{"property": "类型", "op": "=", "value": "餐饮"}], "value": "员工",
}  # fmt: skip


def open_shops(city: City, admin: httpx.Client, **described: Any) -> None:
    """A business layer with three rows, two of them in the west, and another of rows that look alike."""
    plain = {name: about for name, about in SHOPS["attribute_schema"]["properties"].items() if name != NASTY}
    for code, attributes in (("shops", {}), ("others", {"attribute_schema": {"properties": plain}})):
        assert admin.put(f"/business-layers/{code}", json=SHOPS | described | attributes).status_code == 201
    rows: list[tuple[str, str, str, dict[str, Any]]] = [
        ("shops", "1", WEST + "00101", {"类型": "餐饮", "员工": 5, "面积": 80.5, "开业": "2026-03-01", "连锁": True}),
        ("shops", "2", WEST + "00101", {"类型": "餐饮", "员工": "12", "检查": "2026-03-02T23:30:00Z", NASTY: "7"}),
        ("shops", "3", EAST + "00101", {"类型": "零售", "员工": 40, "连锁": "否"}),
        ("others", "1", EAST + "00101", {"类型": "餐饮", "员工": "1000", "连锁": "否", "开业": "2026-02-30"}),
    ]
    for layer, local_id, code, attributes in rows:
        city.execute(
            "INSERT INTO business_feature (source_id, local_id, layer_code, name, attributes, block_code, "
            "access_class, geometry) SELECT %s, %s, %s, 'n', %s::jsonb, code, 2, ST_PointOnSurface(geometry) "
            "FROM block WHERE code = %s",
            layer, local_id, layer, json.dumps(attributes), code,
        )  # fmt: skip


def set_attribute(city: City, local_id: str, name: str, value: Any) -> None:
    city.execute(
        "UPDATE business_feature SET attributes = attributes || jsonb_build_object(%s::text, %s::jsonb) "
        "WHERE layer_code = 'shops' AND local_id = %s",
        name, json.dumps(value), local_id,
    )  # fmt: skip


def read_value(client: httpx.Client, code: str, block: str = DISTRICT) -> Any:
    return measured(client.get(f"/blocks/{block}/profile").json())[code]


def test_a_departments_list_is_summed_by_attribute_and_an_edit_of_a_row_is_followed(live_city: City) -> None:
    with live_city.client("admin") as admin, live_city.client("west") as west:
        open_shops(live_city, admin)
        made = admin.put("/measures/staff", json=STAFF)
        assert (made.status_code, made.json()) == (200, {"code": "staff", "access_class": 2})
        assert [read_value(admin, "staff", code) for code in (DISTRICT, WEST, EAST)] == [17, 17, 0]
        set_attribute(live_city, "1", "员工", 6)
        assert read_value(admin, "staff") == 18
        set_attribute(live_city, "3", "类型", "餐饮")
        assert [read_value(admin, "staff", code) for code in (WEST, EAST)] == [18, 40]
        live_city.execute("DELETE FROM business_feature WHERE layer_code = 'shops' AND local_id = '1'")
        assert read_value(admin, "staff") == 52
        assert read_value(west, "staff") == 12
        assert admin.get("/measures/figures").json()["figures"]["staff"] == 52


def test_what_cannot_be_read_as_its_type_is_absent_and_stops_no_write(live_city: City) -> None:
    with live_city.client("admin") as admin:
        open_shops(live_city, admin)
        conditions = [{"property": "面积", "op": ">=", "value": 0}]
        by_day = STAFF | {"conditions": [], "value": "面积", "day": "开业", "pillar": None}
        given = {
            "area": STAFF | {"conditions": [], "value": "面积"}, "sized": STAFF | {"conditions": conditions},
            "dated": by_day, "moments": by_day | {"value": None, "day": "检查", "dimension": "检查"},
            "nasty": STAFF | {"conditions": [], "value": NASTY, "dimension": None},
            "since": STAFF | {"value": None, "conditions": [{"property": "开业", "op": ">=", "value": "2026-03-01"}]},
            "chains": STAFF | {"value": None, "conditions": [{"property": "连锁", "op": "=", "value": False}]},
        }  # fmt: skip
        for code, definition in given.items():
            answer = admin.put(f"/measures/{code}", json=definition)
            assert answer.status_code == 200, answer.text
        assert [read_value(admin, code) for code in ("area", "sized", "nasty", "since", "chains")] == [80.5, 5, 7, 1, 1]
        wrongs: tuple[Any, ...] = (
            "不详", "", "9" * 400, "1e400", 10**400, [1], {"a": 1}, True, None, "2026-02-30", "2026-13-01",
            "0000-01-01", "2026-01-01T25:00", "2026-01-01 10:00+99:00", "infinity", "NaN", "x" * 5000,
        )  # fmt: skip
        for wrong in wrongs:
            for name in ("面积", "开业", "检查", "连锁", "类型"):
                set_attribute(live_city, "1", name, wrong)
        assert [read_value(admin, code) for code in ("area", "sized", "since")] == [0, 0, 0]
        for right, shown in ((-2.5, -2.5), (1e-200, 0), ("0.50", 0.5)):
            set_attribute(live_city, "1", "面积", right)
            assert read_value(admin, "area") == shown
        live_city.execute("SELECT fold_facts()")
        # Shanghai is ahead of UTC. Nothing has been lost between the facts and a count from scratch.
        kept = "SELECT measure, period::text, dimension, sum(value) FROM {} WHERE measure = ANY (%s) GROUP BY 1, 2, 3"
        facts = live_city.execute(kept.format("read_facts(ARRAY['990101'])"), list(given))
        counted = live_city.execute(kept.format("count_facts('', '~')"), list(given))
        assert set(facts) == set(counted) and ("moments", "2026-03-03") in {(row[0], row[2]) for row in facts}


def test_a_list_shows_of_each_row_what_is_counted_of_it(live_city: City) -> None:
    with live_city.client("admin") as admin:
        open_shops(live_city, admin)
        deadline = time.monotonic() + 20
        while not (features := admin.get("/collections/others/items").json().get("features")):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        shown = features[0]["properties"]
        assert (shown["员工"], shown["连锁"], shown["开业"], shown["面积"]) == (1000, False, None, None)
        live_city.execute("""UPDATE business_feature SET attributes = '{"开业": "2026-03-01", "连锁": "也许"}'""")
        shown = admin.get("/collections/others/items").json()["features"][0]["properties"]
        assert shown["开业"].startswith("2026-03-01T00:00:00") and shown["连锁"] is None


def test_the_day_of_an_indicator_is_that_of_a_named_moment(live_city: City) -> None:
    opened = STAFF | {"conditions": [], "value": None, "day": "开业"}
    closed = {"title": TALL["title"], "layer": "incidents", "day": "closed_at"}
    with live_city.client("admin") as admin:
        open_shops(live_city, admin)
        assert admin.put("/measures/opened", json=opened).status_code == 200
        asked = {"measure": "opened", "from": "2026-03-01", "to": "2026-03-01", "step": "day"}
        series = admin.get(f"/blocks/{DISTRICT}/series", params=asked).json()["series"]
        assert series == [{"start": "2026-03-01", "value": 1}]
        assert admin.put("/measures/closed", json=closed).status_code == 200
        live_city.execute("UPDATE incident SET closed_at = '2026-05-04T12:00:00Z' WHERE state = 'closed'")
        asked = {"measure": "closed", "from": "2026-05-04", "to": "2026-05-04", "step": "day"}
        series = admin.get(f"/blocks/{DISTRICT}/series", params=asked).json()["series"]
        assert series == [{"start": "2026-05-04", "value": GRIDS / 4}]
        for change, parameter, said in (
            ({"day": "员工"}, "day", "no moment"), ({"day": "没有"}, "day", "no property"),
            ({"day": None, "by_day": True}, "by_day", "name one with `day`: 开业, 检查"), ({"k": 10}, "k", "by k"),
        ):  # fmt: skip
            answer = admin.put("/measures/wrong", json=opened | change)
            assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)
            assert said in answer.json()["detail"]
        wrong = [{"property": "closed_at", "op": ">=", "value": "yesterday"}]
        assert admin.put("/measures/wrong", json=closed | {"conditions": wrong}).status_code == 400


def test_the_fields_of_a_list_are_offered_and_its_class_counts(live_city: City) -> None:
    with live_city.client("admin") as admin, live_city.client("wall") as wall:
        open_shops(live_city, admin, access_class=3)
        sources = {layer["id"]: layer for layer in admin.get("/measures/fields").json()["layers"]}
        types = {p["name"]: p["type"] for p in sources["shops"]["properties"]}
        assert types.items() >= {"员工": "integer", "面积": "number", "开业": "datetime", "连锁": "boolean"}.items()
        assert sources["shops"]["is_dated"] is False and sources["incidents"]["is_dated"] is True
        assert admin.put("/measures/staff", json=STAFF).json()["access_class"] == 3
        assert "staff" not in {m["code"] for m in wall.get("/measures").json()["measures"]}
        assert "staff" not in measured(wall.get(f"/blocks/{DISTRICT}/profile").json())
        assert "staff" not in wall.get("/measures/figures").json()["figures"]


def test_a_list_that_is_withdrawn_takes_its_indicators_along(live_city: City) -> None:
    target = {"title": TALL["title"], "measure": "staff", "goal": 100}
    with live_city.client("admin") as admin:
        open_shops(live_city, admin)
        assert admin.put("/measures/staff", json=STAFF).status_code == 200
        assert admin.put("/targets/staff", json=target).status_code == 200
        assert admin.get("/targets").json()["targets"][0]["done"] == 17
        assert admin.delete("/business-layers/shops").status_code == 200
        assert "staff" not in {m["code"] for m in admin.get("/measures").json()["measures"]}
        assert admin.get("/targets").json()["targets"] == []
        assert live_city.execute("SELECT FROM block_fact WHERE measure = 'staff'") == []
        assert admin.put("/measures/staff", json=STAFF).status_code == 404
        assert "shops" not in {layer["id"] for layer in admin.get("/measures/fields").json()["layers"]}


def test_a_sum_of_few_is_no_figure_for_who_does_not_see_the_parts_and_no_target(live_city: City) -> None:
    target = {"title": TALL["title"], "measure": "industrial_parks.firms", "goal": 100}
    with live_city.client("admin") as admin, live_city.client() as public:
        # One park has all the firms.
        live_city.execute("UPDATE industrial_park SET access_class = 1")
        assert admin.get("/measures/figures").json()["figures"]["industrial_parks.firms"] == 7
        figures = public.get("/measures/figures").json()["figures"]
        assert "industrial_parks.firms" not in figures and figures["industrial_parks.land_area"] == 5000
        shown = public.get(f"/blocks/{DISTRICT}/profile").json()
        assert shown["registers"]["industrial_parks"]["firms"] is None
        assert "contribute most" in shown["withheld"]["industrial_parks.firms"]["en"]
        park = public.get("/collections/industrial_parks/items").json()["features"][0]
        assert not {"firms", "vacant_area"} & set(park["properties"])
        refused = admin.put("/targets/firms", json=target)
        assert (refused.status_code, refused.json()["parameter"]) == (400, "measure")
        # One that was set before the measure was protected is not shown either.
        assert admin.put("/targets/firms", json=target | {"measure": "industrial_parks.land_area"}).status_code == 200
        assert [t["code"] for t in public.get("/targets").json()["targets"]] == ["firms"]
        live_city.execute("UPDATE target SET measure = 'industrial_parks.firms'")
        assert public.get("/targets").json()["targets"] == []
        # Of many, none of which stands out, it is shown to everybody.
        live_city.execute(
            "INSERT INTO industrial_park (source_id, local_id, name, firms, block_code, access_class, geometry) "
            "SELECT 'many', code || n, 'p', 7, code, 1, ST_Buffer(ST_PointOnSurface(geometry), 1e-5) "
            "FROM block, generate_series(1, 3) AS n WHERE level = 4"
        )
        deadline = time.monotonic() + 20
        while "industrial_parks.firms" not in (figures := public.get("/measures/figures").json()["figures"]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert figures["industrial_parks.firms"] == 7 * (1 + 3 * GRIDS)
