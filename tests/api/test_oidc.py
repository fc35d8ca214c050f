# SPDX-License-Identifier: Apache-2.0
"""Signing in at an OpenID provider, and every way in which its answer may not hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.api.district import EAST, WEST, build_district
from tests.api.identity_provider import CLIENT, ROLE_CLAIM, SECRET, IdentityProvider, provide
from tests.api.server import City, serve
from twin.cluster import Cluster
from twin.settings import Settings

PUBLIC_URL = "http://127.0.0.1:1"
"""Where the provider sends the browser back to; the tests go to the city instead."""

GROUPS: list[dict[str, Any]] = [
    {"value": "stewards", "position": 1, "role": "steward", "access_class": 2},
    {"value": "grid-west", "position": 5, "role": "grid_manager", "purpose": "巡查", "scope": [WEST]},
    {"value": "grid-east", "position": 6, "role": "grid_manager", "purpose": "巡查", "scope": [EAST]},
]  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with provide(f"{PUBLIC_URL}/sign-in/oidc/callback") as served:
        yield served


@pytest.fixture(scope="module")
def city(
    cluster: Cluster, template: str, provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[City]:
    """A district whose people sign in at the provider, with three groups that mean something."""
    name = f"twin_test_oidc_{int(time.time() * 1000)}"
    settings = Settings(
        database_url=cluster.url(name), data_dir=tmp_path_factory.mktemp("oidc"), pool_size=3, public_url=PUBLIC_URL,
        oidc_issuer=provider.issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_label="统一认证",
        access_contact="区数据科",
    )  # fmt: skip
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        try:
            with serve(settings, build_district(settings)) as served:
                with served.client("admin") as admin:
                    for group in GROUPS:
                        assert admin.post("/oidc/mappings", json=group).status_code == 201
                yield served
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(autouse=True)
def honest(provider: IdentityProvider) -> None:
    provider.lie, provider.unsigned = None, False
    be(provider)


def be(provider: IdentityProvider, *groups: str, **claims: Any) -> None:
    """Who is signed in there from now on."""
    provider.claims.clear()
    provider.claims.update({"preferred_username": "data-desk", ROLE_CLAIM: list(groups or ["stewards"])} | claims)


def go(client: httpx.Client, page: str = "/plan") -> str:
    """To the provider; the address that it sends the browser back to, at the city."""
    begun = client.get("/sign-in/oidc", params={"return_to": page})
    assert begun.status_code == 303, begun.text
    there = httpx.get(begun.headers["location"])
    assert there.status_code == 303, there.text
    back = urlsplit(there.headers["location"])
    assert f"{back.scheme}://{back.netloc}" == PUBLIC_URL
    return f"{back.path}?{back.query}"


def sign_in(client: httpx.Client) -> httpx.Response:
    return client.get(go(client))


def test_whoever_the_provider_knows_signs_in_with_what_his_group_stands_for(
    city: City, provider: IdentityProvider
) -> None:
    with city.client() as client:
        way = client.get("/sign-in").json()["provider"]
        assert way == {"label": "统一认证", "url": "/sign-in/oidc"}
        begun = client.get("/sign-in/oidc", params={"return_to": "/plan"})
        cookie = begun.headers["set-cookie"]
        assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower()
        asked = parse_qs(urlsplit(begun.headers["location"]).query)
        assert asked["code_challenge_method"] == ["S256"] and len(asked["state"][0]) == len(asked["nonce"][0]) == 43
        done = sign_in(client)
        assert (done.status_code, done.headers["location"]) == (303, "/plan")
        who = client.get("/session").json()
        assert (who["login"], who["role"], who["access_class"]) == ("data-desk", "steward", 2)
        [session] = client.get("/sessions").json()["sessions"]
        assert session["method"] == "oidc"
        out = client.delete("/session")
        ends = urlsplit(out.json()["end_session_url"])
        assert f"{ends.scheme}://{ends.netloc}{ends.path}" == f"{provider.issuer}/logout"
        assert parse_qs(ends.query) == {"client_id": [CLIENT], "post_logout_redirect_uri": [f"{PUBLIC_URL}/"]}
        assert client.get("/session").json()["role"] == "public"
        # He is the same account when he comes again.
        sign_in(client)
        assert city.execute("SELECT count(*) FROM account WHERE login = 'data-desk'") == [(1,)]
        kept = str(city.execute("SELECT account::text FROM account"))
        assert provider.issuer not in kept


def test_the_groups_of_today_say_what_he_may_do_and_several_of_one_role_add_up(
    city: City, provider: IdentityProvider
) -> None:
    with city.client() as client:
        be(provider, "grid-west", "unheard-of")
        sign_in(client)
        assert client.get("/session").json()["scope"] == [WEST]
        be(provider, "grid-east", "grid-west")
        sign_in(client)
        who = client.get("/session").json()
        assert (who["role"], who["scope"], who["purpose"]) == ("grid_manager", [WEST, EAST], "巡查")
        be(provider, "grid-east", "stewards")
        sign_in(client)
        assert client.get("/session").json()["role"] == "steward"


def test_whoever_has_no_group_that_means_something_is_told_whom_to_ask_and_gets_nothing(
    city: City, provider: IdentityProvider
) -> None:
    with city.client() as client:
        sign_in(client)
        before = dict(client.cookies)
        be(provider, "unheard-of")
        answer = sign_in(client)
        assert answer.status_code == 403 and "区数据科" in answer.text
        assert "twin_session" not in answer.headers.get("set-cookie", "")
        # What he was signed in with before his group was taken away is over too.
        assert httpx.get(f"{city.url}/session", cookies=before).status_code == 401
        be(provider, preferred_username="other-desk")
        provider.claims.pop(ROLE_CLAIM)
        assert sign_in(client).status_code == 403


@pytest.mark.parametrize("login", ["13800138000", "diana@example.org", "Diana Example", None])
def test_a_login_that_could_name_a_person_is_not_taken_over(
    city: City, provider: IdentityProvider, login: str | None
) -> None:
    city.execute("DELETE FROM account")
    be(provider, preferred_username=login)
    with city.client() as client:
        assert sign_in(client).status_code == 303
        found = client.get("/session").json()["login"]
    assert found.startswith("oidc-") and len(found) == 17
    assert login is None or login not in str(
        city.execute("SELECT account::text, access_token::text FROM account, access_token")
    )


LIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another nonce": lambda claims: claims | {"nonce": "another"},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "another issuer": lambda claims: claims | {"iss": "https://other.example"},
    "another client": lambda claims: claims | {"aud": ["other"]},
    "several clients and none of them asked": lambda claims: claims | {"aud": [CLIENT, "other"]},
    "another client asked": lambda claims: claims | {"azp": "other"},
    "expired": lambda claims: claims | {"exp": int(time.time()) - 3600},
    "no end": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "of tomorrow": lambda claims: claims | {"iat": int(time.time()) + 86_400, "nbf": int(time.time()) + 86_400},
    "nobody": lambda claims: claims | {"sub": ""},
}


@pytest.mark.parametrize("name", LIES)
def test_an_id_token_that_does_not_hold_signs_nobody_in(city: City, provider: IdentityProvider, name: str) -> None:
    provider.lie = LIES[name]
    with city.client() as client:
        answer = sign_in(client)
        assert answer.status_code == 400 and "did not hold" in answer.text
        assert client.get("/session").json()["role"] == "public"
        provider.lie = None
        assert sign_in(client).status_code == 303


def test_an_id_token_without_a_signature_signs_nobody_in(city: City, provider: IdentityProvider) -> None:
    provider.unsigned = True
    with city.client() as client:
        assert sign_in(client).status_code == 400


def test_a_new_key_is_fetched_and_an_old_one_is_worth_nothing(city: City, provider: IdentityProvider) -> None:
    with city.client() as client:
        assert sign_in(client).status_code == 303
        asked = provider.asked.count("jwks")
        assert sign_in(client).status_code == 303
        assert provider.asked.count("jwks") == asked
        provider.rotate()
        assert sign_in(client).status_code == 303
        assert provider.asked.count("jwks") == asked + 1


def test_a_state_is_used_once_by_the_browser_that_began_and_within_ten_minutes(city: City) -> None:
    with city.client() as client, city.client() as other:
        back = go(client)
        # Somebody else's browser, which was given the address, neither gets in nor leaves it to be used.
        assert other.get(back).status_code == 400
        assert client.get(back).status_code == 400
        back = go(client)
        assert client.get(back).status_code == 303
        assert client.get(back).status_code == 400
        back = go(client)
        city.execute("UPDATE oidc_flow SET created_at = now() - interval '11 minutes'")
        assert client.get(back).status_code == 400
        assert client.get("/sign-in/oidc/callback?state=made-up&code=x").status_code == 400
        assert client.get("/sign-in/oidc/callback").status_code == 400


def test_an_answer_of_another_issuer_or_an_error_signs_nobody_in(city: City) -> None:
    with city.client() as client:
        back = go(client)
        state = parse_qs(urlsplit(back).query)["state"][0]
        for query in ({"error": "access_denied"}, {"code": "x", "iss": "https://other.example"}, {"code": "guessed"}):
            state = parse_qs(urlsplit(go(client)).query)["state"][0]
            answer = client.get("/sign-in/oidc/callback", params={"state": state, **query})
            assert answer.status_code == 400 and "text/html" in answer.headers["content-type"]


def test_it_comes_back_to_a_page_of_ours_and_to_no_other_place(city: City) -> None:
    with city.client() as client:
        for place in ("https://other.example", "//other.example", "/\\other.example", "/wall?x=1", "javascript:1"):
            assert client.get("/sign-in/oidc", params={"return_to": place}).status_code == 400


def test_changing_what_a_group_stands_for_ends_the_providers_sessions_and_no_others(
    city: City, provider: IdentityProvider
) -> None:
    with city.client("admin") as admin, city.client() as client:
        sign_in(client)
        mappings = admin.get("/oidc/mappings").json()
        assert mappings["claim"] == ROLE_CLAIM and [m["value"] for m in mappings["mappings"]] == [
            group["value"] for group in GROUPS
        ]
        first = mappings["mappings"][0]
        changed = GROUPS[0] | {"role": "leader"}
        assert admin.put(f"/oidc/mappings/{first['id']}", json=changed).json()["role"] == "leader"
        deadline = time.monotonic() + 20
        while client.get("/session").status_code != 401:
            assert time.monotonic() < deadline
        client.cookies.clear()
        sign_in(client)
        assert client.get("/session").json()["role"] == "leader"
        # The rights of whom a provider knows are the mappings', and nobody else's to give.
        account = next(a for a in admin.get("/accounts").json()["accounts"] if a["from_provider"])
        body = {"role": "admin", "access_class": 2}
        assert admin.put(f"/accounts/{account['id']}", json=body).status_code == 409
        same = {"role": "leader", "access_class": 2, "is_disabled": True}
        assert admin.put(f"/accounts/{account['id']}", json=same).status_code == 200
        assert admin.post(f"/accounts/{account['id']}/password", json={}).status_code == 409
        client.cookies.clear()
        disabled = sign_in(client)
        assert disabled.status_code == 403 and "disabled" in disabled.text
        assert admin.put(f"/accounts/{account['id']}", json=same | {"is_disabled": False}).status_code == 200
        assert admin.put(f"/oidc/mappings/{first['id']}", json=GROUPS[0]).status_code == 200
        for wrong, expected in (
            ({"value": "stewards", "role": "leader"}, 409), ({"value": " ", "role": "leader"}, 400),
            ({"value": "x", "role": "emperor"}, 400), ({"value": "x", "role": "leader", "scope": ["123"]}, 400),
            ({"value": "x", "role": "steward"}, 400),
        ):  # fmt: skip
            assert admin.post("/oidc/mappings", json=wrong).status_code == expected, wrong
        extra = admin.post("/oidc/mappings", json={"value": "extra", "role": "leader"}).json()["id"]
        assert admin.delete(f"/oidc/mappings/{extra}").status_code == 204
        assert admin.delete(f"/oidc/mappings/{extra}").status_code == 404
    for name in (None, "planner", "west"):
        with city.client(name) as client:
            assert client.get("/oidc/mappings").status_code == 403


def test_a_provider_that_is_away_is_said_to_be_and_passwords_go_on(city: City) -> None:
    settings = city.settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    with serve(settings, city.tokens) as away, replace(away).client() as client:
        answer = client.get("/sign-in/oidc")
        assert answer.status_code == 503 and "local account" in answer.json()["detail"]
        assert client.get("/sign-in").json()["password"] is True
