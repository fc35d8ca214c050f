# SPDX-License-Identifier: Apache-2.0
"""块定位 over HTTP: points, codes, addresses and names, one and many, as whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.api.district import COMMUNITY, DISTRICT, EAST, WEST
from tests.api.server import City
from twin.gcj02 import gcj02_from_wgs84

GRID = "99010100100101"

_NAMES = """
    UPDATE block SET name = '示例区' WHERE code = '990101';
    UPDATE block SET name = '西乡街道' WHERE code = '990101001';
    UPDATE block SET name = '东湖街道' WHERE code = '990101002';
    UPDATE block SET name = '示范社区' WHERE code = '990101001001';
    UPDATE building SET code = block_code || '00001' WHERE source_id = 'test' AND local_id <> 'public';
    INSERT INTO address (source_id, local_id, code, county, town, community, road, number, residential_quarters,
                         building, room, normalised, building_code, block_code, geometry)
    SELECT 'test', code || n, code || '00001' || lpad(n::text, 6, '0'), '示例区',
           CASE WHEN street = '990101001' THEN '西乡街道' ELSE '东湖街道' END,
           CASE WHEN community = '990101001001' THEN '示范社区' END,
           '示例' || right(code, 1) || '路', right(community, 1), right(street, 1) || '号花园', '3', 500 + n,
           '示例' || right(code, 1) || '路' || right(community, 1) || '号' || right(street, 1) || '号花园3栋'
               || 500 + n || '室',
           code || '00001', code, ST_Translate(ST_PointOnSurface(shape), 0.0001, 0)
    FROM (SELECT code, left(code, 9) AS street, left(code, 12) AS community, geometry AS shape
          FROM block WHERE level = 4) AS grid, generate_series(1, 2) AS n;
