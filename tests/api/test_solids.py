# SPDX-License-Identifier: Apache-2.0
"""Buildings, storeys and units as tilesets out of the database: sound, within reach, fresh, and leading to rows."""

from __future__ import annotations

import gzip
import json
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import serve_clone
from tests.api.district import EAST, WEST
from tests.api.server import City
from tests.unit.gltf_reading import ReadGlb, read_glb
from twin.cluster import Cluster
from twin.tiles3d.check import check_tileset
from twin.tiles3d.files import HttpFiles
from twin.tiles3d.finding import TilesetReport

HOUSE = "9901010010010100001"
FAR_HOUSE = "9901010020020400001"
TILESETS = ("buildings", "storeys", "units")

_PARTS = f"""
    UPDATE building SET code = '{HOUSE}', storeys_above = 6, base_elevation = 5 WHERE local_id = '99010100100101';
    UPDATE building SET code = '{FAR_HOUSE}', storeys_above = 6, height = 24 WHERE local_id = '99010100200204';
    INSERT INTO storey (source_id, local_id, building_id, building_code, name, number, use, z_min, z_max, block_code,
                        access_class, geometry)
    SELECT 'test', building.code || 'S' || n, id, code, n || '层', n, 'residential',
           CASE WHEN code = '{HOUSE}' THEN 5 + (n - 1) * 3 END, CASE WHEN code = '{HOUSE}' THEN 5 + n * 3 END,
           block_code, 2, geometry
    FROM building, generate_series(1, 6) AS n WHERE code IN ('{HOUSE}', '{FAR_HOUSE}');
    INSERT INTO storey (source_id, local_id, building_id, building_code, number, use, block_code, access_class,
                        geometry)
    SELECT 'test', building.code || 'S-1', id, code, -1, 'parking', block_code, 2, geometry
    FROM building WHERE code = '{FAR_HOUSE}';
    INSERT INTO unit (source_id, local_id, code, building_id, building_code, storey_number, room, use, z_min, z_max,
                      has_own_geometry, occupancy, block_code, access_class, geometry)
    SELECT 'test', building.code || 'U' || n || side, code || n || '00' || side, id, code, n, n || '0' || side,
           'residential', CASE WHEN code = '{HOUSE}' THEN 5 + (n - 1) * 3 END,
           CASE WHEN code = '{HOUSE}' THEN 5 + n * 3 END, true, 'rented', block_code, 2,
           ST_MakeEnvelope(ST_XMin(geometry) + (side - 1) * 0.00015, ST_YMin(geometry),
                           ST_XMin(geometry) + side * 0.00015, ST_YMax(geometry), 4490)
    FROM building, generate_series(1, 6) AS n, generate_series(1, 2) AS side WHERE code IN ('{HOUSE}', '{FAR_HOUSE}');
    INSERT INTO unit (source_id, local_id, building_code, storey_number, room, block_code, access_class, geometry)
    SELECT 'test', 'secret', code, 1, '999', block_code, 3, geometry FROM building WHERE code = '{HOUSE}';
    INSERT INTO unit (source_id, local_id, storey_number, block_code, access_class, geometry)
    VALUES ('test', 'outside', 1, '~', 2, ST_MakeEnvelope(115, 23, 115.0001, 23.0001, 4490));
"""


def furnish(cities: Iterator[City]) -> Iterator[City]:
    for city in cities:
        city.execute(_PARTS)
        yield city


