# SPDX-License-Identifier: Apache-2.0
"""What requests leave in the audit log, and who reads it."""

from __future__ import annotations

import time
from pathlib import Path

from tests.api.district import WEST
from tests.api.server import City
from tests.api.test_access import TILE
from twin.access import create_token
from twin.audit import verify_lines
from twin.database import transaction


def add_tokens(city: City) -> None:
    """An auditor, one of a street, and a planner with a purpose of its own."""
    with transaction(city.settings) as connection:
        city.tokens["auditor"] = create_token(connection, "auditor")
        city.tokens["local"] = create_token(connection, "auditor", scope=[WEST])
        city.tokens["census"] = create_token(connection, "planner", purpose="census")


def read_log(city: City, query: str = "") -> list[dict]:
    with city.client("auditor") as client:
        answer = client.get(f"/audit?limit=1000{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["entries"]


def test_what_is_done_over_http_is_on_record_with_who_did_it(live_city: City) -> None:
    city = live_city
    add_tokens(city)
    with city.client("admin") as admin:
        token = admin.post("/tokens", json={"role": "wall", "label": "lobby"}).json()["token"]
        made = read_log(city, "&verb=token.make&role=admin")
        assert len(made) == 1 and made[0]["details"]["role"] == "wall"
        assert made[0]["request_id"] and made[0]["token_id"] != int(made[0]["object"].partition(":")[2])
        assert admin.get("/collections/incidents/export?f=csv").status_code == 200
        described = {"title": {"zh": "安全", "en": "Safety"}, "position": 70}
        answer = admin.put("/pillars/population", json=described)
        assert answer.status_code < 300, answer.text
    (export,) = read_log(city, "&verb=export.make")
    assert export["role"] == "admin" and export["details"]["layer"] == "incidents"
    assert [e["role"] for e in read_log(city, "&verb=config.change&object=pillar:population")] == ["admin"]
    text = str(read_log(city))
    assert token not in text and "lobby" not in text
    city.execute("UPDATE building SET height = 7 WHERE local_id = 'public'")
    (write,) = [e for e in read_log(city, "&object=layer:buildings") if e["details"]["op"] == "update"]
    assert write["role"] is None and write["database_user"] and write["program"] != "twin-api"


def test_a_refusal_is_on_record_once_a_minute_and_a_refused_write_leaves_nothing_else(live_city: City) -> None:
    city = live_city
    add_tokens(city)
    with city.client("wall") as wall:
        for _ in range(3):
            assert wall.post("/tokens", json={"role": "admin"}).status_code == 403
    (refusal,) = read_log(city, "&verb=access.refuse")
    assert (refusal["object"], refusal["outcome"], refusal["role"]) == ("/tokens", "refused", "wall")
    assert refusal["details"] == {"method": "POST", "status": 403}
    assert read_log(city, "&verb=token.make&role=wall") == []
    with city.client() as client:
        assert client.post("/session", json={"token": "twin_nonsense"}).status_code == 401
        assert client.post("/session", json={"token": city.tokens["wall"]}).status_code == 204
    assert [e["object"] for e in read_log(city, "&verb=session.refuse")] == ["/session"]
    assert [e["role"] for e in read_log(city, "&verb=session.open")] == ["wall"]


def test_reading_restricted_data_is_on_record_once_an_hour_with_its_purpose(live_city: City) -> None:
    city = live_city
    add_tokens(city)
    tile = f"/collections/buildings/tiles/WebMercatorQuad/{TILE}"
    for name in ("wall", "census"):
        with city.client(name) as client:
            for path in (tile, tile, "/collections/buildings/items", "/collections/incidents/items", "/collections"):
                assert client.get(path).status_code in (200, 204), path
    told = [(e["role"], e["object"], e["purpose"], e["access_class"]) for e in read_log(city, "&verb=data.read")]
    assert sorted(told) == [("planner", f"layer:{layer}", "census", 3) for layer in ("buildings", "incidents")]


def test_no_restricted_data_leave_while_they_cannot_be_put_on_record(live_city: City) -> None:
    city = live_city
    add_tokens(city)
    city.execute("ALTER FUNCTION note_audit(text, text, text, integer, jsonb) RENAME TO note_elsewhere")
    with city.client("west") as west, city.client("wall") as wall:
        answer = west.get("/collections/incidents/items")
        assert answer.status_code == 503 and "told in confidence" not in answer.text
        assert wall.get("/collections/incidents/items").status_code == 200
        city.execute("ALTER FUNCTION note_elsewhere(text, text, text, integer, jsonb) RENAME TO note_audit")
        assert west.get("/collections/incidents/items").status_code == 200
    assert len(read_log(city, "&verb=data.read")) == 1


def test_auditors_and_administrators_of_everything_read_the_log_and_nobody_else(live_city: City) -> None:
    city = live_city
    add_tokens(city)
    for path in ("/audit", "/audit/head", "/audit/export"):
        for name, status in (
            ("auditor", 200), ("admin", 200), ("local", 403), ("planner", 403), ("west", 403), ("wall", 403),
            (None, 403),
        ):  # fmt: skip
            with city.client(name) as client:
                assert client.get(path).status_code == status, (path, name)
    with city.client("auditor") as auditor:
        features = auditor.get("/collections/buildings/items").json()["features"]
        assert [f["properties"]["name"] for f in features] == ["图书馆"]
        for path in ("/collections/incidents/items", "/collections/models/items", "/registers/parks"):
            answer = auditor.get(path)
            assert answer.status_code == 403 or "features" not in answer.json() or answer.json()["features"] == []


def test_the_log_is_paged_and_narrowed_and_its_export_verifies(live_city: City, tmp_path: Path) -> None:
    city = live_city
    add_tokens(city)
    whole = read_log(city)
    with city.client("auditor") as auditor:
        paged, before = [], ""
        while True:
            page = auditor.get(f"/audit?limit=7{before}").json()
            paged += page["entries"]
            if page["next"] is None:
                break
            before = f"&before={page['next']}"
        assert [e["id"] for e in paged] == [e["id"] for e in whole]
        assert {e["verb"] for e in auditor.get("/audit?verb=token.").json()["entries"]} == {"token.make"}
        middle = whole[len(whole) // 2]["at"]
        later = auditor.get("/audit", params={"since": middle, "limit": 1000}).json()["entries"]
        earlier = auditor.get("/audit", params={"until": middle, "limit": 1000}).json()["entries"]
        assert len(later) + len(earlier) == len(whole)
        assert auditor.get("/audit?outcome=maybe").status_code == 400
        assert auditor.get("/audit?nonsense=1").status_code == 400
        head = auditor.get("/audit/head").json()
        assert head["unsealed"] == 0 and len(head["hash"]) == 64
        lines = auditor.get("/audit/export").text.splitlines()
    verdict = verify_lines(lines)
    assert verdict.is_whole and verdict.head.seq > head["seq"]
    assert any(head["hash"] in line for line in lines)
    assert [e["role"] for e in read_log(city, "&verb=audit.export")] == ["auditor"]


def test_a_running_server_seals_what_was_written(live_city: City) -> None:
    city = live_city
    deadline = time.monotonic() + 20
    while city.execute("SELECT FROM audit_entry WHERE seq IS NULL"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert city.execute("SELECT count(*) > 10 FROM audit_entry") == [(True,)]
