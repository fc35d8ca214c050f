# SPDX-License-Identifier: Apache-2.0
"""Features as files over HTTP: read back by others' libraries, the same as in GeoJSON, and in little memory."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import multiprocessing
import resource
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import httpx
import psycopg
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from pyproj import CRS

from api.features.export import _write_rows  # pyright: ignore[reportPrivateUsage]
from api.features.export_files import make_writer
from api.features.export_rules import make_mark
from api.features.items import FORMS
from api.http.offered_crs import DEFAULT_CRS
from layers.filter import NO_FILTER
from layers.layer import Layer, Property, Style, Zoom
from layers.query import select_whole
from tests.api.district import GRIDS, WEST
from tests.api.server import City
from tests.api.test_features import walk
from twin.database import database_url
from twin.settings import Settings
from twin.text import Text

LAYERS = ("blocks", "buildings", "incidents", "urban_villages", "roads")
ZONE = "http://www.opengis.net/def/crs/EPSG/0/4547"
EMPTY_BOX = "0,0,1,1"


def fetch(client: httpx.Client, layer: str, form: str, **params: str | int) -> httpx.Response:
    answer = client.get(f"/collections/{layer}/items", params={"f": form, "block": WEST} | params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == FORMS[form]
    assert answer.headers["twin-export"] in answer.headers["content-disposition"]
    return answer


def read_frame(answer: httpx.Response, form: str, folder: Path) -> gpd.GeoDataFrame:
    path = folder / f"read.{form}"
    path.write_bytes(answer.content)
    frame = gpd.read_parquet(path) if form == "parquet" else pyogrio.read_dataframe(path)
    return frame.sort_values("id", ignore_index=True)


@pytest.mark.parametrize("form", ["gpkg", "fgb", "parquet"])
def test_a_file_has_the_ids_shapes_and_values_of_the_geojson(city: City, tmp_path: Path, form: str) -> None:
    with city.client("admin") as admin:
        for layer in LAYERS:
            features = sorted(walk(admin, f"/collections/{layer}/items?block={WEST}&limit=7"), key=lambda f: f["id"])
            frame = read_frame(fetch(admin, layer, form), form, tmp_path)
            assert list(frame["id"]) == [f["id"] for f in features], layer
            assert frame.crs is None or frame.crs.to_authority() in (("OGC", "CRS84"), ("EPSG", "4326")), layer
            for shape, feature in zip(frame.geometry, features, strict=True):
                assert shapely.equals_exact(shape, shapely.geometry.shape(feature["geometry"]), tolerance=1e-7)
            if layer == "buildings":
                assert list(frame["name"]) == [f["properties"]["name"] for f in features]
                heights = [f["properties"]["height"] for f in features]
                assert list(frame["height"]) == heights
            if layer == "incidents":
                assert frame["occurred_at"].isna().sum() == 1 and str(frame["occurred_at"].dtype).startswith("datetime")


def test_a_csv_has_the_ids_and_a_point_within_each_feature(city: City) -> None:
    with city.client("admin") as admin:
        by_id = {f["id"]: f for f in walk(admin, f"/collections/urban_villages/items?block={WEST}")}
        text = fetch(admin, "urban_villages", "csv").content.decode("utf-8-sig")
        metres = fetch(admin, "urban_villages", "csv", crs=ZONE).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {int(row["id"]) for row in rows} == set(by_id) and rows
    for row in rows:
        inside = shapely.geometry.shape(by_id[int(row["id"])]["geometry"])
        assert inside.contains(shapely.Point(float(row["longitude"]), float(row["latitude"])))
    (first, *_) = csv.DictReader(io.StringIO(metres))
    assert 400_000 < float(first["easting"]) < 600_000 and 2_400_000 < float(first["northing"]) < 2_600_000


@pytest.mark.parametrize("form", ["gpkg", "fgb", "parquet"])
def test_a_file_in_the_zone_has_eastings_first_and_says_so(city: City, tmp_path: Path, form: str) -> None:
    with city.client("admin") as admin:
        answer = fetch(admin, "urban_villages", form, crs=ZONE)
        frame = read_frame(answer, form, tmp_path)
        (degrees,) = walk(admin, f"/collections/urban_villages/items?block={WEST}")
    assert answer.headers["content-crs"] == f"<{ZONE}>"
    assert frame.crs is not None and frame.crs.to_epsg() == 4547
    back = frame.to_crs(4490).geometry[0]
    assert shapely.hausdorff_distance(back, shapely.geometry.shape(degrees["geometry"])) < 1e-7


def test_a_geoparquet_describes_itself(city: City, tmp_path: Path) -> None:
    with city.client("admin") as admin:
        answer = fetch(admin, "buildings", "parquet")
    file = pq.ParquetFile(io.BytesIO(answer.content))
    told = json.loads(file.metadata.metadata[b"geo"])
    column = told["columns"]["geometry"]
    assert (told["version"], told["primary_column"], column["encoding"]) == ("1.1.0", "geometry", "WKB")
    assert column["geometry_types"] == ["Polygon"]
    assert CRS.from_json_dict(column["crs"]).to_authority() == ("OGC", "CRS84")
    table = file.read()
    shapes = shapely.from_wkb(table["geometry"].to_numpy())
    assert column["bbox"] == pytest.approx(shapely.total_bounds(shapes))
    assert column["covering"] == {"bbox": {side: ["bbox", side] for side in ("xmin", "ymin", "xmax", "ymax")}}
    assert table["bbox"].to_pylist()[0]["xmin"] == pytest.approx(shapely.bounds(shapes[0])[0])
    mark = json.loads(file.metadata.metadata[b"blocktwin:export"])
    assert mark["id"] == answer.headers["twin-export"] and mark["secrecy_label"] == "none"


def test_a_flatgeobuf_carries_its_mark(city: City, tmp_path: Path) -> None:
    with city.client("admin") as admin:
        answer = fetch(admin, "buildings", "fgb")
    assert answer.content.startswith(b"fgb\x03fgb")
    assert answer.headers["twin-export"].encode() in answer.content[:4096]


@pytest.mark.parametrize("form", ["csv", "gpkg", "fgb", "parquet"])
def test_a_file_with_a_limit_is_a_page_with_a_link_to_the_next(city: City, tmp_path: Path, form: str) -> None:
    found: list[int] = []
    with city.client("admin") as admin:
        for layer in ("buildings", "incidents"):
            wanted = {f["id"] for f in walk(admin, f"/collections/{layer}/items?block={WEST}")}
            found.clear()
            answer = fetch(admin, layer, form, limit=4)
            while True:
                if form == "csv":
                    rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
                    found += [int(row["id"]) for row in rows]
                else:
                    found += list(read_frame(answer, form, tmp_path)["id"])
                if "next" not in answer.links:
                    break
                answer = admin.get(answer.links["next"]["url"])
            assert set(found) == wanted and len(found) == len(wanted) == GRIDS // 2 + 1


@pytest.mark.parametrize("form", ["csv", "xlsx", "gpkg", "fgb", "parquet"])
def test_a_file_of_nothing_has_its_columns(city: City, tmp_path: Path, form: str) -> None:
    with city.client("admin") as admin:
        answer = fetch(admin, "buildings", form, bbox=EMPTY_BOX)
    if form in ("gpkg", "fgb", "parquet"):
        frame = read_frame(answer, form, tmp_path)
        assert len(frame) == 0 and {"id", "name", "geometry"} <= set(frame.columns)


def test_files_keep_to_the_rules_of_exports(live_city: City) -> None:
    with live_city.client("admin") as admin:
        for form in ("csv", "gpkg", "fgb", "parquet", "xlsx"):
            refused = admin.get("/collections/buildings/items", params={"f": form})
            assert refused.status_code == 400 and "25 km²" in refused.json()["detail"], form
            fetch(admin, "buildings", form)
        asked = admin.get("/collections/buildings/items", params={"block": WEST}, headers={"Accept": "text/csv"})
        assert asked.headers["content-type"].startswith("text/csv")
        recorded = admin.get("/exports").json()["exports"]
    assert [one["form"] for one in recorded] == ["csv", "xlsx", "parquet", "fgb", "gpkg", "csv"]
    assert {one["rows"] for one in recorded} == {GRIDS // 2 + 1}


def test_what_a_crs_cannot_express_is_an_error_of_the_request(live_city: City) -> None:
    live_city.execute(
        "INSERT INTO incident (source_id, local_id, block_code, geometry) VALUES "
        "('far', 'a quarter of the globe away', '~', ST_SetSRID(ST_Point(23.9, 0.1), 4490))"
    )
    with live_city.client("admin") as admin:
        for form in ("geojson", "fgb"):
            params = {"f": form, "crs": ZONE}
            answer = admin.get("/collections/incidents/items", params=params)
            assert (answer.status_code, answer.json()["parameter"]) == (400, "crs")
            assert admin.get("/collections/incidents/items", params=params | {"block": WEST}).status_code == 200


_MANY = Layer(
    title=Text("点", "Points"), description=Text("生成的点", "Generated points"), kind="incident", geometry="point",
    sql="""
        SELECT n AS id, ST_SetSRID(ST_Point(114 + n * 1e-6, 22.5), 4490) AS geometry, 'name ' || n AS name
        FROM generate_series(1, (SELECT current_setting('many.count')::integer)) AS n
    """,
    properties=(Property(name="name", title=Text("名称", "Name")),), style=Style(),
    zooms=(Zoom(minzoom=0, maxzoom=1),), order=1, complete_from_zoom=0, id="many",
)  # fmt: skip


def _measure_peaks(url: str, told: Connection) -> None:
    """The peak of this process in kB after small files of every form, and after large ones."""

    async def write(count: int, folder: str) -> None:
        mark = make_mark(_MANY, ZoneInfo("UTC"))
        async with await psycopg.AsyncConnection.connect(url) as connection:
            await connection.execute("SELECT set_config('many.count', %s, false)", (str(count),))
            for form in ("gpkg", "fgb", "parquet", "csv"):
                path = Path(folder) / f"{count}.{form}"
                writer = make_writer(path, _MANY, _MANY.properties, form, "en", mark, DEFAULT_CRS)
                statement = select_whole(_MANY, NO_FILTER, 1, has_geometry=form != "csv")
                await _write_rows(connection, statement, writer)

    peaks: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        for count in (10_000, 100_000):
            asyncio.run(write(count, folder))
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        rows = [pyogrio.read_info(Path(folder) / f"100000.{form}")["features"] for form in ("gpkg", "fgb")]
    told.send((peaks, rows))


def test_ten_times_the_rows_take_no_more_memory(database: Settings) -> None:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_measure_peaks, args=(database_url(database), there))
    process.start()
    there.close()
    (small, large), rows = here.recv()
    process.join()
    assert rows == [100_000, 100_000]
    # Kept whole, 90,000 more rows would be some 50 MB; what a file's index has of each is some bytes.
    assert large - small < 25 * 1024, (small, large)
