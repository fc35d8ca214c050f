# SPDX-License-Identifier: Apache-2.0
"""Buildings, storeys, units and back over HTTP: the chain, the counts, who is told what, and nobody by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import serve_clone
from tests.api.server import City
from twin.cluster import Cluster

HOUSE = "9901010010010100001"
GRID = HOUSE[:14]

_PARTS = f"""
    UPDATE building SET code = '{HOUSE}', storeys_above = 3 WHERE local_id = '{GRID}';
    INSERT INTO storey (source_id, local_id, building_id, building_code, number, use, z_min, z_max, block_code,
                        geometry)
    SELECT 'test', 'S' || n, id, code, n, 'residential', (n - 1) * 3, n * 3, block_code, geometry
    FROM building, (VALUES (-1), (1), (2)) AS storeys(n) WHERE code = '{HOUSE}';
    INSERT INTO unit (source_id, local_id, code, building_id, building_code, storey_number, room, use, floor_area,
                      occupancy, residents, block_code, geometry)
    SELECT 'test', 'U' || n, code || lpad(n::text, 6, '0'), id, code, 1 + n / 3, (1 + n / 3) || '0' || n % 3 + 1,
           CASE n WHEN 0 THEN 'commercial' ELSE 'residential' END, 80, CASE n WHEN 1 THEN 'vacant' ELSE 'rented' END,
           (ARRAY[0, 0, 14, 5, 4, 3])[n + 1], block_code, geometry
    FROM building, generate_series(0, 5) AS n WHERE code = '{HOUSE}';
    INSERT INTO unit (source_id, local_id, building_code, storey_number, block_code, geometry)
    SELECT 'test', 'waiting', '99010100200101' || '00009', 1, block_code, geometry
    FROM building WHERE local_id = '99010100200101';
    INSERT INTO address (source_id, local_id, code, normalised, building_code, block_code)
    VALUES ('test', 'a', '{HOUSE}000003', '示例路1号1栋202', '{HOUSE}', '{GRID}');
"""


@pytest.fixture(scope="module")
def houses(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A served district with a surveyed house in the western street."""
    folder: Path = tmp_path_factory.mktemp("houses")
    for city in serve_clone(cluster, template, folder):
        city.execute(_PARTS)
        yield city


def find_unit(city: City, local_id: str) -> int:
    return int(str(city.execute("SELECT id FROM unit WHERE local_id = %s", local_id)[0][0]))


def test_a_building_leads_to_its_storeys_and_units_with_counts(houses: City) -> None:
    with houses.client("planner") as planner:
        body = planner.get(f"/buildings/{HOUSE}/units").json()
        by_id = planner.get(f"/buildings/{body['building']['id']}/units").json()
    assert by_id == body
    assert [block["code"] for block in body["blocks"]] == [GRID[:6], GRID[:9], GRID[:12], GRID]
    assert [storey["number"] for storey in body["storeys"]] == [2, 1, -1]
    assert body["counts"]["units"] == 6 and body["counts"]["storeys"] == 3
    assert body["counts"]["uses"] == {"commercial": 1, "residential": 5}
    assert body["counts"]["occupancy"] == {"rented": 5, "vacant": 1}
    second = body["storeys"][0]
    assert [unit["room"] for unit in second["units"]] == ["201", "202", "203"]
    assert (second["z_min"], second["z_max"], second["counts"]["uses"]) == (3, 6, {"residential": 3})
    assert body["storeys"][2]["counts"]["units"] == 0
    assert body["persons"]["enabled"] is False


def test_persons_are_told_from_ten_on_and_of_a_unit_never_exactly(houses: City) -> None:
    with houses.client("planner") as planner:
        body = planner.get(f"/buildings/{HOUSE}/units").json()
        assert body["counts"]["residents"] == 30
        # 14 and 12: each storey may be told. With 3 fewer upstairs neither may, and the total still may.
        assert [storey["counts"]["residents"] for storey in body["storeys"]] == [10, 10, None]
        told = {unit["residents"] for storey in body["storeys"] for unit in storey["units"]}
        assert told == {"0", "<10", "≥10"}
        layer = planner.get("/collections/units/items").json()
        assert {f["properties"]["residents"] for f in layer["features"]} == {"0", "<10", "≥10", None}
        houses.execute("UPDATE unit SET residents = 0 WHERE local_id = 'U5'")
        body = planner.get(f"/buildings/{HOUSE}/units").json()
        assert [storey["counts"]["residents"] for storey in body["storeys"]] == [None, None, None]
        assert body["counts"]["residents"] == 20
        houses.execute("UPDATE unit SET residents = 3 WHERE local_id = 'U5'")


