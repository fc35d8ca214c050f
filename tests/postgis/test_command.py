# SPDX-License-Identifier: Apache-2.0
"""The `twin` command as a person and a script meet it: its own process, its exit code, its two streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.toy import WEST, load_toy, toy_blocks
from twin.access import READ_ACTOR, actor_from_row, hash_token
from twin.command.root import main
from twin.database import connect
from twin.settings import Settings

_TWIN = Path(sys.executable).with_name("twin")


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


def environment(settings: Settings, language: str = "en") -> dict[str, str]:
    return {
        "TWIN_DATABASE_URL": settings.database_url or "",
        "TWIN_DATA_DIR": str(settings.data_dir),
        "TWIN_METRIC_SRID": "4549",
        "TWIN_LANGUAGE": language,
    }


def run_process(settings: Settings, *arguments: str, language: str = "en") -> Done:
    """The command as its own process: slow to start, so only where the process is the point."""
    done = subprocess.run(
        [_TWIN, *arguments], env=os.environ | environment(settings, language), capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The same entry point within this process."""

    def run_here(settings: Settings, *arguments: str) -> Done:
        for name, value in environment(settings).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["twin", *arguments])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return run_here


@pytest.fixture
def blocks(tmp_path: Path) -> str:
    path = tmp_path / "blocks.gpkg"
    toy_blocks().to_file(path)
    return str(path)


def test_a_check_prints_json_and_writes_nothing_and_ingest_does_it(run: Run, database: Settings, blocks: str) -> None:
    checked = run(database, "check", "blocks", blocks, "--json")
    assert checked.returncode == 0, checked.stderr
    report = json.loads(checked.stdout)
    assert (report["read"], report["kept"], report["rejected"]) == (23, 23, 0)
    assert "23" not in run(database, "status").stdout
    loaded = run(database, "ingest", "blocks", blocks, "--json")
    assert loaded.returncode == 0, loaded.stderr
    assert json.loads(loaded.stdout)["inserted"] == 23
    assert "23" in run(database, "status").stdout


def test_a_refusal_is_exit_2_with_the_report_on_one_stream_and_the_reason_on_the_other(
    database: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "broken.ifc"
    path.write_text("this is no model")
    done = run_process(database, "check", "model", str(path), "--json")
    assert done.returncode == 2
    report = json.loads(done.stdout)
    assert report["problems"][0].keys() >= {"where", "what", "fix"}
    assert report["refused"] and report["refused"][:40] in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("check", "nothing", "x"), ("ingest", "buildings", "nowhere.gpkg"), ("token", "create", "--role", "king"),
     ("check", "incidents", "pyproject.toml", "--crs", "EPSG:99999"), ("check", "model")],
)  # fmt: skip
def test_what_cannot_be_is_exit_2_with_a_reason(run: Run, database: Settings, arguments: tuple[str, ...]) -> None:
    done = run(database, *arguments)
    assert done.returncode == 2
    assert done.stderr and "Traceback" not in done.stderr


def test_a_token_is_printed_alone(run: Run, database: Settings) -> None:
    load_toy(database)
    done = run(database, "token", "create", "--role", "grid_manager", "--scope", WEST)
    assert done.returncode == 0 and done.stdout.startswith("twin_") and done.stdout.count("\n") == 1
    done = run(database, "token", "create", "--role", "handler", "--organisation", "甲公司", "--organisation", "乙公司")
    with connect(database) as connection:
        row: Any = connection.execute(READ_ACTOR, (hash_token(done.stdout.strip()),)).fetchone()
    actor, _ = actor_from_row(row)
    assert (actor.organisations, actor.granted_codes, actor.is_unscoped) == (("乙公司", "甲公司"), (), False)


def test_the_command_speaks_the_readers_language(database: Settings) -> None:
    assert "试运行" in run_process(database, "--help", language="zh").stdout
    assert "没有种类" in run_process(database, "check", "nothing", "x", language="zh").stderr


def test_a_database_that_is_not_there_is_said_so(run: Run, database: Settings) -> None:
    gone = Settings(database_url="postgresql://nobody@127.0.0.1:1/none", data_dir=database.data_dir)
    done = run(gone, "status")
    assert done.returncode == 2 and "cannot be reached" in done.stderr
