# SPDX-License-Identifier: Apache-2.0
"""Lists of registers in an order, page by page, and the other layers that are listed like them."""

from __future__ import annotations

from tests.api.district import GRIDS
from tests.api.server import City


def test_a_list_in_an_order_is_whole_over_its_pages_and_ends_with_what_has_no_value(live_city: City) -> None:
    live_city.execute(
        "INSERT INTO industrial_park (source_id, local_id, name, firms, block_code, geometry) "
        "SELECT 't', n, '园 ' || n, CASE WHEN n % 3 > 0 THEN n % 5 END, '99010100100101', "
        "ST_MakeEnvelope(114.001, 22.501, 114.002, 22.502, 4490) FROM generate_series(1, 12) AS n"
    )
    with live_city.client("admin") as admin:
        for sort, is_falling in (("firms", False), ("-firms", True)):
            entries: list[tuple[int | None, int]] = []
            after: int | None = 0
            while after is not None:
                page = admin.get("/registers/parks", params={"sort": sort, "limit": 5, "after": after}).json()
                entries += [(entry["properties"]["firms"], entry["id"]) for entry in page["entries"]]
                after = page["next"]
            assert len({number for _, number in entries}) == 13
            known = [firms for firms, _ in entries if firms is not None]
            assert known == sorted(known, reverse=is_falling)
            assert [firms for firms, _ in entries[len(known) :]] == [None] * 4
        assert admin.get("/registers/parks", params={"sort": "geometry"}).status_code == 400


def test_buildings_are_listed_and_edited_like_a_register(live_city: City) -> None:
    with live_city.client("admin") as admin:
        listed = admin.get("/registers").json()["layers"]
        assert [layer["name"] for layer in listed] == ["buildings", "units", "addresses"]
        assert "height" in [field["name"] for field in listed[0]["editable"]]
        assert admin.get("/registers/buildings").json()["numberMatched"] == GRIDS + 1
        [library] = admin.get("/registers/buildings", params={"q": "图书馆"}).json()["entries"]
        path = f"/registers/buildings/{library['id']}"
        entry = admin.get(path)
        assert entry.json()["about"] == {}
        edited = admin.patch(
            path, json={"changes": {"height": 15}, "reason": "加层"}, headers={"If-Match": entry.headers["etag"]}
        )
        assert edited.status_code == 200, edited.text
        newest = admin.get(f"{path}/history").json()["versions"][0]
        assert newest["changes"] == {"height": {"old": 12, "new": 15}}
    with live_city.client("west") as west:
        assert west.get("/registers/buildings").json()["numberMatched"] == GRIDS / 2 + 1