def test_who_lives_there_is_not_for_the_wall_and_units_not_for_the_public(houses: City) -> None:
    unit = find_unit(houses, "U2")
    with houses.client("wall") as wall:
        body = wall.get(f"/buildings/{HOUSE}/units").json()
        shown = wall.get(f"/units/{unit}").json()["unit"]
        refused = wall.get(f"/units/{unit}/occupancy")
    assert body["counts"] == {"units": 6, "uses": {"commercial": 1, "residential": 5}, "storeys": 3}
    assert not {"occupancy", "residents", "estate_code"} & set(shown)
    assert refused.status_code == 403
    with houses.client() as public:
        assert public.get(f"/buildings/{HOUSE}/units").status_code == 404
        assert public.get(f"/units/{unit}").status_code == 404


def test_a_grid_manager_of_another_street_finds_neither_building_nor_unit(houses: City) -> None:
    unit = find_unit(houses, "U2")
    building = houses.execute("SELECT id FROM building WHERE code = %s", HOUSE)[0][0]
    with houses.client("east") as east:
        for path in (f"/buildings/{HOUSE}/units", f"/buildings/{building}/units", f"/units/{unit}",
                     f"/units/{unit}/occupancy", f"/units?building={building}"):  # fmt: skip
            assert east.get(path).status_code == 404, path
        assert east.get(f"/units?block={GRID[:6]}").json()["numberReturned"] == 1
    with houses.client("west") as west:
        assert west.get(f"/units/{unit}/occupancy").json()["residents"] == "≥10"
        assert west.get(f"/units?block={GRID[:6]}").json()["numberReturned"] == 6


def test_a_unit_leads_up_to_its_district_and_to_its_address(houses: City) -> None:
    with houses.client("planner") as planner:
        body = planner.get(f"/units/{find_unit(houses, 'U3')}").json()
        waiting = planner.get(f"/units/{find_unit(houses, 'waiting')}").json()
    assert body["unit"]["code"] == f"{HOUSE}000003"
    assert body["storey"]["number"] == 2 and body["building"]["code"] == HOUSE
    assert [block["level"] for block in body["blocks"]] == [1, 2, 3, 4]
    assert [(address["text"], address["is_of"]) for address in body["addresses"]] == [("示例路1号1栋202", "unit")]
    assert waiting["building"] is None and waiting["building_code"] == "9901010020010100009"


def test_units_are_listed_page_by_page(houses: City) -> None:
    with houses.client("planner") as planner:
        found: list[int] = []
        after: int | None = 0
        while after is not None:
            page = planner.get(f"/units?building={HOUSE}&limit=4&after={after}").json()
            found += [unit["id"] for unit in page["units"]]
            after = page["next"]
        assert len(found) == len(set(found)) == 6
        assert planner.get("/units").status_code == 400
        assert planner.get(f"/units?building={HOUSE}&person=x").status_code == 400
        assert planner.get("/units/99999999999999999999").status_code == 400


def test_the_person_end_says_that_it_is_not_enabled(houses: City) -> None:
    with houses.client("admin") as admin:
        answer = admin.get("/persons/p-1/units")
    assert answer.status_code == 404
    assert "not enabled" in answer.json()["detail"]


def test_two_buildings_of_one_code_are_asked_for_by_id(live_city: City) -> None:
    live_city.execute("UPDATE building SET code = '123456789' WHERE local_id IN ('99010100100101', '99010100100102')")
    with live_city.client("planner") as planner:
        assert planner.get("/buildings/123456789/units").status_code == 409