@pytest.fixture(scope="module")
def houses(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A served district with storeys and units in a house of each street."""
    yield from furnish(serve_clone(cluster, template, tmp_path_factory.mktemp("solids")))


@pytest.fixture
def live_houses(cluster: Cluster, template: str, tmp_path: Path) -> Iterator[City]:
    """The same for a test that changes it."""
    yield from furnish(serve_clone(cluster, template, tmp_path))


def read_contents(client: httpx.Client, tileset: str) -> dict[str, bytes]:
    """Every content by its path."""
    found: dict[str, bytes] = {}

    def follow(tile: dict[str, Any]) -> None:
        uri = tile.get("content", {}).get("uri", "")
        if uri:
            answer = client.get(f"/tilesets/{tileset}/{uri}")
            assert answer.status_code == 200, (uri, answer.text)
            if uri.endswith(".json"):
                follow(answer.json()["root"])
            else:
                found[uri] = answer.content
        for child in tile.get("children", []):
            follow(child)

    follow(client.get(f"/tilesets/{tileset}/tileset.json").json()["root"])
    return found


def read_rows(client: httpx.Client, tileset: str) -> dict[int, dict[str, Any]]:
    """The property tables' rows by id."""
    rows: dict[int, dict[str, Any]] = {}
    for content in read_contents(client, tileset).values():
        table = read_glb(content).table
        for number, feature_id in enumerate(table["id"]):
            assert feature_id not in rows, "nothing is drawn twice"
            rows[feature_id] = {name: values[number] for name, values in table.items()}
    return rows


def check_served(city: City, tileset: str, role: str | None) -> TilesetReport:
    headers = {"Authorization": f"Bearer {city.tokens[role]}"} if role else {}
    with HttpFiles(f"{city.url}/tilesets/{tileset}/tileset.json", headers) as files:
        return check_tileset(files)


@pytest.mark.parametrize("role", ["wall", "planner", "west", "east", None], ids=str)
@pytest.mark.parametrize("tileset", TILESETS)
def test_every_actors_tilesets_are_sound(houses: City, tileset: str, role: str | None) -> None:
    report = check_served(houses, tileset, role)
    assert report.findings == []
    assert not report.unchecked and report.documents >= 1
    if role in ("wall", "planner"):
        assert report.contents >= 2


@pytest.mark.parametrize("tileset", TILESETS)
def test_what_is_drawn_is_what_the_layer_gives_the_same_actor(houses: City, tileset: str) -> None:
    for role in ("wall", "planner", "west", "east", None):
        with houses.client(role) as client:
            drawn = set(read_rows(client, tileset))
            listed = client.get(f"/collections/{tileset}/items?limit=1000").json()["features"]
            hidden = {f["id"] for f in listed} - drawn
            assert drawn <= {f["id"] for f in listed}
            # The one building with a published model has another face.
            names = {f["properties"].get("name") for f in listed if f["id"] in hidden}
            assert names <= {"楼 99010100200101"}, (role, names)


def test_a_picked_storey_and_a_picked_unit_lead_to_their_rows(houses: City) -> None:
    with houses.client("wall") as wall:
        storeys, units = read_rows(wall, "storeys"), read_rows(wall, "units")
        assert len(storeys) == 13 and len(units) == 25
        for tileset, rows, number in (("storeys", storeys, "number"), ("units", units, "storey_number")):
            for feature_id, row in rows.items():
                item = wall.get(f"/collections/{tileset}/items/{feature_id}").json()["properties"]
                assert row["storey"] == item[number]
                assert row["building_id"] == (item["building_id"] or 0)
                assert row["block_code"] == item["block_code"]
                assert row["use"] == (item["use"] or "")
                if tileset == "units":
                    assert (row["room"], row["code"]) == (item["room"] or "", item["code"] or "")


def test_storeys_stand_on_each_other_and_units_within_their_storey(houses: City) -> None:
    def reach(glb: ReadGlb, row: int) -> tuple[float, float]:
        z = [p.positions[p.feature_ids == row][:, 2] for p in glb.primitives if (p.feature_ids == row).any()]
        return round(float(min(v.min() for v in z)), 1), round(float(max(v.max() for v in z)), 1)

    with houses.client("wall") as wall:
        spans: dict[str, dict[int, set[tuple[float, float]]]] = {}
        for tileset in ("storeys", "units"):
            for street in (WEST, EAST):
                glb = read_glb(wall.get(f"/tilesets/{tileset}/{street}/{street}.glb").content)
                for row, number in enumerate(glb.table["storey"]):
                    if glb.table["building_id"][row]:
                        spans.setdefault(f"{tileset} {street}", {}).setdefault(number, set()).add(reach(glb, row))
        flags = {row["is_estimated"] for row in read_rows(wall, "storeys").values()}
    # On the curved globe what lies a kilometre or two from the frame's middle is up to half a metre lower.
    for tileset in ("storeys", "units"):
        west, east = spans[f"{tileset} {WEST}"], spans[f"{tileset} {EAST}"]
        for spans_of, base, height in ((west, 5, 3), (east, 0, 4)):
            for number in range(1, 7):
                ((low, high),) = spans_of[number]
                assert low == pytest.approx(base + (number - 1) * height, abs=0.6)
                assert high - low == pytest.approx(height, abs=0.11)
    ((low, high),) = spans[f"storeys {EAST}"][-1]
    assert low == pytest.approx(-4, abs=0.6) and high == pytest.approx(0, abs=0.6)
    assert flags == {0, 1}


def test_a_unit_outside_of_every_block_is_drawn_for_those_who_reach_everything(houses: City) -> None:
    with houses.client("wall") as wall, houses.client("west") as west:
        assert wall.get("/tilesets/units/~-rest.json").status_code == 200
        assert west.get("/tilesets/units/~-rest.json").status_code == 404


def test_what_is_hidden_shows_neither_in_ids_nor_in_counts_nor_in_volumes(houses: City) -> None:
    secret = int(str(houses.execute("SELECT id FROM unit WHERE local_id = 'secret'")[0][0]))
    with houses.client("wall") as wall, houses.client("planner") as planner, houses.client("west") as west:
        assert secret not in read_rows(wall, "units")
        assert secret in read_rows(planner, "units") and secret in read_rows(west, "units")
        # What a street's manager is given does not tell that there is another street.
        for tileset in TILESETS:
            document = west.get(f"/tilesets/{tileset}/tileset.json").json()
            assert [c["content"]["uri"] for c in document["root"]["children"]] == [f"{WEST}.json"]
            assert west.get(f"/tilesets/{tileset}/{EAST}.json").status_code == 404
            assert west.get(f"/tilesets/{tileset}/{EAST}/{EAST}.glb").status_code == 404
    with houses.client() as public:
        assert [t["id"] for t in public.get("/tilesets").json()["tilesets"]] == ["buildings"]
        assert public.get(f"/tilesets/units/{WEST}.json").status_code == 404
        assert "children" not in public.get("/tilesets/units/tileset.json").json()["root"]


def test_tilesets_made_of_rows_are_listed_with_the_layer_they_lead_to(houses: City) -> None:
    with houses.client("wall") as wall:
        listed = {t["id"]: t for t in wall.get("/tilesets").json()["tilesets"]}
        for tileset in TILESETS:
            assert listed[tileset]["layer"] == tileset and listed[tileset]["singulation"] == "feature_id"
            assert wall.get(listed[tileset]["url"]).status_code == 200


def test_columns_of_class_three_are_in_nobodys_property_table_below_it(houses: City) -> None:
    with houses.client("planner") as planner:
        for row in read_rows(planner, "units").values():
            assert not {"occupancy", "residents", "estate_code"} & set(row)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 3
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_change_is_drawn_anew_in_every_tileset_that_it_touches_and_in_no_other_street(live_houses: City) -> None:
    def etag(client: httpx.Client, tileset: str, street: str) -> str:
        answer = client.get(f"/tilesets/{tileset}/{street}/{street}.glb")
        return answer.headers["etag"] if answer.status_code == 200 else str(answer.status_code)

    changes = {
        "UPDATE unit SET room = '66' WHERE room = '101' AND block_code LIKE '990101001%%'": {"units"},
        "UPDATE storey SET use = 'office' WHERE number = 2 AND block_code LIKE '990101001%%'": {"storeys"},
        # A unit without elevations of its own stands where its storey does.
        "UPDATE unit SET z_min = NULL WHERE room = '201' AND block_code LIKE '990101001%%'": set(),
        "UPDATE storey SET z_min = 8.5 WHERE number = 2 AND block_code LIKE '990101001%%'": {"storeys", "units"},
        "UPDATE building SET height = 60 WHERE local_id = '99010100100101'": {"buildings"},
        f"DELETE FROM unit WHERE room = '602' AND building_code = '{HOUSE}'": {"units"},
        f"UPDATE model SET building_id = (SELECT id FROM building WHERE code = '{HOUSE}')":
            {"buildings", "storeys", "units"},
    }  # fmt: skip
    with live_houses.client("wall") as wall:
        for statement, touched in changes.items():
            before = {t: etag(wall, t, WEST) for t in TILESETS}
            east = {t: etag(wall, t, EAST) for t in TILESETS}
            live_houses.execute(statement.replace("%%", "%"))
            for tileset in touched:
                wait_for(lambda t=tileset, old=before[tileset]: etag(wall, t, WEST) != old)
            for tileset in set(TILESETS) - touched - {"buildings", "units"}:
                assert etag(wall, tileset, WEST) == before[tileset], statement
            if not statement.startswith("UPDATE model"):
                assert {t: etag(wall, t, EAST) for t in TILESETS} == east, statement
        assert {row["building_code"] for row in read_rows(wall, "storeys").values()} == {FAR_HOUSE}


def test_a_part_answers_head_304_and_packed(houses: City) -> None:
    paths = ["tileset.json", f"{WEST}.json", f"{WEST}/{WEST}.glb"]
    with houses.client("wall") as wall:
        for path in (f"/tilesets/{tileset}/{path}" for tileset in TILESETS for path in paths):
            plain = wall.get(path, headers={"Accept-Encoding": "identity"})
            assert plain.status_code == 200 and "content-encoding" not in plain.headers
            with wall.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as packed:
                raw = b"".join(packed.iter_raw())
            assert packed.headers["content-encoding"] == "gzip"
            assert gzip.decompress(raw) == plain.content
            assert packed.headers["etag"] != plain.headers["etag"]
            assert "Accept-Encoding" in packed.headers["vary"] and "Accept-Encoding" in plain.headers["vary"]
            for answer in (plain, packed):
                encoding = answer.headers.get("content-encoding", "identity")
                headers = {"If-None-Match": answer.headers["etag"], "Accept-Encoding": encoding}
                assert wall.get(path, headers=headers).status_code == 304
            head = wall.head(path, headers={"Accept-Encoding": "identity"})
            assert head.status_code == 200 and not head.content and head.headers["etag"] == plain.headers["etag"]
            refused = wall.get(path, headers={"Accept-Encoding": "gzip;q=0"})
            assert "content-encoding" not in refused.headers


def test_a_content_is_short_and_begins_its_chunks_where_it_should(houses: City) -> None:
    with houses.client("wall") as wall:
        for tileset in TILESETS:
            for content in read_contents(wall, tileset).values():
                (size,) = struct.unpack_from("<I", content, 8)
                assert size == len(content) and size % 8 == 0
                document = json.loads(content[20 : 20 + struct.unpack_from("<I", content, 12)[0]])
                assert document["extensionsRequired"] == ["KHR_mesh_quantization", "EXT_meshopt_compression"]
                (node,) = document["nodes"]
                assert node["matrix"][0] <= 0.02


@pytest.mark.parametrize("widths", ["{6,9}", "{6}"], ids=["two levels", "one level"])
def test_a_district_with_fewer_levels_has_its_tilesets_too(live_houses: City, widths: str) -> None:
    live_houses.execute("SET session_replication_role = replica; DELETE FROM block WHERE length(code) > 9; "
                        + ("DELETE FROM block WHERE length(code) > 6; " if widths == "{6}" else "")
                        + f"UPDATE block_scheme SET level_widths = '{widths}', level_names = to_jsonb(ARRAY("
                        "SELECT jsonb_array_elements(level_names::jsonb) LIMIT array_length('"
                        + widths + "'::int[], 1))) WHERE is_governance")  # fmt: skip
    for tileset in TILESETS:
        report = check_served(live_houses, tileset, "wall")
        assert report.findings == [] and report.contents
    with live_houses.client("wall") as wall:
        assert len(read_rows(wall, "storeys")) == 13 and len(read_rows(wall, "units")) == 25
