# SPDX-License-Identifier: Apache-2.0
"""Features made, replaced, changed and deleted over HTTP: judged, placed and counted as those of a load."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import numpy as np
import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from tests.api.district import EAST, WEST
from tests.api.server import City
from tests.postgis.test_facts import FACTS, RECOUNT
from twin.access import Role, create_token
from twin.blocks import BlockIndex
from twin.database import connect, transaction

PARKS: Final = "/collections/industrial_parks/items"
BUILDINGS: Final = "/collections/buildings/items"
ROADS: Final = "/collections/roads/items"
EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"


def box(west: float, south: float, width: float = 0.002, height: float = 0.002) -> dict[str, Any]:
    ring = [[west, south], [west + width, south], [west + width, south + height], [west, south + height], [west, south]]
    return {"type": "Polygon", "coordinates": [[[round(x, 6), round(y, 6)] for x, y in ring]]}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def park(**properties: Any) -> dict[str, Any]:
    return feature(box(114.004, 22.502), **({"name": "新园"} | properties))


def make_token(city: City, role: Role, scope: Sequence[str] = ()) -> dict[str, str]:
    with transaction(city.settings) as connection:
        return {"Authorization": f"Bearer {create_token(connection, role, scope=scope)}"}


def make(client: httpx.Client, path: str, body: Any, **options: Any) -> str:
    """The path of a feature that is made."""
    answer = client.post(path, json=body, **options)
    assert answer.status_code == 201, answer.text
    return str(httpx.URL(answer.headers["location"]).path)


def tag(client: httpx.Client, path: str) -> dict[str, str]:
    return {"If-Match": client.get(path).headers["etag"]}


def wrong_places(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [problem["where"] for problem in answer.json()["problems"]]


def test_a_feature_is_made_replaced_changed_and_deleted_and_its_history_says_who_and_why(live_city: City) -> None:
    with live_city.client("admin") as admin:
        path = make(admin, f"{PARKS}?reason=新建", park(land_area=400, floor_area=900, vacant_area=100))
        first = admin.get(path)
        assert first.json()["properties"]["block_code"] == "99010100100101"
        assert first.json()["properties"]["vacant_area"] == 100
        replaced = admin.put(
            path, json=park(land_area=500), params={"reason": "复核"}, headers={"If-Match": first.headers["etag"]}
        )
        assert replaced.status_code == 204, replaced.text
        assert admin.get(path).json()["properties"]["floor_area"] is None
        patched = admin.patch(
            path, json={"properties": {"firms": 3, "land_area": None}}, headers={"If-Match": replaced.headers["etag"]}
        )
        assert patched.status_code == 204, patched.text
        shown = admin.get(path).json()["properties"]
        assert (shown["firms"], shown["land_area"], shown["name"]) == (3, None, "新园")
        entry = path.replace("/collections/industrial_parks/items", "/registers/parks")
        versions = admin.get(f"{entry}/history").json()["versions"]
        assert [(one["action"], one["reason"], one["role"]) for one in versions] == [
            ("update", None, "admin"), ("replace", "复核", "admin"), ("create", "新建", "admin"),
        ]  # fmt: skip
        restored = admin.post(f"{entry}/restore", json={"version": versions[2]["version"]}, headers=tag(admin, entry))
        assert restored.status_code == 200, restored.text
        assert admin.get(path).json()["properties"]["vacant_area"] == 100
        moment = live_city.execute("SELECT now()::text")[0][0]
        gone = admin.delete(path, headers=tag(admin, path), params={"reason": "重复登记"})
        assert gone.status_code == 204
        assert admin.get(path).status_code == 404
        assert admin.delete(path, headers={"If-Match": "*"}).status_code == 404
        then = admin.get(path, params={"as_of": str(moment).replace(" ", "T")})
        assert then.json()["properties"]["name"] == "新园"
    assert live_city.execute("SELECT reason, role FROM feature_edit WHERE action = 'delete'") == [("重复登记", "admin")]
    assert live_city.execute("SELECT count(*) FROM industrial_park_history WHERE local_id NOT LIKE 'park'") == [(4,)]


def test_what_is_preferred_is_answered(live_city: City) -> None:
    prefer = {"Prefer": "return=representation"}
    with live_city.client("admin") as admin:
        made = admin.post(PARKS, json=park(), headers=prefer)
        assert made.status_code == 201
        assert made.json()["properties"]["name"] == "新园"
        assert made.headers["preference-applied"] == "return=representation"
        path = httpx.URL(made.headers["location"]).path
        changed = admin.patch(
            path, content='{"properties": {"firms": 1}}',
            headers={**prefer, "If-Match": made.headers["etag"], "Content-Type": "application/merge-patch+json"},
        )  # fmt: skip
        assert changed.status_code == 200
        assert changed.json()["properties"]["firms"] == 1
        assert changed.headers["etag"] != made.headers["etag"]


def test_nothing_is_written_without_the_version_in_hand(live_city: City) -> None:
    with live_city.client("admin") as admin:
        path = make(admin, PARKS, park())
        old = tag(admin, path)
        missing = admin.patch(path, json={"properties": {"firms": 1}})
        assert missing.status_code == 428
        assert "If-Match" in missing.json()["detail"]
        assert admin.put(path, json=park()).status_code == 428
        assert admin.delete(path).status_code == 428
        assert admin.put(path, json=park(), headers={"If-None-Match": "*"}).status_code == 412
        assert admin.put(f"{PARKS}/999999", json=park(), headers={"If-None-Match": "*"}).status_code == 404
        assert admin.patch(path, json={"properties": {"firms": 1}}, headers=old).status_code == 204
        assert admin.patch(path, json={"properties": {"firms": 2}}, headers=old).status_code == 412
        assert admin.delete(path, headers=old).status_code == 412
        now = tag(admin, path)["If-Match"]
        assert admin.delete(path, headers={"If-Match": f"W/{now}"}).status_code == 412
        # Another address, another language of links: another tag, and the same version.
        other = admin.get(path, headers={"Host": "city.example", "Accept-Encoding": "identity"})
        assert other.headers["etag"] != now
        assert admin.get(path, headers={"If-None-Match": now}).status_code == 304
        same = admin.patch(path, json={"properties": {"firms": 1}}, headers={"If-Match": other.headers["etag"]})
        assert same.status_code == 204
        # Nothing differed, so nothing is a new version.
        assert tag(admin, path)["If-Match"] == now
        assert admin.patch(path, json={"properties": {"firms": 9}}, headers={"If-Match": "*"}).status_code == 204
        entry = path.replace("/collections/industrial_parks/items", "/registers/parks")
        assert admin.patch(entry, json={"changes": {"firms": 8}}, headers=tag(admin, path)).status_code == 200


def test_of_many_writers_with_the_same_version_exactly_one_writes(live_city: City) -> None:
    with live_city.client("admin") as admin:
        path = make(admin, PARKS, park())
        headers = tag(admin, path)
        start = threading.Barrier(6)

        def write(number: int) -> int:
            with live_city.client("admin") as own:
                start.wait()
                if number == 5:
                    return own.delete(path, headers=headers).status_code
                return own.patch(path, json={"properties": {"firms": number + 1}}, headers=headers).status_code

        with ThreadPoolExecutor(6) as pool:
            answers = sorted(pool.map(write, range(6)))
        assert answers[0] == 204
        assert set(answers[1:]) <= {404, 412}
    made = live_city.execute("SELECT count(*) FROM feature_edit WHERE action IN ('update', 'delete')")
    assert made == [(1,)]


BOWTIE: Final = {
    "type": "Polygon", "coordinates": [[[114.001, 22.501], [114.003, 22.503], [114.003, 22.501], [114.001, 22.503],
                                        [114.001, 22.501]]],
}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (park(colour="red"), "properties.colour"),
        (park(block_code="99010100100101"), "properties.block_code"),
        (park(name=None), "properties.name"),
        (park(firms=-1), "properties.firms"),
        (park(firms="many"), "properties.firms"),
        (park(park_type="castle"), "properties.park_type"),
        (park(operator="联系电话 13800138000"), "properties.operator"),
        (park(access_class="2"), "properties.access_class"),
        (park(vacant_area=5, floor_area=1), "vacant_area"),
        (feature(None, name="无"), "geometry"),
        (feature({"type": "Point", "coordinates": [114.001, 22.501]}, name="点"), "geometry"),
        (feature(BOWTIE, name="结"), "geometry"),
        (feature({"type": "Polygon", "coordinates": [[[114.001, 22.501], [114.003, 22.503]]]}, name="缺"), "geometry"),
        (feature(box(22.502, 114.004), name="纬度在前"), "geometry"),
        (feature(box(497000, 2490000, 100, 100), name="米"), "geometry"),
        (park() | {"crs": {"type": "name"}}, "crs"),
        ({"type": "Polygon", "coordinates": []}, "body"),
        ([1, 2], "body"),
    ],
)
def test_what_is_wrong_is_said_with_where(city: City, body: Any, where: str) -> None:
    with city.client("admin") as admin:
        before = admin.get(PARKS, params={"count": "exact"}).json()["numberMatched"]
        answer = admin.post(PARKS, json=body)
        assert wrong_places(answer) == [where]
        assert "13800138000" not in answer.text
        assert admin.get(PARKS, params={"count": "exact"}).json()["numberMatched"] == before


def test_what_cannot_be_read_is_refused(city: City) -> None:
    with city.client("admin") as admin:
        json = {"Content-Type": "application/geo+json"}
        assert admin.post(PARKS, content="{", headers=json).status_code == 400
        assert admin.post(PARKS, content="<a/>", headers={"Content-Type": "text/xml"}).status_code == 415
        assert admin.post(PARKS, content=b" " * 10_000_001, headers=json).status_code == 413
        many = {"type": "FeatureCollection", "features": [park()] * 1001}
        assert admin.post(PARKS, json=many).status_code == 413
        assert admin.post(PARKS, json=park(), params={"reson": "?"}).status_code == 400
        unknown = admin.post(PARKS, json=park(), headers={"Content-Crs": f"<{EPSG}2000>"})
        assert unknown.status_code == 400
        assert "4490" in unknown.json()["detail"]
        with_phone = admin.post(PARKS, json=park(), params={"reason": "电话 13800138000"})
        assert with_phone.status_code == 422


def test_coordinates_are_of_the_declared_crs_in_its_own_order(live_city: City) -> None:
    west, south, east, north = 114.004, 22.502, 114.006, 22.504
    metric = Transformer.from_crs(4490, 4547)  # the registry's order on both sides: latitude first, northing first
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    bodies = {
        "4490": [[lat, lon] for lon, lat in ring],
        "4326": [[lat, lon] for lon, lat in ring],
        "4547": [list(metric.transform(lat, lon)) for lon, lat in ring],
    }
    with live_city.client("admin") as admin:
        for code, coordinates in bodies.items():
            path = make(
                admin, PARKS, feature({"type": "Polygon", "coordinates": [coordinates]}, name=code),
                headers={"Content-Crs": f"<{EPSG}{code}>"},
            )  # fmt: skip
            shown = admin.get(path).json()
            assert shown["properties"]["block_code"] == "99010100100101"
            corners = np.array(shown["geometry"]["coordinates"][0])
            assert np.allclose(corners.min(axis=0), [west, south], atol=2e-7)
            assert np.allclose(corners.max(axis=0), [east, north], atol=2e-7)
        swapped = feature({"type": "Polygon", "coordinates": [[[lat, lon] for lon, lat in ring]]}, name="不符")
        assert wrong_places(admin.post(PARKS, json=swapped)) == ["geometry"]


def test_who_may_write_what_and_where(live_city: City) -> None:
    steward = make_token(live_city, "steward", [WEST])
    with live_city.client("admin") as admin, live_city.client() as public, live_city.client("west") as west:
        for client in (public, west):
            refused = client.post(PARKS, json=park())
            assert refused.status_code == 403
            assert "/proposals" in refused.json()["detail"]
        elsewhere = make(admin, PARKS, feature(box(114.05, 22.502), name="东部"))
        over = make(admin, PARKS, feature(box(114.039, 22.502, 0.008), name="跨街道"))
        with httpx.Client(base_url=live_city.url, headers=steward) as own:
            path = make(own, PARKS, park())
            assert own.post(PARKS, json=feature(box(114.05, 22.502), name="越界")).status_code == 403
            moved = own.patch(path, json={"geometry": box(114.05, 22.502)}, headers=tag(own, path))
            assert moved.status_code == 403
            assert own.get(path).json()["properties"]["block_code"].startswith(WEST)
            assert own.delete(elsewhere, headers={"If-Match": "*"}).status_code == 404
            # Seen from here, since it reaches over; its home is not here, so it is not this steward's.
            assert own.get(over).json()["properties"]["block_code"].startswith(EAST)
            assert own.delete(over, headers=tag(own, over)).status_code == 403
            outside = feature(box(113.0, 22.0), name="区外")
            assert own.post(PARKS, json=outside).status_code == 403
            assert own.post(PARKS, json=park(access_class=1)).status_code == 403
            assert own.patch(path, json={"properties": {"access_class": 4}}, headers=tag(own, path)).status_code == 403
            raised = own.patch(path, json={"properties": {"access_class": 3}}, headers=tag(own, path))
            assert raised.status_code == 204
            lowered = own.patch(path, json={"properties": {"access_class": 2}}, headers=tag(own, path))
            assert lowered.status_code == 403
        assert public.get(path).status_code == 404
        opened = admin.patch(path, json={"properties": {"access_class": 1}}, headers=tag(admin, path))
        assert opened.status_code == 204
        assert public.get(path).status_code == 200
        assert make(admin, PARKS, outside)


def test_a_replacement_may_send_back_what_was_shown(live_city: City) -> None:
    live_city.execute(
        "UPDATE industrial_park SET geometry = ST_Translate(geometry, 1e-9, 1e-9) WHERE local_id = 'park'"
    )
    with live_city.client("admin") as admin:
        shown = admin.get(PARKS).json()["features"][0]
        path = f"{PARKS}/{shown['id']}"
        whole = admin.get(path)
        assert whole.json()["properties"]["block_code"]
        same = admin.put(path, json=whole.json(), headers={"If-Match": whole.headers["etag"]})
        assert same.status_code == 204, same.text
        assert admin.get(path).headers["etag"] == whole.headers["etag"]
        lied = whole.json()
        lied["properties"]["block_code"] = "990101"
        answer = admin.put(path, json=lied, headers={"If-Match": whole.headers["etag"]})
        assert wrong_places(answer) == ["properties.block_code"]
        other = admin.put(path, json=whole.json() | {"id": 1234567}, headers={"If-Match": whole.headers["etag"]})
        assert wrong_places(other) == ["id"]


def test_layers_that_are_not_written_say_so(city: City) -> None:
    with city.client("admin") as admin:
        for layer in ("blocks", "models", "incidents", "hazards", "tilesets", "units"):
            refused = admin.post(f"/collections/{layer}/items", json=park())
            assert refused.status_code == 405
            assert refused.headers["allow"] == "GET, HEAD, OPTIONS"
            assert admin.delete(f"/collections/{layer}/items/1").status_code == 405
            assert admin.options(f"/collections/{layer}/items").headers["allow"] == "GET, HEAD, OPTIONS"
        assert admin.post("/collections/nothing/items", json=park()).status_code == 404
        assert admin.options(PARKS).headers["allow"] == "GET, HEAD, OPTIONS, POST"
        item = admin.options(f"{PARKS}/1")
        assert item.status_code == 204
        assert item.headers["allow"] == "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"
        assert "application/merge-patch+json" in item.headers["accept-patch"]
        whole = admin.put(PARKS, json=park())
        assert (whole.status_code, whole.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
        assert admin.post(f"{PARKS}/1", json=park()).status_code == 405
        conformance = admin.get("/conformance").json()["conformsTo"]
        part = "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/"
        assert {uri.removeprefix(part) for uri in conformance if uri.startswith(part)} == {
            "create-replace-delete", "update", "optimistic-locking-etags", "features",
        }  # fmt: skip


SHAPES: Final[Sequence[tuple[str, dict[str, Any]]]] = (
    (PARKS, box(114.004, 22.502)),
    (PARKS, box(114.0, 22.5, 0.02, 0.01)),
    (PARKS, box(114.01, 22.505, 0.05, 0.02)),
    (PARKS, box(114.07, 22.53, 0.05, 0.05)),
    (PARKS, box(114.2, 22.9)),
    (ROADS, {"type": "LineString", "coordinates": [[114.001, 22.501], [114.07, 22.537]]}),
    (ROADS, {"type": "LineString", "coordinates": [[114.001, 22.501], [114.005, 22.502]]}),
    (ROADS, {"type": "LineString", "coordinates": [[114.02, 22.5], [114.02, 22.52]]}),
    (ROADS, {"type": "MultiLineString", "coordinates": [[[113.9, 22.501], [114.01, 22.501]],
                                                        [[114.05, 22.501], [114.06, 22.501]]]}),
    ("/collections/components/items", {"type": "Point", "coordinates": [114.02, 22.51]}),
)  # fmt: skip


def test_what_is_made_lies_in_the_blocks_that_a_load_would_find(live_city: City) -> None:
    with connect(live_city.settings) as connection:
        index = BlockIndex.read(connection)
    with live_city.client("admin") as admin:
        for path, geometry in SHAPES:
            number = int(make(admin, path, feature(geometry, name="甲")).rsplit("/", 1)[1])
            kind = {PARKS: "industrial_park", ROADS: "road"}.get(path, "component")
            shapes = np.array([shapely.from_geojson(shapely.to_geojson(shapely.geometry.shape(geometry)))])
            homes, meetings = index.place(shapes) if kind != "component" else (index.home(shapes), [])
            stored = live_city.execute(f"SELECT block_code, spans_blocks FROM {kind} WHERE id = %s", number)
            assert stored == [(homes[0], bool(meetings))]
            met = live_city.execute(
                "SELECT block_code, share FROM feature_block WHERE kind = %s AND feature_id = %s ORDER BY 1",
                kind,
                number,
            )
            assert [code for code, _ in met] == sorted(meeting.code for meeting in meetings)
            expected = [meeting.share for meeting in sorted(meetings, key=lambda meeting: meeting.code)]
            assert np.allclose(np.array([share for _, share in met], dtype=float), expected)


def test_many_are_made_at_once_or_none_and_nobody_sees_a_part(live_city: City) -> None:
    features = [
        feature(box(114.001 + 0.0005 * (n % 60), 22.501 + 0.0005 * (n // 60), 0.0003, 0.0003)) for n in range(240)
    ]
    with live_city.client("admin") as admin, live_city.client("admin") as reader:
        before = admin.get(BUILDINGS, params={"count": "exact"}).json()["numberMatched"]
        broken = [*features, feature(box(114.001, 22.501), storeys_above="six")]
        answer = admin.post(BUILDINGS, json={"type": "FeatureCollection", "features": broken})
        assert wrong_places(answer) == ["features[240].properties.storeys_above"]
        beyond = [*features, feature(box(114.001, 22.501), access_class=4)]
        assert admin.post(BUILDINGS, json={"type": "FeatureCollection", "features": beyond}).status_code == 403
        seen = set[int]()
        is_done = threading.Event()

        def look() -> None:
            while not is_done.is_set():
                seen.add(reader.get(BUILDINGS, params={"count": "exact", "limit": 1}).json()["numberMatched"])

        watcher = threading.Thread(target=look)
        watcher.start()
        made = admin.post(BUILDINGS, json={"type": "FeatureCollection", "features": features})
        is_done.set()
        watcher.join(20)
        assert made.status_code == 201, made.text
        assert len({one["id"] for one in made.json()["created"]}) == 240
        assert admin.get(made.json()["created"][7]["href"]).json()["geometry"] == features[7]["geometry"]
        seen.add(admin.get(BUILDINGS, params={"count": "exact"}).json()["numberMatched"])
        assert seen <= {before, before + 240}


def test_a_building_keeps_its_code_to_itself_and_its_storeys_from_falling(live_city: City) -> None:
    live_city.execute(
        "INSERT INTO code_form (kind, pattern, digits, within, within_digits, title) "
        "VALUES ('building', '^[0-9]{19}$', 19, 'block', 14, '{}') "
        "ON CONFLICT (kind) DO UPDATE SET pattern = EXCLUDED.pattern"
    )
    code = "9901010010010100001"
    with live_city.client("admin") as admin:
        path = make(admin, BUILDINGS, feature(box(114.004, 22.502), code=code, height=30))
        again = admin.post(BUILDINGS, json=feature(box(114.006, 22.502), code=code))
        assert wrong_places(again) == ["properties.code"]
        assert wrong_places(admin.post(BUILDINGS, json=feature(box(114.006, 22.502), code="x"))) == ["properties.code"]
        twice = {"type": "FeatureCollection", "features": [feature(box(114.006, 22.502), code=f"{code[:-1]}2")] * 2}
        assert wrong_places(admin.post(BUILDINGS, json=twice)) == ["features[1].properties.code"]
        live_city.execute(
            "INSERT INTO storey (source_id, local_id, building_code, building_id, number, block_code, geometry) "
            "SELECT 't', 's', code, id, 1, block_code, geometry FROM building WHERE code = %s", code
        )  # fmt: skip
        held = admin.delete(path, headers=tag(admin, path))
        assert held.status_code == 409
        assert "storeys" in held.json()["detail"]
        moved = admin.patch(path, json={"geometry": box(114.05, 22.502)}, headers=tag(admin, path))
        assert moved.status_code == 204, moved.text
        assert live_city.execute("SELECT block_code FROM storey") == [("99010100200101",)]
        live_city.execute("DELETE FROM storey")
        assert admin.delete(path, headers=tag(admin, path)).status_code == 204


def test_a_business_layer_takes_what_its_description_names_and_has_a_version_of_it(live_city: City) -> None:
    schema = {
        "properties": {
            "seats": {"type": "integer"}, "opened": {"type": "string", "format": "date"}, "open": {"type": "boolean"},
            "geometry": {"type": "string"},
        }
    }  # fmt: skip
    described = {"title": {"zh": "食堂"}, "attribute_schema": schema, "access_class": 2}
    items = "/collections/canteens/items"
    point = {"type": "Point", "coordinates": [114.001, 22.501]}
    with live_city.client("admin") as admin:
        assert admin.put("/business-layers/canteens", json=described).status_code == 201
        path = make(admin, items, feature(point, name="一号", seats=120, opened="2024-05-01", open=True,
                                          attribute_geometry="点"))  # fmt: skip
        shown = admin.get(path).json()["properties"]
        assert (shown["seats"], shown["open"], shown["attribute_geometry"]) == (120, True, "点")
        assert (shown["match_level"], shown["block_code"]) == ("coordinate", "99010100100101")
        wrong = admin.post(items, json=feature(point, seats=1.5, opened="yesterday", open="yes", rooms=3, local_id="7"))
        assert sorted(wrong_places(wrong)) == [
            f"properties.{name}" for name in ("local_id", "open", "opened", "rooms", "seats")
        ]
        assert admin.post(items, json=feature(point, access_class=1)).status_code == 422
        changed = admin.patch(path, json={"properties": {"seats": 80}}, headers=tag(admin, path))
        assert changed.status_code == 204, changed.text
        shown = admin.get(path).json()["properties"]
        assert (shown["seats"], shown["open"], shown["name"]) == (80, True, "一号")
        assert admin.delete(path, headers=tag(admin, path)).status_code == 204
        versions = admin.get("/business-layers/canteens/versions").json()["versions"]
        assert [(one["added"], one["changed"], one["ended"]) for one in versions] == [(0, 0, 1), (0, 1, 0), (1, 0, 0)]


CORNERS: Final = st.tuples(st.integers(0, 75), st.integers(0, 36), st.integers(1, 30), st.integers(1, 15))
STEPS: Final = st.lists(
    st.one_of(
        st.tuples(st.just("create"), CORNERS, st.integers(1, 900), st.integers(1, 3)),
        st.tuples(st.just("replace"), CORNERS, st.integers(0, 9), st.integers(1, 900)),
        st.tuples(st.just("move"), CORNERS, st.integers(0, 9)),
        st.tuples(st.just("area"), st.integers(0, 9), st.one_of(st.none(), st.integers(1, 900))),
        st.tuples(st.just("class"), st.integers(0, 9), st.integers(1, 3)),
        st.tuples(st.just("delete"), st.integers(0, 9)),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


def place(corner: tuple[int, int, int, int]) -> dict[str, Any]:
    west, south, width, height = (number / 1000 for number in corner)
    return box(114 + west, 22.5 + south, width, height)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
def test_whatever_is_written_the_facts_are_what_a_recount_gives(live_city: City, steps: list[tuple[Any, ...]]) -> None:
    paths = list[str]()
    with live_city.client("admin") as admin:
        for step in steps:
            if step[0] == "create":
                body = feature(place(step[1]), gross_floor_area=step[2], access_class=step[3])
                paths.append(make(admin, BUILDINGS, body))
                continue
            if not paths:
                continue
            match step:
                case ("replace", corner, number, area):
                    path = paths[number % len(paths)]
                    body = feature(place(corner), gross_floor_area=area)
                    answer = admin.put(path, json=body, headers=tag(admin, path))
                case ("move", corner, number):
                    path = paths[number % len(paths)]
                    answer = admin.patch(path, json={"geometry": place(corner)}, headers=tag(admin, path))
                case ("delete", number):
                    path = paths.pop(number % len(paths))
                    answer = admin.delete(path, headers=tag(admin, path))
                case (what, number, value):
                    path = paths[number % len(paths)]
                    name = "gross_floor_area" if what == "area" else "access_class"
                    answer = admin.patch(path, json={"properties": {name: value}}, headers=tag(admin, path))
                case _:
                    raise AssertionError(step)
            assert answer.status_code == 204, answer.text
    with psycopg.connect(str(live_city.settings.database_url)) as connection:
        facts = [
            row for row in connection.execute(FACTS.encode()) if row[1] in ("buildings.count", "buildings.floor_area")
        ]
        counted = [row for row in connection.execute(RECOUNT.encode()) if row[1].startswith("buildings.")]
    assert facts == counted
