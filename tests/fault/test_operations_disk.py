# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full: a small file system of its own, filled to the last byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ingest.demo.house import write_house
from ingest.upload import run_upload
from tests.api.district import build_district
from tests.api.server import serve
from tests.api.test_uploads import TUS, begin, send
from twin.backup import make_backup
from twin.database import connect, transaction
from twin.errors import StorageFullError
from twin.settings import Settings

SIZE_MB = 24
FORMS = ("geojson", "gpkg", "csv", "xlsx")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system of a few megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=700", "twin-test", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def filled(disk: Path) -> Generator[None]:
    """No byte is free within the block."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            while True:
                try:
                    file.write(b"\0" * size)
                except OSError:
                    break
    try:
        yield
    finally:
        ballast.unlink()


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != "ballast"}


def test_a_full_disk_is_said_plainly_and_leaves_nothing_half_written(
    database: Settings, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"data_dir": small_disk / "data", "min_free_mb": 0, "topographic_export_km2": 0}
    settings = database.model_copy(update=given)
    (small_disk / "temporary").mkdir()
    tokens = build_district(settings)
    with transaction(settings) as connection:
        connection.execute(
            "INSERT INTO building (source_id, local_id, block_code, geometry, attributes) "
            "SELECT 'test', local_id || n, block_code, geometry, jsonb_build_object('note', repeat('x', 50)) "
            "FROM building, generate_series(1, 300) AS n "
        )
    monkeypatch.setattr("tempfile.tempdir", str(small_disk / "temporary"))
    with serve(settings, tokens) as served, served.client("admin") as client:
        url = begin(client, 3_000_000).headers["location"]
        assert send(client, url, 0, b"a" * 1000).status_code == 204
        before = files_below(small_disk)
        with filled(small_disk):
            cut = send(client, url, 1000, b"b" * 2_999_000)
            check_refusal(cut)
            held = client.head(url, headers=TUS)
            assert held.headers["upload-offset"] == "1000", "the client goes on from where it was"
            for form in FORMS:
                check_refusal(client.get("/collections/buildings/export", params={"f": form}))
                assert files_below(small_disk) == before, form
            assert client.get("/health").status_code == 200, "whoever reads is served all the same"
        assert send(client, url, 1000, b"b" * 2_999_000).status_code == 204
        for form in FORMS:
            answer = client.get("/collections/buildings/export", params={"f": form})
            assert answer.status_code == 200 and len(answer.content) > 20_000, form


def check_refusal(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (507, "application/problem+json"), answer.text
    assert "no room left" in answer.json()["detail"]


def test_a_model_that_finds_no_room_for_its_tiles_is_told_so_and_leaves_nothing(
    database: Settings, small_disk: Path, tmp_path: Path
) -> None:
    settings = database.model_copy(update={"data_dir": small_disk / "data", "min_free_mb": 0})
    tokens = build_district(settings)
    house = tmp_path / "house.ifc"
    write_house(house, lon=114.01, lat=22.505)
    with serve(settings, tokens) as served, served.client("planner") as client:
        content = house.read_bytes()
        url = begin(client, len(content), at="114.01,22.505").headers["location"]
        send(client, url, 0, content)
        job = client.get(url).json()["job_id"]
        assets = files_below(settings.assets_dir)
        # The spooled file is there; what is made of it finds no room.
        with filled(small_disk):
            run_upload(settings, url.rpartition("/")[2], job)
        ended = client.get(f"/jobs/{job}").json()
    assert ended["state"] in {"failed", "refused"}
    assert "磁盘空间不足" in str(ended["report"])
    assert files_below(settings.assets_dir) == assets
    with connect(settings) as connection:
        assert connection.execute("SELECT count(*) FROM model").fetchone() == (1,), "the one that was there"


def test_a_backup_that_finds_no_room_leaves_nothing(database: Settings, small_disk: Path) -> None:
    build_district(database)
    with filled(small_disk):
        os.truncate(small_disk / "ballast", SIZE_MB * (1 << 20) - 20_000)
        with pytest.raises(StorageFullError):
            make_backup(database, small_disk / "backup", lambda _step, _part: None)
    assert files_below(small_disk) == set()
