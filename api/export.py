# SPDX-License-Identifier: Apache-2.0
"""Export of a layer's features as GeoJSON, GeoPackage, CSV or XLSX: what the asker sees, and no more of it."""

from __future__ import annotations

import csv
import io
import logging
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Final, Literal

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.parameters import parse_filter, refuse_unknown
from api.pool import fetch_row
from api.response import GEOJSON
from api.services import Services, get_actor, get_services
from layers.filter import Filter
from layers.layer import Layer, Property
from layers.query import select_page, select_rows
from twin.access import Actor
from twin.errors import InvalidRequestError
from twin.model.table import STORAGE_SRID
from twin.text import Language, Text, negotiate_language

Format = Literal["geojson", "gpkg", "csv", "xlsx"]

MAX_ROWS: Final = 100_000
"""The most features of one export; a larger one is asked for block by block."""

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "geojson": GEOJSON,
    "gpkg": "application/geopackage+sqlite3",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

log = logging.getLogger("twin.api.export")

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["export"])


@router.get("/collections/{layer_id}/export", summary="A layer's features as a file")
async def export_layer(
    request: Request, actor: Annotated[Actor, Depends(get_actor)],
    services: Annotated[Services, Depends(get_services)],
    layer_id: Annotated[str, Path(description="A layer's id")],
    f: Annotated[Format, Query(description="geojson, gpkg, csv or xlsx")] = "geojson",
    block: Annotated[str | None, Query(description="features in this block and below it")] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees")] = None,
    ids: Annotated[str | None, Query(description="feature ids with commas")] = None,
    datetime: Annotated[str | None, Query(description="an RFC 3339 instant or interval")] = None,
    as_of: Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded then")] = None,
) -> Response:  # fmt: skip
    """CSV and XLSX have headings and words in the asker's language and a point in each feature; no geometry."""
    layer = services.layers.find(layer_id, actor)
    narrowed = parse_filter(services.zone, bbox=bbox, block=block, ids=ids, moment=datetime, as_of=as_of)
    return await export_features(request, actor, services, layer, narrowed, f)


async def export_features(
    request: Request, actor: Actor, services: Services, layer: Layer, narrowed: Filter, form: Format
) -> Response:
    """What `narrowed` leaves of the layer as a file. Raises InvalidRequestError where that is too much."""
    language = negotiate_language(request.headers.get("accept-language"))
    if form == "geojson":
        async with services.as_actor(actor, narrowed.as_of) as connection:
            row = await fetch_row(connection, select_page(layer, narrowed, actor.access_class, limit=MAX_ROWS))
        features, count, _ = row or ("", 0, None)
        body = f'{{"type":"FeatureCollection","name":"{layer.id}","features":[{features}]}}'.encode()
    else:
        statement = select_rows(
            layer, narrowed, actor.access_class, limit=MAX_ROWS + 1, with_geometry=form == "gpkg"
        )  # fmt: skip
        async with services.as_actor(actor, narrowed.as_of) as connection:
            rows = await (await connection.execute(statement.text, statement.values)).fetchall()
        count = len(rows)
        body = b""
        if count <= MAX_ROWS:
            body = await run_in_threadpool(
                make_file, layer, layer.properties_for(actor.access_class), rows, form, language
            )
    if count > MAX_ROWS:
        raise InvalidRequestError(
            Text(
                f"超过 {MAX_ROWS} 个要素,请用 block、bbox 等缩小范围后分批导出。",
                f"There are more than {MAX_ROWS} features. Narrow the export with block or bbox and fetch it in parts.",
            ),
            "block",
        )
    # Who took how much of what: no value, no search text.
    log.info(
        "export layer=%s format=%s rows=%d class=%d role=%s token=%s scope=%s block=%s as_of=%s",
        layer.id, form, count, actor.access_class, actor.role, actor.token_id,
        ",".join(actor.block_codes) or "*", narrowed.block or "*", narrowed.as_of or "now",
    )  # fmt: skip
    headers = {
        "Content-Disposition": f'attachment; filename="{layer.id}.{form}"',
        "Cache-Control": "no-store",
        "Vary": "Accept-Language, Authorization, Cookie",
    }
    return Response(body, media_type=MEDIA_TYPES[form], headers=headers)


