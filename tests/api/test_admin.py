# SPDX-License-Identifier: Apache-2.0
"""The steward's routes: data sent in, checked, loaded and explained; quality, codes and access."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import pyogrio
import pytest

from api.intake.kinds import list_kinds, list_mappings
from ingest.source import list_kinds as list_source_kinds
from tests.api.district import COMMUNITY, EAST, WEST
from tests.api.server import City
from tests.api.test_loads import load_park
from tests.api.test_uploads import TUS, begin, send
from twin.database import database_url

PARKS = gpd.GeoDataFrame(
    {"local_id": ["1", "2", None], "name": ["甲园", "乙园", "无编号"]},
    geometry=gpd.points_from_xy([114.01, 114.012, 114.014], [22.501] * 3).buffer(0.0005), crs=4490,
)  # fmt: skip


@contextmanager
def working(city: City) -> Iterator[None]:
    """A worker on the city's queue."""
    environment = os.environ | {
        "TWIN_DATABASE_URL": database_url(city.settings), "TWIN_DATA_DIR": str(city.settings.data_dir)
    }  # fmt: skip
    program = Path(sys.executable).with_name("twin")
    with subprocess.Popen([program, "worker"], env=environment, stdout=subprocess.DEVNULL) as worker:
        try:
            yield
        finally:
            worker.terminate()


