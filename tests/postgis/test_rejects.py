# SPDX-License-Identifier: Apache-2.0
"""Rejected rows go out as a workbook as they stood, are mended there, and come back the same way."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.readers import returned
from ingest.readers.table import read_cells, read_whole
from ingest.readers.wkt import WRITTEN, find_wkt, parse_wkt, split_wkt, write_wkt
from ingest.rejected import MOST_ROWS, collect_rejected, recall_options, write_rejected
from ingest.report import LoadReport
from ingest.source import Options, find_source
from tests.toy import METRIC_SRID, grid_code, load_toy, point_in
from twin.cluster import Cluster
from twin.command.root import main
from twin.crs import parse_crs
from twin.database import connect, transaction
from twin.errors import InvalidRequestError, RefusedError
from twin.settings import Settings
from twin.uscc import add_check_characters

HOUSE = f"{grid_code(0, 0)}00001"
LONG = 123456789012345678
PHONE = "13800138000"


def area(column: float, row: float) -> shapely.Polygon:
    low, high = point_in(column, row), point_in(column + 0.1, row + 0.1)
    return shapely.box(low.x, low.y, high.x, high.y)


def line(column: float, row: float) -> shapely.LineString:
    return shapely.LineString([point_in(column, row), point_in(column + 0.1, row)])


SHAPES = (point_in, line, area)

NUMBERS = {
    "parks": "land_area", "villages": "rental_units", "buildings": "storeys_above", "roads": "width",
    "parcels": "plot_ratio", "height_limits": "max_elevation",
}  # fmt: skip
"""A column of each kind of features in which a word is no number."""


@pytest.fixture(scope="module")
def city(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One toy city with one building for all of these: each test has sources of its own."""
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    settings = Settings(database_url=cluster.url(name), data_dir=tmp_path_factory.mktemp("data"))
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        try:
            load_toy(settings)
            rows = gpd.GeoDataFrame({"local_id": ["h"], "code": [HOUSE]}, geometry=[area(0.2, 0.2)], index=[1])
            with transaction(settings) as connection:
                load_frames(
                    connection, [rows], KINDS["buildings"], parse_crs("EPSG:4490"), LoadReport("buildings", "city"),
                    actor="test",
                )  # fmt: skip
            yield settings
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def count(settings: Settings, kind: str, source: str) -> tuple[int, int]:
    """The rows of a source, and how many ids they have."""
    query = f"SELECT count(*), count(DISTINCT local_id) FROM {KINDS[kind].table.name} WHERE source_id = %s"
    with connect(settings) as connection:
        row = connection.execute(query.encode(), (source,)).fetchone()
    assert row is not None
    return row[0], row[1]


def load(settings: Settings, kind: str, path: Path, **said: Any) -> tuple[LoadReport, Options]:
    """Load a file as the command and the job do: what it says of itself holds where nothing else is said."""
    options = recall_options(path, Options(**said))
    return find_source(kind).load(settings, path, options), options


def mend(path: Path, cells: dict[int, dict[str, str]]) -> None:
    """What a person does in a spreadsheet: cells by the number of their row below the heading."""
    if path.suffix == ".csv":
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    else:
        table = pyogrio.read_dataframe(path, read_geometry=False, HEADERS="FORCE", FIELD_TYPES="STRING")
    table = table.astype(object)
    for row, values in cells.items():
        for column, value in values.items():
            table.loc[row - 1, column] = value
    if path.suffix == ".csv":
        table.to_csv(path, index=False, encoding="utf-8")
    else:
        path.unlink()
        pyogrio.write_dataframe(table.where(table.notna(), None), path, driver="XLSX", layer="表1")


