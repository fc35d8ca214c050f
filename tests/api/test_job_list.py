# SPDX-License-Identifier: Apache-2.0
"""The list of jobs: newest first, page by page, each asker's own and everybody's for who oversees them."""

from __future__ import annotations

import json

from tests.api.server import City

TRACE = "0af7651916cd43dd8448eb211c80319c"


def add_jobs(city: City) -> None:
    """Seven jobs of the planner, the last of which runs, and a report of the upkeep, which nobody began."""
    with city.client("admin") as admin:
        planner = admin.get("/tokens").json()["tokens"]
    (number,) = [token["id"] for token in planner if token["role"] == "planner"]
    for at in range(7):
        city.execute(
            "INSERT INTO job_progress (kind, token_id, state, progress, report, traceparent) "
            "VALUES ('parks', %s, %s, 0.5, %s, %s)",
            number, "running" if at == 6 else "done", json.dumps({"read": at, "problems": [{"what": "long"}]}),
            f"00-{TRACE}-b7ad6b7169203331-01",
        )  # fmt: skip
    city.execute(
        "INSERT INTO job_progress (kind, state, progress, report) VALUES ('upkeep', 'done', 1, %s)",
        json.dumps({"removed": 3, "rules": {"tokens": {"title": {"zh": "令牌", "en": "tokens"}, "removed": 3}}}),
    )


def test_jobs_are_listed_newest_first_page_by_page_and_counted_by_state(live_city: City) -> None:
    add_jobs(live_city)
    with live_city.client("admin") as admin, live_city.client("planner") as planner, live_city.client() as public:
        first = admin.get("/jobs?limit=3").json()
        assert first["counts"] == {"done": 7, "running": 1}
        assert [job["kind"] for job in first["jobs"]] == ["upkeep", "parks", "parks"]
        assert first["jobs"][0]["report"]["removed"] == 3 and first["jobs"][0]["begun_by"] is None
        assert first["jobs"][1]["report"] == {"read": 6} and first["jobs"][1]["trace_id"] == TRACE
        assert first["jobs"][1]["begun_by"]["role"] == "planner"
        paged, before = [], ""
        while True:
            page = admin.get(f"/jobs?limit=3{before}").json()
            paged += [job["id"] for job in page["jobs"]]
            if page["next"] is None:
                break
            before = f"&before={page['next']}"
        assert len(paged) == 8 and paged == sorted(paged, reverse=True)
        assert [job["state"] for job in admin.get("/jobs?state=running").json()["jobs"]] == ["running"]
        assert [job["id"] for job in admin.get("/jobs?kind=upkeep").json()["jobs"]] == paged[:1]
        assert {job["kind"] for job in planner.get("/jobs").json()["jobs"]} == {"parks"}
        assert public.get("/jobs").json()["jobs"] == []
        assert admin.get("/jobs?state=lost").status_code == 400


def test_an_account_is_closed_and_opened_again_without_touching_its_rights(live_city: City) -> None:
    with live_city.client("admin") as admin:
        body = {"login": "gone-desk", "role": "leader", "scope": ["990101001"]}
        number = admin.post("/accounts", json=body).json()["id"]
        # Every block that it was given goes: it reaches nothing, and must not come back with everything.
        live_city.execute("DELETE FROM role_grant WHERE token_id = %s", number)
        for is_disabled in (True, False):
            account = admin.patch(f"/accounts/{number}", json={"is_disabled": is_disabled}).json()
            assert (account["disabled_at"] is not None) is is_disabled
            assert account["is_limited"] is True and account["scope"] == []
        assert admin.patch("/accounts/999999", json={"is_disabled": True}).status_code == 404
        assert admin.patch(f"/accounts/{number}", json={"role": "admin"}).status_code == 400
    with live_city.client("wall") as wall:
        assert wall.patch(f"/accounts/{number}", json={"is_disabled": True}).status_code == 403


def test_an_object_that_ends_with_a_colon_stands_for_all_of_its_sort(live_city: City) -> None:
    live_city.execute("UPDATE building SET name = 'a' WHERE local_id = 'public'")
    with live_city.client("admin") as admin:
        found = admin.get("/audit?object=layer:").json()["entries"]
        assert {entry["object"] for entry in found} >= {"layer:buildings"}
        assert admin.get("/audit?object=layer").json()["entries"] == []
