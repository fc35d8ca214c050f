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
from twin.database import database_url, transaction

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
    assert trend == {"days": 30, "value": 8, "before": 8 + 1, "change": -1, "ratio": round(-1 / 9, 4)}


def date_back(city: City, days: int) -> None:
    """Have everything that there is recorded so many days ago."""
    with transaction(city.settings) as own:
        # The server's own folding may be under way; asked to fold meanwhile, the function would leave at once.
        own.execute("SELECT pg_advisory_xact_lock(hashtext('twin.facts'))")
        own.execute("SELECT fold_facts()")
        own.execute("UPDATE block_fact_change SET day = day - %s", (days,))
        own.execute("UPDATE measure SET trend_since = trend_since - %s", (days,))
        own.execute("ALTER TABLE block DISABLE TRIGGER USER")
        own.execute(
            "UPDATE block SET recorded_at = recorded_at - %s * interval '1 day', valid_from = '2020-01-01Z'", (days,)
        )
        own.execute("ALTER TABLE block ENABLE TRIGGER USER")


def test_a_stock_is_set_against_what_it_was_and_says_why_where_that_is_unknown(live_city: City) -> None:
    date_back(live_city, 40)
    live_city.execute("DELETE FROM building WHERE local_id IN ('public', %s)", f"{EAST}00101")
    live_city.execute("UPDATE measure SET trend_since = local_day(now()) WHERE code = 'buildings.floor_area'")
    with live_city.client("admin") as admin:
        found = pillars(profile(admin, DISTRICT))
        house = found["buildings.count"]
        assert house["trend"] == {
            "days": 30, "value": 15, "before": 17, "change": -2, "ratio": round(-2 / 17, 4),
        }  # fmt: skip
        assert house["no_trend"] is None
        assert found["addresses.count"]["trend"] | {"ratio": 0} == {
            "days": 30, "value": 0, "before": 0, "change": 0, "ratio": 0,
        }  # fmt: skip
        assert pillars(profile(admin, WEST))["buildings.count"]["trend"]["change"] == -1
        assert found["buildings.floor_area"]["trend"] is None
        assert "counted like this since" in found["buildings.floor_area"]["no_trend"]["en"]
        before = pillars(profile(admin, DISTRICT, trend_days="60"))["buildings.count"]
        assert before["trend"] is None
        assert "60 days ago" in before["no_trend"]["en"]
        assert admin.get(f"/blocks/{DISTRICT}/profile", params={"trend_days": 0}).status_code in (400, 422)
    with live_city.client("west") as west:
        part = profile(west, DISTRICT)
        assert part["limited_to"] == [WEST]
        assert pillars(part)["buildings.count"]["trend"]["change"] == -1


def test_a_stock_has_a_series_by_the_day_of_record(live_city: City) -> None:
    date_back(live_city, 40)
    live_city.execute("DELETE FROM building WHERE local_id = 'public'")
    with live_city.client("admin") as admin:

        def read(**given: str) -> dict[str, Any]:
            answer = admin.get(f"/blocks/{DISTRICT}/series", params={"measure": "buildings.count", **given})
            assert answer.status_code == 200, answer.text
            return answer.json()

        daily = read(step="day")
        values = [point["value"] for point in daily["series"]]
        assert daily["is_stock"] is True
        assert (values[-1], values[-2], values[-41], values[-42]) == (16, 17, 17, None)
        yesterday = daily["series"][-2]["start"]
        assert [p["value"] for p in read(step="day", to=yesterday)["series"]][-1] == 17
        assert [p["value"] for p in read(step="month")["series"]][-1] == 16
        assert [p["value"] for p in read(step="year", to=yesterday)["series"]][-1] == 17
        for refused in ({"as_of": datetime.now(UTC).isoformat()}, {"measure": RESIDENTS}, {"measure": "nothing"}):
            given = {"measure": "buildings.count", **refused}
            assert admin.get(f"/blocks/{DISTRICT}/series", params=given).status_code == 400


def test_a_count_of_people_has_a_trend_only_where_both_counts_may_be_shown(live_city: City) -> None:
    grids = [f"{COMMUNITY}{number:02d}" for number in range(1, 5)]
    house(live_city, dict(zip(grids, (120, 4, 40, 90), strict=True)))
    date_back(live_city, 40)
    house(live_city, {grids[0]: 100, grids[1]: 50})
    with live_city.client("admin") as admin:
        shown = {code: pillars(profile(admin, code))[RESIDENTS] for code in [*grids, COMMUNITY]}
    assert [shown[code]["value"] for code in grids] == [100, 50, 40, 90]
    # The second was "<10" then, and the third was withheld along with it.
    assert [shown[code]["trend"] and shown[code]["trend"]["change"] for code in grids] == [-20, None, None, 0]
    assert "may not be shown" in shown[grids[1]]["no_trend"]["en"]
    assert shown[COMMUNITY]["trend"]["change"] == 26


