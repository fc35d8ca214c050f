# SPDX-License-Identifier: Apache-2.0
"""Features are answered ahead of the framework where GeoJSON is asked for: alike, and as carefully."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.server import City

PLAIN = {"Accept": "application/geo+json"}
BY_FRAMEWORK = {"Accept": "application/geo+json, text/html;q=0.1"}
"""The same form, but said so that the framework has to weigh it."""

PATHS = (
    "/collections/buildings/items",
    "/collections/buildings/items?limit=1&count=exact",
    "/collections/buildings/items?bbox=-180,-90,180,90&limit=3",
    "/collections/blocks/items?limit=2&datetime=2024-01-01/..",
    "/collections/buildings/items?limit=2&crs=EPSG:3857",
)


def without_stamp(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timeStamp"}


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_the_same_whether_or_not_the_framework_reads_its_parameters(city: City, path: str) -> None:
    with city.client("wall") as client:
        quick, framed = (client.get(path, headers=headers) for headers in (PLAIN, BY_FRAMEWORK))
    assert quick.status_code == framed.status_code == 200
    assert without_stamp(quick.json()) == without_stamp(framed.json())
    own = ("etag", "vary", "content-crs", "cache-control", "content-type", "x-frame-options")
    assert [quick.headers[name] for name in own] == [framed.headers[name] for name in own]


@pytest.mark.parametrize("query", ["limit=0", "limit=ten", "limit=-1", "count=some", "colour=red", "bbox=1", "f=jpg"])
@pytest.mark.parametrize("path", ["/collections/buildings/items", "/collections/buildings/items/1"])
def test_what_the_framework_refuses_is_refused_ahead_of_it_too(city: City, path: str, query: str) -> None:
    with city.client("wall") as client:
        quick, framed = (client.get(f"{path}?{query}", headers=headers) for headers in (PLAIN, BY_FRAMEWORK))
    assert quick.status_code == framed.status_code == 400
    assert quick.json() == framed.json()


def test_no_page_is_given_out_to_an_unknown_token(city: City) -> None:
    with city.client() as client:
        answer = client.get("/collections/buildings/items", headers={"Authorization": "Bearer twin_nobody"})
    assert answer.status_code == 401


def test_a_page_comes_although_the_server_ended_the_connections_that_were_idle(city: City) -> None:
    with city.client("wall") as client:
        assert client.get("/collections/buildings/items?limit=1").status_code == 200
        ended = city.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'twin-api' AND state = 'idle' "
            "AND query NOT LIKE 'LISTEN%'"
        )
        assert ended
        assert client.get("/collections/buildings/items?limit=1").status_code == 200
