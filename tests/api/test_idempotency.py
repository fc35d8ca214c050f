# SPDX-License-Identifier: Apache-2.0
"""What is sent again with the same Idempotency-Key is done once, and answered as it was the first time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import pytest

from api.http.idempotency import parse_key
from tests.api.server import City
from tests.api.test_registers import add_parks, number
from tests.api.test_transactions import PARKS, park
from tests.api.test_uploads import TUS, metadata
from tests.unit.test_surveys import FORM
from twin.errors import InvalidRequestError

KEY: Final = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


def rows(city: City, table: str) -> int:
    count = city.execute(f"SELECT count(*) FROM {table}")[0][0]
    assert isinstance(count, int)
    return count


def same(first: httpx.Response, again: httpx.Response) -> None:
    assert first.is_success, first.text
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("location") == first.headers.get("location")
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


def test_a_feature_is_made_once_however_often_it_is_sent(live_city: City) -> None:
    with live_city.client("admin") as admin, live_city.client("west") as west:
        before = rows(live_city, "industrial_park")
        first = admin.post(PARKS, json=park(), headers=KEY)
        same(first, admin.post(PARKS, json=park(), headers=KEY))
        # Bare or in quotes it is the same key.
        same(first, admin.post(PARKS, json=park(), headers={"Idempotency-Key": KEY["Idempotency-Key"].strip('"')}))
        assert rows(live_city, "industrial_park") == before + 1
        for other in (
            admin.post(PARKS, json=park(firms=2), headers=KEY),
            admin.post(f"{PARKS}?reason=再次", json=park(), headers=KEY),
            admin.post(
                PARKS, json=park(), headers=KEY | {"Content-Crs": "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"}
            ),
        ):
            assert other.status_code == 422
            assert "Idempotency-Key" in other.json()["detail"]
        # Another's key of the same letters is another key.
        assert west.post(PARKS, json=park(), headers=KEY).status_code == 403
        path = httpx.URL(first.headers["location"]).path
        match = {"If-Match": first.headers["etag"], "Idempotency-Key": "patched"}
        changed = admin.patch(path, json={"properties": {"firms": 4}}, headers=match)
        same(changed, admin.patch(path, json={"properties": {"firms": 4}}, headers=match))
        live_city.execute("UPDATE idempotency_key SET created_at = now() - interval '25 hours'")
        assert "idempotency-replayed" not in admin.post(PARKS, json=park(), headers=KEY).headers
        assert rows(live_city, "industrial_park") == before + 2
        assert rows(live_city, "idempotency_key") == 1


def test_of_requests_at_once_with_one_key_one_is_done(live_city: City) -> None:
    before = rows(live_city, "industrial_park")
    start = threading.Barrier(5)

    def send(_number: int) -> httpx.Response:
        with live_city.client("admin") as own:
            start.wait()
            return own.post(PARKS, json=park(), headers=KEY)

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(send, range(5)))
    assert rows(live_city, "industrial_park") == before + 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.headers["location"] for answer in done}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1


def test_while_the_first_is_under_way_the_second_waits_its_turn(live_city: City) -> None:
    with live_city.client("admin") as admin:
        first = admin.post(PARKS, json=park(), headers=KEY)
        live_city.execute("UPDATE idempotency_key SET status = NULL")
        waiting = admin.post(PARKS, json=park(), headers=KEY)
        assert waiting.status_code == 409
        live_city.execute("UPDATE idempotency_key SET created_at = now() - interval '1 hour'")
        broken_off = admin.post(PARKS, json=park(), headers=KEY)
        assert broken_off.status_code == 409
        assert "not known" in broken_off.json()["detail"]
        assert waiting.json()["detail"] != broken_off.json()["detail"]
        assert first.status_code == 201


def test_whatever_creates_something_is_covered(live_city: City) -> None:
    add_parks(live_city)
    with live_city.client("admin") as admin, live_city.client("west") as west:
        entry = number(admin, "宝安智造园")
        finding = {
            "object": "parks",
            "object_id": entry,
            "hazard_kind": "fire",
            "severity": 3,
            "description": "通道堵塞",
        }
        visit = {
            "object": "parks", "object_id": entry, "inspection_kind": "fire", "result": "passed",
            "inspected_on": "2026-03-01",
        }  # fmt: skip
        proposal = {
            "layer": "industrial_parks", "feature_id": entry, "changes": {"firms": 5}, "reason": "现场清点",
        }  # fmt: skip
        survey = {"register": "parks", "title": "消防摸查", "form": FORM, "due": "2030-06-30"}
        sent: list[tuple[httpx.Client, str, Any, str]] = [
            (west, "/proposals", proposal, "proposal"),
            (west, "/hazards", finding, "hazard"),
            (west, "/inspections", visit, "inspection"),
            (admin, "/surveys", survey, "survey_round"),
        ]
        opened = 0
        for client, path, body, table in sent:
            before = rows(live_city, table)
            key = {"Idempotency-Key": f"key-of{path}"}
            first = client.post(path, json=body, headers=key)
            same(first, client.post(path, json=body, headers=key))
            assert rows(live_city, table) == before + 1
            opened = first.json()["id"]
        answers = f"/surveys/{opened}/responses/{entry}"
        first = west.put(answers, json={"answers": {"hydrants": 4}}, headers=KEY)
        same(first, west.put(answers, json={"answers": {"hydrants": 4}}, headers=KEY))
        begun = TUS | KEY | {"Upload-Length": "10", "Upload-Metadata": metadata(filename="a.ifc", kind="model")}
        first = admin.post("/uploads", headers=begun)
        same(first, admin.post("/uploads", headers=begun))
        assert rows(live_city, "upload") == 1
        other = begun | {"Upload-Metadata": metadata(filename="b.ifc", kind="model")}
        assert admin.post("/uploads", headers=other).status_code == 422


def test_what_answers_with_a_secret_and_what_was_not_done_are_not_kept(live_city: City) -> None:
    with live_city.client("admin") as admin, live_city.client() as public:
        assert admin.post("/tokens", json={"role": "wall"}, headers=KEY).status_code == 201
        assert public.post(PARKS, json=park(), headers=KEY).status_code == 403
        unknown = httpx.post(f"{live_city.url}{PARKS}", json=park(), headers=KEY | {"Authorization": "Bearer twin_no"})
        assert unknown.status_code == 401
        # What was refused may be mended and sent with the same key.
        assert admin.post(PARKS, json=park(colour="red"), headers=KEY).status_code == 422
        assert rows(live_city, "idempotency_key") == 0
        assert admin.post(PARKS, json=park(), headers=KEY).status_code == 201
        assert admin.post(PARKS, json=park(), headers={"Idempotency-Key": "with a blank"}).status_code == 400
        large = admin.post(PARKS, content=b" " * 16_000_001, headers=KEY | {"Content-Type": "application/json"})
        assert large.status_code == 413


@pytest.mark.parametrize("header", ["", '""', '"a', 'a"', "键", "x" * 256, '"a b"'])
def test_what_is_no_key_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequestError):
        parse_key(header)