def test_a_trend_of_the_past_is_counted_again_as_of_then(live_city: City) -> None:
    live_city.execute("ALTER TABLE building DISABLE TRIGGER USER")
    live_city.execute(
        "UPDATE building SET recorded_at = now() - interval '40 days' WHERE block_code LIKE %s", WEST + "%"
    )
    live_city.execute("ALTER TABLE building ENABLE TRIGGER USER")
    date_back(live_city, 40)
    moment = datetime.now(UTC).isoformat()
    time.sleep(0.01)
    live_city.execute("DELETE FROM building")
    with live_city.client("admin") as admin:
        trend = pillars(profile(admin, DISTRICT, as_of=moment))["buildings.count"]["trend"]
    assert (trend["value"], trend["before"]) == (17, 9)


def test_a_sum_that_two_make_up_is_not_shown_to_who_does_not_see_the_parts(live_city: City) -> None:
    live_city.execute("DELETE FROM industrial_park")
    for number, (grid, firms) in enumerate(
        [("00101", 900), ("00102", 30), ("00102", 35), ("00102", 30), ("00201", 60), ("00201", 60), ("00201", 60)]
    ):
        live_city.execute(
            "INSERT INTO industrial_park (source_id, local_id, name, firms, vacant_area, block_code, geometry) "
            "SELECT 't', %s, 'p', %s, %s, code, ST_Buffer(ST_PointOnSurface(geometry), 1e-5) FROM block "
            "WHERE code = %s",
            number, firms, firms, EAST + grid,
        )  # fmt: skip
    # Nobody is shown twice the number of firms of a park, so nobody may work it out.
    live_city.execute("UPDATE measure SET value = 'firms * 2' WHERE code = 'industrial_parks.firms'")
    codes = [EAST + "00101", EAST + "00102", EAST + "001", EAST + "002", EAST + "00201", EAST, DISTRICT]
    with live_city.client("admin") as admin:
        found = {code: profile(admin, code) for code in codes}
        parks = {code: found[code]["registers"]["industrial_parks"] for code in codes}
        # The first is one park's, so is the community, nearly; its sibling would give it away.
        assert [code for code in codes if parks[code]["firms"] is None] == codes[:5]
        assert "contribute most" in found[codes[0]]["withheld"]["industrial_parks.firms"]["en"]
        assert parks[DISTRICT]["firms"] == parks[EAST]["firms"] == 2350
        # A property that is shown for each park has nothing to hide in its sum.
        assert [parks[code]["vacant_area"] for code in codes[:3]] == [900, 95, 995]
        assert "industrial_parks.vacant_area" not in found[codes[0]]["withheld"]
        given = {"measure": "industrial_parks.firms"}
        assert admin.get(f"/blocks/{DISTRICT}/series", params=given).status_code == 400
        given = {"measure": "industrial_parks.vacant_area"}
        assert admin.get(f"/blocks/{DISTRICT}/series", params=given).status_code == 200


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
        date_back(live_city, 40)

        def stock(code: str) -> list[float]:
            return months(code, measure="buildings.count", step="day")

        houses, all_houses = stock(old), stock(COMMUNITY)
        assert (houses[-1], houses[-40]) == (2, 2)
        changes = tmp_path / "renumber.csv"
        changes.write_text(f"old,new,name\n{old},{new},新号\n")
        environment = os.environ | {"TWIN_DATABASE_URL": database_url(live_city.settings)}
        program = Path(sys.executable).with_name("twin")
        subprocess.run([program, "blocks", "renumber", changes], env=environment, check=True, capture_output=True)
        assert months(new) == before
        assert stock(new) == houses
        assert stock(COMMUNITY) == all_houses
        assert pillars(profile(admin, new))["buildings.count"]["trend"]["change"] == 0
        assert admin.get(f"/blocks/{old}/series").status_code == 404
        assert admin.get(f"/blocks/{WEST}/series", params={"measure": "incidents.by_type"}).status_code == 400
        assert len(months(WEST, step="day", **{"from": "2026-01-01", "to": "2026-01-31"})) == 31
