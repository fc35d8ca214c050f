# SPDX-License-Identifier: Apache-2.0
"""Rejected rows over HTTP: fetched by those who may send that kind, mended, sent back, and gone in time."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pyogrio
import pytest

from ingest.jobs import run_withdrawal
from ingest.readers import returned
from ingest.spooled import forget_rejects, forget_undecided
from ingest.upload import run_upload
from tests.api.server import City
from tests.api.test_uploads import TUS, begin, send

SECRET = "13912345678"
"""A telephone number, which nothing may keep."""

ORDERS = (
    "工单号,事件类型,受理时间,摘要,经度,纬度,来电人\n"
    "0001,noise,2026-01-02 03:04:05,路灯,114.011,22.505,甲\n"
    f",noise,2026-01-02 03:04:05,李先生来电 {SECRET},114.012,22.505,{SECRET}\n"
    f'0003,noise,{SECRET},"两行\n摘要",114.013,22.505,甲\n'
).encode()


def upload(city: City, client: httpx.Client, data: bytes, **said: str) -> tuple[str, int]:
    """Send a file and do its job here and now; gives its address and the job's id."""
    begun = begin(client, len(data), **said)
    assert begun.status_code == 201, begun.text
    url = begun.headers["location"]
    assert send(client, url, 0, data).status_code == 204
    job = client.get(url).json()["job_id"]
    run_upload(city.settings, url.rsplit("/", 1)[1], job)
    return url, job


def mend(body: bytes, folder: Path, **cells: dict[int, str]) -> bytes:
    path = folder / "退回.xlsx"
    path.write_bytes(body)
    table = pyogrio.read_dataframe(path, read_geometry=False, HEADERS="FORCE", FIELD_TYPES="STRING").astype(object)
    for column, values in cells.items():
        for row, value in values.items():
            table.loc[row - 1, column] = value
    path.unlink()
    pyogrio.write_dataframe(table.where(table.notna(), None), path, driver="XLSX")
    return path.read_bytes()


def texts_on_disk(city: City) -> bytes:
    """Everything beneath the data directory, workbooks unpacked."""
    found = b""
    for path in city.settings.data_dir.rglob("*"):
        if path.is_file():
            found += path.read_bytes()
            if path.suffix == ".xlsx":
                found += f"{pyogrio.read_dataframe(path, read_geometry=False).to_dict()}".encode()
    return found


def age(city: City, days: float) -> None:
    for path in city.settings.rejects_dir.iterdir():
        then = path.stat().st_mtime - days * 86_400
        os.utime(path, (then, then))


def test_rejected_rows_are_fetched_mended_and_sent_back_and_go_with_time(live_city: City, tmp_path: Path) -> None:
    with live_city.client("admin") as admin:
        said = {"kind": "incidents", "filename": "工单.csv"}
        url, job = upload(live_city, admin, ORDERS, crs="EPSG:4326", **said)
        report = admin.get(f"/jobs/{job}").json()["report"]
        assert (report["kept"], report["rejected"], report["rejects_file"]) == (1, 2, {"rows": 2, "left_out": 0})
        # The raw file went with its job; what is left has nothing that reading takes out.
        assert SECRET.encode() not in texts_on_disk(live_city)
        assert all(path.stat().st_mode & 0o077 == 0 for path in live_city.settings.rejects_dir.iterdir())
        answer = admin.get(f"/loads/{report['load_id']}/rejects.xlsx")
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
        assert answer.content == admin.get(f"{url}/rejects.xlsx").content
        table = admin.get(f"/loads/{report['load_id']}/rejects.csv").content.decode("utf-8-sig")
        assert table.startswith(",".join(returned.LEADING)) and "两行\n摘要" in table and "某先生来电 [电话]" in table
        records = live_city.execute("SELECT layer, form, rows FROM export_record ORDER BY at, id")
        assert ("rejects:incidents", "xlsx", 2) in records and len(records) == 3
        mended = mend(answer.content, tmp_path, 工单号={1: "0002"}, 受理时间={2: "2026-01-02 03:04:06"})
        # Sent back with nothing said but its kind: CRS and source are in the workbook.
        again_url, again = upload(live_city, admin, mended, kind="incidents", filename="退回.xlsx")
        body = admin.get(f"/jobs/{again}").json()
        assert body["state"] == "done" and (body["report"]["inserted"], body["report"]["rejected"]) == (2, 0)
        assert admin.get(f"{again_url}/rejects.xlsx").status_code == 404
        assert live_city.execute(
            "SELECT count(*), count(DISTINCT local_id) FROM incident WHERE source_id = '工单'"
        ) == [(3, 3)]
        age(live_city, live_city.settings.rejects_days)
        # Late as the one may be who removes it, it is not given out any more.
        late = admin.get(f"/loads/{report['load_id']}/rejects.xlsx")
        assert late.status_code == 410 and "Check the file again" in late.text
        forget_rejects(live_city.settings)
        forget_undecided(live_city.settings)
        assert list(live_city.settings.rejects_dir.iterdir()) == []
        assert "两行".encode() not in texts_on_disk(live_city)
        assert admin.get(f"/loads/{report['load_id']}/rejects.csv").status_code == 410


