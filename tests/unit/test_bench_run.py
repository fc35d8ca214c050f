# SPDX-License-Identifier: Apache-2.0
"""The benchmarks from end to end at a tiny scale; how fast anything was is nobody's business here."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

import bench.access
import bench.cached_tiles
import bench.items
import bench.load
import bench.profile
import bench.tiles
from twin.cluster import Cluster


def left_behind(cluster: Cluster) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.url("postgres")) as connection:
        return connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'twin_bench_%'").fetchall()


def test_the_load_benchmark_measures_us_and_copy_on_the_same_rows(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = left_behind(cluster)
    bench.load.main(["--scale", "small", "--rounds", "1", "--out", str(tmp_path), "--to-postgis"])
    result = json.loads((tmp_path / "load.json").read_text())
    assert result["facts"]["report"]["kept"] == 2_000
    assert result["facts"]["report"]["repaired"] >= 1
    names = [line["name"] for line in result["comparisons"][0]["lines"]]
    assert names == [bench.load.OURS, bench.load.COPY, bench.load.TO_POSTGIS, bench.load.TO_POSTGIS_OWN]
    for line in result["comparisons"][0]["lines"]:
        assert line["metrics"]["rate"]["median"] > 0
    assert bench.load.COPY in capsys.readouterr().out
    assert left_behind(cluster) == before


def test_the_tile_benchmark_asks_both_servers_for_the_same_tiles(cluster: Cluster, tmp_path: Path) -> None:
    pytest.importorskip("tipg")
    before = left_behind(cluster)
    bench.tiles.main(["--scale", "small", "--rounds", "1", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "tiles.json").read_text())
    assert result["facts"]["tiles"] == 8
    assert [[line["name"] for line in comparison["lines"]] for comparison in result["comparisons"]] == [
        *[[bench.tiles.OURS, bench.tiles.TIPG, bench.tiles.SQL_ALONE]] * 3,
        [bench.tiles.CACHED, bench.tiles.OURS, bench.tiles.TIPG],
    ]
    assert left_behind(cluster) == before


def test_the_profile_benchmark_asks_for_profiles_and_single_blocks(cluster: Cluster, tmp_path: Path) -> None:
    before = left_behind(cluster)
    bench.profile.main(["--scale", "small", "--rounds", "1", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "profile.json").read_text())
    assert [line["name"] for line in result["comparisons"][0]["lines"]] == [
        bench.profile.PROFILE, bench.profile.TENTH, bench.profile.ITEM,
    ]  # fmt: skip
    assert left_behind(cluster) == before


def test_the_item_benchmark_asks_both_servers_for_the_same_pages(cluster: Cluster, tmp_path: Path) -> None:
    pytest.importorskip("tipg")
    before = left_behind(cluster)
    bench.items.main(["--scale", "small", "--rounds", "1", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "items.json").read_text())
    names = [[line["name"] for line in comparison["lines"]] for comparison in result["comparisons"]]
    assert [those[:2] for those in names[:-1]] == [[bench.items.OURS, bench.items.TIPG]] * 5
    assert names[-1][1] == bench.items.FIRST
    assert left_behind(cluster) == before


def test_the_cached_tile_benchmark_measures_whole_answers_and_304s(cluster: Cluster, tmp_path: Path) -> None:
    before = left_behind(cluster)
    bench.cached_tiles.main(["--scale", "small", "--rounds", "1", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "cached_tiles.json").read_text())
    for comparison in result["comparisons"]:
        names = {line["name"] for line in comparison["lines"]}
        assert {bench.cached_tiles.OURS, bench.cached_tiles.BARE} <= names
        assert all(line["metrics"]["rate"]["median"] > 0 for line in comparison["lines"])
    assert left_behind(cluster) == before


def test_the_access_benchmark_shows_the_spatial_index_in_the_plans(cluster: Cluster, tmp_path: Path) -> None:
    before = left_behind(cluster)
    bench.access.main(["--scale", "small", "--rounds", "1", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "access.json").read_text())
    assert len(result["comparisons"]) == len(result["facts"]["plans"]) == 10
    for title, nodes in result["facts"]["plans"].items():
        if "box" in title or "tile" in title:
            assert any("building_geometry_idx" in node for node in nodes), title
    assert left_behind(cluster) == before
