# SPDX-License-Identifier: Apache-2.0
"""What CRS real files are in, by measured fit; each is confirmed by more than one reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest

from ingest.crs.reference import check_with_crs
from ingest.source import Options, RefusedLoadError, find_source
from twin.crs import parse_crs, to_storage
from twin.settings import Settings

DISTRICTS = "boundaries/shenzhen_districts_wgs84/sz.json"
ZONES = "boundaries/shenzhen_taz_3857/SZ_districts.shp"
STATIONS = "buildings_pois/shenzhen_ev_stations/stations.csv"
STOPS = "buildings_pois/shenzhen_bus_lines/busline.csv"


def detected(kind: str, path: Path, reference: str | None, **options: Any) -> list[dict[str, Any]]:
    nowhere = Settings(database_url="postgresql://nobody@127.0.0.1:1/none")
    try:
        return check_with_crs(find_source(kind), nowhere, path, Options(**options), reference).crs_detected
    except RefusedLoadError as refusal:
        return refusal.report.crs_detected


@pytest.mark.parametrize("reference", [DISTRICTS, ZONES, f"{STOPS}@BD-09"])
def test_charging_stations_are_in_gcj02_by_every_reference(real_data: Path, reference: str) -> None:
    rows = detected("points", real_data / STATIONS, str(real_data / reference))
    assert rows[0]["crs"] == "GCJ-02"
    assert all(row["is_separable"] for row in rows[1:])


@pytest.mark.parametrize("reference", [DISTRICTS, ZONES])
def test_bus_stops_are_in_bd09(real_data: Path, reference: str, tmp_path: Path) -> None:
    # The lines' own file has no kind, but its stops are a table of pairs like any other.
    from ingest.crs.places import read_places
    from ingest.crs.reference import read_reference
    from twin.crs_candidates import list_candidates
    from twin.crs_fit import rank_candidates, search_area

    stops = read_places(real_data / STOPS).geometry
    known = read_reference(Settings(data_dir=tmp_path), str(real_data / reference))
    xy = np.array([[stop.geoms[0].x, stop.geoms[0].y] for stop in stops[:200]])
    ranking = rank_candidates(stops, list_candidates(xy, search_area(known)), known)
    assert ranking.fits[0].candidate.name == "BD-09" and all(fit.is_separable for fit in ranking.fits[1:])


def test_traffic_zones_are_measured_to_be_in_web_mercator_as_they_say(real_data: Path) -> None:
    rows = detected("parks", real_data / ZONES, str(real_data / DISTRICTS))
    assert rows[0]["crs"] == "EPSG:3857" and rows[0]["distance"] < 100
    assert rows[1]["crs"] == "GCJ-02/EPSG:3857" and rows[1]["distance"] > 200 and rows[1]["is_separable"]
    # Each zone also carries the longitude and latitude of its centroid: the same place to a few metres.
    zones = pyogrio.read_dataframe(real_data / ZONES)
    centroid = zones.geometry.centroid
    lonlat = to_storage(parse_crs("EPSG:3857"), np.column_stack([centroid.x, centroid.y]))
    assert np.median(np.abs(lonlat - zones[["X", "Y"]].to_numpy())) < 2e-5


def test_districts_without_a_prj_are_wgs84(real_data: Path) -> None:
    shapefile = real_data / "boundaries/shenzhen_districts_wgs84/shp/sz.shp"
    rows = detected("parks", shapefile, str(real_data / ZONES))
    assert rows[0]["crs"] == "EPSG:4326" and "EPSG:4490" in rows[0]["same_as"]
    assert all(row["is_separable"] for row in rows[1:])
    alone = detected("parks", shapefile, None)
    assert {row["crs"] for row in alone} >= {"EPSG:4326", "GCJ-02", "BD-09"}
    assert not any(row["is_separable"] for row in alone)
