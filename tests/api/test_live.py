# SPDX-License-Identifier: Apache-2.0
"""A committed change, by any writer, reaches every stream and exactly the tiles it touches."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from pathlib import Path

import mapbox_vector_tile

from tests.api.conftest import serve_clone
from tests.api.district import WEST
from tests.api.follower import Follower
from tests.api.follower import follow as follow_url
from tests.api.server import City
from twin.cluster import Cluster

NEW = (
    "INSERT INTO incident (source_id, local_id, severity, block_code, occurred_at, geometry) "
    "VALUES ('live', %s, 2, %s, now(), ST_SetSRID(ST_Point(%s, %s), 4490)) RETURNING id"
)
IN_WEST = ("99010100100101", 114.002, 22.502)
IN_EAST = ("99010100200101", 114.042, 22.502)


def follow(
    city: City, name: str | None, layers: str = "", last: int | str | None = None
) -> AbstractContextManager[Follower]:
    """Follow the stream with the token of `name`."""
    return follow_url(city.url, city.tokens[name] if name else None, layers, last)


def test_a_commit_reaches_the_stream_within_a_second(live_city: City) -> None:
    with follow(live_city, "wall", "incidents") as follower:
        ((new_id,),) = live_city.execute(NEW, "a", *IN_WEST)
        start = time.monotonic()
        (change,) = follower.wait_for(1)
        assert follower.events[-1][2] - start < 1
    assert change["layer"] == "incidents" and change["op"] == "insert"
    assert change["ids"] == [new_id] and change["block_codes"] == [IN_WEST[0]]
    assert change["bbox"] == [114.002, 22.502, 114.002, 22.502]


def test_a_stream_tells_only_of_its_scope_its_class_and_its_layers(live_city: City) -> None:
    with (
        follow(live_city, "west") as west,
        follow(live_city, "east", "incidents") as east,
        follow(live_city, None) as public,
        follow(live_city, "wall", "buildings") as wall,
    ):
        live_city.execute(NEW, "w", *IN_WEST)
        live_city.execute(NEW, "e", *IN_EAST)
        live_city.execute("UPDATE building SET height = 20 WHERE local_id = 'public'")
        west.wait_for(2)
        east.wait_for(1)
        public.wait_for(1)
        wall.wait_for(1)
        time.sleep(0.2)
    assert [(c["layer"], c["block_codes"]) for c in west.changes] == [
        ("incidents", [IN_WEST[0]]), ("buildings", [IN_WEST[0]]),
    ]  # fmt: skip
    assert [c["block_codes"] for c in east.changes] == [[IN_EAST[0]]]
    assert [c["layer"] for c in public.changes] == ["buildings"]
    assert [c["layer"] for c in wall.changes] == ["buildings"]


def test_a_feature_that_leaves_a_scope_is_told_on_both_sides(live_city: City) -> None:
    with follow(live_city, "west") as west, follow(live_city, "east") as east:
        live_city.execute(
            "UPDATE incident SET block_code = %s, geometry = ST_SetSRID(ST_Point(114.042, 22.502), 4490) "
            "WHERE local_id = %s", IN_EAST[0], IN_WEST[0],
        )  # fmt: skip
        assert len(west.wait_for(1)) == 1 and len(east.wait_for(1)) == 1


def test_last_event_id_resumes_from_the_ring_and_from_the_table(live_city: City) -> None:
    with follow(live_city, "wall", "incidents") as follower:
        live_city.execute(NEW, "a", *IN_WEST)
        (first,) = follower.wait_for(1)
    live_city.execute(NEW, "b", *IN_EAST)
    time.sleep(0.3)
    with follow(live_city, "wall", "incidents", last=first["change_id"]) as again:
        assert [c["block_codes"] for c in again.wait_for(1)] == [[IN_EAST[0]]]
    # Before the ring: the loading of the district itself, long before the server started.
    with follow(live_city, "west", "buildings,incidents", last=0) as whole:
        told = whole.wait_for(2)
        assert {c["layer"] for c in told} == {"buildings", "incidents"}
        assert all(code.startswith(WEST) for c in told for code in c["block_codes"])
    # Of a life that this database never had.
    with follow(live_city, "wall", "incidents", last=10**9) as lost:
        told = lost.wait_for(2)
        assert lost.names[:2] == ["hello", "reset"]
        assert {change["layer"] for change in told} == {"collections", "incidents"}
        assert all(change["bbox"] is None and change["ids"] is None for change in told)


def test_a_revoked_token_ends_its_stream(live_city: City) -> None:
    with follow(live_city, "wall") as wall, follow(live_city, "admin") as admin:
        live_city.execute("UPDATE access_token SET revoked_at = now() WHERE role = 'wall'")
        deadline = time.monotonic() + 2
        while not wall.is_closed and time.monotonic() < deadline:
            time.sleep(0.02)
        assert wall.is_closed and not admin.is_closed


def test_a_commit_changes_exactly_the_tiles_it_touches(live_city: City) -> None:
    services_of = "/collections/incidents/tiles/WebMercatorQuad"
    near, far = f"{services_of}/16/{_tile(16, *IN_WEST[1:])}", f"{services_of}/16/{_tile(16, *IN_EAST[1:])}"
    with live_city.client("wall") as wall:
        before_near, before_far = wall.get(near), wall.get(far)
        live_city.execute(NEW, "a", *IN_WEST)
        deadline = time.monotonic() + 1
        while wall.get(near).headers["etag"] == before_near.headers["etag"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        features = mapbox_vector_tile.decode(wall.get(near).content)["incidents"]["features"]
        assert "a" in {f["properties"]["incident_no"] for f in features}
        assert wall.get(far).headers["etag"] == before_far.headers["etag"]
        live_city.execute("DELETE FROM incident WHERE source_id = 'live'")
        deadline = time.monotonic() + 1
        while wall.get(near).headers["etag"] != before_near.headers["etag"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_truncate_empties_every_tile_of_the_layer(live_city: City) -> None:
    path = f"/collections/incidents/tiles/WebMercatorQuad/16/{_tile(16, 114.0101, 22.5051)}"
    with live_city.client("wall") as wall:
        assert wall.get(path).status_code == 200
        live_city.execute("TRUNCATE incident")
        deadline = time.monotonic() + 1
        while wall.get(path).status_code != 204:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_the_feed_comes_back_after_its_connection_is_killed(live_city: City) -> None:
    path = f"/collections/incidents/tiles/WebMercatorQuad/16/{_tile(16, *IN_WEST[1:])}"
    with follow(live_city, "wall", "incidents") as follower, live_city.client("wall") as wall:
        before = wall.get(path).headers["etag"]
        live_city.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
        live_city.execute(NEW, "a", *IN_WEST)
        assert len(follower.wait_for(1, 5)) == 1
        assert wall.get(path).headers["etag"] != before


def _tile(zoom: int, longitude: float, latitude: float) -> str:
    from math import asinh, pi, radians, tan

    count = 2**zoom
    return f"{int((1 - asinh(tan(radians(latitude))) / pi) / 2 * count)}/{int((longitude + 180) / 360 * count)}"


def test_a_server_that_stops_lets_its_streams_go(cluster: Cluster, template: str, tmp_path: Path) -> None:
    served = serve_clone(cluster, template, tmp_path)
    city = next(served)
    with follow(city, "wall") as follower:
        start = time.monotonic()
        served.close()
        assert time.monotonic() - start < 4
        deadline = time.monotonic() + 1
        while not follower.is_closed and time.monotonic() < deadline:
            time.sleep(0.02)
        assert follower.is_closed
