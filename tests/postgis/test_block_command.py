# SPDX-License-Identifier: Apache-2.0
"""`twin blocks` and `twin init` as a person and a script meet them: exit codes, and JSON either way."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.toy import DISTRICT, WEST, grid_code, load_toy, toy_blocks
from twin.command.root import main
from twin.database import connect
from twin.settings import Settings


def run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: object
) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command within this process."""
    monkeypatch.setenv("TWIN_DATABASE_URL", settings.database_url or "")
    monkeypatch.setenv("TWIN_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("TWIN_METRIC_SRID", "4549")
    monkeypatch.setenv("TWIN_LANGUAGE", "en")
    monkeypatch.setattr(sys, "argv", ["twin", *map(str, arguments)])
    capfd.readouterr()
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    else:
        code = 0
    told = capfd.readouterr()
    return code, told.out, told.err


def test_blocks_are_renumbered_compared_and_replaced_from_the_command_line(
    database: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    load_toy(database)

    def twin(*arguments: object) -> tuple[int, str, str]:
        return run(database, monkeypatch, capfd, *arguments)

    table = tmp_path / "r.csv"
    table.write_text(f"old,new\n{grid_code(0, 0)},{grid_code(0, 0)[:12]}77\n")
    code, out, err = twin("blocks", "renumber", table, "--json")
    assert code == 0, err
    assert json.loads(out)["successions"][0]["kind"] == "renumber"
    code, out, err = twin("blocks", "renumber", table, "--json")
    assert code == 2 and "speak against the change" in json.loads(out)["refused"] and "Traceback" not in err
    tree = tmp_path / "tree.gpkg"
    toy_blocks().to_file(tree, engine="pyogrio")
    code, out, err = twin("blocks", "compare", tree)
    assert code == 0 and "looks like" in out
    code, out, err = twin("blocks", "renumber", table, "--effective-at", "soon")
    assert code == 2 and "is no moment" in err
    code, out, err = twin("ingest", "buildings", tree, tree)
    assert code == 2 and "Usage" in err and "Traceback" not in err
    with connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM block_lineage").fetchone() == (1,)

    # A real district is not replaced unasked, nor without a yes.
    code, out, err = twin("init", "--blocks", tree, "--json")
    assert code == 2 and "--replace" in json.loads(out)["refused"]
    code, out, err = twin("init", "--blocks", tree, "--replace", "--json")
    assert code == 2 and "Not confirmed" in json.loads(out)["refused"]
    code, out, err = twin("init", "--blocks", tree, "--replace", "--yes", "--json")
    assert code == 0, err
    assert json.loads(out)["district"]["code"] == DISTRICT
    with connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM valid_block").fetchone() == (23,)
        assert connection.execute("SELECT count(*) FROM block_lineage").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM valid_block WHERE code = %s", (WEST,)).fetchone() == (1,)
