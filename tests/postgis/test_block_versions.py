# SPDX-License-Identifier: Apache-2.0
"""Blocks split, merged and renumbered: lineage, and everything that names them follows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from ingest.command.blocks import Action, run_action
from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.report import LoadReport
from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import DISTRICT, EAST, WEST, grid_box, grid_code, load_toy, point_in, toy_blocks
from twin.access import create_token
from twin.crs import parse_crs
from twin.database import Connection, connect, transaction
from twin.settings import Settings

OLD = grid_code(0, 0)
NEW_WEST, NEW_EAST = OLD[:12] + "11", OLD[:12] + "12"


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(*point_in(west, south).coords[0], *point_in(east, north).coords[0])


@pytest.fixture
def city(database: Settings) -> Settings:
    """The toy city with a village over three grids, a building in one, incidents in two, and grants."""
    load_toy(database)
    settings = database.model_copy(update={"metric_srid": 4549})
    village = gpd.GeoDataFrame({"local_id": ["v"]}, geometry=[box(0.4, 0.4, 1.4, 0.5)], crs=4490)
    building = gpd.GeoDataFrame({"local_id": ["b"]}, geometry=[box(0.7, 0.1, 0.8, 0.2)], crs=4490)
    incidents = gpd.GeoDataFrame(
        {"local_id": ["i", "j"], "state": ["accepted", "accepted"]},
        geometry=[point_in(0.2, 0.2), point_in(3.5, 3.5)], crs=4490,
    )  # fmt: skip
    for kind, frame in (("villages", village), ("buildings", building), ("incidents", incidents)):
        with transaction(settings) as connection:
            rows = frame.set_axis(range(1, len(frame) + 1), axis="index")
            load_frames(
                connection, [rows], KINDS[kind], parse_crs("EPSG:4490"), LoadReport(kind, "t"), actor="test"
            )  # fmt: skip
    with transaction(settings) as connection:
        connection.execute(
            "INSERT INTO incident (source_id, local_id, block_code) VALUES ('t', 'unplaced', %s)", (OLD,)
        )
        create_token(connection, "grid_manager", scope=[OLD])
        create_token(connection, "grid_manager", scope=[WEST])
    return settings


def act(settings: Settings, action: Action, path: Path, **options: object) -> LoadReport:
    return run_action(settings, action, path, Options(), **options)  # type: ignore[arg-type]


def write(path: Path, frame: gpd.GeoDataFrame) -> Path:
    frame.to_file(path, engine="pyogrio")
    return path


def halves(path: Path, codes: tuple[str, str] = (NEW_WEST, NEW_EAST)) -> Path:
    frame = gpd.GeoDataFrame(
        {"code": list(codes), "name": ["西半", "东半"]}, geometry=[box(0, 0, 0.5, 1), box(0.5, 0, 1, 1)], crs=4490
    )
    return write(path, frame)


def now(settings: Settings) -> datetime:
    with connect(settings) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    return row[0].astimezone(UTC)


def homes(connection: Connection) -> dict[str, str]:
    rows = connection.execute(
        "SELECT local_id, block_code FROM urban_village UNION ALL SELECT local_id, block_code FROM building "
        "UNION ALL SELECT local_id, block_code FROM incident"
    ).fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def check_facts(connection: Connection) -> None:
    """What blocks add up to is what a count from scratch gives."""
    connection.execute("SELECT fold_facts()")
    wrong = connection.execute(
        """
        WITH kept AS (
            SELECT block_code, measure, period, dimension, access_class, value FROM block_fact
            WHERE length(block_code) = (SELECT max(width) FROM block_scheme, unnest(level_widths) AS width
                                        WHERE is_governance)
        ), counted AS (
            SELECT block_code, measure, period, dimension, access_class, value FROM count_facts('', '~')
            WHERE length(block_code) = (SELECT max(width) FROM block_scheme, unnest(level_widths) AS width
                                        WHERE is_governance)
        )
        SELECT block_code, measure FROM kept FULL JOIN counted
            USING (block_code, measure, period, dimension, access_class)
        WHERE abs(coalesce(kept.value, 0) - coalesce(counted.value, 0)) > 1e-6
        """
    ).fetchall()
    assert wrong == []


def test_a_split_ends_the_old_block_and_puts_everything_in_it_into_the_new_ones(city: Settings, tmp_path: Path) -> None:
    before = now(city)
    report = act(city, Action.SPLIT, halves(tmp_path / "s.gpkg"), olds=[OLD])
    assert (report.updated, report.inserted) == (1, 2)
    assert report.details["rehomed"] == {"building": 1, "incident": 2, "urban_village": 1}
    with connect(city) as connection:
        assert homes(connection) == {
            "v": NEW_EAST, "b": NEW_EAST, "i": NEW_WEST, "j": grid_code(3, 3), "unplaced": OLD[:12],
        }  # fmt: skip
        shares = dict(connection.execute("SELECT block_code, share FROM feature_block").fetchall())
        assert shares == pytest.approx({NEW_WEST: 0.1, NEW_EAST: 0.5, grid_code(1, 0): 0.4}, abs=1e-6)
        lineage = connection.execute(
            "SELECT old_code, new_code, kind, round(share::numeric, 3)::float FROM block_lineage ORDER BY new_code"
        ).fetchall()
        assert lineage == [(OLD, NEW_WEST, "split", 0.5), (OLD, NEW_EAST, "split", 0.5)]
        grants = connection.execute("SELECT block_code FROM role_grant ORDER BY block_code").fetchall()
        assert grants == [(WEST,), (NEW_WEST,), (NEW_EAST,)]
        assert connection.execute("SELECT valid_to < 'infinity' FROM block WHERE code = %s", (OLD,)).fetchone() == (
            True,
        )
        assert connection.execute("SELECT count(*) FROM valid_block").fetchone() == (24,)
        # An incident keeps the block it came in; what was recorded says what it said, in the scope of today.
        then = connection.execute("SELECT DISTINCT block_code_then FROM incident WHERE local_id <> 'j'").fetchall()
        assert then == [(OLD,)]
        past = connection.execute(
            "SELECT local_id, block_code, scope_code FROM incident_history ORDER BY local_id"
        ).fetchall()
        assert past == [("i", OLD, NEW_WEST), ("unplaced", OLD, OLD[:12])]
        told = connection.execute("SELECT DISTINCT layer FROM change WHERE block_code = %s", (NEW_EAST,)).fetchall()
        assert {row[0] for row in told} >= {"blocks", "buildings", "urban_villages"}
        check_facts(connection)
        connection.execute("SELECT set_config('search_path', 'as_of, public', true)")
        connection.execute("SELECT set_config('twin.as_of', %s, true)", (before.isoformat(),))
        past_grids = connection.execute(
            "SELECT code FROM valid_block WHERE code LIKE %s ORDER BY 1", (OLD[:12] + "__",)
        ).fetchall()
        assert past_grids == [(OLD[:12] + f"0{n}",) for n in (1, 2, 3, 4)]
        assert connection.execute("SELECT count(*) FROM block_lineage").fetchone() == (0,)
        assert homes(connection)["b"] == OLD


def test_a_renumbering_rewrites_codes_from_the_street_down_and_may_swap_two(city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "swap.csv"
    path.write_text(f"old,new,name\n{WEST},{EAST},原西街道\n{EAST},{WEST},\n", encoding="utf-8")
    report = act(city, Action.RENUMBER, path)
    assert report.inserted == 22
    with connect(city) as connection:
        assert homes(connection)["j"] == WEST + grid_code(3, 3)[9:]
        assert homes(connection)["i"] == EAST + OLD[9:]
        meets = {str(row[0]) for row in connection.execute("SELECT block_code FROM feature_block")}
        assert meets == {EAST + OLD[9:], EAST + grid_code(1, 0)[9:]}
        assert connection.execute("SELECT name FROM valid_block WHERE code = %s", (EAST,)).fetchone() == ("原西街道",)
        assert {str(row[0]) for row in connection.execute("SELECT block_code FROM role_grant")} == {
            EAST,
            EAST + OLD[9:],
        }
        past = {str(row[0]) for row in connection.execute("SELECT scope_code FROM incident_history")}
        assert past == {EAST + OLD[9:], WEST + grid_code(3, 3)[9:]}
        assert connection.execute("SELECT count(*), min(share) FROM block_lineage").fetchone() == (22, 1.0)
        check_facts(connection)


def test_a_merge_takes_the_union_and_says_whose_grant_it_widens(city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "merge.toml"
    path.write_text(f'[[change]]\nold = ["{OLD}", "{grid_code(1, 0)}"]\nnew = "{NEW_WEST}"\nname = "合并网格"\n')
    report = act(city, Action.MERGE, path)
    assert (report.updated, report.inserted) == (2, 1)
    assert any("reach further" in problem.what.en for problem in report.problems)
    with connect(city) as connection:
        assert homes(connection)["v"] == homes(connection)["unplaced"] == NEW_WEST
        assert connection.execute("SELECT count(*) FROM feature_block").fetchone() == (0,)
        row = connection.execute(
            "SELECT name, ST_AsBinary(geometry) FROM valid_block WHERE code = %s", (NEW_WEST,)
        ).fetchone()
        assert row is not None and row[0] == "合并网格"
        assert shapely.from_wkb(row[1]).equals(box(0, 0, 2, 1))
        check_facts(connection)
    again = tmp_path / "streets.csv"
    again.write_text(f"old,new\n{WEST},{DISTRICT}009\n{EAST},{DISTRICT}009\n")
    with pytest.raises(RefusedLoadError, match="would share codes") as refused:
        act(city, Action.MERGE, again)
    assert "change file" in refused.value.report.problems[0].fix.en


def test_a_new_version_of_the_tree_is_compared_first_and_loaded_when_confirmed(city: Settings, tmp_path: Path) -> None:
    frame = toy_blocks().set_index("code")
    frame = frame.drop([OLD, grid_code(2, 2), grid_code(3, 2)])
    frame = frame.rename(index={grid_code(3, 3): grid_code(3, 3)[:12] + "21"})
    added = gpd.GeoDataFrame(
        {"name": ["西", "东", "合"]}, index=[NEW_WEST, NEW_EAST, grid_code(2, 2)[:12] + "22"],
        geometry=[box(0, 0, 0.5, 1), box(0.5, 0, 1, 1), box(2, 2, 4, 3)], crs=4490,
    )  # fmt: skip
    new = gpd.GeoDataFrame(pd.concat([frame, added]), geometry="geometry").rename_axis("code").reset_index()
    path = write(tmp_path / "v2.gpkg", new)
    with pytest.raises(RefusedLoadError, match="5 candidates"):
        find_source("blocks").load(city, path, Options())
    found = act(city, Action.COMPARE, path)
    kinds = sorted((pair["kind"], pair["old"]) for pair in found.details["candidates"])
    assert kinds == [
        ("merge", grid_code(2, 2)), ("merge", grid_code(3, 2)), ("renumber", grid_code(3, 3)), ("split", OLD),
        ("split", OLD),
    ]  # fmt: skip
    with pytest.raises(RefusedLoadError, match="--confirm"):
        act(city, Action.UPDATE, path)
    with connect(city) as connection:
        assert connection.execute("SELECT count(*) FROM block_lineage").fetchone() == (0,)
    act(city, Action.UPDATE, path, is_confirmed=True)
    with connect(city) as connection:
        codes = {str(row[0]) for row in connection.execute("SELECT code FROM valid_block")}
        assert codes == set(new["code"])
        assert connection.execute("SELECT count(*) FROM block_lineage").fetchone() == (5,)
        assert homes(connection)["j"] == grid_code(3, 3)[:12] + "21"
        check_facts(connection)


def test_a_change_that_does_not_add_up_is_refused_whole_with_its_reasons(city: Settings, tmp_path: Path) -> None:
    def refusal(action: Action, path: Path, **options: object) -> str:
        with pytest.raises(RefusedLoadError) as refused:
            act(city, action, path, **options)
        return " | ".join([refused.value.text.en] + [problem.what.en for problem in refused.value.report.problems])

    table = tmp_path / "t.csv"
    table.write_text("old,new\n99990100100109,99990100100110\n")
    assert "no such block lives now" in refusal(Action.RENUMBER, table)
    table.write_text(f"old,new\n{OLD},{grid_code(1, 0)}\n")
    assert "another living block has this code" in refusal(Action.RENUMBER, table)
    table.write_text(f"old,new\n{OLD},{OLD}1\n")
    assert "width of no level" in refusal(Action.RENUMBER, table)
    table.write_text(f"old,new\n{OLD},\n")
    assert "row 1 lacks" in refusal(Action.RENUMBER, table)
    table.write_text(f"a,b\n{OLD},1\n")
    assert "no list of changes" in refusal(Action.RENUMBER, table)
    table.write_text(f"old,new\n{OLD},{NEW_WEST}\n{OLD},{NEW_EAST}\n")
    assert "is a split" in refusal(Action.MERGE, table)
    assert "Name the block" in refusal(Action.SPLIT, halves(tmp_path / "h.gpkg"))
    assert "in the future" in refusal(
        Action.SPLIT, tmp_path / "h.gpkg", olds=[OLD], moment=datetime(2999, 1, 1, tzinfo=UTC)
    )
    assert "cannot end" in refusal(
        Action.SPLIT, tmp_path / "h.gpkg", olds=[OLD], moment=datetime(2001, 1, 1, tzinfo=UTC)
    )
    third = gpd.GeoDataFrame(
        {"code": [NEW_WEST, NEW_EAST], "name": ["a", "b"]}, geometry=[box(0, 0, 0.5, 1), box(0.6, 0, 1, 1)], crs=4490
    )
    assert "do not tile" in refusal(Action.SPLIT, write(tmp_path / "gap.gpkg", third), olds=[OLD])
    street = gpd.GeoDataFrame(
        {"code": [WEST, DISTRICT + "003"], "name": ["a", "b"]}, geometry=[box(0, 0, 2, 2), box(0, 2, 2, 4)], crs=4490
    )
    assert "nothing is said to follow it" in refusal(Action.SPLIT, write(tmp_path / "st.gpkg", street), olds=[WEST])
    with connect(city) as connection:
        assert connection.execute("SELECT count(*) FROM block").fetchone() == (23,)
        assert connection.execute("SELECT count(*) FROM block_lineage").fetchone() == (0,)


def test_a_block_may_go_on_with_a_smaller_area_under_its_own_code(city: Settings, tmp_path: Path) -> None:
    act(city, Action.SPLIT, halves(tmp_path / "s.gpkg", (OLD, NEW_EAST)), olds=[OLD])
    with connect(city) as connection:
        lives = connection.execute(
            "SELECT valid_to = 'infinity', round(area) FROM block WHERE code = %s ORDER BY valid_from", (OLD,)
        ).fetchall()
        assert [life[0] for life in lives] == [False, True] and lives[1][1] == pytest.approx(lives[0][1] / 2, abs=1)
        assert homes(connection)["i"] == OLD and homes(connection)["b"] == NEW_EAST
        assert grid_box(0, 0).area == pytest.approx(2 * box(0, 0, 0.5, 1).area)
