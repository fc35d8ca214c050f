# SPDX-License-Identifier: Apache-2.0
"""Hazards over HTTP: from found to verified, by those whose step it is, every step kept."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest

from tests.api.district import WEST
from tests.api.server import City
from tests.api.test_proposals import building, png
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