def write_hostile(path: Path, kind: str) -> dict[str, Any]:
    """Six rows in the metric CRS, one of which may enter; gives what the others' cells have to be."""
    make, wrong = SHAPES[KINDS[kind].dimension], SHAPES[(KINDS[kind].dimension + 1) % 3]
    number = NUMBERS.get(kind, "accuracy_class")
    good = "A" if kind == "components" else "12"
    columns: dict[str, list[Any]] = {
        "local_id": ["a", None, "c", "a", "e", "f"],
        "name": ["甲", "乙\n二", "=1+1", " 丁", "戊", "己"],
        "register_no": ["0012", "0013", "007", "1E5", "0", "00"],
        "long_no": pd.array([LONG, LONG + 1, LONG + 2, None, LONG + 4, LONG + 5], dtype="Int64"),
        "opened": ["2020-01-02", "02/01/2020", None, "2020/1/2", "一月", ""],
        number: [good, good, good, good, "许多", good],
        "vertical_datum": ["1985"] * 6,
    }
    geometry = [make(0.5 + n / 5, 0.5) for n in range(6)]
    geometry[2], geometry[5] = wrong(0.9, 0.5), None
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=4490).to_crs(METRIC_SRID)
    frame.to_file(path)
    shapes = gpd.GeoSeries([make(0.9, 0.5), make(1.5, 0.5)], crs=4490).to_crs(METRIC_SRID)
    return {
        "rejected": 5 if KINDS[kind].is_place_required else 4, "number": number, "good": good,
        "wkt": [shapely.to_wkt(shape, rounding_precision=-1) for shape in shapes],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("parks", "csv"), ("parks", "xlsx"), ("villages", "xlsx"), ("buildings", "xlsx"), ("roads", "xlsx"),
        ("parcels", "csv"), ("height_limits", "xlsx"), ("components", "xlsx"),
    ],
)  # fmt: skip
def test_features_turned_away_for_many_reasons_come_back_mended(
    city: Settings, tmp_path: Path, kind: str, form: str
) -> None:
    source = f"sent_{form}"
    path, workbook = tmp_path / f"{source}.gpkg", tmp_path / f"退回的.{form}"
    hostile = write_hostile(path, kind)
    report, options = load(city, kind, path)
    assert (report.read, report.kept, report.rejected) == (6, 1, 5)
    write_rejected(path, options, report, workbook)
    sent = read_whole(workbook)
    assert list(sent.columns[:3]) == [returned.ROW, returned.FIELD, returned.REASON]
    assert list(sent[returned.ROW]) == ["2", "3", "4", "5", "6"]
    assert set(sent[returned.CRS]) == {f"EPSG:{METRIC_SRID}"} and set(sent[returned.SOURCE]) == {source}
    assert list(sent["register_no"]) == ["0013", "007", "1E5", "0", "00"]
    assert list(sent["long_no"].fillna("")) == [str(LONG + 1), str(LONG + 2), "", str(LONG + 4), str(LONG + 5)]
    assert list(sent["opened"].fillna("")) == ["02/01/2020", "", "2020/1/2", "一月", ""]
    assert list(sent["name"]) == ["乙\n二", "=1+1", " 丁", "戊", "己"]
    assert "没有编号 / no id" in sent[returned.REASON].iloc[0]
    # As it is, it is turned away again for the same reasons, by the rows of the workbook.
    again, _ = load(city, kind, workbook)
    # The one whose id was taken is alone now, and is what it says it is.
    assert {reject.row for reject in again.rejects} == {1, 2, 4, 5} and again.updated == 1
    mend(workbook, {
        1: {"local_id": "b"}, 2: {WRITTEN: hostile["wkt"][0]}, 3: {"local_id": "d"},
        4: {hostile["number"]: hostile["good"]}, 5: {WRITTEN: hostile["wkt"][1]},
    })  # fmt: skip
    mended, _ = load(city, kind, workbook)
    assert (mended.read, mended.kept, mended.rejected, mended.inserted) == (5, 5, 0, 5)
    assert mended.crs_declared == f"EPSG:{METRIC_SRID}" and mended.outside == 0
    assert count(city, kind, source) == (6, 6)
    same, _ = load(city, kind, workbook)
    assert (same.inserted, same.updated, same.unchanged) == (0, 0, 5)