"""


@pytest.fixture(scope="module")
def named_city(request: pytest.FixtureRequest) -> Iterator[City]:
    from tests.api.conftest import serve_clone

    folder = request.getfixturevalue("tmp_path_factory").mktemp("locate")
    serving = serve_clone(request.getfixturevalue("cluster"), request.getfixturevalue("template"), folder)
    city = next(serving)
    city.execute(_NAMES.replace("号花园", "幸福花园"))
    yield city
    serving.close()


def ask(city: City, who: str | None = "planner", **query: Any) -> dict[str, Any]:
    with city.client(who) as client:
        answer = client.get("/locate", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(answer: dict[str, Any]) -> list[str]:
    return [block["code"] for block in answer["chain"]]


def test_a_point_gives_the_chain_down_to_its_grid(named_city: City) -> None:
    answer = ask(named_city, None, point="114.001,22.501")
    assert codes(answer) == [DISTRICT, WEST, COMMUNITY, GRID]
    assert (answer["match_level"], answer["confidence"]) == ("grid", 1.0)
    assert [block["level"] for block in answer["chain"]] == [1, 2, 3, 4]


def test_a_point_on_a_building_names_it_to_whom_it_concerns_alone(named_city: City) -> None:
    where = "114.0102,22.5051"
    answer = ask(named_city, point=where)
    assert answer["match_level"] == "building" and answer["building"]["code"] == f"{GRID}00001"
    assert answer["address"]["text"].endswith("501室")
    assert ask(named_city, "east", point=where)["building"] is None
    assert ask(named_city, None, point=where)["match_level"] == "grid"


def test_a_point_outside_fails_and_says_why(named_city: City) -> None:
    answer = ask(named_city, point="-73.98,40.75")
    assert (answer["match_level"], answer["confidence"], answer["chain"]) == ("failed", 0.0, [])
    assert answer["reason"]["en"] == "it lies in no block"
    assert "impossible" in ask(named_city, point="500,22")["reason"]["en"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({}, "point"), ({"point": "1,2", "code": "3"}, "code"), ({"point": "here"}, "point"),
        ({"point": "1,2", "crs": "nonsense"}, "crs"), ({"where": "x"}, "where"),
        ({"q": "x", "as_of": "2026-01-01"}, "as_of"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_understood_is_refused(
    named_city: City, query: dict[str, str], parameter: str
) -> None:
    with named_city.client() as client:
        answer = client.get("/locate", params=query)
    assert answer.status_code == 400 and answer.json()["parameter"] == parameter


def test_a_code_leads_to_block_building_and_room(named_city: City) -> None:
    assert codes(ask(named_city, None, code=COMMUNITY)) == [DISTRICT, WEST, COMMUNITY]
    assert ask(named_city, None, code=WEST)["match_level"] == "street"
    building = ask(named_city, code=f"{GRID}00001")
    assert building["match_level"] == "building" and codes(building)[-1] == GRID
    room = ask(named_city, code=f"{GRID}00001000002")
    assert room["match_level"] == "room" and room["building"]["code"] == f"{GRID}00001"


def test_a_code_that_is_not_there_falls_back_to_what_it_begins_with(named_city: City) -> None:
    unknown = ask(named_city, code=f"{GRID}00001000099")
    assert (unknown["match_level"], unknown["confidence"]) == ("building", 0.9)
    assert ask(named_city, code=f"{GRID}09999")["match_level"] == "grid"
    assert ask(named_city, code="123")["match_level"] == "failed"
    # Who may not see the building learns no more than the public blocks.
    assert ask(named_city, "east", code=f"{GRID}00001")["match_level"] == "grid"


def test_an_address_is_found_in_the_forms_that_people_write(named_city: City) -> None:
    for text in (
        "示例区西乡街道示范社区示例1路1号1幸福花园3栋501室",
        "西乡街道示例1路1号3栋501",
        "西乡示例１路１号 三栋 ５０１房",
        "西乡示例1路1号1幸福花园#3-501",
    ):
        answer = ask(named_city, address=text)
        assert answer["match_level"] == "room" and answer["confidence"] >= 0.85, (text, answer)
        assert answer["address"]["code"] == f"{GRID}00001000001"
        assert codes(answer)[-1] == GRID


def test_an_address_is_not_found_beyond_ones_scope(named_city: City) -> None:
    text = "西乡街道示例1路1号1幸福花园3栋501室"
    answer = ask(named_city, "east", address=text)
    assert answer["address"] is None
    assert codes(answer) == [DISTRICT, WEST] and answer["confidence"] < 0.85
    assert ask(named_city, "west", address=text)["match_level"] == "room"


def test_an_address_that_fits_in_several_places_is_not_guessed(named_city: City) -> None:
    answer = ask(named_city, address="示例1路1号3栋501室")
    assert answer["confidence"] < 0.85 and answer["reason"] is not None
    tied = [candidate for candidate in answer["candidates"] if candidate["confidence"] == 1]
    assert {candidate["block_code"][:9] for candidate in tied} == {WEST, EAST} and answer["address"] is None
    assert codes(answer) == [DISTRICT]


def test_an_address_of_another_county_fails(named_city: City) -> None:
    answer = ask(named_city, address="别处区示例1路1号3栋501室")
    assert (answer["match_level"], answer["candidates"]) == ("failed", [])


@pytest.mark.parametrize("query", ["西乡街道", "西乡", "xixiang", "xxjd", "XiXiang JieDao", "xixiangjie", "乡街"])
def test_a_street_is_found_by_name_part_of_it_and_pinyin(named_city: City, query: str) -> None:
    answer = ask(named_city, None, q=query)
    assert answer["candidates"][0]["code"] == WEST, answer["candidates"]


def test_parks_villages_and_quarters_are_found_by_those_who_see_them(named_city: City) -> None:
    assert ask(named_city, "east", q="dongyuan")["candidates"][0]["kind"] == "industrial_park"
    assert ask(named_city, "west", q="东园")["candidates"] == []
    # A village in two streets is found from both.
    for who in ("west", "east"):
        assert ask(named_city, who, q="两街")["candidates"][0]["kind"] == "urban_village"
    quarter = ask(named_city, q="2xingfuhuayuan")["candidates"][0]
    assert (quarter["kind"], quarter["block_code"]) == ("quarter", EAST)
    assert ask(named_city, None, q="xingfu")["candidates"] == []


def test_an_address_is_found_by_a_part_of_it(named_city: City) -> None:
    found = ask(named_city, "west", q="示例1路1号")["candidates"]
    assert found and all(candidate["block_code"].startswith(WEST) for candidate in found)


def test_a_block_that_is_renamed_is_found_by_its_new_name_at_once(live_city: City) -> None:
    live_city.execute("UPDATE block SET name = '石岩街道' WHERE code = %s", WEST)
    assert ask(live_city, None, q="shiyan")["candidates"][0]["code"] == WEST
    moment = str(live_city.execute("SELECT now()::text")[0][0]).replace(" ", "T")
    live_city.execute("UPDATE block SET name = '沙井街道' WHERE code = %s", WEST)
    then = ask(live_city, None, code=WEST, as_of=moment)
    assert then["chain"][-1]["name"] == "石岩街道"
    assert ask(live_city, None, point="114.001,22.501")["chain"][1]["name"] == "沙井街道"
    assert ask(live_city, None, q="shiyan")["candidates"] == []
    assert ask(live_city, None, q="sjjd")["candidates"][0]["code"] == WEST
    assert codes(ask(live_city, None, address="示例路1号")) == []
    assert codes(ask(live_city, None, address="沙井街道")) == [DISTRICT, WEST]


def post(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/locate", json=body)


def test_ten_thousand_points_come_back_in_order_and_alike(named_city: City) -> None:
    random = np.random.default_rng(7)
    points = np.column_stack([random.uniform(113.99, 114.09, 10_000), random.uniform(22.49, 22.55, 10_000)])
    with named_city.client() as client:
        answer = post(client, points=points.round(6).tolist()).json()
        assert len(answer["results"]) == 10_000
        assert answer["counts"]["failed"] > 0 and sum(answer["counts"].values()) == 10_000
        for n in range(0, 10_000, 2_500):
            single = ask(named_city, point=f"{points[n, 0]:.6f},{points[n, 1]:.6f}")
            assert codes(answer["results"][n]) == codes(single)


def test_a_batch_may_be_in_gcj_02(named_city: City) -> None:
    lon, lat = gcj02_from_wgs84(np.array([114.0201]), np.array([22.501]))
    with named_city.client() as client:
        shifted = post(client, points=[[lon[0], lat[0]]], crs="GCJ-02").json()["results"][0]
        taken_as_it_is = post(client, points=[[lon[0], lat[0]]]).json()["results"][0]
    assert abs(shifted["point"][0] - 114.0201) < 1e-6
    assert shifted["block_code"] == "99010100100102" and taken_as_it_is["point"] != shifted["point"]


def test_points_codes_and_addresses_go_together_in_one_batch(named_city: City) -> None:
    with named_city.client("planner") as client:
        answer = post(
            client, points=[[114.001, 22.501], [0, 0]], codes=[GRID, "nothing"], addresses=["西乡街道", "？"]
        ).json()
    assert [one["match_level"] for one in answer["results"]] == [
        "grid", "failed", "grid", "failed", "street", "failed",
    ]  # fmt: skip


def test_a_batch_of_addresses_costs_few_statements(named_city: City) -> None:
    texts = [f"西乡街道示例{n % 4 + 1}路1号1幸福花园3栋{501 + n % 3}室" for n in range(2_000)]
    with named_city.client("planner") as client:
        answer = post(client, addresses=texts).json()
    assert answer["counts"]["room"] == sum(1 for n in range(2_000) if n % 3 < 2)


def test_a_batch_that_is_too_large_or_empty_is_refused(named_city: City) -> None:
    with named_city.client() as client:
        assert post(client, points=[[0, 0]] * 10_001).status_code == 400
        assert post(client, points=[[0, 0]] * 6_000, codes=["1"] * 6_000).status_code == 400
        assert post(client).status_code == 400
        assert post(client, things=[1]).status_code == 400
