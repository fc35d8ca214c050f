# SPDX-License-Identifier: Apache-2.0
"""Rejected rows of files that nobody shaped for us: as they stood, however odd they are, and back again."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyogrio
import pytest

from ingest.readers import returned
from ingest.readers.table import read_cells, read_table
from ingest.readers.wkt import WRITTEN
from ingest.rejected import MOST_ROWS, collect_rejected, recall_options, write_rejected
from ingest.source import Options, find_source
from tests.toy import load_toy
from twin.database import connect
from twin.errors import TwinError
from twin.settings import Settings

_DATA = Path(os.environ.get("TWIN_REAL_DATA", "/nonexistent"))
_FILES = sorted(
    str(path.relative_to(_DATA))
    for folder in ("boundaries", "buildings_pois", "incidents", "pipes", "addresses", "sensors")
    for path in (_DATA / folder).rglob("*")
    if path.suffix in {".shp", ".geojson", ".json", ".csv", ".gpkg", ".topojson", ".txt", ".gml"}
    and path.stat().st_size < 1_000_000
)


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(database_url="postgresql://nobody@127.0.0.1:1/none", data_dir=tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("name", _FILES or [pytest.param("", marks=pytest.mark.skip("TWIN_REAL_DATA is not set"))])
def test_what_is_turned_away_of_any_file_is_in_its_workbook_and_can_be_sent_back(
    offline: Settings, real_data: Path, tmp_path: Path, name: str
) -> None:
    path = real_data / name
    # Of many rows a workbook of the first says the same.
    for kind in ("buildings", "roads", "incidents", "components"):
        try:
            report = find_source(kind).check(offline, path, Options(crs="EPSG:4326"))
        except TwinError:
            continue
        if not report.rejects:
            continue
        workbook = tmp_path / f"{kind}.xlsx"
        rows = write_rejected(path, Options(), report, workbook, workbook.with_suffix(".csv"))
        wanted = sorted({reject.row for reject in report.rejects})[:MOST_ROWS]
        assert list(rows.cells[returned.ROW]) == [str(row) for row in wanted]
        assert len(rows.cells) + rows.left_out == report.rejected
        said = recall_options(workbook, Options())
        assert (said.crs, said.source_id) == (report.crs_declared, report.source_id)
        cells = read_cells(workbook)
        assert len(cells) == len(wanted)
        if path.suffix == ".csv":
            stood = read_table(path).loc[wanted]
            for column in cells.columns:
                if stood[column].str.contains(r"\r|[\x00-\x08\x0b\x0c\x0e-\x1f]").any() or kind == "incidents":
                    continue
                same = cells[column].fillna("").str.strip() == stood[column].fillna("").str.strip().to_numpy()
                assert same.all() or column in (report.mapping or {}).values(), column
        for file in (workbook, workbook.with_suffix(".csv")):
            try:
                again = find_source(kind).check(offline, file, recall_options(file, Options()))
            except TwinError:
                continue  # not one row was right
            assert again.read == again.kept + again.rejected == len(wanted)


def test_doubled_reports_of_boston_are_given_ids_and_all_come_in(
    database: Settings, real_data: Path, tmp_path: Path
) -> None:
    load_toy(database)
    path, workbook = real_data / "incidents" / "boston311" / "boston311-100-20dupes-random.csv", tmp_path / "back.xlsx"
    source = find_source("incidents")
    report = source.load(database, path, Options(crs="EPSG:4326", source_id="boston"))
    assert report.rejected > 0
    write_rejected(path, Options(), report, workbook)
    column = (report.mapping or {})["local_id"]
    table = pyogrio.read_dataframe(workbook, read_geometry=False, FIELD_TYPES="STRING", HEADERS="FORCE")
    table[column] = [f"again-{n}" for n in range(len(table))]
    workbook.unlink()
    pyogrio.write_dataframe(table, workbook, driver="XLSX")
    mended = source.load(database, workbook, recall_options(workbook, Options()))
    assert (mended.rejected, mended.inserted) == (0, report.rejected)
    with connect(database) as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT local_id) FROM incident").fetchone()
    assert row == (report.read, report.read)


def test_of_very_many_orders_a_workbook_has_the_first_and_says_how_many_more(
    offline: Settings, real_data: Path, tmp_path: Path
) -> None:
    table = read_table(real_data / "incidents" / "nyc311" / "nyc311_first600.csv")
    table["Unique Key"] = ""
    path = tmp_path / "many.csv"
    pd.concat([table] * 50).to_csv(path, index=False)
    report = find_source("incidents").check(offline, path, Options(crs="EPSG:4326", mapping="nyc311"))
    assert report.rejected == 30_000
    rows = collect_rejected(path, Options(mapping="nyc311"), report)
    assert (len(rows.cells), rows.left_out) == (MOST_ROWS, 30_000 - MOST_ROWS)
    # Of a hotline's file only what a load reads is in it.
    assert set(rows.cells.columns) - set(returned.LEADING) <= set((report.mapping or {}).values())


def test_shapes_of_the_wrong_kind_go_out_as_text_in_the_files_own_crs(
    offline: Settings, real_data: Path, tmp_path: Path
) -> None:
    path = real_data / "buildings_pois" / "footprints_korea" / "footprint.shp"
    report = find_source("roads").check(offline, path, Options())
    assert report.rejected == report.read > 100
    rows = write_rejected(path, Options(), report, tmp_path / "back.xlsx")
    back = find_source("buildings").check(
        offline, tmp_path / "back.xlsx", recall_options(tmp_path / "back.xlsx", Options())
    )
    there = find_source("buildings").check(offline, path, Options())
    assert (back.read, back.kept) == (there.read, there.kept)
    assert back.extent == pytest.approx(there.extent, abs=1e-9) and rows.cells[WRITTEN].notna().all()
