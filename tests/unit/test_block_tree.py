# SPDX-License-Identifier: Apache-2.0
"""Block schemes as data, the rules of codes, and what does not tile: without a database."""

from __future__ import annotations

import itertools
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ingest.blocks.change_file import make_rewrites, read_rewrites
from ingest.blocks.checks import check_codes, find_coverage_issues
from ingest.blocks.compare import find_successions
from ingest.blocks.crs import choose_metric
from ingest.blocks.file import unpad
from ingest.blocks.scheme import read_declaration
from ingest.report import LoadReport
from tests.toy import DISTRICT, EAST, METRIC_SRID, WEST, grid_code, point_in, toy_blocks
from twin.blocks import Scheme
from twin.crs import geometries_to_metric
from twin.errors import DeclarationError, RefusedError

SCHEME = Scheme("governance", (6, 9, 12, 14), METRIC_SRID)

CUTS = st.lists(st.floats(0.05, 0.95), min_size=1, max_size=5, unique=True)


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(*point_in(west, south).coords[0], *point_in(east, north).coords[0])


def area(geometry: object) -> float:
    return float(shapely.area(geometries_to_metric(np.array([geometry]), METRIC_SRID))[0])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("levels = []", "scheme should be"),
        ('scheme = "a"', "levels are missing"),
        ('scheme = "a"\nlevels = [{width = 6}]', "needs width, zh and en"),
        ('scheme = "a"\nlevels = [{width=6,zh="a",en="b"},{width=4,zh="a",en="b"}]', "should grow"),
        ('scheme = "a"\ncolour = 1\nlevels = []', "unknown keys colour"),
        ("scheme =", "malformed"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(DeclarationError, match=reason):
        read_declaration(str(path), METRIC_SRID)


def test_shipped_schemes_are_named_and_a_metric_crs_is_in_metres(tmp_path: Path) -> None:
    assert read_declaration("unit_grid", METRIC_SRID).level_widths == (6, 9, 12, 15)
    assert read_declaration("governance", METRIC_SRID).is_governance
    with pytest.raises(DeclarationError, match="Shipped: governance, unit_grid"):
        read_declaration("hexagons", METRIC_SRID)
    path = tmp_path / "degrees.toml"
    path.write_text('scheme = "a"\nmetric_crs = "EPSG:4326"\nlevels = [{width=6,zh="a",en="b"}]')
    with pytest.raises(RefusedError, match="in metres"):
        read_declaration(str(path), METRIC_SRID)


def test_the_metric_crs_of_a_place_is_the_national_zone_else_the_utm_zone() -> None:
    assert choose_metric((119.5, 30.0, 120.5, 31.0))[0] == METRIC_SRID
    assert choose_metric((13.0, 52.0, 13.5, 52.5))[0] == 32633
    with pytest.raises(RefusedError, match="--metric-crs"):
        choose_metric((0.0, 89.0, 1.0, 90.0))


@given(st.text("0123456789", min_size=6, max_size=14))
def test_a_code_that_is_filled_up_begins_with_the_code_it_stands_for(code: str) -> None:
    taken = unpad(code, SCHEME.level_widths)
    assert code.startswith(taken) and not code[len(taken) :].strip("0")


@given(CUTS)
def test_strips_that_tile_their_parent_have_no_issue_and_a_missing_one_is_the_gap(cuts: list[float]) -> None:
    edges = [0.0, *sorted(cuts), 1.0]
    parent = grid_code(0, 0)[:12]
    strips = {f"{parent}{n + 1:02d}": box(a, 0, b, 1) for n, (a, b) in enumerate(itertools.pairwise(edges))}
    # The parent's border has a vertex wherever its children's have: this is what a tree out of one tool looks like.
    whole = shapely.coverage_union_all(list(strips.values()))
    assert find_coverage_issues({parent: whole, **strips}, SCHEME, [parent]) == []
    lost = max(strips, key=lambda code: strips[code].area)
    (issue,) = find_coverage_issues(
        {parent: whole, **{code: strip for code, strip in strips.items() if code != lost}}, SCHEME, [parent]
    )
    assert issue.kind == "block_gap"
    assert area(issue.geometry) == pytest.approx(area(strips[lost]), rel=1e-6)


@given(CUTS)
def test_the_shares_of_a_split_add_up_and_the_reverse_is_a_merge(cuts: list[float]) -> None:
    edges = [0.0, *(cut for cut in sorted(round(cut, 1) for cut in set(cuts))), 1.0]
    edges = sorted(set(edges))
    old = gpd.GeoDataFrame({"code": [grid_code(0, 0)]}, geometry=[box(0, 0, 1, 1)], crs=4490)
    codes = [f"{grid_code(0, 0)[:12]}{n + 50:02d}" for n in range(len(edges) - 1)]
    strips = [box(a, 0, b, 1) for a, b in itertools.pairwise(edges)]
    new = gpd.GeoDataFrame({"code": codes}, geometry=strips, crs=4490)
    forth = find_successions(old, new, SCHEME)
    kind = "split" if len(codes) > 1 else "renumber"
    assert {pair.kind for pair in forth} == {kind} and [pair.new for pair in forth] == codes
    assert sum(pair.share for pair in forth) == pytest.approx(1)
    back = find_successions(new, old, SCHEME)
    assert {pair.kind for pair in back} == {"merge" if len(codes) > 1 else "renumber"}
    assert all(pair.share == pytest.approx(1) for pair in back)


def test_a_border_that_moves_between_two_blocks_that_stay_is_no_succession() -> None:
    codes = [grid_code(0, 0), grid_code(1, 0)]
    old = gpd.GeoDataFrame({"code": codes}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=4490)
    new = gpd.GeoDataFrame({"code": codes}, geometry=[box(0, 0, 1.3, 1), box(1.3, 0, 2, 1)], crs=4490)
    assert find_successions(old, new, SCHEME) == []


def test_a_renumbered_street_takes_all_below_it_along(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(f"旧编码,新编码\n{WEST},{DISTRICT}017\n", encoding="utf-8")
    known = toy_blocks()
    change = make_rewrites(known, read_rewrites(path), SCHEME, None)
    assert change.ended == frozenset(code for code in known["code"] if code.startswith(WEST))
    assert {pair.new for pair in change.successions} == {f"{DISTRICT}017{code[9:]}" for code in change.ended}
    assert {pair.kind for pair in change.successions} == {"renumber"}


def test_wrong_codes_are_all_listed_with_what_to_do() -> None:
    frame = gpd.GeoDataFrame(
        {"code": [DISTRICT, EAST, EAST, "99990100300", "99-901", WEST + "007001"]},
        geometry=[box(0, 0, 1, 1)] * 6, crs=4490,
    )  # fmt: skip
    report = LoadReport("blocks", "t")
    with pytest.raises(RefusedError, match="4 block codes are wrong"):
        check_codes(frame, SCHEME, report, frozenset())
    told = [problem.what.en for problem in report.problems]
    assert any("occurs twice" in what for what in told) and any("other characters" in what for what in told)
    assert sum("width of no level" in what for what in told) == 2
