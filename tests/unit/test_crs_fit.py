# SPDX-License-Identifier: Apache-2.0
"""Candidates and measured fit: data made in a known CRS is recognised, and what nothing tells apart is said so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from ingest.crs.declaration import UnsettledCrsError, are_same_place, find_name_contradiction, settle_crs, state_crs
from ingest.crs.places import find_pair, read_places, state_by_heading
from twin.crs import check_coordinates, from_storage, geometries_from_storage, parse_crs, to_storage
from twin.crs_candidates import list_candidates
from twin.crs_fit import OUTSIDE, Ranking, rank_candidates, search_area
from twin.errors import RefusedError


@pytest.fixture(scope="module")
def town() -> npt.NDArray[Any]:
    """150 irregular areas around 114 E, 22.6 N in the storage CRS, deterministic."""
    random = np.random.default_rng(7)
    seeds = random.uniform((113.95, 22.55), (114.1, 22.68), (150, 2))
    whole = shapely.box(113.95, 22.55, 114.1, 22.68)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=whole))
    return shapely.intersection(cells, whole)


def rank(data: npt.NDArray[Any], reference: npt.NDArray[Any]) -> Ranking:
    xy = shapely.get_coordinates(data)
    return rank_candidates(data, list_candidates(xy, search_area(reference)), reference)


@pytest.mark.parametrize(
    "crs", ["EPSG:4326", "GCJ-02", "BD-09", "EPSG:3857", "GCJ-02/EPSG:3857", "EPSG:4547", "EPSG:4526", "EPSG:32650"]
)
def test_areas_are_recognised_by_the_borders_they_share(town: npt.NDArray[Any], crs: str) -> None:
    def wobble(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return xy + 2e-4 * np.sin(1e5 * xy[:, ::-1])  # some 20 m, the same wherever two areas share a corner

    data = geometries_from_storage(parse_crs(crs), shapely.transform(town[:60], wobble))
    ranking = rank(data, town)
    best = ranking.fits[0]
    assert crs in {best.candidate.name, *best.candidate.same_as}
    assert best.distance_m < 60 and ranking.is_telling
    # What is left beside it are other datums in the same projection, nearer than the wobble.
    assert all(fit.is_separable or fit.distance_m < 60 for fit in ranking.fits[1:])
    assert all(fit.is_separable for fit in ranking.fits if fit.candidate.crs.web_map and fit is not best)


def test_points_are_recognised_by_not_lying_in_the_sea(town: npt.NDArray[Any]) -> None:
    random = np.random.default_rng(5)
    lonlat = random.uniform((113.951, 22.551), (114.099, 22.679), (800, 2))
    ranking = rank(np.asarray(shapely.points(from_storage(parse_crs("GCJ-02"), lonlat))), town)
    assert ranking.fits[0].candidate.name == "GCJ-02" and ranking.fits[0].measure == OUTSIDE
    assert ranking.is_telling and ranking.fits[1].is_separable


def test_what_a_reference_cannot_tell_apart_is_said_so(town: npt.NDArray[Any]) -> None:
    random = np.random.default_rng(9)
    inland = random.uniform((114.0, 22.6), (114.05, 22.64), (40, 2))
    ranking = rank(np.asarray(shapely.points(inland)), np.array([shapely.union_all(town)]))
    assert not ranking.is_telling
    assert {fit.candidate.name for fit in ranking.fits if not fit.is_separable} >= {"EPSG:4326", "GCJ-02", "BD-09"}


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4547"])
def test_swapped_axes_are_a_candidate_with_a_name_of_its_own(town: npt.NDArray[Any], crs: str) -> None:
    data = shapely.transform(geometries_from_storage(parse_crs(crs), town), lambda xy: xy[:, ::-1])
    best = rank(data, town).fits[0].candidate
    assert best.is_swapped and best.name.endswith("(y, x)")


def test_systems_that_put_data_in_the_same_place_are_one_candidate() -> None:
    candidates = list_candidates(np.array([[114.0, 22.6], [114.1, 22.7]]), (113.0, 22.0, 115.0, 23.0))
    first = candidates[0]
    assert first.name == "EPSG:4326" and "EPSG:4490" in first.same_as
    assert [candidate.name for candidate in candidates].count("EPSG:4490") == 0


@given(st.floats(74, 134), st.floats(19, 53), st.sampled_from(["GCJ-02", "BD-09", "GCJ-02/EPSG:3857", "EPSG:4490"]))
@settings(deadline=None)
def test_exports_are_the_exact_inverse_of_imports(lon: float, lat: float, crs: str) -> None:
    declared = parse_crs(crs)
    here = np.array([[lon, lat]])
    assert np.abs(to_storage(declared, from_storage(declared, here)) - here).max() < 5e-8  # 5 mm


@pytest.mark.parametrize(
    ("crs", "bounds", "what", "fix"),
    [
        ("EPSG:4526", (487_000, 2_495_000, 488_000, 2_496_000), "those of the data have none", "EPSG:4547"),
        ("EPSG:4547", (20_487_000, 2_495_000, 20_488_000, 2_496_000), "zone number 20", "EPSG:4498"),
        ("EPSG:4526", (39_487_000, 2_495_000, 39_488_000, 2_496_000), "is zone 38", "--crs"),
        ("EPSG:4547", (2_495_000, 487_000, 2_496_000, 488_000), "northing seems to come before", "swap"),
        ("EPSG:4547", (113.8, 22.5, 114.0, 22.7), "look like degrees", "--crs"),
        ("GCJ-02", (-74.0, 40.6, -73.9, 40.8), "outside the area of use", "--crs"),
    ],
)
def test_a_trap_is_called_by_its_name(crs: str, bounds: tuple[float, ...], what: str, fix: str) -> None:
    problem = check_coordinates(parse_crs(crs), (bounds[0], bounds[1], bounds[2], bounds[3]), "file")[0]
    assert what in problem.what.en and fix in problem.fix.en


def test_what_a_file_states_holds_against_a_declaration_unless_forced() -> None:
    stated = parse_crs("EPSG:4326")
    with pytest.raises(UnsettledCrsError):
        settle_crs(stated, "GCJ-02", "file", is_forced=False)
    assert settle_crs(stated, "GCJ-02", "file", is_forced=True).name == "GCJ-02"
    assert settle_crs(stated, "EPSG:4490", "file", is_forced=False).name == "EPSG:4490"
    assert not are_same_place(parse_crs("EPSG:4547"), parse_crs("EPSG:4526"))


def test_geojson_that_states_nothing_yields_to_a_declaration(tmp_path: Path) -> None:
    path = tmp_path / "points.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    stated = state_crs(path, CRS.from_epsg(4326))
    assert stated is not None and stated.is_default
    assert settle_crs(stated, "BD-09", "file", is_forced=False).name == "BD-09"


def test_parameters_hold_where_a_projection_is_named_wrongly() -> None:
    wrong = CRS.from_wkt(CRS.from_epsg(4547).to_wkt().replace("CM 114E", "CM 117E"))
    found = find_name_contradiction(wrong)
    assert found is not None and "117" in found.en and "114" in found.en
    assert find_name_contradiction(CRS.from_epsg(4547)) is None and find_name_contradiction(CRS.from_epsg(4526)) is None


@pytest.mark.parametrize(
    ("columns", "pair"),
    [
        (["名称", "纬度", "经度"], ("经度", "纬度")),
        (["id", "lon", "la"], ("lon", "la")),
        (["经度(GCJ-02)", "纬度(GCJ-02)"], ("经度(GCJ-02)", "纬度(GCJ-02)")),
        (["bd09_lng", "bd09_lat", "wgs84_lng", "wgs84_lat"], ("wgs84_lng", "wgs84_lat")),
        (["Longitude", "name"], None),
    ],
)
def test_columns_of_coordinates_are_found_by_their_headings(columns: list[str], pair: tuple[str, str] | None) -> None:
    assert find_pair(columns) == pair


def test_a_heading_can_state_a_crs() -> None:
    found = [state_by_heading(name) for name in ("经度(GCJ-02)", "bd09_lng", "lon_wgs84", "lon")]
    assert [crs.name if crs else None for crs in found] == ["GCJ-02", "BD-09", "EPSG:4326", None]


def test_coordinates_in_one_column_are_read_as_pairs_or_as_wkt(tmp_path: Path) -> None:
    pairs, wkt, none = tmp_path / "lines.csv", tmp_path / "wkt.csv", tmp_path / "none.csv"
    pairs.write_text("line,stops\nA,\"['114.01,22.6', '114.02,22.61']\"\nB,\"114.03,22.6\"\n", encoding="utf-8")
    wkt.write_text('id,shape\n1,"LINESTRING (114 22.6, 114.1 22.7)"\n', encoding="utf-8")
    none.write_text("id,title\n1,one\n", encoding="utf-8")
    assert shapely.get_num_coordinates(read_places(pairs).geometry).tolist() == [2, 1]
    assert read_places(wkt).geometry[0].geom_type == "LineString"
    with pytest.raises(RefusedError):
        read_places(none)
