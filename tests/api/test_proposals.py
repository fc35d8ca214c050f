# SPDX-License-Identifier: Apache-2.0
"""Corrections from the field over HTTP: proposed with a photo, decided by the steward, both kept."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import httpx

from tests.api.server import City


def png(colour: int = 0) -> bytes:
    """A picture of one pixel with a text about its owner."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tEXt", b"Author\0the owner")
        + chunk(b"IDAT", zlib.compress(bytes([0, colour]))) + chunk(b"IEND", b"") + b"something behind"
    )  # fmt: skip


def building(city: City, local_id: str) -> int:
    found: Any = city.execute("SELECT id FROM building WHERE local_id = %s", local_id)
    return found[0][0]


def propose(client: httpx.Client, feature: int, **body: Any) -> httpx.Response:
    return client.post(
        "/proposals",
        json={"layer": "buildings", "feature_id": feature, "changes": {"storeys_above": 7}, "reason": "现场七层"}
        | body,
    )


def test_a_correction_is_proposed_seen_and_accepted(live_city: City) -> None:
    feature = building(live_city, "99010100100101")
    with live_city.client("west") as west, live_city.client("admin") as admin:
        photo = west.post("/photos", content=png()).json()["photo"]
        made = propose(west, feature, photo=photo)
        assert made.status_code == 201, made.text
        path = f"/proposals/{made.json()['id']}"
        assert west.get(path).json()["state"] == "open"
        seen = admin.get(path).json()
        assert seen["diff"] == {"storeys_above": {"old": 6, "new": 7, "now": 6}}
        assert seen["changed_since"] is False
        shown = admin.get(f"/photos/{photo}")
        assert shown.headers["content-type"] == "image/png"
        assert b"owner" not in shown.content and b"behind" not in shown.content
        assert west.post(f"{path}/accept").status_code == 403
        accepted = admin.post(f"{path}/accept")
        assert accepted.status_code == 200, accepted.text
        assert west.get(path).json()["state"] == "accepted"
        item = admin.get(f"/collections/buildings/items/{feature}").json()
        assert item["properties"]["storeys_above"] == 7
        assert admin.post(f"{path}/accept").status_code == 409
    rows = live_city.execute("SELECT storeys_above FROM building_history WHERE id = %s", feature)
    assert rows == [(6,)]
    linked = live_city.execute(
        "SELECT edit.action, edit.proposal_id, edit.version = now_.recorded_at, edit.version = proposal.version "
        "FROM feature_edit AS edit JOIN building AS now_ ON now_.id = edit.feature_id "
        "JOIN proposal ON proposal.id = edit.proposal_id"
    )
    assert linked == [("proposal", made.json()["id"], True, True)]


def test_a_proposer_sees_their_own_and_the_steward_all(live_city: City) -> None:
    with live_city.client("west") as west, live_city.client("east") as east, live_city.client("admin") as admin:
        mine = propose(west, building(live_city, "99010100100101")).json()["id"]
        photo = east.post("/photos", content=png(9)).json()["photo"]
        theirs = propose(east, building(live_city, "99010100200101"), photo=photo).json()["id"]
        assert [p["id"] for p in west.get("/proposals").json()["proposals"]] == [mine]
        assert [p["id"] for p in admin.get("/proposals").json()["proposals"]] == [mine, theirs]
        assert west.get(f"/proposals/{theirs}").status_code == 404
        assert west.get(f"/photos/{photo}").status_code == 404
        assert east.get(f"/photos/{photo}").status_code == 200
        assert west.post(f"/proposals/{mine}/withdraw").json()["state"] == "withdrawn"
        assert admin.post(f"/proposals/{theirs}/withdraw").status_code == 403
        assert west.post("/photos", content=b"GIF89a").status_code == 422


def test_nobody_proposes_beyond_their_scope_or_as_a_display(live_city: City) -> None:
    feature = building(live_city, "99010100200101")
    with live_city.client("west") as west:
        assert propose(west, feature).status_code == 404
    for name in ("wall", None):
        with live_city.client(name) as client:
            assert propose(client, feature).status_code == 403
    with live_city.client("east") as east:
        assert propose(east, feature, reason="电话 13800138000").status_code == 422
        assert propose(east, feature, changes={"code": "1"}).status_code == 422
        assert propose(east, feature, changes={"storeys_above": 6}).status_code == 400
        assert propose(east, feature, layer="incidents").status_code == 404
        stolen = propose(east, feature, photo="0" * 64)
        assert stolen.status_code == 400
        assert east.get("/proposals").json()["proposals"] == []


def test_a_feature_that_changed_since_is_not_overwritten_unasked(live_city: City) -> None:
    feature = building(live_city, "99010100100101")
    with live_city.client("west") as west, live_city.client("admin") as admin:
        number = propose(west, feature).json()["id"]
        live_city.execute("UPDATE building SET storeys_above = 8 WHERE id = %s", feature)
        seen = admin.get(f"/proposals/{number}").json()
        assert seen["changed_since"] is True
        assert seen["diff"]["storeys_above"] == {"old": 6, "new": 7, "now": 8}
        assert admin.post(f"/proposals/{number}/accept").status_code == 409
        assert admin.post(f"/proposals/{number}/accept", json={"despite_change": True}).status_code == 200
        # What changed elsewhere in the feature is in nobody's way.
        other = propose(west, feature, changes={"height": 21}).json()["id"]
        live_city.execute("UPDATE building SET name = '新名' WHERE id = %s", feature)
        assert admin.post(f"/proposals/{other}/accept").status_code == 200
        rejected = propose(west, feature, changes={"height": 33}).json()["id"]
        assert admin.post(f"/proposals/{rejected}/reject", json={"reason": "与图纸不符"}).status_code == 200
        assert west.get(f"/proposals/{rejected}").json()["decision"] == "与图纸不符"


def test_an_address_and_a_unit_can_be_corrected_too(live_city: City) -> None:
    live_city.execute(
        "INSERT INTO address (source_id, local_id, road, number, normalised, block_code, geometry) "
        "VALUES ('t', 'a', '示例路', '12', '示例路12号', '99010100100101', ST_SetSRID(ST_Point(114.01, 22.505), 4490))"
    )
    live_city.execute(
        "INSERT INTO unit (source_id, local_id, room, use, block_code, geometry) VALUES "
        "('t', 'u', '501', 'residential', '99010100100101', ST_MakeEnvelope(114.01, 22.505, 114.0101, 22.5051, 4490))"
    )
    address: Any = live_city.execute("SELECT id FROM address")[0][0]
    unit: Any = live_city.execute("SELECT id FROM unit")[0][0]
    with live_city.client("west") as west, live_city.client("admin") as admin:
        point = {"type": "Point", "coordinates": [114.031, 22.505]}
        one = propose(west, address, layer="addresses", changes={"number": "14"}, geometry=point)
        two = propose(west, unit, layer="units", changes={"use": "commercial"})
        assert propose(west, unit, layer="units", changes={}, geometry=point).status_code == 422
        for made in (one, two):
            assert made.status_code == 201, made.text
            assert admin.post(f"/proposals/{made.json()['id']}/accept").status_code == 200
    assert live_city.execute("SELECT normalised, block_code FROM address") == [("示例路14号", "99010100100102")]
    assert live_city.execute("SELECT use FROM unit") == [("commercial",)]
