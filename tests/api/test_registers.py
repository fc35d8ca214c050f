# SPDX-License-Identifier: Apache-2.0
"""The registers over HTTP: found, read, corrected with a version in hand, and brought back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.district import EAST, WEST
from tests.api.server import City

PARKS = "/registers/parks"
VILLAGES = "/registers/villages"


def add_parks(city: City) -> None:
    city.execute(
        "INSERT INTO industrial_park (source_id, local_id, code, name, park_type, operator, floor_area, vacant_area, "
        "block_code, geometry) VALUES "
        "('t', 'a', 'P-1', '宝安智造园', 'manufacturing', '示例运营公司', 9000, 1500, '99010100100101', "
        " ST_MakeEnvelope(114.009, 22.504, 114.012, 22.507, 4490)), "
        "('t', 'b', 'P-2', '东部物流园', 'logistics', NULL, 5000, 100, '99010100200101', "
        " ST_MakeEnvelope(114.05, 22.504, 114.052, 22.506, 4490))"
    )


def find(client: httpx.Client, path: str, **params: Any) -> list[str]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [entry["properties"]["name"] for entry in answer.json()["entries"]]


def number(client: httpx.Client, name: str) -> int:
    return next(e["id"] for e in client.get(PARKS).json()["entries"] if e["properties"]["name"] == name)


def open_entry(client: httpx.Client, name: str) -> tuple[str, dict[str, str]]:
    """The path of a park, and the If-Match of its version."""
    path = f"{PARKS}/{number(client, name)}"
    return path, {"If-Match": client.get(path).headers["etag"]}


def test_entries_are_found_by_part_of_name_or_code_and_narrowed(live_city: City) -> None:
    add_parks(live_city)
    with live_city.client("admin") as admin:
        assert find(admin, PARKS) == ["东园", "宝安智造园", "东部物流园"]
        assert find(admin, PARKS, q="智造") == ["宝安智造园"]
        assert find(admin, PARKS, q="p-2 东部") == ["东部物流园"]
        assert find(admin, PARKS, q="100%") == []
        assert find(admin, PARKS, type="logistics") == ["东部物流园"]
        assert find(admin, PARKS, block=WEST) == ["宝安智造园"]
        assert find(admin, PARKS, filter=["vacant_area>=100", "floor_area<9000"]) == ["东部物流园"]
        assert find(admin, PARKS, filter="operator~运营") == ["宝安智造园"]
        page = admin.get(PARKS, params={"limit": 2}).json()
        assert page["numberMatched"] == 3
        assert find(admin, PARKS, after=page["next"]) == ["东部物流园"]
        wrong = admin.get(PARKS, params={"filter": "geometry=1"})
        assert wrong.status_code == 400
        assert "vacant_area" in wrong.json()["detail"]
        assert admin.get("/registers/shops").status_code == 404
        assert [r["name"] for r in admin.get("/registers").json()["registers"]] == ["parks", "villages"]


def test_a_register_shows_only_what_lies_in_ones_scope(live_city: City) -> None:
    add_parks(live_city)
    with live_city.client("west") as west:
        assert find(west, PARKS) == ["宝安智造园"]
    with live_city.client() as public:
        assert find(public, PARKS) == []


def test_an_entry_tells_what_stands_in_it(live_city: City) -> None:
    add_parks(live_city)
    live_city.execute(
        "INSERT INTO hazard (source_id, local_id, object_kind, object_id, hazard_kind, severity, state, block_code) "
        "SELECT 't', 'h' || n, 'industrial_park', id, CASE n WHEN 3 THEN 'gas' ELSE 'fire' END, 3, 'found', block_code "
        "FROM industrial_park, generate_series(1, 3) AS n WHERE code = 'P-1'"
    )
    with live_city.client("admin") as admin:
        entry = admin.get(f"{PARKS}/{number(admin, '宝安智造园')}").json()
        about = entry["about"]
        assert about["buildings"]["count"] == 1
        assert about["buildings"]["floor_area"] == 1000
        assert [block["level"] for block in about["blocks"]] == [1, 2, 3, 4]
        assert about["hazards"] == {"fire": {"total": 2, "open": 2}, "gas": {"total": 1, "open": 1}}
        assert entry["feature"]["properties"]["operator"] == "示例运营公司"
        facts = admin.get(f"/blocks/{WEST}/profile").json()["registers"]
        assert facts["industrial_parks"]["vacant_area"] == 1500
        assert facts["industrial_parks"]["open_hazards"] == 3
        village = admin.get(VILLAGES).json()["entries"][0]["id"]
        assert [m["share"] for m in admin.get(f"{VILLAGES}/{village}").json()["about"]["meets"]] == [0.3333, 0.6667]


def test_an_edit_keeps_what_was_and_says_who_and_why(live_city: City) -> None:
    add_parks(live_city)
    with live_city.client("admin") as admin:
        path, match = open_entry(admin, "宝安智造园")
        body = {"changes": {"vacant_area": 800, "operator": "新运营公司"}, "reason": "季度核查"}
        edited = admin.patch(path, json=body, headers=match)
        assert edited.status_code == 200, edited.text
        assert edited.headers["etag"] != match["If-Match"]
        assert admin.get(path).headers["etag"] == edited.headers["etag"]
        newest, oldest = admin.get(f"{path}/history").json()["versions"]
        assert newest["changes"] == {
            "vacant_area": {"old": 1500, "new": 800}, "operator": {"old": "示例运营公司", "new": "新运营公司"},
        }  # fmt: skip
        assert (newest["action"], newest["role"], newest["reason"]) == ("edit", "admin", "季度核查")
        assert oldest["action"] == "load"
        assert oldest["replaced_at"] == newest["version"]
        undone = admin.post(
            f"{path}/restore", json={"version": oldest["version"]}, headers={"If-Match": edited.headers["etag"]}
        )
        assert undone.status_code == 200, undone.text
        assert admin.get(path).json()["feature"]["properties"]["vacant_area"] == 1500
        versions = admin.get(f"{path}/history").json()["versions"]
        assert [version["action"] for version in versions] == ["restore", "edit", "load"]
        same = admin.patch(path, json={"changes": {"vacant_area": 1500}}, headers={"If-Match": undone.headers["etag"]})
        assert same.headers["etag"] == undone.headers["etag"]


def test_two_who_edit_the_same_version_are_told_apart(live_city: City) -> None:
    add_parks(live_city)
    with live_city.client("admin") as admin:
        path, match = open_entry(admin, "东部物流园")
        assert admin.patch(path, json={"changes": {"firms": 3}}).status_code == 428
        assert admin.patch(path, json={"changes": {"firms": 3}}, headers=match).status_code == 200
        late = admin.patch(path, json={"changes": {"firms": 4}}, headers=match)
        assert late.status_code == 412
        assert "read it again" in late.json()["detail"].lower()
        assert admin.patch(path, json={"changes": {"firms": 4}}, headers={"If-Match": '"x"'}).status_code == 412


@pytest.mark.parametrize(
    ("changes", "field", "fix"),
    [
        ({"park_type": "casino"}, "park_type", "logistics"),
        ({"firms": 1.5}, "firms", "whole number"),
        ({"firms": -1}, "firms", "between 0"),
        ({"name": None}, "name", "give a name"),
        ({"vacant_area": 99999}, "vacant_area", "floor_area"),
        ({"operator": "联系 13800138000"}, "operator", "personal"),
        ({"block_code": "1"}, "block_code", "park_type"),
        ({"land_area": "large"}, "land_area", "number"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field_and_what_to_do(
    city: City, changes: dict[str, Any], field: str, fix: str
) -> None:
    with city.client("admin") as admin:
        path = f"{PARKS}/{number(admin, '东园')}"
        entry = admin.get(path)
        if field == "vacant_area":
            changes = {"floor_area": 10, **changes}
        refused = admin.patch(path, json={"changes": changes}, headers={"If-Match": entry.headers["etag"]})
        assert refused.status_code == 422, refused.text
        problem = refused.json()["problems"][0]
        assert problem["where"] == field
        assert fix in problem["fix_i18n"]["en"]


def test_only_the_steward_edits_and_only_in_scope(live_city: City) -> None:
    add_parks(live_city)
    with live_city.client("west") as west:
        path, match = open_entry(west, "宝安智造园")
        refused = west.patch(path, json={"changes": {"firms": 1}}, headers=match)
        assert refused.status_code == 403
        assert "/proposals" in refused.json()["detail"]


def test_a_new_boundary_moves_the_entry_into_its_blocks(live_city: City) -> None:
    add_parks(live_city)
    # From the first street over the border into the second: two thirds lie in the east.
    box = [[114.03, 22.504], [114.06, 22.504], [114.06, 22.506], [114.03, 22.506], [114.03, 22.504]]
    with live_city.client("admin") as admin:
        path, match = open_entry(admin, "宝安智造园")
        moved = admin.patch(path, json={"geometry": {"type": "Polygon", "coordinates": [box]}}, headers=match)
        assert moved.status_code == 200, moved.text
        about = admin.get(path).json()["about"]
        assert about["blocks"][1]["code"] == EAST
        assert {m["block_code"]: round(m["share"], 3) for m in about["meets"]} == {
            "99010100100102": 0.333, "99010100200101": 0.667,
        }  # fmt: skip
        profile = admin.get(f"/blocks/{EAST}/profile").json()["registers"]["industrial_parks"]
        assert profile["vacant_area"] == pytest.approx(100 + 1000, rel=0.01)
        newest = admin.get(f"{path}/history").json()["versions"][0]
        assert newest["geometry_changed"]
        bow = [[114, 22.5], [114.01, 22.51], [114.01, 22.5], [114, 22.51], [114, 22.5]]
        bad = admin.patch(
            path, json={"geometry": {"type": "Polygon", "coordinates": [bow]}},
            headers={"If-Match": moved.headers["etag"]},
        )  # fmt: skip
        assert bad.status_code == 422
        assert "not valid" in bad.json()["problems"][0]["what_i18n"]["en"]
    with live_city.client("west") as west:
        assert find(west, PARKS) == ["宝安智造园"]