def test_a_check_leaves_a_workbook_and_giving_the_upload_up_removes_it(live_city: City) -> None:
    with live_city.client("admin") as admin, live_city.client("planner") as planner:
        url, job = upload(live_city, admin, ORDERS, crs="EPSG:4326", kind="incidents", filename="a.csv", check="true")
        assert admin.get(f"/jobs/{job}").json()["report"]["rejects_file"]["rows"] == 2
        assert admin.get(f"{url}/rejects.csv").status_code == 200
        assert planner.get(f"{url}/rejects.csv").status_code == 404
        live_city.execute("UPDATE job_progress SET updated_at = now() - interval '2 days'")
        forget_undecided(live_city.settings)
        # Nobody decided on the bytes in time; the rows can still be fetched.
        assert not (live_city.settings.spool_dir / url.rsplit("/", 1)[1]).exists()
        assert admin.get(f"{url}/rejects.xlsx").status_code == 200
        assert admin.delete(url, headers=TUS).status_code == 204
        assert list(live_city.settings.rejects_dir.iterdir()) == []


def test_a_withdrawn_load_takes_its_workbook_along(live_city: City) -> None:
    with live_city.client("admin") as admin:
        url, job = upload(live_city, admin, ORDERS, crs="EPSG:4326", kind="incidents", filename="a.csv")
        load = admin.get(f"/jobs/{job}").json()["report"]["load_id"]
        begun = admin.post(f"/loads/{load}/withdraw", json={"preview": False}).json()["job_id"]
        run_withdrawal(live_city.settings, load, begun, is_preview=False)
        assert list(live_city.settings.rejects_dir.iterdir()) == []
        assert admin.get(f"{url}/rejects.xlsx").status_code == 410
        # Taken back by the command, of which nobody here heard: the next round finds it.
        url, job = upload(live_city, admin, ORDERS, crs="EPSG:4326", kind="incidents", filename="b.csv")
        live_city.execute("UPDATE load SET withdrawn_at = now() WHERE withdrawn_at IS NULL")
        assert admin.get(f"{url}/rejects.xlsx").status_code == 410
        forget_rejects(live_city.settings)
        assert list(live_city.settings.rejects_dir.iterdir()) == []


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_rejected_rows_are_the_stewards_business_and_not_everybodys(city: City, form: str) -> None:
    for name in (None, "west", "planner", "wall"):
        with city.client(name) as client:
            assert client.get(f"/loads/1/rejects.{form}").status_code == 403
    with city.client("admin") as admin:
        assert admin.get(f"/loads/999/rejects.{form}").status_code == 404
        assert admin.get(f"/uploads/unknown/rejects.{form}").status_code == 404


def test_rows_of_a_load_that_was_no_upload_are_nowhere_and_the_answer_says_what_to_do(live_city: City) -> None:
    from tests.api.test_loads import load_park

    number = load_park(live_city)
    with live_city.client("admin") as admin:
        answer = admin.get(f"/loads/{number}/rejects.xlsx")
        assert answer.status_code == 404 and "--rejects" in answer.text