TABLES = {
    "incidents": (
        "工单号,事件类型,受理时间,状态,摘要,经度,纬度,来电人\n"
        "0001,noise,2026-01-02 03:04:05,结案,路灯不亮,120.005,30.005,王\n"
        f",noise,2026-01-02 03:04:05,结案,王先生来电 {PHONE},120.006,30.005,{PHONE}\n"
        f"0003,noise,{PHONE},结案,\"两行\n摘要\",120.007,30.005,王\n"
        "0004,noise,2026-01-02 03:04:05,不明,=1+1,120.008,30.005,王\n"
        "0005,noise,2026-01-02 03:04:05,结案,0012,东经,30.005,王\n",
        {1: {"工单号": "0002"}, 2: {"受理时间": "2026-01-02 03:04:05"}, 3: {"状态": "受理"}, 4: {"经度": "120.009"}},
    ),
    "units": (
        "房屋编码,楼栋编码,楼层,房号,用途,建筑面积,户主\n"
        f"{HOUSE}000001,{HOUSE},1层,0101,住宅,88.5,王\n"
        f"123,{HOUSE},1层,0102,住宅,88.5,王\n"
        f"{HOUSE}000003,{HOUSE},二,0103,住宅,88.5,{PHONE}\n"
        f"{HOUSE}000004,{HOUSE},1,0104,住宅,很大,王\n"
        f"{HOUSE}000005,{HOUSE[:-1]}9,1,0105,住宅,20,王\n",
        {1: {"房屋编码": f"{HOUSE}000002"}, 2: {"楼层": "2"}, 3: {"建筑面积": "90"}, 4: {"楼栋编码": HOUSE}},
    ),
    "storeys": (
        f"编号,楼栋编码,楼层\n01,{HOUSE},1\n02,{HOUSE},\n03,{HOUSE},二\n01,{HOUSE},4\n05,,5\n",
        {1: {"楼层": "2"}, 2: {"楼层": "3"}, 3: {"编号": "04"}, 4: {"楼栋编码": HOUSE}},
    ),
    "entities": (
        "统一社会信用代码,名称,经度,纬度,状态,法定代表人\n"
        "{0},甲公司,120.005,30.005,存续,王\n"
        ",乙公司,120.005,30.005,存续,王\n"
        "91990101MA,丙公司,120.005,30.005,存续,王\n"
        "{3},丁公司,120.005,30.005,糊涂,王\n"
        "{4},戊公司,东,30.005,存续,王\n",
        {1: {"统一社会信用代码": "{1}"}, 2: {"统一社会信用代码": "{2}"}, 3: {"状态": "存续"}, 4: {"经度": "120.006"}},
    ),
}  # fmt: skip
"""Tables of five rows of which the first may enter, and what mends the others."""


@pytest.mark.parametrize(("kind", "form"), [("incidents", "csv"), *((kind, "xlsx") for kind in TABLES)])
def test_rows_of_tables_come_back_mended_without_what_is_about_persons(
    city: Settings, tmp_path: Path, kind: str, form: str
) -> None:
    text, mends = TABLES[kind]
    codes = add_check_characters(np.array([f"91990101MA5000{n:02d}A"[:17] for n in range(5)]))
    path, workbook = tmp_path / f"名单{form}.csv", tmp_path / f"退回.{form}"
    path.write_text(text.format(*codes), encoding="gb18030")
    crs = None if kind in {"units", "storeys"} else "EPSG:4490"
    report, options = load(city, kind, path, crs=crs)
    assert (report.read, report.kept, report.rejected) == (5, 1, 4), report.rejects
    write_rejected(path, options, report, workbook)
    raw = workbook.read_bytes() if form == "csv" else b"".join(_members(workbook))
    assert PHONE.encode() not in raw and "户主".encode() not in raw and "法定代表人".encode() not in raw
    mend(workbook, {row: {c: v.format(*codes) for c, v in cells.items()} for row, cells in mends.items()})
    mended, _ = load(city, kind, workbook)
    assert (mended.read, mended.kept, mended.rejected, mended.inserted) == (4, 4, 0, 4), mended.rejects
    assert count(city, kind, f"名单{form}") == (5, 5)


def _members(path: Path) -> list[bytes]:
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


