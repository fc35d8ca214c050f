# SPDX-License-Identifier: Apache-2.0
"""Loads of blocks taken back: the tree, features, grants and links are as before, or the load stays with reasons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import typer
from typer.testing import CliRunner

from ingest.blocks.load import SchemeDeclaration, load_blocks
from ingest.command.blocks import Action
from ingest.command.load import load as load_command
from ingest.report import LoadReport
from ingest.source import Options, find_source
from ingest.withdraw import Withdrawal, preview_withdrawal, withdraw_load
from tests.postgis import test_block_versions
from tests.postgis.test_block_versions import (
    NEW_EAST,
    NEW_WEST,
    OLD,
    act,
    box,
    check_facts,
    halves,
    homes,
    now,
    write,
)
from tests.toy import EAST, METRIC_SRID, WEST, grid_box, grid_code, toy_blocks
from twin.access import create_token
from twin.database import connect, database_url, transaction
from twin.errors import RefusedError
from twin.settings import Settings

city = test_block_versions.city

STATE = (
    "SELECT code, level, parent_code, name, name_en, load_id, valid_from, ST_AsEWKB(geometry) FROM valid_block "
    "ORDER BY 1",
    "SELECT kind, feature_id, block_code, round(share::numeric, 6) FROM feature_block ORDER BY 1, 2, 3",
    "SELECT token_id, block_code FROM role_grant ORDER BY 1, 2",
    "SELECT old_code, new_code FROM block_lineage ORDER BY 1, 2",
    "SELECT kind, \"where\" FROM quality_issue WHERE resolved_at IS NULL ORDER BY 1, 2",
    "SELECT scheme, code, block_code, round(share::numeric, 6) FROM block_link ORDER BY 1, 2, 3",
    "SELECT code, name FROM block_name ORDER BY 1",
)  # fmt: skip


def state(settings: Settings) -> list[Any]:
    """Everything that a change of blocks touches."""
    with connect(settings) as connection:
        return [homes(connection), *(connection.execute(query.encode()).fetchall() for query in STATE)]


def take_back(settings: Settings, load_id: int | None) -> Withdrawal:
    """Preview, then do it; both say the same, and what blocks add up to is right afterwards."""
    assert load_id is not None
    before = state(settings)
    with transaction(settings) as connection:
        plan = preview_withdrawal(connection, load_id)
    assert state(settings) == before
    with transaction(settings) as connection:
        assert withdraw_load(connection, load_id, "test") == plan
    with connect(settings) as connection:
        check_facts(connection)
    return plan


def refusal(settings: Settings, load_id: int | None) -> str:
    assert load_id is not None
    before = state(settings)
    with transaction(settings) as connection, pytest.raises(RefusedError) as first:
        preview_withdrawal(connection, load_id)
    with pytest.raises(RefusedError) as second, transaction(settings) as connection:
        withdraw_load(connection, load_id, "test")
    assert first.value.problems == second.value.problems
    assert state(settings) == before
    return " | ".join(f"{problem.where}: {problem.what.en}" for problem in first.value.problems)


def load(settings: Settings, frame: gpd.GeoDataFrame) -> int | None:
    report = LoadReport("blocks", "toy")
    with transaction(settings) as connection:
        load_blocks(connection, frame, SchemeDeclaration(metric_srid=METRIC_SRID), report, actor="test")
    return report.load_id


def swap(folder: Path) -> Path:
    path = folder / "swap.csv"
    path.write_text(f"old,new,name\n{WEST},{EAST},原西街道\n{EAST},{WEST},\n", encoding="utf-8")
    return path


def merge(folder: Path) -> Path:
    path = folder / "merge.toml"
    path.write_text(f'[[change]]\nold = ["{OLD}", "{grid_code(1, 0)}"]\nnew = "{NEW_WEST}"\n')
    return path


CHANGES: dict[str, Callable[[Settings, Path], LoadReport]] = {
    "split": lambda city, folder: act(city, Action.SPLIT, halves(folder / "s.gpkg"), olds=[OLD]),
    "split under the own code": lambda city, folder: act(
        city, Action.SPLIT, halves(folder / "s.gpkg", (OLD, NEW_EAST)), olds=[OLD]
    ),
    "swap": lambda city, folder: act(city, Action.RENUMBER, swap(folder)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_taken_back_leaves_everything_as_it_was(city: Settings, tmp_path: Path, name: str) -> None:
    before = state(city)
    report = CHANGES[name](city, tmp_path)
    between, moment = state(city), now(city)
    done = take_back(city, report.load_id)
    assert (done.removed, done.returned) == (report.inserted, report.updated)
    assert done.rehomed > 0
    assert state(city) == before
    with connect(city) as connection:
        # What was recorded in between was recorded.
        connection.execute("SELECT set_config('search_path', 'as_of, public', true)")
        connection.execute("SELECT set_config('twin.as_of', %s, true)", (moment.isoformat(),))
        assert homes(connection) == between[0]
        codes = [row[0] for row in connection.execute("SELECT code FROM valid_block ORDER BY 1")]
        assert codes == [row[0] for row in between[1]]
        lineage = connection.execute("SELECT old_code, new_code FROM block_lineage ORDER BY 1, 2").fetchall()
        assert lineage == between[4]


def test_a_merge_taken_back_leaves_a_grant_of_all_that_it_had_become(city: Settings, tmp_path: Path) -> None:
    before = state(city)
    report = act(city, Action.MERGE, merge(tmp_path))
    take_back(city, report.load_id)
    after = state(city)
    assert after[:3] == before[:3] and after[4:] == before[4:]
    assert {code for _token, code in after[3]} == {WEST, OLD, grid_code(1, 0)}


def test_what_stands_upon_a_change_speaks_against_taking_it_back(city: Settings, tmp_path: Path) -> None:
    first = act(city, Action.SPLIT, halves(tmp_path / "s.gpkg"), olds=[OLD])
    path = tmp_path / "again.csv"
    path.write_text(f"old,new\n{NEW_WEST},{OLD[:12]}31\n")
    second = act(city, Action.RENUMBER, path)
    assert f"{NEW_WEST}: a later change (load {second.load_id}) has ended it" in refusal(city, first.load_id)
    take_back(city, second.load_id)
    with transaction(city) as connection:
        create_token(connection, "grid_manager", scope=[NEW_WEST])
    assert f"{NEW_WEST}: the token 3 is confined to it" in refusal(city, first.load_id)
    with transaction(city) as connection:
        connection.execute("DELETE FROM role_grant WHERE token_id = 3")
    corrected = gpd.GeoDataFrame({"code": [NEW_EAST], "name": ["改名"]}, geometry=[box(0.5, 0, 1, 1)], crs=4490)
    third = load(city, corrected)
    assert f"{NEW_EAST}: it belongs to a later load {third} by now" in refusal(city, first.load_id)
    assert take_back(city, third).restored == 1
    take_back(city, first.load_id)


def test_a_tree_under_features_stays_and_one_that_nothing_stands_upon_goes(database: Settings, city: Settings) -> None:
    assert "features would have no block left: building 1, incident" in refusal(city, 1)
    with transaction(city) as connection:
        for table in ("role_grant", "building", "incident", "urban_village"):
            connection.execute(f"DELETE FROM {table}".encode())
    done = take_back(city, 1)
    assert (done.removed, done.rehomed) == (23, 0)
    with connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM valid_block").fetchone() == (0,)


def test_blocks_that_were_added_or_moved_leave_features_where_they_were_before(city: Settings) -> None:
    """The grid that a building lies in comes later than the building, and with it a border that moves."""
    grids = toy_blocks().set_index("code")
    with transaction(city) as connection:
        connection.execute("DELETE FROM role_grant")
        # As if the grid had never been loaded: its features have the community as their home.
        connection.execute("DELETE FROM block WHERE code = %s", (OLD,))
        for table in ("building", "incident"):
            connection.execute(f"UPDATE {table} SET block_code = %s WHERE block_code = %s".encode(), (OLD[:12], OLD))
        connection.execute("DELETE FROM feature_block WHERE block_code = %s", (OLD,))
        connection.execute("UPDATE urban_village SET block_code = %s, spans_blocks = true", (OLD[:12],))
        connection.execute("SELECT fold_facts()")
    other = grid_code(1, 0)
    frame = gpd.GeoDataFrame(
        {"code": [OLD, other], "name": ["新网格", grids.loc[other, "name"]]},
        geometry=[box(0, 0, 1.01, 1), box(1.01, 0, 2, 1)], crs=4490,
    )  # fmt: skip
    before = state(city)
    number = load(city, frame)
    with connect(city) as connection:
        assert homes(connection)["b"] == OLD
    done = take_back(city, number)
    assert (done.removed, done.restored, done.superseded) == (1, 1, 0)
    after = state(city)
    assert after[0]["b"] == before[0]["b"] == OLD[:12]
    assert after[1] == before[1]


def test_a_parent_stays_while_another_load_has_blocks_below_it(database: Settings) -> None:
    frame = toy_blocks().set_index("code", drop=False)
    grids = frame["code"].str.len() == 14
    upper = load(database, frame[~grids])
    lower = load(database, frame[grids])
    assert f"{OLD}: its parent {OLD[:12]} would be gone" in refusal(database, upper)
    assert take_back(database, lower).removed == 16
    assert take_back(database, upper).removed == 7


def test_names_and_links_of_another_scheme_go_with_their_load(city: Settings, tmp_path: Path) -> None:
    before = state(city)
    names = tmp_path / "names.csv"
    names.write_text(f"code,name\n{OLD},新名\n{OLD[:12]}99,未有边界\n", encoding="utf-8")
    named = find_source("blocks").load(city, names, Options())
    assert state(city) != before
    done = take_back(city, named.load_id)
    assert (done.removed, done.restored) == (2, 1)
    assert state(city) == before
    unit = gpd.GeoDataFrame(
        {"code": ["999901", "999901001", "999901001001", "999901001001001"], "name": list("abcd")},
        geometry=[grid_box(0, 0)] * 4, crs=4490,
    )  # fmt: skip
    linked = find_source("blocks").load(city, write(tmp_path / "u.gpkg", unit), Options(scheme="unit_grid"))
    assert state(city)[6] != []
    assert take_back(city, linked.load_id).removed == 4
    assert state(city) == before


def test_the_command_previews_and_takes_blocks_back(
    city: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    report = act(city, Action.SPLIT, halves(tmp_path / "s.gpkg"), olds=[OLD])
    monkeypatch.setenv("TWIN_DATABASE_URL", database_url(city))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    app = typer.Typer()
    app.command()(load_command)
    arguments = ["withdraw", str(report.load_id)]
    declined = CliRunner().invoke(app, arguments, input="n\n")
    assert declined.exit_code == 1 and "2" in declined.stdout
    with connect(city) as connection:
        assert homes(connection)["b"] == NEW_EAST
    assert CliRunner().invoke(app, [*arguments, "--yes"]).exit_code == 0
    with connect(city) as connection:
        assert homes(connection)["b"] == OLD