def wait(client: httpx.Client, job: int) -> dict[str, Any]:
    """The job once it has ended; a worker is a process that must start first."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        body = client.get(f"/jobs/{job}").json()
        if body["state"] not in ("queued", "running"):
            return body
        time.sleep(0.1)
    pytest.fail("the job did not end")


def upload(client: httpx.Client, data: bytes, **values: str) -> tuple[str, int]:
    """Send a file; gives its address and its job."""
    begun = begin(client, len(data), **values)
    assert begun.status_code == 201, begun.text
    url = begun.headers["location"]
    assert send(client, url, 0, data).status_code == 204
    return url, client.get(url).json()["job_id"]


def zipped_shapefile(folder: Path) -> bytes:
    """The parks as a shapefile in a zip, as offices send them."""
    folder.mkdir()
    PARKS.to_file(folder / "园区.shp", encoding="gbk")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in folder.iterdir():
            if path.suffix != ".cpg":
                archive.write(path, f"资料/{path.name}")
    return packed.getvalue()


def test_a_file_is_checked_first_and_then_loaded_from_the_same_bytes(live_city: City, tmp_path: Path) -> None:
    spool = live_city.settings.spool_dir
    parks = f"/collections/industrial_parks/items?block={COMMUNITY}"
    with live_city.client("admin") as admin, working(live_city):
        token = admin.post("/tokens", json={"role": "steward", "label": "资料科"}).json()["token"]
        steward = httpx.Client(
            base_url=live_city.url, headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        )
        with steward:
            data = zipped_shapefile(tmp_path / "shape")
            url, job = upload(steward, data, kind="parks", filename="园区.zip", source="office", check="true")
            checked = wait(steward, job)
            assert checked["state"] == "done", checked
            assert (checked["report"]["read"], checked["report"]["kept"], checked["report"]["rejected"]) == (3, 2, 1)
            assert steward.get(parks).json()["features"] == [] and steward.get("/loads").json()["loads"] == []
            assert (spool / url.rsplit("/", 1)[1]).exists() and steward.get(url).json()["check"] is True
            begun = steward.post(f"{url}/load")
            assert begun.status_code == 202
            assert steward.post(f"{url}/load").status_code == 409
            loaded = wait(steward, begun.json()["job_id"])
            assert loaded["state"] == "done"
            assert {f["properties"]["name"] for f in steward.get(parks).json()["features"]} == {"甲园", "乙园"}
            (load,) = steward.get("/loads").json()["loads"]
            assert (load["file"], load["source_id"], load["kept"]) == ("园区.zip", "office", 2)
            assert list(spool.iterdir()) == []
            # A file that states no CRS is refused until somebody declares one.
            bare = json.dumps({"type": "FeatureCollection", "features": []}).encode()
            table = b"local_id,event_type,occurred_at,x,y\n1,noise,2026-01-01 10:00,114.01,22.51\n"
            _url, job = upload(steward, table, kind="incidents", filename="t.csv", check="true")
            refused = wait(steward, job)
            assert refused["state"] == "refused" and "--crs" in refused["report"]["refused"]["en"]
            _url, job = upload(steward, table, kind="incidents", filename="t.csv", check="true", crs="EPSG:4326")
            assert wait(steward, job)["report"]["kept"] == 1
            url, job = upload(steward, bare, kind="parks", filename="two.zip", check="true")
            assert wait(steward, job)["state"] == "refused"


def test_an_upload_that_is_given_up_is_gone(live_city: City) -> None:
    with live_city.client("admin") as admin:
        url = begin(admin, 10, kind="parks", filename="p.geojson").headers["location"]
        assert admin.delete(url, headers=TUS).status_code == 204
        assert admin.get(url).status_code == 404 and list(live_city.settings.spool_dir.iterdir()) == []
        url, _job = upload(admin, b"{}", kind="parks", filename="p.geojson", check="true")
        assert admin.delete(url, headers=TUS).status_code == 409  # its job waits
        assert admin.post(f"{url}/load").status_code == 409


def test_every_kind_of_the_pipeline_may_be_sent_in_by_those_who_may(city: City) -> None:
    assert list(list_kinds()) == list_source_kinds()
    with city.client("admin") as admin, city.client("planner") as planner, city.client("wall") as wall:
        offered = admin.get("/kinds").json()
        assert {kind["id"] for kind in offered["kinds"]} == set(list_source_kinds())
        assert offered["mappings"] == list(list_mappings()) == ["nyc311"]
        assert [kind["id"] for kind in planner.get("/kinds").json()["kinds"]] == ["model"]
        assert wall.get("/kinds").status_code == 403
        assert begin(planner, 10, kind="parks", filename="p.geojson").status_code == 403


@pytest.mark.parametrize(("name", "value"), [
    ("mapping", "/etc/passwd"), ("mapping", "../x.toml"), ("source", "a b"), ("layer", "a\nb"), ("scheme", "../x"),
    ("check", "perhaps"), ("crs_force", "1"),
])  # fmt: skip
def test_options_that_say_nothing_sensible_are_refused(city: City, name: str, value: str) -> None:
    with city.client("admin") as admin:
        answer = begin(admin, 10, kind="parks", filename="p.geojson", **{name: value})
        assert answer.status_code == 400 and answer.json()["parameter"] == name


def test_rejects_come_as_tables_with_both_languages(live_city: City, tmp_path: Path) -> None:
    number = load_park(live_city)
    live_city.execute("INSERT INTO load_reject (load_id, row, field, reason) VALUES (%s, 9, '=1+1', 'odd')", number)
    with live_city.client("admin") as admin:
        answer = admin.get(f"/loads/{number}/rejects?f=csv")
        assert answer.headers["content-disposition"] == f'attachment; filename="load-{number}-rejects.csv"'
        lines = answer.content.decode("utf-8-sig").splitlines()
        assert lines[0] == "行 row,字段 field,原因 reason,reason (en)"
        assert lines[1].startswith("2,local_id,") and lines[2] == "9,'=1+1,odd,odd"
        path = tmp_path / "rejects.xlsx"
        path.write_bytes(admin.get(f"/loads/{number}/rejects?f=xlsx").content)
        sheet = pyogrio.read_dataframe(path)
        assert sheet.shape[0] in (2, 3) and "=1+1" in sheet.astype(str).to_numpy().ravel().tolist()
        zh = admin.get(f"/loads/{number}/rejects").json()["rejects"][0]["reason_i18n"]
        assert zh["zh"] != zh["en"]
        assert admin.get(f"/loads/{number}/rejects?f=doc").status_code == 400


def put_issues(city: City) -> None:
    city.execute(
        'INSERT INTO quality_issue (kind, severity, "where", message, geometry) VALUES '
        "('gap', 'warning', 'governance', '{\"zh\": \"缝隙\", \"en\": \"a gap\"}',"
        " ST_MakeEnvelope(114.001, 22.501, 114.002, 22.502, 4490)), "
        "('overlap', 'error', 'governance', '{\"zh\": \"重叠\", \"en\": \"an overlap\"}',"
        " ST_MakeEnvelope(114.061, 22.501, 114.062, 22.502, 4490)), "
        "('name', 'notice', 'row 3', '{\"zh\": \"重名\", \"en\": \"a name twice\"}', NULL)"
    )


def test_issues_are_listed_with_their_block_and_resolved_once(live_city: City) -> None:
    put_issues(live_city)
    with live_city.client("admin") as admin:
        body = admin.get("/quality").json()
        issues: list[dict[str, Any]] = body["issues"]
        assert [(i["kind"], i["block"]) for i in issues] == [
            ("overlap", f"{EAST}00102"), ("gap", f"{WEST}00101"), ("name", None)
        ]  # fmt: skip
        assert {(c["kind"], c["open"]) for c in body["counts"]} == {("gap", 1), ("name", 1), ("overlap", 1)}
        shapes = admin.get("/quality?kind=gap&f=geojson").json()
        assert shapes["features"][0]["geometry"]["type"] == "Polygon"
        first = admin.get("/quality?limit=1").json()
        assert len(first["issues"]) == 1 and first["next"] == 1
        number = issues[0]["id"]
        assert admin.post(f"/quality/{number}/resolve").json()["resolved_at"]
        assert admin.post(f"/quality/{number}/resolve").status_code == 409
        assert admin.post("/quality/999/resolve").status_code == 404
        assert [i["kind"] for i in admin.get("/quality").json()["issues"]] == ["gap", "name"]
        assert [i["kind"] for i in admin.get("/quality?state=resolved").json()["issues"]] == ["overlap"]
        token = admin.post("/tokens", json={"role": "steward", "scope": [WEST]}).json()["token"]
    with httpx.Client(base_url=live_city.url, headers={"Authorization": f"Bearer {token}"}) as steward:
        assert [i["kind"] for i in steward.get("/quality").json()["issues"]] == ["gap"]
        assert steward.post(f"/quality/{issues[1]['id']}/resolve").status_code == 403


def test_lists_of_codes_are_searched_and_paged(live_city: City) -> None:
    live_city.execute(
        "INSERT INTO event_type (scheme, code, parent_code, name, name_en, is_sensitive) VALUES "
        "('city', '01', NULL, '市容', 'Streets', false), ('city', '0101', '01', '占道', 'Stalls', true)"
    )
    with live_city.client() as anybody:
        body = anybody.get("/event-types").json()
        assert body["schemes"] == [
            {"id": "city", "event_types": 2, "sensitive": 1}, {"id": "district", "event_types": 1, "sensitive": 0}
        ]  # fmt: skip
        assert [t["code"] for t in body["event_types"]] == ["01", "0101", "noise"] and body["next"] is None
        page = anybody.get("/event-types?limit=2").json()
        rest = anybody.get("/event-types", params={"limit": 2, "after": page["next"]}).json()
        assert [t["code"] for t in rest["event_types"]] == ["noise"]
        assert [t["code"] for t in anybody.get("/event-types?scheme=city&q=stall").json()["event_types"]] == ["0101"]
        assert [t["code"] for t in anybody.get("/event-types", params={"q": "噪"}).json()["event_types"]] == ["noise"]
        forms = anybody.get("/code-forms").json()["code_forms"]
        assert {form["kind"] for form in forms} >= {"building", "unit"}


def test_a_token_is_made_shown_once_and_revoked_at_once(live_city: City) -> None:
    with live_city.client("admin") as admin:
        end = "2099-01-01T00:00:00+08:00"
        made = admin.post("/tokens", json={"role": "grid_manager", "scope": [WEST], "label": "西", "expires_at": end})
        assert made.status_code == 201
        token = made.json()["token"]
        listed = admin.get("/tokens")
        assert token not in listed.text and "hash" not in listed.text
        newest = listed.json()["tokens"][0]
        assert (newest["role"], newest["label"], newest["scope"]) == (
            "grid_manager", "西", [{"code": WEST, "name": f"街道 {WEST}"}]
        )  # fmt: skip
        with httpx.Client(base_url=live_city.url, headers={"Authorization": f"Bearer {token}"}) as holder:
            assert holder.get("/session").json()["scope"] == [WEST]
            assert admin.delete(f"/tokens/{newest['id']}").status_code == 204
            assert admin.delete(f"/tokens/{newest['id']}").status_code == 204
            for _ in range(50):
                answer = holder.get("/session")
                if answer.status_code == 401:
                    break
            assert answer.status_code == 401
        assert admin.delete(f"/tokens/{listed.json()['own']}").status_code == 409
        assert admin.delete("/tokens/999").status_code == 404
        for wrong in (
            {"role": "king"}, {"role": "wall", "scope": ["1"]}, {"role": "wall", "expires_at": "2001-01-01T00:00:00Z"},
            {"role": "wall", "token": "mine"}, {},
        ):  # fmt: skip
            assert admin.post("/tokens", json=wrong).status_code == 400


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/quality"), ("POST", "/quality/1/resolve"), ("GET", "/tokens"), ("POST", "/tokens"),
    ("DELETE", "/tokens/1"), ("GET", "/loads/1/rejects?f=xlsx"),
])  # fmt: skip
def test_others_are_kept_out(city: City, method: str, path: str) -> None:
    for name in (None, "west", "planner", "wall"):
        with city.client(name) as client:
            assert client.request(method, path, json={"role": "wall"}).status_code == 403


def test_only_an_administrator_of_everything_sees_to_access(live_city: City) -> None:
    with live_city.client("admin") as admin:
        tokens = [
            admin.post("/tokens", json=wanted).json()["token"]
            for wanted in ({"role": "steward"}, {"role": "admin", "scope": [WEST]})
        ]
    for token in tokens:
        with httpx.Client(base_url=live_city.url, headers={"Authorization": f"Bearer {token}"}) as client:
            assert client.get("/tokens").status_code == 403
            assert client.post("/tokens", json={"role": "admin"}).status_code == 403
            assert client.get("/loads").status_code == 200