@pytest.mark.parametrize("kind", ["points", "business", "addresses"])
def test_tables_with_wkt_of_other_kinds_are_read_and_their_wrong_texts_turned_away(
    city: Settings, tmp_path: Path, kind: str
) -> None:
    path, workbook = tmp_path / "places.csv", tmp_path / "back.xlsx"
    good = [point_in(0.5, 0.5).wkt, "POINT (120", point_in(0.7, 0.5).wkt]
    names = ["深圳路1号", "深圳路2号" if kind == "addresses" else "", "深圳路3号"]
    title = "标准地址" if kind == "addresses" else "店名"
    pd.DataFrame({"编号": ["01", "02", "03"], title: names, "WKT": good}).to_csv(path, index=False)
    report, options = load(city, kind, path, crs="EPSG:4490", layer_name=f"小店{kind}" if kind != "addresses" else None)
    assert (report.read, report.kept, report.rejected) == (3, 2, 1)
    write_rejected(path, options, report, workbook)
    mend(workbook, {1: {"WKT": point_in(0.6, 0.5).wkt}})
    mended, _ = load(city, kind, workbook)
    assert (mended.kept, mended.rejected, mended.outside) == (1, 0, 0)
    assert count(city, kind, report.source_id) == (3, 3) and mended.source_id == report.source_id
    with connect(city) as connection:
        table = KINDS[kind].table.name
        rows = connection.execute(f"SELECT attributes FROM {table} WHERE source_id = %s".encode(), (report.source_id,))
        assert not [name for row in rows for name in row[0] if "/" in name]


@pytest.mark.parametrize(("kind", "needs"), [("units", "房屋编码"), ("storeys", "楼层"), ("parcels", "地块编号")])
def test_geometry_as_text_needs_a_declared_crs_and_wrong_text_is_no_place(
    city: Settings, tmp_path: Path, kind: str, needs: str
) -> None:
    path = tmp_path / "list.csv"
    values = [f"{HOUSE}00000{n}" for n in (1, 2)] if kind == "units" else ["1", "2"]
    rows = {"local_id": ["1", "2"], needs: values, "楼栋编码": [HOUSE] * 2, "geom": [area(0.22, 0.22).wkt, "方形"]}
    pd.DataFrame(rows).to_csv(path, index=False)
    with pytest.raises(RefusedError, match="--crs"):
        load(city, kind, path)
    report, _ = load(city, kind, path, crs="EPSG:4490")
    assert (report.read, report.kept, report.rejected) == (2, 1, 1)
    assert report.rejects[0].row == 2 and "WKT" in report.rejects[0].reason.en
    with connect(city) as connection:
        table = KINDS[kind].table.name
        row = connection.execute(
            f"SELECT ST_AsText(geometry), attributes ? 'geom' FROM {table} WHERE source_id = 'list'".encode()
        )
        (found,) = row.fetchall()
    assert shapely.equals(shapely.from_wkt(found[0]), area(0.22, 0.22)) and found[1] is False


def test_a_table_without_geometry_is_refused_with_what_it_needs(city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "parks.csv"
    path.write_text("local_id,name\n1,甲\n")
    with pytest.raises(RefusedError, match="column of WKT"):
        load(city, "parks", path, crs="EPSG:4490")


def test_geometry_longer_than_a_cell_goes_on_in_the_next(city: Settings, tmp_path: Path) -> None:
    path, workbook = tmp_path / "big.geojson", tmp_path / "back.xlsx"
    round_one = shapely.Point(120.015, 30.015).buffer(0.004, quad_segs=800)
    gpd.GeoDataFrame({"local_id": ["0", None]}, geometry=[area(0.5, 0.5), round_one], crs=4490).to_file(path)
    report, options = load(city, "parks", path)
    write_rejected(path, options, report, workbook)
    columns = find_wkt(read_cells(workbook).columns)
    assert len(columns) > 1
    mend(workbook, {1: {"local_id": "1"}})
    mended, _ = load(city, "parks", workbook)
    assert mended.inserted == 1 and count(city, "parks", "big") == (2, 2)
    with connect(city) as connection:
        row = connection.execute(
            "SELECT ST_NPoints(geometry), attributes FROM industrial_park WHERE source_id = 'big' AND local_id = '1'"
        ).fetchone()
    assert row is not None and row[0] == len(round_one.exterior.coords) and row[1] == {}


def test_more_rows_than_a_workbook_holds_are_counted(city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("local_id,event_type,occurred_at,x,y\n" + ",noise,2026-01-01,120,30\n" * (MOST_ROWS + 5))
    report = find_source("incidents").check(city, path, Options(crs="EPSG:4490"))
    rows = collect_rejected(path, Options(), report)
    assert (len(rows.cells), rows.left_out) == (MOST_ROWS, 5)


def test_lists_of_two_files_are_not_mixed_and_are_no_whole_list(city: Settings, tmp_path: Path) -> None:
    path, workbook = tmp_path / "two.gpkg", tmp_path / "back.csv"
    write_hostile(path, "parks")
    report, options = load(city, "parks", path)
    write_rejected(path, options, report, workbook)
    with pytest.raises(RefusedError, match="whole list"):
        recall_options(workbook, Options(update="whole"))
    mend(workbook, {2: {returned.SOURCE: "other"}})
    with pytest.raises(RefusedError, match="several things"):
        recall_options(workbook, Options())
    said = replace(options, crs="GCJ-02")
    mend(workbook, {2: {returned.SOURCE: "two"}})
    assert recall_options(workbook, said).crs == "GCJ-02"
    with pytest.raises(InvalidRequestError):
        write_rejected(path, options, report, tmp_path / "back.ods")
    assert [file.name for file in tmp_path.iterdir() if "part" in file.name] == []


CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), max_size=20)


