# SPDX-License-Identifier: Apache-2.0
"""Signing in with a local account: passwords, sessions, what ends them, and how often one may try."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import serve_clone
from tests.api.district import EAST, WEST
from tests.api.server import City, serve
from twin.account import Rights, add_account
from twin.cluster import Cluster
from twin.database import transaction

PASSWORD = "correct-horse-battery"
OTHER = "seven-quiet-lanterns"
OWN = {"X-Requested-With": "twin"}


def add(city: City, login: str, rights: Rights | None = None, *, must_change: bool = False) -> int:
    with transaction(city.settings) as connection:
        return add_account(
            connection, login, rights or Rights("leader"), password=PASSWORD, must_change=must_change
        )  # fmt: skip


def sign_in(client: httpx.Client, login: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return client.post("/session", json={"login": login, "password": password, **more})


def wait_for(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def status(client: httpx.Client) -> int:
    return client.get("/collections/buildings/items?limit=1").status_code


def test_an_account_signs_in_with_its_rights_and_signs_out_for_good(city: City) -> None:
    add(city, "west-desk", Rights("grid_manager", 3, "巡查", [WEST]))
    with city.client() as client:
        answer = sign_in(client, "West-Desk ")
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower() and "secure" not in cookie.lower()
        who = client.get("/session").json()
        assert (who["login"], who["role"], who["scope"], who["access_class"], who["purpose"]) == (
            "west-desk", "grid_manager", [WEST], 3, "巡查"
        )  # fmt: skip
        homes = {
            f["properties"]["block_code"][:9] for f in client.get("/collections/buildings/items").json()["features"]
        }
        assert homes == {WEST}
        carried = dict(client.cookies)
        assert client.delete("/session").status_code == 204
        assert client.get("/session").json()["role"] == "public"
        # The cookie was copied before: it is worth nothing now.
        assert httpx.get(city.url + "/session", cookies=carried).status_code == 401


def test_a_session_is_kept_as_a_hash_and_a_password_as_argon2id(city: City) -> None:
    add(city, "kept-desk")
    with city.client() as client:
        sign_in(client, "kept-desk")
        secret = client.cookies["twin_session"]
    kept = city.execute("SELECT account::text, session::text FROM account, account_session AS session")
    assert secret not in str(kept) and PASSWORD not in str(kept)
    [(password,)] = city.execute("SELECT password_hash FROM account WHERE login = 'kept-desk'")
    assert str(password).startswith("$argon2id$")


@pytest.mark.parametrize("login", ["right-desk", "nobody", "closed-desk", "13800138000"])
def test_whoever_cannot_sign_in_is_not_told_why(city: City, login: str) -> None:
    known = [row[0] for row in city.execute("SELECT login FROM account")]
    if "right-desk" not in known:
        add(city, "right-desk")
        closed = add(city, "closed-desk")
        city.execute("UPDATE account SET disabled_at = now() WHERE token_id = %s", closed)
    with city.client() as client:
        answer = sign_in(client, login, PASSWORD if login == "closed-desk" else "wrong-wrong-wrong")
        assert answer.status_code == 401 and "set-cookie" not in answer.headers
        assert answer.json()["detail"] == "Login or password is not right, or the account is disabled."


def test_a_password_that_was_given_has_to_be_changed_before_anything_else(city: City) -> None:
    add(city, "new-desk", must_change=True)
    with city.client() as client:
        for answer in (sign_in(client, "new-desk"), sign_in(client, "new-desk", new_password=PASSWORD)):
            assert answer.status_code == 400 and answer.json()["parameter"] == "new_password"
            assert "set-cookie" not in answer.headers
        common = sign_in(client, "new-desk", new_password="new-desk-2026")
        assert common.status_code == 400 and common.json()["parameter"] == "password"
        assert sign_in(client, "new-desk", new_password=OTHER).status_code == 204
        assert client.get("/session").json()["login"] == "new-desk"
        assert sign_in(client, "new-desk").status_code == 401
        assert sign_in(client, "new-desk", OTHER).status_code == 204


def test_signing_in_anew_ends_the_session_that_was_carried_and_makes_another(city: City) -> None:
    add(city, "twice-desk")
    with city.client() as client:
        sign_in(client, "twice-desk")
        first = dict(client.cookies)
        sign_in(client, "twice-desk")
        assert first != dict(client.cookies)
        assert len(client.get("/sessions").json()["sessions"]) == 1
        assert httpx.get(city.url + "/session", cookies=first).status_code == 401


def test_an_account_sees_and_ends_its_own_sessions_and_no_others(city: City) -> None:
    add(city, "two-desk")
    add(city, "third-desk")
    with city.client() as one, city.client() as two, city.client() as other:
        for client, login in ((one, "two-desk"), (two, "two-desk"), (other, "third-desk")):
            assert sign_in(client, login).status_code == 204
        sessions = one.get("/sessions").json()["sessions"]
        assert [session["own"] for session in sessions] == [False, True]
        assert {session["method"] for session in sessions} == {"password"}
        theirs = sessions[0]["id"]
        assert other.delete(f"/sessions/{theirs}", headers=OWN).status_code == 404
        assert one.delete(f"/sessions/{theirs}", headers=OWN).status_code == 204
        wait_for(lambda: status(two) == 401)
        assert status(one) == status(other) == 200
        assert one.delete(f"/sessions/{theirs}", headers=OWN).status_code == 404
    with city.client("admin") as token:
        assert token.get("/sessions").status_code == 403


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(city: City) -> None:
    add(city, "change-desk")
    with city.client() as one, city.client() as two:
        for client in (one, two):
            sign_in(client, "change-desk")
        body = {"password": "wrong-wrong-wrong", "new_password": OTHER}
        assert one.put("/session/password", json=body, headers=OWN).status_code == 403
        assert one.put("/session/password", json=body | {"password": PASSWORD}, headers=OWN).status_code == 204
        wait_for(lambda: status(two) == 401)
        assert status(one) == 200
        assert sign_in(two, "change-desk").status_code == 401
        assert sign_in(two, "change-desk", OTHER).status_code == 204
    with city.client("admin") as token:
        assert token.put("/session/password", json=body, headers=OWN).status_code == 403


def test_what_an_administrator_takes_away_is_gone_in_every_worker_at_once(live_city: City) -> None:
    account = add(live_city, "east-desk", Rights("grid_manager", 2, None, [EAST]))
    tile = "/collections/buildings/tiles/WebMercatorQuad/14/7139/13379"
    with (
        serve(live_city.settings, live_city.tokens) as second,
        live_city.client("admin") as admin, live_city.client() as here, httpx.Client(base_url=second.url) as there,
    ):  # fmt: skip
        sign_in(here, "east-desk")
        there.cookies.update(here.cookies)
        assert there.get("/session").json()["scope"] == [EAST] and there.get(tile).status_code in (200, 204)
        body: dict[str, Any] = {"role": "grid_manager", "access_class": 2, "scope": [WEST]}
        assert admin.put(f"/accounts/{account}", json=body).json()["scope"][0]["code"] == WEST
        wait_for(lambda: there.get("/session").json()["scope"] == [WEST])
        assert admin.put(f"/accounts/{account}", json=body | {"is_disabled": True}).status_code == 200
        wait_for(lambda: there.get(tile).status_code == 401 and here.get(tile).status_code == 401)
        assert sign_in(here, "east-desk").status_code == 401
        # Opened again, it has to sign in again: the old sessions stay ended.
        assert admin.put(f"/accounts/{account}", json=body).json()["disabled_at"] is None
        assert there.get(tile).status_code == 401
        assert sign_in(here, "east-desk").status_code == 204


def test_a_session_ends_when_it_is_not_used_and_is_kept_by_being_used(live_city: City) -> None:
    add(live_city, "idle-desk")

    def leave_alone(minutes: int) -> None:
        live_city.execute("UPDATE account_session SET seen_at = now() - %s * interval '1 minute'", minutes)
        live_city.execute("NOTIFY twin_access")

    with live_city.client() as client:
        sign_in(client, "idle-desk")
        leave_alone(119)
        stale = "SELECT 1 FROM account_session WHERE seen_at < now() - interval '1 minute'"
        wait_for(lambda: status(client) == 200 and live_city.execute(stale) == [])
        leave_alone(121)
        wait_for(lambda: status(client) == 401)


def test_a_session_has_a_last_moment_and_a_stream_that_it_opened_ends_with_it(
    cluster: Cluster, template: str, tmp_path: Path
) -> None:
    for city in serve_clone(cluster, template, tmp_path, session_hours=3 / 3600):
        add(city, "short-desk")
        with city.client() as client:
            sign_in(client, "short-desk")
            secret = client.cookies["twin_session"]
        with httpx.Client(base_url=city.url, headers={"Cookie": f"twin_session={secret}"}, timeout=60) as client:
            with client.stream("GET", "/stream") as stream:
                assert stream.status_code == 200
                for _ in stream.iter_bytes():
                    pass
            assert status(client) == 401


def test_a_write_by_cookie_comes_from_a_page_of_ours(city: City) -> None:
    add(city, "write-desk", Rights("planner", 2))
    begin = {"Tus-Resumable": "1.0.0", "Upload-Length": "1"}
    with city.client() as client:
        sign_in(client, "write-desk")
        own = {"Origin": city.url, "Sec-Fetch-Site": "same-origin"}
        for headers, expected in (
            ({}, 403), (OWN, 400), (OWN | own, 400), (OWN | {"Origin": "https://other.example"}, 403),
            (OWN | {"Sec-Fetch-Site": "cross-site"}, 403), (OWN | {"Sec-Fetch-Site": "same-site"}, 403),
            (OWN | {"Origin": "null"}, 403),
        ):  # fmt: skip
            assert client.post("/uploads", headers=begin | headers).status_code == expected, headers
        for headers in ({"Origin": "https://other.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = client.post("/session", json={"login": "write-desk", "password": PASSWORD}, headers=headers)
            assert answer.status_code == 403
            assert client.delete("/session", headers=headers).status_code == 403
        assert client.get("/session").json()["login"] == "write-desk"


def test_failed_sign_ins_make_a_login_wait_and_no_other(cluster: Cluster, template: str, tmp_path: Path) -> None:
    for city in serve_clone(cluster, template, tmp_path, sign_in_attempts=3, sign_in_attempts_address=8):
        for login in ("tried-desk", "calm-desk"):
            add(city, login)
        with city.client() as client:
            # Those that succeed do not count.
            for _ in range(4):
                assert sign_in(client, "tried-desk").status_code == 204
            assert [sign_in(client, "tried-desk", "wrong").status_code for _ in range(4)] == [401] * 3 + [429]
            refused = sign_in(client, "Tried-Desk")
            assert refused.status_code == 429 and 0 < int(refused.headers["retry-after"]) <= 300
            assert sign_in(client, "calm-desk").status_code == 204
            # An address that tries many logins has to wait as well.
            answers = [sign_in(client, f"guess-{number}", "wrong").status_code for number in range(6)]
            assert answers[0] == 401 and answers[-1] == 429
            assert client.post("/session", json={"token": city.tokens["wall"]}).status_code == 429


def test_requests_beyond_the_limit_are_refused_with_the_time_to_wait_and_tiles_are_not_counted(
    cluster: Cluster, template: str, tmp_path: Path
) -> None:
    for city in serve_clone(cluster, template, tmp_path, rate_limit_address=5, rate_limit_token=20):
        with city.client() as public, city.client("wall") as wall:
            answers = [public.get("/conformance") for _ in range(6)]
            assert [answer.status_code for answer in answers] == [200] * 5 + [429]
            assert answers[0].headers["ratelimit-policy"] == '"address";q=5;w=60'
            assert answers[0].headers["ratelimit"].startswith('"address";r=4;t=')
            assert answers[-1].headers["content-type"] == "application/problem+json"
            assert 0 < int(answers[-1].headers["retry-after"]) <= 12
            tile = "/collections/blocks/tiles/WebMercatorQuad/10/446/836"
            assert {public.get(tile).status_code for _ in range(20)} <= {200, 204}
            # A token is counted for itself once it is known; one that does not hold counts for the address.
            assert wall.get(tile).status_code in (200, 204)
            assert [wall.get("/conformance").status_code for _ in range(21)] == [200] * 20 + [429]
            for number in range(3):
                headers = {"Authorization": f"Bearer twin_{number}"}
                assert public.get("/conformance", headers=headers).status_code == 429


def test_only_a_trusted_proxy_says_whom_it_asks_for(cluster: Cluster, template: str, tmp_path: Path) -> None:
    for trusted, expected in (("127.0.0.1", {200}), ("10.0.0.1", {200, 429})):
        folder = tmp_path / trusted
        for city in serve_clone(cluster, template, folder, rate_limit_address=3, trusted_proxies=trusted):
            with city.client() as client:
                answers = [
                    client.get("/conformance", headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
                    for number in range(6)
                ]
                assert set(answers) == expected


def test_behind_https_the_cookie_is_of_this_host_alone_and_the_browser_stays_with_https(city: City) -> None:
    add(city, "safe-desk")
    with city.client() as client:
        headers = {"X-Forwarded-Proto": "https"}
        body = {"login": "safe-desk", "password": PASSWORD}
        answer = client.post("/session", json=body, headers=headers)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-twin_session=") and "Secure" in cookie and "Path=/" in cookie
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert "strict-transport-security" not in client.get("/conformance").headers
        secret = cookie.partition("=")[2].partition(";")[0]
        # One that a neighbour planted does not go before it.
        both = {"Cookie": f"twin_session={city.tokens['admin']}; __Host-twin_session={secret}"}
        assert client.get("/session", headers=both).json()["login"] == "safe-desk"


def test_a_walls_cookie_is_renewed_and_signing_out_leaves_its_token_to_the_others(city: City) -> None:
    with city.client() as client:
        client.post("/session", json={"token": city.tokens["wall"]})
        renewed = client.get("/session").headers["set-cookie"]
        assert city.tokens["wall"] in renewed and "Max-Age=34560000" in renewed
        assert client.delete("/session").status_code == 204
        assert client.get("/session").json()["role"] == "public"
    with city.client("wall") as wall:
        assert wall.get("/session").json()["role"] == "wall" and wall.get("/session").json()["login"] is None
        assert "set-cookie" not in wall.get("/session").headers


def test_the_ways_to_sign_in_are_told(city: City) -> None:
    with city.client() as client:
        assert client.get("/sign-in").json() == {"password": True, "token": True, "provider": None, "contact": None}
        assert client.get("/sign-in/oidc").status_code == 404
        assert client.post("/session", json={"login": "west-desk"}).status_code == 400
