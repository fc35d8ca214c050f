# SPDX-License-Identifier: Apache-2.0
"""Blocks over HTTP: several schemes, the computed one, the past, and lineage."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from ingest.command.blocks import Action, run_action
from ingest.source import Options
from tests.api.district import COMMUNITY, DISTRICT, EAST, GRIDS, WEST
from tests.api.server import City
from twin.beidou import encode
from twin.database import connect, transaction


def get(city: City, path: str) -> httpx.Response:
    with city.client() as client:
        return client.get(path)


CODE = "N49FB5173E4330104060"


def test_schemes_are_listed_with_levels_and_counts(city: City) -> None:
    schemes = get(city, "/schemes").json()["schemes"]
    assert [scheme["id"] for scheme in schemes] == ["governance", "beidou"]
    assert [level["blocks"] for level in schemes[0]["levels"]] == [1, 2, 4, GRIDS]
    assert [level["width"] for level in schemes[1]["levels"]] == [4, 6, 7, 9, 11, 12, 14, 16, 18, 20]
    assert schemes[1]["is_computed"] and schemes[1]["levels"][0]["blocks"] is None


def test_the_blocks_of_a_level_and_the_children_of_one_are_listed(city: City) -> None:
    root = get(city, "/blocks").json()["blocks"]
    assert [block["code"] for block in root] == [DISTRICT]
    assert [block["code"] for block in get(city, f"/blocks?parent={DISTRICT}").json()["blocks"]] == [WEST, EAST]
    assert len(get(city, "/blocks?level=4").json()["blocks"]) == GRIDS
    assert get(city, "/blocks?scheme=none").status_code == 404
    assert get(city, "/blocks?scheme=No%20Such").status_code == 400
    assert get(city, "/blocks?colour=red").status_code == 400


def test_a_cell_of_the_beidou_grid_is_computed_and_linked(city: City) -> None:
    cell = get(city, f"/blocks/{CODE}?scheme=beidou").json()
    assert (cell["code"], cell["level"], cell["parent"], cell["children"]) == (CODE, 10, CODE[:18], [])
    assert [ancestor["level"] for ancestor in cell["ancestors"]] == list(range(1, 10))
    assert cell["links"] == []
    minute = get(city, f"/blocks/{encode(114.005, 22.505, 4)}?scheme=beidou").json()
    assert 0 < sum(link["share"] for link in minute["links"]) <= 1 + 1e-9
    assert len(minute["children"]) == 225
    assert len(get(city, "/blocks?scheme=beidou&parent=N49F").json()["blocks"]) == 96
    assert get(city, "/blocks/N99Z?scheme=beidou").status_code == 400


def test_a_block_answers_as_it_would_have_then_and_tells_what_became_of_it(live_city: City, tmp_path: Path) -> None:
    old, new = f"{COMMUNITY}01", f"{COMMUNITY}31"
    then = get(live_city, f"/blocks/{old}").json()
    time.sleep(0.05)
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    time.sleep(0.05)
    settings = live_city.settings
    with transaction(settings) as connection:
        connection.execute("UPDATE block SET name = '改名' WHERE code = %s", (old,))
    path = tmp_path / "r.csv"
    path.write_text(f"old,new,name\n{old},{new},新网格\n", encoding="utf-8")
    run_action(settings, Action.RENUMBER, path, Options())
    assert get(live_city, f"/blocks/{old}").status_code == 404
    assert get(live_city, f"/blocks/{new}").json()["name"] == "新网格"
    assert get(live_city, f"/blocks/{old}?as_of={moment}").json() == then
    assert get(live_city, f"/blocks/{new}?as_of={moment}").status_code == 404
    assert old in {block["code"] for block in get(live_city, f"/blocks/{COMMUNITY}?as_of={moment}").json()["children"]}
    assert get(live_city, f"/blocks/{old}?as_of=yesterday").status_code == 400

    lineage = get(live_city, f"/blocks/{old}/lineage").json()
    assert not lineage["is_valid"] and lineage["predecessors"] == []
    assert [(step["code"], step["kind"], step["share"]) for step in lineage["successors"]] == [(new, "renumber", 1)]
    assert lineage["today"] == [{"code": new, "share": 1}]
    assert get(live_city, f"/blocks/{new}/lineage").json()["origins"] == [{"code": old, "share": 1}]
    assert get(live_city, "/blocks/123456/lineage").status_code == 404
    with connect(settings) as connection:
        assert connection.execute("SELECT count(*) FROM building WHERE block_code = %s", (old,)).fetchone() == (0,)
    path.write_text(f"old,new\n{new},{old}\n")
    run_action(settings, Action.RENUMBER, path, Options())
    lineage = get(live_city, f"/blocks/{old}/lineage").json()
    assert lineage["is_valid"] and lineage["today"] == lineage["origins"] == [{"code": old, "share": 1}]


def test_a_block_that_has_ended_is_found_by_the_time_it_was_valid(live_city: City, tmp_path: Path) -> None:
    old, new, ending = f"{COMMUNITY}01", f"{COMMUNITY}31", "2026-03-01T00:00:00+08:00"
    live_city.execute("UPDATE block SET valid_from = '2025-01-01T00:00:00+08:00'")
    then = get(live_city, f"/blocks/{old}").json()
    item = get(live_city, f"/collections/blocks/items/{old}").json()
    assert item["properties"]["code"] == old
    path = tmp_path / "r.csv"
    path.write_text(f"old,new,name\n{old},{new},新网格\n", encoding="utf-8")
    run_action(live_city.settings, Action.RENUMBER, path, Options(), moment=datetime.fromisoformat(ending))

    before, after = "2026-02-28", "2026-03-02T12:00:00Z"
    ended = get(live_city, f"/blocks/{old}?datetime={before}").json()
    assert ended["valid_to"] == "2026-03-01T00:00:00+08:00"
    assert ended | {"valid_to": None} == then
    assert get(live_city, f"/blocks/{new}?datetime={after}").json()["name"] == "新网格"
    for path_ in (f"/blocks/{old}?datetime={after}", f"/blocks/{new}?datetime={before}", f"/blocks/{old}"):
        assert get(live_city, path_).status_code == 404
    assert old in {block["code"] for block in get(live_city, f"/blocks?level=4&datetime={before}").json()["blocks"]}

    items = "/collections/blocks/items"
    by_id = get(live_city, f"{items}/{item['id']}?datetime={before}").json()
    by_code = get(live_city, f"{items}/{old}?datetime={before}").json()
    assert by_id["properties"] == by_code["properties"] == item["properties"]
    assert get(live_city, f"{items}/{new}").json()["properties"]["name"] == "新网格"
    for path_ in (f"{items}/{old}", f"{items}/{old}?datetime={after}", f"{items}/{new}?datetime={before}"):
        assert get(live_city, path_).status_code == 404

    def codes(datetime_: str) -> set[str]:
        found = get(live_city, f"{items}?block={COMMUNITY}&datetime={datetime_}").json()
        return {feature["properties"]["code"] for feature in found["features"]} & {old, new}

    assert (codes(before), codes(after)) == ({old}, {new})
    assert codes(f"{before}/{after}") == codes(f"{before}/..") == {old, new}
    assert codes(f"../{before}") == {old}
    assert codes("2024-01-01") == set()
    # What was recorded today is not known to whom asks what was known before.
    assert get(live_city, f"/blocks/{old}?datetime=2026-02-28/2026-03-01").status_code == 400
    assert get(live_city, "/collections/buildings/items/1?datetime=2026-02-28").status_code == 400