@given(st.lists(CELLS, min_size=1, max_size=5))
def test_what_is_quoted_for_a_spreadsheet_comes_back_as_it_was(texts: list[str]) -> None:
    quoted = pd.Series([returned.quote_formula(text) for text in texts], dtype="string")
    assert list(returned.unquote_formulas(quoted)) == texts


@given(st.lists(st.one_of(st.none(), st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7))), min_size=1, max_size=5))
def test_coordinates_as_text_are_the_same_numbers(points: list[tuple[float, float] | None]) -> None:
    geometry = np.array([None if point is None else shapely.Point(point) for point in points], dtype=object)
    table = pd.DataFrame(split_wkt(write_wkt(geometry)), dtype="string")
    read, broken = parse_wkt(table, find_wkt(table.columns))
    assert not broken.any()
    assert shapely.equals_exact(geometry, read, 1e-15)[~shapely.is_missing(geometry)].all()
    assert (shapely.is_missing(read) == shapely.is_missing(geometry)).all()


def test_the_command_writes_the_workbook_and_reads_it_back(city: Settings, tmp_path: Path) -> None:
    path, workbook = tmp_path / "told.gpkg", tmp_path / "back.xlsx"
    hostile = write_hostile(path, "parks")
    assert run(city, "check", "parks", path, "--rejects", workbook)["rejected"] == 5
    assert len(read_cells(workbook)) == 5 and count(city, "parks", "told") == (0, 0)
    assert run(city, "ingest", "parks", path, "--rejects", workbook)["kept"] == 1
    mend(workbook, {1: {"local_id": "b"}, 2: {WRITTEN: hostile["wkt"][0]}, 3: {"local_id": "d"}})
    left = tmp_path / "left.csv"
    assert run(city, "ingest", "parks", workbook, "--rejects", left)["inserted"] == 3
    # What is still wrong is in a list of its own, without the columns of the first.
    assert list(read_whole(left).columns).count(returned.REASON) == 1 and len(read_cells(left)) == 2
    mend(left, {1: {hostile["number"]: "5"}, 2: {WRITTEN: hostile["wkt"][1]}})
    assert run(city, "ingest", "parks", left)["inserted"] == 2
    assert count(city, "parks", "told") == (6, 6)


def run(settings: Settings, *words: object) -> dict[str, Any]:
    """The command's JSON report, without the time that a process of its own takes to start."""
    with pytest.MonkeyPatch.context() as patch, io.StringIO() as told, contextlib.redirect_stdout(told):
        patch.setenv("TWIN_DATABASE_URL", str(settings.database_url))
        patch.setenv("TWIN_DATA_DIR", str(settings.data_dir))
        patch.setattr(sys, "argv", ["twin", *map(str, words), "--json"])
        with contextlib.suppress(SystemExit):
            main()
        return json.loads(told.getvalue())
