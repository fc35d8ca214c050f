# SPDX-License-Identifier: Apache-2.0
"""Uploads by tus: whole, in parts, broken off, and refused."""

from __future__ import annotations

import base64
import json

import httpx
import pytest

from tests.api.server import City

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}


def metadata(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def begin(client: httpx.Client, size: int, **values: str) -> httpx.Response:
    described = metadata(**({"filename": "house.ifc", "kind": "model"} | values))
    return client.post("/uploads", headers=TUS | {"Upload-Length": str(size), "Upload-Metadata": described})


def send(client: httpx.Client, url: str, offset: int, data: bytes) -> httpx.Response:
    return client.patch(url, headers=TUS | BYTES | {"Upload-Offset": str(offset)}, content=data)


def test_an_upload_in_two_parts_becomes_a_job_with_its_bytes(live_city: City) -> None:
    data = bytes(range(256)) * 40
    with live_city.client("planner") as planner:
        begun = begin(planner, len(data), at="113.883,22.555,4,30", crs="EPSG:4547")
        assert begun.status_code == 201
        url = begun.headers["location"]
        assert send(planner, url, 0, data[:3000]).headers["upload-offset"] == "3000"
        held = planner.head(url, headers=TUS)
        assert (held.headers["upload-offset"], held.headers["upload-length"]) == ("3000", str(len(data)))
        assert send(planner, url, 5, b"x").status_code == 409
        assert send(planner, url, 3000, data[3000:]).status_code == 204
        upload = planner.get(url).json()
        assert upload["offset"] == upload["size"] == len(data) and upload["filename"] == "house.ifc"
        job = planner.get(f"/jobs/{upload['job_id']}").json()
        assert (job["kind"], job["state"], job["progress"]) == ("model", "queued", 0)
    spooled = live_city.settings.spool_dir / upload["id"]
    assert spooled.read_bytes() == data and spooled.stat().st_mode & 0o077 == 0
    ((options,),) = live_city.execute("SELECT options FROM upload")
    assert options == {"at": "113.883,22.555,4.0,30.0", "crs": "EPSG:4547"}
    ((name, arguments),) = live_city.execute("SELECT task_name, args FROM procrastinate_jobs")
    assert arguments == {"upload_id": upload["id"], "progress_id": upload["job_id"]}
    assert name == "ingest:load_upload"


def test_what_arrived_before_a_broken_connection_stays(live_city: City) -> None:
    def broken() -> object:
        yield b"a" * 1000
        raise ConnectionError

    with live_city.client("planner") as planner:
        url = begin(planner, 5000).headers["location"]
        with pytest.raises(ConnectionError):
            planner.patch(url, headers=TUS | BYTES | {"Upload-Offset": "0"}, content=broken())
    with live_city.client("planner") as planner:
        offset = -1
        for _ in range(100):
            offset = int(planner.head(url, headers=TUS).headers["upload-offset"])
            if offset:
                break
        assert offset in (0, 1000)
        assert send(planner, url, offset, b"b" * (5000 - offset)).status_code == 204


def test_only_writers_may_upload_and_only_the_uploader_sees_it(city: City) -> None:
    for name in ("wall", "west", None):
        with city.client(name) as client:
            assert begin(client, 10).status_code == 403
    with city.client("planner") as planner, city.client("east") as other, city.client("admin") as admin:
        url = begin(planner, 10).headers["location"]
        assert other.get(url).status_code == 404
        assert send(other, url, 0, b"x").status_code == 404
        assert admin.get(url).status_code == 200


@pytest.mark.parametrize(("values", "parameter"), [
    ({"kind": "virus"}, "kind"), ({"filename": ""}, "filename"), ({"filename": "../../.bashrc"}, "filename"),
    ({"at": "here"}, "at"), ({"at": "200,10"}, "at"), ({"at": "nan,1"}, "at"),
])  # fmt: skip
def test_metadata_that_says_nothing_sensible_is_refused(city: City, values: dict[str, str], parameter: str) -> None:
    with city.client("planner") as planner:
        answer = begin(planner, 10, **values)
        assert answer.status_code == 400 and answer.json()["parameter"] == parameter


def test_the_limits_of_the_protocol_are_held(city: City) -> None:
    with city.client("planner") as planner:
        described = planner.options("/uploads").headers
        assert described["tus-version"] == "1.0.0" and described["tus-extension"] == "creation,termination"
        assert begin(planner, int(described["tus-max-size"]) + 1).status_code == 413
        assert begin(planner, 0).status_code == 400
        assert begin(planner, 10, crs="EPSG:1").status_code == 422
        assert planner.post("/uploads", headers={"Upload-Length": "1"}).status_code == 412
        assert planner.post("/uploads", headers=TUS).status_code == 400
        url = begin(planner, 10).headers["location"]
        assert planner.patch(url, headers=TUS | {"Upload-Offset": "0"}, content=b"x").status_code == 415
        assert send(planner, url, 0, b"x" * 11).status_code == 413
        assert planner.head(url, headers=TUS).headers["upload-offset"] == "0"


def test_a_file_name_is_a_name_and_no_path(city: City) -> None:
    with city.client("planner") as planner:
        url = begin(planner, 10, filename="C:\\temp\\..\\某楼.ifc").headers["location"]
        assert planner.get(url).json()["filename"] == "某楼.ifc"


def test_a_job_is_shown_with_its_report_to_its_owner_only(live_city: City) -> None:
    with live_city.client("planner") as planner, live_city.client("east") as other:
        ((token_id,),) = live_city.execute("SELECT id FROM access_token WHERE role = 'planner'")
        ((job_id,),) = live_city.execute(
            "INSERT INTO job_progress (kind, token_id, state, progress, step, report, result) VALUES "
            "('model', %s, 'done', 1, %s, %s, %s) RETURNING id",
            token_id, json.dumps({"zh": "完成", "en": "done"}), json.dumps({"read": 3}), json.dumps({"model_id": 7}),
        )  # fmt: skip
        job = planner.get(f"/jobs/{job_id}").json()
        assert job["step"] == {"zh": "完成", "en": "done"} and job["report"] == {"read": 3} and job["model_id"] == 7
        assert other.get(f"/jobs/{job_id}").status_code == 404
