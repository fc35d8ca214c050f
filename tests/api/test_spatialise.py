# SPDX-License-Identifier: Apache-2.0
"""The review queue over HTTP: who sees it, what a decision does, and that locate learns from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.source import Options, find_source
from tests.api.district import WEST
from tests.api.server import City
from twin.access import create_token
from twin.database import transaction

GRID = "99010100100101"

_ADDRESSES = """
    UPDATE block SET name = '西乡街道' WHERE code = '990101001';
    INSERT INTO address (source_id, local_id, road, number, normalised, block_code, geometry)
    SELECT 'test', code, '示例' || right(code, 1) || '路', substr(code, 12, 1),
           '示例' || right(code, 1) || '路' || substr(code, 12, 1) || '号', code, ST_PointOnSurface(geometry)
    FROM block WHERE level = 4;
"""
TEXT = "示例1路1号旁边小店"


@pytest.fixture
def queue(live_city: City, tmp_path: Path) -> Iterator[City]:
    live_city.execute(_ADDRESSES)
    path = tmp_path / "list.csv"
    path.write_text(f"编号,地址\n1,{TEXT}\n2,西乡街道示例9路1号\n3,毫无线索\n", encoding="utf-8")
    report = find_source("points").load(live_city.settings, path, Options(layer_name="名单"))
    assert report.details["queued"] == 3
    with transaction(live_city.settings) as connection:
        live_city.tokens["steward"] = create_token(connection, "steward")
        live_city.tokens["west_steward"] = create_token(connection, "steward", scope=[WEST])
    yield live_city


def test_the_queue_is_for_stewards_within_their_scope(queue: City) -> None:
    with queue.client("steward") as client:
        page = client.get("/placements", params={"limit": 2}).json()
        assert len(page["placements"]) == 2
        rest = client.get("/placements", params={"after": page["next"]}).json()
        assert len(rest["placements"]) == 1 and rest["next"] is None
        assert client.get("/placements", params={"layer": "other"}).json()["placements"] == []
    with queue.client("west_steward") as client:
        seen = [one["given"] for one in client.get("/placements").json()["placements"]]
    # What might be in either street, and what might be anywhere, is not for the steward of one.
    assert seen == ["西乡街道示例9路1号"]
    for who in (None, "wall", "planner", "west"):
        with queue.client(who) as client:
            assert client.get("/placements").status_code == 403
            assert client.post("/placements/1", json={"reject": True}).status_code == 403


def test_a_confirmed_text_is_located_from_then_on(queue: City) -> None:
    with queue.client("steward") as client:
        first = client.get("/placements").json()["placements"][0]
        assert first["given"] == TEXT and first["reason"]["en"]
        position = next(n for n, c in enumerate(first["candidates"]) if c["block_code"] == GRID)
        assert client.get("/locate", params={"address": TEXT}).json()["confidence"] < 0.85
        done = client.post(f"/placements/{first['id']}", json={"confirm": position})
        assert (done.status_code, done.json()["status"]) == (200, "confirmed")
        found = client.get("/locate", params={"address": TEXT}).json()
        assert (found["confidence"], found["block_code"]) == (1.0, GRID)
        assert client.post(f"/placements/{first['id']}", json={"confirm": position}).status_code == 409
        assert len(client.get("/placements", params={"status": "confirmed"}).json()["placements"]) == 1
    feature = queue.execute("SELECT block_code, geometry IS NOT NULL FROM business_feature WHERE local_id = '1'")
    assert feature == [(GRID, True)]
    # Who may not see the address learns nothing from its alias.
    with queue.client("east") as client:
        assert client.get("/locate", params={"address": TEXT}).json()["address"] is None


def test_a_decision_that_makes_no_sense_is_refused(queue: City) -> None:
    with queue.client("steward") as client:
        first = client.get("/placements").json()["placements"][0]["id"]
        for body in ({}, {"confirm": 0, "reject": True}, {"confirm": 77}, {"confirm": -1}, {"accept": 1}):
            assert client.post(f"/placements/{first}", json=body).status_code == 400, body
        assert client.post("/placements/999999", json={"reject": True}).status_code == 404
        assert client.post(f"/placements/{first}", json={"reject": True}).json()["status"] == "rejected"
    with queue.client("west_steward") as client:
        assert client.post(f"/placements/{first}", json={"reject": True}).status_code == 404


def test_a_decision_reaches_open_pages_as_a_change(queue: City) -> None:
    with queue.client("steward") as client:
        first = client.get("/placements").json()["placements"][0]["id"]
        before = queue.execute("SELECT max(seq) FROM change")[0][0]
        client.post(f"/placements/{first}", json={"confirm": 0})
    changed = queue.execute("SELECT DISTINCT block_code FROM change WHERE seq > %s ORDER BY 1", before)
    # It is gone from where it waited, and new where it is.
    assert len(changed) == 2 and changed[-1] == ("~",)
