# SPDX-License-Identifier: Apache-2.0
"""Accounts as an administrator keeps them, over the API and by the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.api.district import EAST, WEST
from tests.api.server import City
from tests.api.test_sign_in import OWN, sign_in
from twin.database import database_url

TWIN = Path(sys.executable).with_name("twin")


def run(city: City, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "TWIN_DATABASE_URL": database_url(city.settings), "TWIN_DATA_DIR": str(city.settings.data_dir),
        "LANG": "C.UTF-8",
    }  # fmt: skip
    return subprocess.run(
        [TWIN, "account", *words], env=environment, input=given, capture_output=True, text=True, timeout=120
    )


def test_an_administrator_makes_an_account_whose_password_is_shown_once(city: City) -> None:
    body = {"login": "Xinan-Grid-03", "role": "grid_manager", "purpose": "网格巡查", "scope": [WEST]}
    with city.client("admin") as admin, city.client() as client:
        made = admin.post("/accounts", json=body)
        assert made.status_code == 201 and made.headers["cache-control"] == "no-store"
        account = made.json()
        assert account["login"] == "xinan-grid-03" and account["scope"][0]["code"] == WEST
        assert account["must_change_password"] is True and account["access_class"] == 3
        listed = admin.get(f"/accounts/{account['id']}").json()
        assert "password" not in listed and listed["sessions"] == 0
        assert admin.get("/accounts").json()["roles"]["auditor"] == 1
        first = account["password"]
        assert sign_in(client, "xinan-grid-03", first).json()["parameter"] == "new_password"
        assert sign_in(client, "xinan-grid-03", first, new_password="four-tall-green-cups").status_code == 204
        assert admin.get(f"/accounts/{account['id']}").json()["sessions"] == 1
        assert admin.delete(f"/accounts/{account['id']}/sessions").status_code == 204
        assert client.get("/session").status_code in (200, 401)
        reset = admin.post(f"/accounts/{account['id']}/password", json={}).json()["password"]
        client.cookies.clear()
        assert sign_in(client, "xinan-grid-03", "four-tall-green-cups").status_code == 401
        assert sign_in(client, "xinan-grid-03", reset).json()["parameter"] == "new_password"
        assert admin.post("/accounts", json=body).status_code == 409
        # It is no token: not in their list, and not to be taken back as one.
        assert account["id"] not in {token["id"] for token in admin.get("/tokens").json()["tokens"]}
        assert admin.delete(f"/tokens/{account['id']}").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [
        ({"login": "13800138000"}, "login"),
        ({"login": "u440306199001011234"}, "login"),
        ({"login": "someone@example.org"}, "login"),
        ({"login": "desk-138-0013-8000"}, "login"),
        ({"login": "张三"}, "login"),
        ({"login": "a"}, "login"),
        ({"role": "emperor"}, "role"),
        ({"role": "public"}, "role"),
        ({"role": "leader", "access_class": 3}, "access_class"),
        ({"role": "steward"}, "purpose"),
        ({"role": "steward", "purpose": "   "}, "purpose"),
        ({"role": "steward", "purpose": "联系 13800138000"}, "purpose"),
        ({"scope": ["123"]}, "scope"),
        ({"organisations": ["王先生 13800138000"]}, "organisations"),
        ({"password": "short"}, "password"),
        ({"password": "wrong-desk-1234"}, "password"),
        ({"name": "x"}, "name"),
    ],
)
def test_what_an_account_cannot_be_is_refused_by_name(city: City, wrong: dict[str, Any], parameter: str) -> None:
    with city.client("admin") as admin:
        answer = admin.post("/accounts", json={"login": "wrong-desk", "role": "leader"} | wrong)
        assert answer.status_code == 400 and answer.json()["parameter"] == parameter, answer.text
        assert "13800138000" not in answer.text and "440306199001011234" not in answer.text
        assert "wrong-desk" not in {a["login"] for a in admin.get("/accounts").json()["accounts"]}


def test_the_database_itself_keeps_restricted_rows_for_a_stated_purpose(city: City) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        city.execute(
            "INSERT INTO access_token (token_hash, kind, role, access_class) VALUES ('x', 'account', 'admin', 3)"
        )


def test_accounts_are_for_an_administrator_of_everything(city: City) -> None:
    with city.client("admin") as admin:
        scoped = admin.post("/tokens", json={"role": "admin", "scope": [EAST]}).json()["token"]
        steward = admin.post("/tokens", json={"role": "steward"}).json()["token"]
    for headers in ({}, {"Authorization": f"Bearer {scoped}"}, {"Authorization": f"Bearer {steward}"}):
        with city.client() as client:
            for method, path, body in (
                ("GET", "/accounts", None), ("POST", "/accounts", {"login": "x1", "role": "leader"}),
                ("GET", "/accounts/1", None), ("PUT", "/accounts/1", {"role": "leader"}),
                ("POST", "/accounts/1/password", {}), ("DELETE", "/accounts/1/sessions", None),
                ("POST", "/oidc/mappings", {"value": "x", "role": "admin", "access_class": 2}),
            ):  # fmt: skip
                assert client.request(method, path, json=body, headers=headers).status_code == 403, path


def test_nobody_changes_his_own_rights_and_what_is_not_there_is_not_found(city: City) -> None:
    password = "six-blue-paper-boats"
    made = run(city, "add", "head-desk", "--role", "admin", "--class", "2", "--password-stdin", given=password + "\n")
    assert made.returncode == 0 and made.stdout == "", made.stderr
    with city.client() as client, city.client("admin") as admin:
        assert sign_in(client, "head-desk", password).status_code == 204
        own = next(a["id"] for a in client.get("/accounts").json()["accounts"] if a["login"] == "head-desk")
        body = {"role": "leader"}
        assert client.put(f"/accounts/{own}", json=body).status_code == 403  # not from a page of ours
        assert client.put(f"/accounts/{own}", json=body, headers=OWN).status_code == 409
        assert client.post(f"/accounts/{own}/password", json={}, headers=OWN).status_code == 409
        assert client.post("/tokens", json={"role": "wall"}, headers=OWN).status_code == 201
        for method, path, given in (
            ("GET", "", None), ("PUT", "", body), ("POST", "/password", {}), ("DELETE", "/sessions", None),
        ):  # fmt: skip
            assert admin.request(method, f"/accounts/999999{path}", json=given).status_code == 404


def test_the_command_makes_lists_closes_and_opens_accounts(city: City) -> None:
    made = run(city, "add", "cli-desk", "--role", "leader", "--scope", EAST, "--organisation", "测试单位")
    assert made.returncode == 0, made.stderr
    password = made.stdout.strip()
    with city.client() as client:
        assert sign_in(client, "cli-desk", password).json()["parameter"] == "new_password"
        assert sign_in(client, "cli-desk", password, new_password="nine-slow-red-trains").status_code == 204
        assert "cli-desk" in run(city, "list").stdout
        assert run(city, "disable", "cli-desk").returncode == 0
        assert sign_in(client, "cli-desk", "nine-slow-red-trains").status_code == 401
        assert run(city, "enable", "cli-desk").returncode == 0
        assert sign_in(client, "cli-desk", "nine-slow-red-trains").status_code == 204
        again = run(city, "password", "cli-desk").stdout.strip()
        assert sign_in(client, "cli-desk", again).status_code == 400
    for words in (
        ("disable", "nobody-desk"),
        ("add", "13800138000", "--role", "leader"),
        ("add", "x1", "--role", "steward"),
    ):
        refused = run(city, *words)
        assert refused.returncode == 2 and "Traceback" not in refused.stderr and "13800138000" not in refused.stderr
