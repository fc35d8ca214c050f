# SPDX-License-Identifier: Apache-2.0
"""Collection rounds and space for rent over HTTP: who owes what, and how complete it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.api.district import EAST, WEST
from tests.api.server import City
from tests.api.test_registers import PARKS, add_parks, number
from tests.unit.test_surveys import FORM


def test_a_round_is_owed_answered_and_counted_by_block(live_city: City) -> None:
    add_parks(live_city)
    whole = {"hydrants": 4, "fire": {"exits": 2, "alarm": "yes"}}
    opened = {"register": "parks", "title": "消防摸查", "form": FORM, "due": "2020-06-30", "organisation": "示例街道办"}
    with live_city.client("admin") as admin, live_city.client("west") as west:
        assert west.post("/surveys", json=opened).status_code == 403
        made = admin.post("/surveys", json=opened)
        assert made.status_code == 201, made.text
        path = f"/surveys/{made.json()['id']}"
        assert admin.get(path).json()["completeness"] == 0
        mine, theirs = number(admin, "宝安智造园"), number(admin, "东部物流园")
        answered = west.put(f"{path}/responses/{mine}", json={"answers": {"hydrants": 4}})
        assert answered.json()["completeness"] == pytest.approx(1 / 3)
        wrong = west.put(f"{path}/responses/{mine}", json={"answers": {"hydrants": -1}})
        assert (wrong.status_code, wrong.json()["problems"][0]["where"]) == (422, "hydrants")
        assert west.put(f"{path}/responses/{theirs}", json={"answers": whole}).status_code == 404
        assert admin.put(f"{path}/responses/{theirs}", json={"answers": whole}).json()["completeness"] == 1
        owed = admin.get(f"{path}/owed").json()
        assert owed["is_overdue"] is True
        by_block = {b["block_code"]: (b["objects_total"], b["incomplete"], b["missing_fields"]) for b in owed["blocks"]}
        assert by_block == {WEST: (1, 1, 2), EAST: (2, 1, 3)}
        assert [(o["name"], o["missing"]) for o in owed["objects"]] == [("宝安智造园", 2), ("东园", 3)]
        assert admin.get(path, params={"block": EAST}).json()["completeness"] == pytest.approx(3 / 6)
        assert [o["name"] for o in west.get(f"{path}/owed").json()["objects"]] == ["宝安智造园"]
        entry = admin.get(f"{PARKS}/{mine}").json()["about"]["surveys"][0]
        assert entry["completeness"] == pytest.approx(1 / 3)
        assert west.get(f"{path}/responses/{mine}").json()["answers"] == {"hydrants": 4}
        assert west.get(f"{path}/responses/{theirs}").status_code == 404
        listed = admin.get("/surveys", params={"register": "parks", "is_open": True}).json()["surveys"]
        assert [(one["title"], one["complete"]) for one in listed] == [("消防摸查", 1)]
        assert admin.post(f"{path}/close").status_code == 200
        assert west.put(f"{path}/responses/{mine}", json={"answers": whole}).status_code == 409
    with live_city.client() as public:
        assert public.get(path).status_code == 404


def test_space_for_rent_is_kept_by_building_storey_and_unit(live_city: City) -> None:
    add_parks(live_city)
    live_city.execute("UPDATE building SET code = 'B-' || local_id")
    with live_city.client("admin") as admin, live_city.client("west") as west:
        path = f"{PARKS}/{number(admin, '宝安智造园')}"
        code = "B-99010100100101"
        spaces: list[dict[str, Any]] = [
            {"building_code": code, "storey_number": 2, "area": 300},
            {"building_code": code, "storey_number": 3, "unit_code": "301", "area": 120.5, "state": "let"},
        ]
        assert west.put(f"{path}/spaces", json={"spaces": spaces}).status_code == 403
        assert admin.put(f"{path}/spaces", json={"spaces": spaces}).json()["spaces"] == 2
        found = west.get(f"{path}/spaces").json()
        assert found["buildings"] == [{"building_code": code, "spaces": 2, "area": 420.5, "vacant_area": 300}]
        assert admin.get(path).json()["about"]["rental_space"] == {"vacant_area": 300, "area": 420.5, "count": 2}
        elsewhere = [*spaces, spaces[0], {"building_code": "B-99010100200101", "area": 1}]
        refused = admin.put(f"{path}/spaces", json={"spaces": elsewhere})
        assert [p["where"] for p in refused.json()["problems"]] == ["spaces/2", "spaces/3/building_code"]
        assert len(west.get(f"{path}/spaces").json()["spaces"]) == 2
    with live_city.client("east") as east:
        assert east.get(f"{path}/spaces").status_code == 404


def test_answers_keep_who_gave_them_when_and_what_was_said_before(live_city: City) -> None:
    add_parks(live_city)
    with live_city.client("admin") as admin, live_city.client("west") as west:
        opened = {"register": "parks", "title": "消防摸查", "form": FORM, "due": "2030-06-30"}
        path = f"/surveys/{admin.post('/surveys', json=opened).json()['id']}"
        park = number(admin, "宝安智造园")
        answers = f"{path}/responses/{park}"
        before = moment(live_city)
        assert west.put(answers, json={"answers": {"hydrants": 4, "fire": {"exits": 2}}}).status_code == 200
        first = moment(live_city)
        whole = {"hydrants": 5, "fire": {"exits": 2, "alarm": "yes"}}
        assert admin.put(answers, json={"answers": whole}).json()["completeness"] == 1
        # The same once more is no version.
        assert west.put(answers, json={"answers": whole}).status_code == 200
        versions = west.get(f"{answers}/history").json()["versions"]
        assert [(v["action"], v["role"]) for v in versions] == [("edit", "admin"), ("add", "grid_manager")]
        assert versions[0]["changes"] == {"hydrants": {"old": 4, "new": 5}, "fire/alarm": {"old": None, "new": "yes"}}
        assert versions[1]["changes"]["hydrants"] == {"old": None, "new": 4}
        assert west.get(answers, params={"as_of": first}).json()["answers"] == {"hydrants": 4, "fire": {"exits": 2}}
        shares = [admin.get(path, params={"as_of": at, "block": WEST}).json()["completeness"] for at in (first,)]
        assert shares == [pytest.approx(2 / 3)]
        assert admin.get(path, params={"as_of": before, "block": WEST}).json()["completeness"] == 0
        assert admin.get(path, params={"block": WEST}).json()["completeness"] == 1
    with live_city.client("east") as east:
        assert east.get(f"{answers}/history").status_code == 404
        assert east.get(answers, params={"as_of": first}).status_code == 404


def test_space_for_rent_keeps_every_version_and_who_took_it_away(live_city: City) -> None:
    add_parks(live_city)
    live_city.execute("UPDATE building SET code = 'B-' || local_id")
    code = "B-99010100100101"

    def space(storey: int, area: float, **more: Any) -> dict[str, Any]:
        return {"building_code": code, "storey_number": storey, "area": area, **more}

    with live_city.client("admin") as admin, live_city.client("west") as west:
        path = f"{PARKS}/{number(admin, '宝安智造园')}/spaces"
        steps = (
            ([space(2, 300), space(3, 120)], (2, 0, 0, 0)),
            ([space(2, 300), space(3, 120, state="let")], (0, 1, 0, 1)),
            ([space(2, 300)], (0, 0, 1, 1)),
            ([space(2, 300), space(3, 90)], (1, 0, 0, 1)),
        )
        moments: list[str] = []
        for spaces, counts in steps:
            kept = admin.put(path, json={"spaces": spaces}).json()
            assert tuple(kept[name] for name in ("inserted", "updated", "removed", "unchanged")) == counts
            moments.append(moment(live_city))
        places = west.get(f"{path}/history", params={"building_code": code}).json()["places"]
        assert [(place["storey_number"], place["is_there"]) for place in places] == [(2, True), (3, True)]
        assert [v["action"] for v in places[0]["versions"]] == ["add"]
        third = places[1]["versions"]
        assert [v["action"] for v in third] == ["add", "remove", "edit", "add"]
        assert {v["role"] for v in third} == {"admin"} and all(v["token_id"] for v in third)
        assert third[2]["changes"] == {"state": {"old": "vacant", "new": "let"}}
        assert third[1]["changes"]["area"] == {"old": 120, "new": None}
        then = [west.get(path, params={"as_of": at}).json()["spaces"] for at in moments]
        assert [[(s["storey_number"], s["area"], s["state"]) for s in one] for one in then] == [
            [(s["storey_number"], s["area"], s.get("state", "vacant")) for s in spaces] for spaces, _ in steps
        ]
    with live_city.client("east") as east:
        assert east.get(f"{path}/history").status_code == 404
    live_city.execute("DELETE FROM industrial_park WHERE name = '宝安智造园'")
    assert live_city.execute("SELECT count(*) FROM rental_space") == [(0,)]


def moment(city: City) -> str:
    ((now,),) = city.execute("SELECT clock_timestamp()")
    assert isinstance(now, datetime)
    return now.isoformat()
