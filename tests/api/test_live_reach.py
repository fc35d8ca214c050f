# SPDX-License-Identifier: Apache-2.0
"""Who is told of a change, and who is told that something is gone: classes, blocks, layers, tokens, what is kept."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

import api.live.stream
from tests.api.conftest import serve_clone
from tests.api.district import EAST, WEST
from tests.api.follower import Follower
from tests.api.follower import follow as follow_url
from tests.api.server import City
from twin.access import create_token
from twin.change_log import forget_changes
from twin.cluster import Cluster
from twin.database import connect, transaction

NEW = (
    "INSERT INTO incident (source_id, local_id, severity, block_code, access_class, geometry) "
    "VALUES ('live', %s, 2, %s, %s, ST_SetSRID(ST_Point(114.002, 22.502), 4490)) RETURNING id"
)
IN_WEST, IN_EAST = "99010100100101", "99010100200101"
LAYER = "INSERT INTO business_layer (code, title, owner, access_class, created_by) VALUES (%s, %s, '某局', %s, 'test')"
AGE = "UPDATE change SET at = at - interval '31 days', committed_at = committed_at - interval '31 days'"
SHOP = (
    "INSERT INTO business_feature (source_id, local_id, layer_code, block_code, geometry) "
    "VALUES (%s, '1', %s, %s, ST_SetSRID(ST_Point(114.002, 22.502), 4490)) RETURNING id"
)


def follow(
    city: City, name: str | None, layers: str = "", last: int | str | None = None
) -> AbstractContextManager[Follower]:
    return follow_url(city.url, city.tokens[name] if name else None, layers, last)


def eventually(holds: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def mark(city: City, *followers: Follower) -> None:
    """A public change that everybody hears of; whatever was before it has been told by then."""
    before = [len(follower.changes) for follower in followers]
    city.execute("UPDATE block SET name_en = name_en WHERE code IN (%s, %s)", WEST, EAST)
    for follower, count in zip(followers, before, strict=True):
        eventually(lambda follower=follower, count=count: any(
            change["layer"] == "blocks" for change in follower.changes[count:]))  # fmt: skip


def test_who_saw_a_spanning_feature_hears_in_every_block_that_its_class_was_raised(live_city: City) -> None:
    live_city.execute("UPDATE access_token SET access_class = 2 WHERE role = 'grid_manager'")
    with follow(live_city, "west", "urban_villages") as west, follow(live_city, "east", "urban_villages") as east:
        live_city.execute("UPDATE urban_village SET access_class = 3 WHERE local_id = 'both'")
        (near,), (far,) = west.wait_for(1), east.wait_for(1)
        assert near["ids"] == far["ids"] and near["op"] == "update"
        assert (near["block_codes"], far["block_codes"]) == (["99010100100102"], ["99010100200101"])


def test_any_change_of_what_a_feature_meets_is_told_where_it_lay_and_where_it_lies(live_city: City) -> None:
    with follow(live_city, "west", "urban_villages") as west, follow(live_city, "east", "urban_villages") as east:
        live_city.execute("UPDATE feature_block SET share = 0.5 WHERE block_code = %s", IN_EAST)
        live_city.execute("UPDATE feature_block SET block_code = '99010100200102' WHERE block_code = %s", IN_EAST)
        (told,) = east.wait_for(1)
        assert told["block_codes"] == [IN_EAST, "99010100200102"] and west.changes == []
        live_city.execute("TRUNCATE feature_block")
        assert east.wait_for(2)[1]["ids"] is None and west.wait_for(1)[0]["ids"] is None


def test_blocks_are_told_to_everybody_who_sees_them(live_city: City) -> None:
    with follow(live_city, "west", "blocks") as west, follow(live_city, None, "blocks") as public:
        live_city.execute("UPDATE block SET name_en = 'Renamed' WHERE code = %s", EAST)
        for follower in (west, public):
            (change,) = follower.wait_for(1)
            assert change["block_codes"] == [EAST] and change["bbox"] is not None


def test_a_change_of_one_business_layer_is_told_of_that_one(live_city: City) -> None:
    for code, title, needed in (("shops", "商铺", 2), ("schools", "学校", 2), ("cellars", "地下室", 3)):
        live_city.execute(LAYER, code, title, needed)
    with live_city.client("admin") as admin:
        eventually(lambda: all(admin.get(f"/collections/{code}").status_code == 200 for code in ("shops", "cellars")))
    with follow(live_city, "wall") as wall, follow(live_city, "admin", "shops") as shops:
        ((shop,),) = live_city.execute(SHOP, "a", "shops", IN_WEST)
        live_city.execute(SHOP, "b", "schools", IN_WEST)
        live_city.execute(SHOP, "c", "cellars", IN_WEST)
        mark(live_city, wall)
        told = [change for change in wall.changes if change["layer"] != "blocks"]
        assert [change["layer"] for change in told] == ["shops", "schools"]
        assert told[0]["ids"] == [shop]
        assert [change["ids"] for change in shops.changes] == [[shop]]
        live_city.execute("TRUNCATE business_feature CASCADE")
        mark(live_city, wall)
        emptied = [change["layer"] for change in wall.changes[3:] if change["layer"] != "blocks"]
        assert sorted(emptied) == ["schools", "shops"], "one statement, told of each layer that it emptied"


def test_a_change_of_one_business_layer_leaves_the_tiles_of_another(live_city: City) -> None:
    for code, title in (("shops", "商铺"), ("schools", "学校")):
        live_city.execute(LAYER, code, title, 2)
        live_city.execute(SHOP, code, code, IN_WEST)
    tile = "tiles/WebMercatorQuad/16/28562/53521"
    with live_city.client("admin") as admin:
        eventually(lambda: admin.get(f"/collections/schools/{tile}").status_code == 200)
        shops = admin.get(f"/collections/shops/{tile}").headers["etag"]
        live_city.execute("UPDATE business_feature SET geometry = ST_SetSRID(ST_Point(114.0021, 22.5021), 4490) "
                          "WHERE layer_code = 'shops'")  # fmt: skip
        eventually(lambda: admin.get(f"/collections/shops/{tile}").headers["etag"] != shops)
    assert live_city.execute(
        "SELECT DISTINCT layer_code FROM change WHERE layer = 'business_features' AND op = 'update'"
    ) == [("shops",)]


def test_a_task_is_told_to_whom_it_was_and_is_assigned(live_city: City) -> None:
    with transaction(live_city.settings) as connection:
        for name in ("甲单位", "乙单位"):
            live_city.tokens[name] = create_token(connection, "handler", organisations=[name])
    with follow(live_city, "甲单位", "hazards") as first, follow(live_city, "乙单位", "hazards") as second:
        ((number,),) = live_city.execute(
            "INSERT INTO hazard (source_id, local_id, block_code, hazard_kind, severity, state, organisation, geometry)"
            " VALUES ('live', '1', %s, 'fire', 1, 'assigned', '甲单位', ST_SetSRID(ST_Point(114.002, 22.502), 4490))"
            " RETURNING id", IN_WEST,
        )  # fmt: skip
        (made,) = first.wait_for(1)
        assert made["ids"] == [number] and made["bbox"] is None and made["block_codes"] == [] and second.changes == []
        live_city.execute("UPDATE hazard SET organisation = '乙单位'")
        assert [change["ids"] for change in first.wait_for(2)] == [[number], [number]]
        assert [change["ids"] for change in second.wait_for(1)] == [[number]]


def test_what_is_purged_is_told_as_a_reset_and_the_rest_is_resumed(live_city: City) -> None:
    with follow(live_city, "wall", "incidents") as follower:
        live_city.execute(NEW, "old", IN_WEST, 2)
        follower.wait_for(1)
    horizon = int(follower.last_id or 0)
    live_city.execute(AGE)
    live_city.execute(NEW, "new", IN_WEST, 2)
    assert forget_changes(live_city.settings) == horizon
    assert forget_changes(live_city.settings) == 0
    assert live_city.execute("SELECT min(seq) > %s FROM change", horizon) == [(True,)]
    with follow(live_city, "wall", "incidents", last=0) as late:
        eventually(lambda: "reset" in late.names)
        assert [change["layer"] for change in late.wait_for(2)] == ["incidents", "collections"]
    with follow(live_city, "wall", "incidents", last=horizon) as in_time:
        assert len(in_time.wait_for(1)) == 1 and "reset" not in in_time.names


def test_a_log_that_was_emptied_keeps_its_last_number(live_city: City) -> None:
    ((last,),) = live_city.execute("SELECT max(seq) FROM change")
    live_city.execute(AGE)
    forget_changes(live_city.settings)
    assert live_city.execute("SELECT array_agg(seq) FROM change") == [([last],)]


def test_a_moment_within_a_transaction_is_read_as_ever_when_its_changes_are_gone(live_city: City) -> None:
    live_city.execute(
        "UPDATE change SET at = at - interval '31 days', committed_at = committed_at - interval '30.5 days'"
    )
    asked = "SELECT set_config('twin.as_of', (now() - interval '30.7 days')::text, false)"
    with connect(live_city.settings) as connection:
        connection.execute(asked.encode())
        before = connection.execute("SELECT as_of_pending()").fetchone()
    assert before is not None and before[0]
    assert forget_changes(live_city.settings) > 0
    with connect(live_city.settings) as connection:
        connection.execute(asked.encode())
        after = connection.execute("SELECT as_of_pending()").fetchone()
    assert after is not None and sorted(after[0]) == sorted(before[0])


def test_other_rights_are_told_as_a_reset_and_an_ended_token_ends_its_stream(
    live_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.stream, "HEARTBEAT_S", 0.3)
    with follow(live_city, "west", "incidents") as west:
        live_city.execute(
            "UPDATE role_grant SET block_code = %s WHERE block_code = %s", EAST, WEST
        )  # fmt: skip
        eventually(lambda: "reset" in west.names)
        seen = len(west.wait_for(2))
        live_city.execute(NEW, "far", IN_EAST, 2)
        assert west.wait_for(seen + 1)[-1]["block_codes"] == [IN_EAST]
        # Nobody is notified when the time comes.
        live_city.execute("ALTER TABLE access_token DISABLE TRIGGER USER")
        live_city.execute("UPDATE access_token SET expires_at = now() + interval '1 second'")
        live_city.execute("ALTER TABLE access_token ENABLE TRIGGER USER")
        live_city.execute("SELECT pg_notify('twin_access', '')")
        assert west.wait_closed()


def test_a_heartbeat_takes_the_place_along(live_city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.live.stream, "HEARTBEAT_S", 0.2)
    with follow(live_city, "wall", "industrial_parks") as follower:
        start = follower.last_id
        live_city.execute(NEW, "not for it", IN_WEST, 2)
        eventually(lambda: follower.last_id != start)
        assert follower.changes == []


def test_one_token_has_so_many_streams_and_no_more(
    cluster: Cluster, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIN_STREAMS_PER_TOKEN", "2")
    served = serve_clone(cluster, template, tmp_path)
    city = next(served)
    with follow(city, "wall"), follow(city, "west"):
        with follow(city, "wall"), follow_url(city.url, city.tokens["wall"], status=429):
            pass
        with city.client("wall") as client:

            def has_place() -> bool:
                with client.stream("GET", "/stream") as answer:
                    return answer.status_code == 200

            eventually(has_place)
    served.close()


def test_a_client_that_does_not_read_holds_nobody_and_goes_on_where_it_was(
    live_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.stream, "SLOW_S", 2.0)
    host, port = live_city.url.removeprefix("http://").split(":")
    with socket.socket() as slow, follow(live_city, "wall", "incidents,urban_villages") as quick:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((host, int(port)))
        slow.sendall(
            f"GET /stream?layers=incidents,urban_villages HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {live_city.tokens['wall']}\r\n\r\n".encode()
        )
        assert slow.recv(100).startswith(b"HTTP/1.1 200")
        for _ in range(10):
            # Two layers in turn, so that each change is an event of its own; about a kilobyte each.
            live_city.execute(
                "INSERT INTO change (layer, op, block_code, access_class, ids) SELECT "
                "CASE n %% 2 WHEN 0 THEN 'incidents' ELSE 'urban_villages' END, 'update', %s, 2, array(SELECT "
                "generate_series(100000, 100190)) FROM generate_series(1, 300) AS n",
                IN_WEST,
            )
        eventually(lambda: quick.changes and quick.changes[-1]["change_id"] >= _last(live_city) - 1, 120)
        assert not quick.is_closed
        time.sleep(3)
        slow.settimeout(30)
        received = b""
        while not received.endswith(b"\r\n0\r\n\r\n"):
            part = slow.recv(65_536)
            assert part and b": alive" not in part, "it was not let go"
            received += part
    text = _unchunk(received)
    told = [int(line[4:]) for line in text.splitlines() if line.startswith("id: ")]
    assert len(received) < 3_000_000 and told and told[-1] < _last(live_city) - 100, "it was let go long before the end"
    with follow(live_city, "wall", "incidents,urban_villages", last=told[-1]) as again:
        eventually(lambda: again.changes and again.changes[-1]["change_id"] >= _last(live_city) - 1, 60)
        assert "reset" not in again.names
        assert min(change["change_id"] for change in again.changes) > told[-1]


def _last(city: City) -> int:
    ((last,),) = city.execute("SELECT max(seq) FROM change")
    assert isinstance(last, int)
    return last


def _unchunk(received: bytes) -> str:
    """The body of a chunked answer, of which the head may have been cut."""
    body = b""
    rest = received.split(b"\r\n\r\n", 1)[1]
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return body.decode()
