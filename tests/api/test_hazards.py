# SPDX-License-Identifier: Apache-2.0
"""Hazards over HTTP: from found to verified, by those whose step it is, every step kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.district import WEST
from tests.api.server import City
from tests.api.test_live import follow
from tests.api.test_proposals import building, png
from tests.api.test_surveys import moment
from twin.access import create_token
from twin.database import transaction


def report(client: httpx.Client, building_id: int, **body: Any) -> httpx.Response:
    return client.post(
        "/hazards",
        json={
            "object": "buildings", "object_id": building_id, "hazard_kind": "fire", "severity": 3,
            "description": "消防通道堵塞",
        } | body,
    )  # fmt: skip


def step(client: httpx.Client, number: int, action: str, **body: Any) -> int:
    return client.post(f"/hazards/{number}/actions", json={"action": action, **body}).status_code


def test_a_hazard_goes_from_found_to_verified_and_every_step_is_kept(live_city: City) -> None:
    with transaction(live_city.settings) as connection:
        live_city.tokens["handler"] = create_token(connection, "handler")
    house = building(live_city, "99010100100101")
    with (
        live_city.client("west") as west, live_city.client("admin") as admin, live_city.client("handler") as handler,
        live_city.client("east") as east,
    ):  # fmt: skip
        photo = west.post("/photos", content=png()).json()["photo"]
        made = report(west, house, photos=[photo])
        assert made.status_code == 201, made.text
        number = made.json()["id"]
        assert step(west, number, "verify") == 409
        assert step(west, number, "assign", organisation="示例物业公司") == 400
        assert step(handler, number, "assign", organisation="示例物业公司", due="2026-12-01") == 403
        assert step(west, number, "assign", organisation="示例物业公司", due="2020-12-01") == 201
        assert [h["id"] for h in west.get("/hazards", params={"overdue": True}).json()["hazards"]] == [number]
        assert step(west, number, "verify") == 409
        after = handler.post("/photos", content=png(7)).json()["photo"]
        assert step(handler, number, "rectify", photos=[after]) == 201
        assert step(west, number, "return") == 400
        assert step(west, number, "return", note="仍有杂物") == 201
        assert step(west, number, "rectify") == 201
        # Who rectified does not verify.
        assert step(west, number, "verify") == 403
        assert admin.get(f"/blocks/{WEST}/profile").json()["registers"]["hazards"] == {"count": 1, "open": 1}
        assert step(admin, number, "verify") == 201
        assert step(admin, number, "reject", note="x") == 409
        body = west.get(f"/hazards/{number}").json()
        assert body["possible"] == []
        ways = [(a["action"], a["to"], a["role"]) for a in body["hazard"]["actions"]]
        assert ways == [
            ("report", "found", "grid_manager"), ("assign", "assigned", "grid_manager"),
            ("rectify", "rectified", "handler"), ("return", "returned", "grid_manager"),
            ("rectify", "rectified", "grid_manager"), ("verify", "verified", "admin"),
        ]  # fmt: skip
        assert admin.get(f"/blocks/{WEST}/profile").json()["registers"]["hazards"] == {"count": 1, "open": 0}
        assert west.get(f"/photos/{after}").status_code == 200
        assert east.get(f"/photos/{after}").status_code == 404
        assert east.get(f"/hazards/{number}").status_code == 404
        assert east.get("/hazards").json()["hazards"] == []
        assert len(west.get("/collections/hazards/items").json()["features"]) == 1
    with pytest.raises(psycopg.errors.RaiseException):
        live_city.execute("UPDATE hazard_action SET note = 'other'")
    with pytest.raises(psycopg.errors.CheckViolation):
        live_city.execute("UPDATE hazard SET rectified_at = NULL")


def test_hazards_and_inspections_are_reported_where_one_sees_and_in_words_without_persons(live_city: City) -> None:
    west_house, east_house = (building(live_city, code) for code in ("99010100100101", "99010100200101"))
    with live_city.client("west") as west:
        inspection = {
            "object": "buildings", "object_id": west_house, "inspection_kind": "消防检查", "result": "hazards",
            "inspected_on": "2026-10-01",
        }  # fmt: skip
        number = west.post("/inspections", json=inspection).json()["id"]
        assert report(west, west_house, inspection_id=number).status_code == 201
        assert report(west, west_house, inspection_id=number + 1).status_code == 400
        listed = west.get("/inspections", params={"object": "buildings", "object_id": west_house}).json()
        assert [(one["id"], one["result"]) for one in listed["inspections"]] == [(number, "hazards")]
        assert report(west, east_house).status_code == 404
        assert west.post("/inspections", json=inspection | {"object_id": east_house}).status_code == 404
        assert report(west, west_house, place=[114.05, 22.505]).status_code == 403
        assert report(west, west_house, description="找王先生").status_code == 422
        assert report(west, west_house, hazard_kind="ufo").status_code == 400
        assert report(west, west_house, severity=9).status_code == 400
        assert len(west.get("/hazards").json()["hazards"]) == 1
    for name in ("wall", None):
        with live_city.client(name) as client:
            assert report(client, west_house).status_code == 403


def test_an_inspection_is_corrected_by_who_made_it_and_keeps_what_it_said(live_city: City) -> None:
    house = building(live_city, "99010100100101")
    with live_city.client("west") as west, live_city.client("admin") as admin, live_city.client("planner") as planner:
        number = west.post("/inspections", json={
            "object": "buildings", "object_id": house, "inspection_kind": "消防检查", "result": "passed",
            "inspected_on": "2026-10-01",
        }).json()["id"]  # fmt: skip
        path = f"/inspections/{number}"
        before = moment(live_city)
        assert planner.patch(path, json={"result": "hazards"}).status_code == 403
        assert west.patch(path, json={"result": None}).status_code == 400
        assert west.patch(path, json={}).status_code == 400
        assert west.patch(path, json={"note": "找王先生"}).status_code == 422
        assert west.patch(path, json={"result": "hazards", "note": "二层有杂物"}).status_code == 200
        assert west.patch(path, json={"result": "hazards"}).status_code == 200
        assert admin.patch(path, json={"inspected_on": "2026-10-02"}).status_code == 200
        versions = planner.get(f"{path}/history").json()["versions"]
        assert [(v["action"], v["role"]) for v in versions] == [
            ("edit", "admin"), ("edit", "grid_manager"), ("add", "grid_manager"),
        ]  # fmt: skip
        assert versions[1]["changes"] == {
            "result": {"old": "passed", "new": "hazards"}, "note": {"old": None, "new": "二层有杂物"},
        }  # fmt: skip
        asked = {"object": "buildings", "object_id": house}
        then = west.get("/inspections", params=asked | {"as_of": before}).json()["inspections"]
        now = west.get("/inspections", params=asked).json()["inspections"]
        assert [(one["id"], one["result"]) for one in then + now] == [(number, "passed"), (number, "hazards")]
    with live_city.client("east") as east:
        assert east.get(f"{path}/history").status_code == 404
        assert east.patch(path, json={"result": "passed"}).status_code == 404


def test_a_hazard_tells_its_versions_and_what_it_was_then(live_city: City) -> None:
    house = building(live_city, "99010100100101")
    with live_city.client("west") as west, live_city.client("admin") as admin:
        number = report(west, house).json()["id"]
        found = moment(live_city)
        assert step(admin, number, "assign", organisation="甲公司", due="2030-01-01") == 201
        versions = west.get(f"/hazards/{number}/history").json()["versions"]
        assert [(v["action"], v["role"]) for v in versions] == [("assign", "admin"), ("report", "grid_manager")]
        assert versions[0]["changes"]["organisation"] == {"old": None, "new": "甲公司"}
        assert versions[0]["changes"]["state"] == {"old": "found", "new": "assigned"}
        then = west.get(f"/hazards/{number}", params={"as_of": found}).json()
        assert (then["hazard"]["state"], then["possible"]) == ("found", [])
        assert [one["action"] for one in then["hazard"]["actions"]] == ["report"]
        listed = [
            west.get("/hazards", params=params).json()["hazards"][0]["state"] for params in ({}, {"as_of": found})
        ]
        assert listed == ["assigned", "found"]


def test_an_organisation_sees_its_tasks_wherever_they_lie_and_nothing_else(live_city: City) -> None:
    """The matrix: by block, by organisation, by both, by neither."""
    with live_city.client("admin") as admin:
        for name, body in (
            ("ours", {"role": "handler", "organisations": [" 甲公司 "]}),
            ("theirs", {"role": "handler", "organisations": ["乙公司"]}),
            ("both", {"role": "handler", "organisations": ["甲公司"], "scope": [WEST]}),
        ):
            made = admin.post("/tokens", json=body)
            assert made.status_code == 201, made.text
            live_city.tokens[name] = made.json()["token"]
        for wrong in ("", "王先生", "x" * 101):
            answer = admin.post("/tokens", json={"role": "handler", "organisations": [wrong]})
            assert (answer.status_code, answer.json()["parameter"]) == (400, "organisations")
        houses = [building(live_city, code) for code in ("99010100100101", "99010100200101")]
        photo = admin.post("/photos", content=png()).json()["photo"]
        visit = admin.post("/inspections", json={
            "object": "buildings", "object_id": houses[1], "inspection_kind": "消防检查", "result": "hazards",
            "inspected_on": "2026-10-01", "photos": [photo],
        }).json()["id"]  # fmt: skip
        west_theirs, east_ours, east_open = (
            report(admin, houses[0]).json()["id"],
            report(admin, houses[1], inspection_id=visit).json()["id"],
            report(admin, houses[1]).json()["id"],
        )
        for number, organisation in ((west_theirs, "乙公司"), (east_ours, "甲公司")):
            assert step(admin, number, "assign", organisation=organisation, due="2030-01-01") == 201
        assert admin.get("/tokens").json()["organisations"] == ["乙公司", "甲公司"]
        assert ["甲公司"] in [token["organisations"] for token in admin.get("/tokens").json()["tokens"]]
    seen = {
        "ours": {east_ours}, "theirs": {west_theirs}, "both": {west_theirs, east_ours}, "west": {west_theirs},
        "east": {east_ours, east_open}, "admin": {west_theirs, east_ours, east_open}, None: set(),
    }  # fmt: skip
    for name, numbers in seen.items():
        with live_city.client(name) as client:
            listed = {one["id"] for one in client.get("/hazards").json()["hazards"]}
            shown = {one["id"] for one in client.get("/collections/hazards/items").json()["features"]}
            opened = {n for n in (west_theirs, east_ours, east_open) if client.get(f"/hazards/{n}").status_code == 200}
            assert listed == shown == opened == numbers, name
            asked = {"object": "buildings", "object_id": houses[1]}
            visits = client.get("/inspections", params=asked).json()["inspections"]
            assert bool(visits) is (name in ("ours", "both", "east", "admin")), name
            assert (client.get(f"/photos/{photo}").status_code == 200) is bool(visits), name
    with live_city.client("ours") as ours, live_city.client("theirs") as theirs, live_city.client("admin") as admin:
        assert step(theirs, east_ours, "rectify") == 404
        assert step(ours, east_ours, "rectify") == 201
        for layer in ("buildings", "incidents", "industrial_parks", "urban_villages"):
            assert ours.get(f"/collections/{layer}/items").json()["features"] == [], layer
        assert ours.get(f"/blocks/{WEST}/profile").status_code == 403
        assert ours.get("/collections/hazards/export").json()["features"][0]["id"] == east_ours
        # Who gets the task next sees it, and who had it no longer does.
        assert step(admin, east_ours, "return", note="仍有杂物") == 201
        assert step(admin, east_ours, "assign", organisation="乙公司", due="2030-01-01") == 201
        assert ours.get("/hazards").json()["hazards"] == []
        assert len(theirs.get(f"/hazards/{east_ours}").json()["hazard"]["actions"]) == 5
        # A grant that is taken away leaves nothing, not everything.
        assert step(admin, west_theirs, "rectify") == 201
        live_city.execute("DELETE FROM organisation_grant")
        live_city.execute("DELETE FROM role_grant")
    for name in ("ours", "theirs", "both", "west"):
        with live_city.client(name) as client:
            wait_for(lambda client=client: client.get("/hazards").json()["hazards"] == [])
            assert client.get("/collections/buildings/items").json()["features"] == []
            assert client.get("/session").json()["is_unscoped"] is False


def test_the_stream_tells_an_organisation_of_its_tasks_as_they_come_and_go_and_of_no_other(live_city: City) -> None:
    with live_city.client("admin") as admin:
        for name, body in (
            ("ours", {"role": "handler", "organisations": ["甲公司"]}),
            ("both", {"role": "handler", "organisations": ["甲公司"], "scope": [WEST]}),
        ):
            live_city.tokens[name] = admin.post("/tokens", json=body).json()["token"]
        session = {}
        for name in ("ours", "both", "west", "admin"):
            with live_city.client(name) as client:
                told = client.get("/session").json()
                session[name] = (told["scope"], told["organisations"], told["is_unscoped"])
        assert session["ours"] == ([], ["甲公司"], False)
        assert session["both"] == ([WEST], ["甲公司"], False)
        assert session["west"] == ([WEST], [], False)
        assert session["admin"][1:] == ([], True)
        assert session["admin"][0]
        house = building(live_city, "99010100200101")
        with (
            follow(live_city, "ours", "hazards,incidents") as ours, follow(live_city, "both", "hazards") as both,
            follow(live_city, "east", "hazards") as east,
        ):  # fmt: skip
            task, other = report(admin, house).json()["id"], report(admin, house).json()["id"]
            assert step(admin, other, "assign", organisation="乙公司", due="2030-01-01") == 201
            assert step(admin, task, "assign", organisation="甲公司", due="2030-01-01") == 201
            assert step(admin, other, "rectify") == 201
            # Who has it no longer hears that it went, and nothing after that.
            assert step(admin, task, "rectify") == 201
            assert step(admin, task, "return", note="仍有杂物") == 201
            assert step(admin, task, "assign", organisation="乙公司", due="2030-01-01") == 201
            assert step(admin, task, "rectify") == 201
            last = report(admin, house).json()["id"]
            assert step(admin, last, "assign", organisation="甲公司", due="2030-01-01") == 201
            wait_for(lambda: all(any(last in one["ids"] for one in f.changes) for f in (ours, both, east)))
            for follower in (ours, both):
                heard = [number for one in follower.changes for number in one["ids"]]
                assert set(heard) == {task, last}
                assert all(one["bbox"] is None and one["block_codes"] == [] for one in follower.changes)
            assert {task, other, last} <= {number for one in east.changes for number in one["ids"]}
            start = east.changes[0]["change_id"] - 1
        with follow(live_city, "ours", "hazards", last=start) as again:
            wait_for(lambda: any(last in one["ids"] for one in again.changes))
            assert {number for one in again.changes for number in one["ids"]} == {task, last}


def wait_for(holds: Callable[[], bool]) -> None:
    """The server hears of what other programs write, a moment later."""
    for _ in range(200):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError
