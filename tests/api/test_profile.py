# SPDX-License-Identifier: Apache-2.0
"""Profiles: pillars, the past, ranks, and people who are counted but never found."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.api.district import COMMUNITY, DISTRICT, EAST, GRIDS, WEST
from tests.api.server import City
from twin.database import database_url

RESIDENTS = "units.residents"


def pillars(profile: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The measures of all pillars by code."""
    return {measure["code"]: measure for pillar in profile["pillars"] for measure in pillar["measures"]}


def profile(client: httpx.Client, code: str, **parameters: str) -> dict[str, Any]:
    answer = client.get(f"/blocks/{code}/profile", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def house(city: City, counts: dict[str, int]) -> None:
    """One unit with so many residents in each grid."""
    for code, residents in counts.items():
        city.execute(
            "INSERT INTO unit (source_id, local_id, block_code, residents, geometry) "
            "SELECT 't', %s, code, %s, ST_PointOnSurface(geometry) FROM block WHERE code = %s "
            "ON CONFLICT (source_id, local_id) DO UPDATE SET residents = EXCLUDED.residents"
            .replace("ST_PointOnSurface(geometry)", "ST_Buffer(ST_PointOnSurface(geometry), 1e-5)"),
            code, residents, code,
        )  # fmt: skip


def test_pillars_are_base_and_columns_in_their_order(city: City) -> None:
    with city.client("admin") as admin:
        found = profile(admin, DISTRICT)
        assert [pillar["code"] for pillar in found["pillars"]] == [
            "address", "population", "legal_entity", "house", "event",
        ]  # fmt: skip
        assert [pillar["is_base"] for pillar in found["pillars"]] == [True, False, False, False, False]
        assert pillars(found)["buildings.count"]["value"] == GRIDS + 1
        assert [p["code"] for p in profile(admin, DISTRICT, pillars="house")["pillars"]] == ["house"]
        refused = admin.get(f"/blocks/{DISTRICT}/profile", params={"pillars": "communication"})
        assert refused.status_code == 400
        assert "communication" in refused.json()["detail"]


def test_another_city_has_other_pillars(live_city: City) -> None:
    live_city.execute("UPDATE pillar SET is_enabled = code IN ('component', 'house')")
    with live_city.client("admin") as admin:
        assert [p["code"] for p in profile(admin, DISTRICT)["pillars"]] == ["house", "component"]


def test_a_block_is_ranked_among_its_siblings(live_city: City) -> None:
    with live_city.client("admin") as admin:
        west, east = (pillars(profile(admin, code))["buildings.count"]["rank"] for code in (WEST, EAST))
        assert (west, east) == ({"place": 1, "of": 2}, {"place": 2, "of": 2})
        assert pillars(profile(admin, DISTRICT))["buildings.count"]["rank"] is None


def test_a_trend_sets_these_days_against_those_before(live_city: City) -> None:
    live_city.execute("UPDATE incident SET occurred_at = now() - interval '40 days' WHERE block_code LIKE '990101001%'")
    with live_city.client("admin") as admin:
        trend = pillars(profile(admin, DISTRICT))["incidents.count"]["trend"]
    assert trend == {"days": 30, "value": 8, "before": 8 + 1, "change": -1}


def test_yesterdays_profile_can_be_asked_for_today(live_city: City) -> None:
    with live_city.client("admin") as admin:
        before = profile(admin, COMMUNITY)
        moment = datetime.now(UTC).isoformat()
        time.sleep(0.01)
        live_city.execute("UPDATE building SET gross_floor_area = 5, block_code = %s", EAST + "00101")
        live_city.execute("DELETE FROM incident")
        now, then = profile(admin, COMMUNITY), profile(admin, COMMUNITY, as_of=moment)
    ranked = [measure.pop("rank") for part in (before, then) for measure in pillars(part).values()]
    assert any(ranked)
    ignored = {"as_of"}
    assert {k: v for k, v in then.items() if k not in ignored} == {k: v for k, v in before.items() if k not in ignored}
    assert now["registers"]["buildings"]["count"] == 0
    assert now["incidents"]["total"] == 0


def test_items_and_tiles_of_the_past_are_those_of_the_past(live_city: City) -> None:
    with live_city.client("admin") as admin:
        path = f"/collections/buildings/items?block={COMMUNITY}&limit=1000"
        before = admin.get(path).json()["features"]
        moment = datetime.now(UTC).isoformat()
        time.sleep(0.01)
        live_city.execute("DELETE FROM building WHERE local_id = 'public'")
        then = admin.get(path, params={"as_of": moment, "block": COMMUNITY, "limit": 1000}).json()["features"]
        assert then == before
        assert len(admin.get(path).json()["features"]) == len(before) - 1
        future = admin.get(path, params={"as_of": "2999-01-01T00:00Z"})
        assert future.status_code == 400


def test_people_are_counted_from_ten_on_and_no_sum_gives_the_rest_away(live_city: City) -> None:
    grids = [f"{COMMUNITY}{number:02d}" for number in range(1, 5)]
    house(live_city, dict(zip(grids, (120, 3, 40, 0), strict=True)) | {f"{EAST}00101": 55})
    with live_city.client("admin") as admin:
        shown = {code: pillars(profile(admin, code))[RESIDENTS] for code in [*grids, COMMUNITY, WEST, EAST, DISTRICT]}
    assert shown[grids[1]]["value"] is None
    assert shown[grids[1]]["shown"] == "<10"
    # The small one and the next smallest are withheld, so what is left of the parent is a sum of two.
    assert shown[grids[2]] | {} == shown[grids[2]] | {"value": None, "shown": "—"}
    assert (shown[grids[0]]["value"], shown[grids[3]]["value"]) == (120, 0)
    assert (shown[COMMUNITY]["value"], shown[DISTRICT]["value"]) == (163, 218)


def test_a_count_that_has_just_become_small_is_not_shown(live_city: City) -> None:
    grid = f"{COMMUNITY}01"
    house(live_city, {grid: 30, f"{COMMUNITY}02": 30})
    with live_city.client("admin") as admin:
        assert pillars(profile(admin, grid))[RESIDENTS]["value"] == 30
        house(live_city, {grid: 4})
        assert pillars(profile(admin, grid))[RESIDENTS]["value"] is None


def test_counts_of_people_need_the_class_for_them(city: City) -> None:
    with city.client() as public:
        assert RESIDENTS not in pillars(profile(public, DISTRICT))


def test_a_series_runs_through_a_renumbering(live_city: City, tmp_path: Path) -> None:
    old, new = f"{COMMUNITY}01", f"{COMMUNITY}77"
    with live_city.client("admin") as admin:

        def months(code: str, **given: str) -> list[float]:
            answer = admin.get(f"/blocks/{code}/series", params={"step": "month", **given})
            assert answer.status_code == 200, answer.text
            return [point["value"] for point in answer.json()["series"]]

        live_city.execute("UPDATE incident SET occurred_at = now() - interval '100 days' WHERE block_code = %s", old)
        before = months(old)
        assert sum(before) == 2
        changes = tmp_path / "renumber.csv"
        changes.write_text(f"old,new,name\n{old},{new},新号\n")
        environment = os.environ | {"TWIN_DATABASE_URL": database_url(live_city.settings)}
        program = Path(sys.executable).with_name("twin")
        subprocess.run([program, "blocks", "renumber", changes], env=environment, check=True, capture_output=True)
        assert months(new) == before
        assert admin.get(f"/blocks/{old}/series").status_code == 404
        assert admin.get(f"/blocks/{WEST}/series", params={"measure": "buildings.count"}).status_code == 400
        assert len(months(WEST, step="day", **{"from": "2026-01-01", "to": "2026-01-31"})) == 31