def make_file(
    layer: Layer, shown: Sequence[Property], rows: Sequence[Sequence[Any]], form: Format, language: Language
) -> bytes:
    """The bytes of a file of `select_rows` rows: GeoPackage under our names, tables under people's words."""
    if form == "csv":
        return _make_csv(shown, rows, language)
    names = ["id", *(p.name for p in shown)] if form == "gpkg" else list(_headings(shown, language))
    columns: dict[str, pd.Series[Any]] = {}
    if form == "gpkg":
        columns["id"] = pd.Series([row[0] for row in rows], dtype="Int64")
        for at, declared in enumerate(shown, start=2):
            columns[declared.name] = _series([row[at] for row in rows], declared)
    else:
        table = [_as_cells(row, shown, language) for row in rows]
        types = [None, *shown, None, None]
        for at, (name, declared) in enumerate(zip(names, types, strict=True)):
            values = [cells[at] for cells in table]
            is_word = declared is None or declared.values is None
            columns[name] = (
                pd.Series(values, dtype="Int64" if at == 0 else "float64") if declared is None
                else _series(values, declared) if is_word and declared.type != "datetime"
                else pd.Series(values, dtype=object)
            )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="twin-export-") as folder:
        path = FilePath(folder) / f"{layer.id}.{form}"
        if form == "gpkg":
            geometry = shapely.from_wkb([None if row[1] is None else bytes(row[1]) for row in rows])
            frame: pd.DataFrame = gpd.GeoDataFrame(columns, geometry=geometry, crs=STORAGE_SRID)
            pyogrio.write_dataframe(frame, path, layer=layer.id, driver="GPKG", geometry_type="Unknown")
        else:
            frame = pd.DataFrame(columns)
            pyogrio.write_dataframe(frame, path, layer=layer.title.in_language(language), driver="XLSX")
        return path.read_bytes()


def defuse(value: object) -> object:
    """A text that a spreadsheet would run as a formula, so that it shows it instead.

    >>> defuse("=HYPERLINK(1)"), defuse("园区"), defuse(-3)
    ("'=HYPERLINK(1)", '园区', -3)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _make_csv(shown: Sequence[Property], rows: Sequence[Sequence[Any]], language: Language) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_headings(shown, language))
    writer.writerows(_as_cells(row, shown, language) for row in rows)
    # Excel takes a file without the mark for one in the machine's own code page.
    return text.getvalue().encode("utf-8-sig")


def _headings(shown: Sequence[Property], language: Language) -> list[str]:
    names = ["id"]
    for declared in shown:
        title = declared.title.in_language(language)
        heading = f"{title} ({declared.unit})" if declared.unit else title
        names.append(heading if heading not in names else declared.name)
    return [*names, *Text("经度|纬度", "longitude|latitude").in_language(language).split("|")]


def _as_cells(row: Sequence[Any], shown: Sequence[Property], language: Language) -> list[Any]:
    longitude, latitude = row[1] or (None, None)
    cells = [row[0]]
    for declared, value in zip(shown, row[2:], strict=True):
        word = declared.values.get(str(value)) if declared.values and value is not None else None
        if word is not None:
            cells.append(word.in_language(language))
        elif isinstance(value, datetime):
            cells.append(value.isoformat(sep=" ", timespec="seconds"))
        elif isinstance(value, date):
            cells.append(value.isoformat())
        else:
            cells.append(defuse(value))
    return [*cells, _round(longitude), _round(latitude)]


def _round(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, 7)


def _series(values: Sequence[Any], declared: Property) -> pd.Series[Any]:
    if declared.type == "integer":
        return pd.Series(values, dtype="Int64")
    if declared.type == "number":
        return pd.Series(values, dtype="float64")
    if declared.type == "boolean":
        return pd.Series(values, dtype="boolean")
    texts = [None if value is None else value if isinstance(value, str) else str(value) for value in values]
    return pd.Series(texts, dtype=object)
