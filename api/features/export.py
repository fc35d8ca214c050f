# SPDX-License-Identifier: Apache-2.0
"""Export of a layer's features as a file: what the asker sees, and no more of it.

A file is written to disk batch by batch, from one snapshot of the database, put on record, and then sent: memory does
not grow with it, and no connection waits for a slow client.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Annotated, Any, BinaryIO, Final, NamedTuple
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg import IsolationLevel
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.features.export_files import MEDIA_TYPES as MEDIA_TYPES
from api.features.export_files import Format, GeoJsonWriter, Mark, make_writer
from api.features.export_files import defuse as defuse
from api.features.export_marks import Row, Writer
from api.features.export_rules import Connection, Reach, admit_export, make_mark, record_export
from api.features.export_sheet import MAX_ROWS as SHEET_ROWS
from api.features.filtering import FilterQuery, read_expression, read_filter_query
from api.http.links import vary_url
from api.http.offered_crs import OfferedCrs, storage_crs
from api.http.parameters import encode_cursor, parse_filter, refuse_unknown
from api.pool import fetch_row
from api.services import Services, get_actor, get_services
from layers.conditions import Statement
from layers.filter import Filter
from layers.layer import Layer
from layers.query import count_matched, select_page, select_whole
from twin.access import SET_ACTOR, SET_MOMENT, SET_VALID, Actor, valid_span
from twin.disk import full_told
from twin.errors import InvalidRequestError
from twin.text import Text, negotiate_language

_PAGE: Final = 5_000
"""How many features are in memory at a time."""

_CHUNK: Final = 1 << 20
_AT_ONCE: Final = 2
"""How many exports of one process read at a time; more wait, so that they leave connections to everybody else."""

log = logging.getLogger("twin.api.export")

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["export"])


class Page(NamedTuple):
    """A part of what there is to be had: the most features of it, and the cursor of the page before."""

    limit: int
    after: Sequence[str] | None


_turns: WeakKeyDictionary[Services, asyncio.Semaphore] = WeakKeyDictionary()


@router.get("/collections/{layer_id}/export", summary="A layer's features as a file")
async def export_layer(
    request: Request, actor: Annotated[Actor, Depends(get_actor)],
    services: Annotated[Services, Depends(get_services)],
    layer_id: Annotated[str, Path(description="A layer's id")],
    filter: Annotated[FilterQuery, Depends(read_filter_query)],
    f: Annotated[Format, Query(description="geojson, gpkg, fgb, parquet, csv or xlsx")] = "geojson",
    block: Annotated[str | None, Query(description="features in this block and below it")] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees")] = None,
    ids: Annotated[str | None, Query(description="feature ids with commas")] = None,
    datetime: Annotated[str | None, Query(description="an RFC 3339 instant or interval")] = None,
    as_of: Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded then")] = None,
) -> Response:  # fmt: skip
    """CSV and XLSX have headings and words in the asker's language and a point in each feature; no geometry.

    Large-scale topographic layers go out up to a certain area at a time. Every file is on record under its mark,
    the header `Twin-Export`.
    """
    layer = services.layers.find(layer_id, actor)
    narrowed = parse_filter(services.zone, bbox=bbox, block=block, ids=ids, moment=datetime, as_of=as_of)
    narrowed = replace(narrowed, expression=read_expression(services, actor, layer, filter))
    return await export_features(request, actor, services, layer, narrowed, f)


async def export_features(
    request: Request, actor: Actor, services: Services, layer: Layer, narrowed: Filter, form: Format, *,
    crs: OfferedCrs | None = None, page: Page | None = None,
) -> Response:  # fmt: skip
    """What `narrowed` leaves of the layer as a file, or one page of it.

    Raises InvalidRequestError where it is too much. In `crs`; None: the one it is stored in; GeoJSON is always CRS84
    and whole.
    """
    language = negotiate_language(request.headers.get("accept-language"))
    mark = make_mark(layer, services.zone)
    written = crs or storage_crs(services.settings)
    with full_told(), tempfile.TemporaryDirectory(prefix="twin-export-") as folder:
        path = FilePath(folder) / f"{layer.id}.{form}"
        async with (
            _turns.setdefault(services, asyncio.Semaphore(_AT_ONCE)),
            _as_snapshot(services, actor, layer, narrowed) as connection,
        ):
            reach = await admit_export(connection, actor, services.settings, layer, narrowed)
            following = None
            if page is None:
                count = await _count(connection, services, layer, narrowed, form)
            else:
                statement = select_page(layer, narrowed, 0, limit=page.limit, after=page.after)
                _, found, following = await fetch_row(connection, statement) or ("", 0, None)
                count = min(found, page.limit)
                following = following if found > page.limit else None
            if form == "geojson":
                await _write_geojson(connection, actor, layer, narrowed, path, mark)
            else:
                shown = layer.properties_for(actor.access_class)
                statement = select_whole(
                    layer, narrowed, actor.access_class, shape=written.shape, has_geometry=form not in ("csv", "xlsx"),
                    limit=page.limit if page else None, after=page.after if page else None,
                )  # fmt: skip
                writer = make_writer(path, layer, shown, form, language, mark, written)
                await _write_rows(connection, statement, writer)
        size = path.stat().st_size
        # Open, and then unlinked with its folder: whatever happens to the client, nothing of it stays behind.
        file = path.open("rb")
    try:
        await record_export(services, actor, mark, form, narrowed, reach, rows=count, size=size)
    except BaseException:
        file.close()
        raise
    _log(actor, layer, narrowed, form, mark, reach, count)
    headers = {
        "Content-Disposition": f'attachment; filename="{layer.id}-{mark.id}.{form}"',
        "Content-Length": str(size),
        "Cache-Control": "no-store",
        "Twin-Export": mark.id,
        "Vary": "Accept, Accept-Language, Authorization, Cookie",
    }
    if crs is not None:
        headers["Content-Crs"] = crs.header
    if following is not None:
        headers["Link"] = f'<{vary_url(request, cursor=encode_cursor(following))}>; rel="next"'
    return StreamingResponse(_chunks(file), media_type=MEDIA_TYPES[form], headers=headers)


@asynccontextmanager
async def _as_snapshot(
    services: Services, actor: Actor, layer: Layer, narrowed: Filter
) -> AsyncGenerator[Connection]:  # fmt: skip
    """A transaction of `actor` whose statements all see the same moment, so that the parts fit together."""
    async with services.pool.connection() as connection:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        try:
            async with connection.transaction():
                await connection.execute(SET_ACTOR, actor.settings(services.settings.statement_timeout_ms))
                if narrowed.as_of is not None:
                    await connection.execute(SET_MOMENT, {"moment": narrowed.as_of.isoformat()})
                if layer.kind == "block" and narrowed.interval is not None:
                    await connection.execute(SET_VALID, valid_span(narrowed.interval))
                yield connection
        finally:
            await connection.set_isolation_level(None)


async def _count(connection: Connection, services: Services, layer: Layer, narrowed: Filter, form: Format) -> int:
    """How many features it will be. Raises InvalidRequestError where that is too many."""
    row = await fetch_row(connection, count_matched(layer, narrowed))
    count = int(row[0]) if row else 0
    most = services.settings.export_max_rows
    if form == "xlsx":
        most = min(most, SHEET_ROWS - 1)
    if count > most:
        raise InvalidRequestError(
            Text(
                f"共 {count} 个要素,超过 {most},请用 block、bbox 等缩小范围后分批导出。",
                f"There are {count} features, more than {most}. Narrow the export with block or bbox and fetch it in "
                "parts.",
            ),
            "block",
        )
    return count


async def _write_geojson(
    connection: Connection, actor: Actor, layer: Layer, narrowed: Filter, path: FilePath, mark: Mark
) -> None:
    after: Any = None
    with GeoJsonWriter(path, layer, mark) as collection:
        while True:
            statement = select_page(layer, narrowed, actor.access_class, limit=_PAGE, after=after)
            features, found, last = await fetch_row(connection, statement) or ("", 0, None)
            await run_in_threadpool(collection.write, features)
            if found <= _PAGE or last is None:
                break
            after = str(last).split("|")
        collection.close()


async def _write_rows(connection: Connection, statement: Statement, writer: Writer) -> None:
    """Let the writer, in a thread, draw batch after batch from a server-side cursor."""
    loop = asyncio.get_running_loop()
    failures: list[Exception] = []
    async with connection.cursor(name="export") as cursor:
        await cursor.execute(statement.text, statement.values)

        def draw() -> Generator[Sequence[Row]]:
            try:
                while rows := asyncio.run_coroutine_threadsafe(cursor.fetchmany(_PAGE), loop).result():
                    yield rows
            except Exception as error:
                # On its way through Arrow and GDAL it would become a mere text.
                failures.append(error)
                raise

        try:
            await run_in_threadpool(writer.write, draw())
        except Exception:
            if not failures:
                raise
        if failures:
            raise failures[0]


def _chunks(file: BinaryIO) -> Generator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _log(
    actor: Actor, layer: Layer, narrowed: Filter, form: Format, mark: Mark, reach: Reach, count: int
) -> None:  # fmt: skip
    """Who took how much of what: no value, no search text."""
    log.info(
        "export id=%s layer=%s format=%s rows=%d km2=%.3f class=%d role=%s token=%s scope=%s block=%s as_of=%s",
        mark.id, layer.id, form, count, reach.area, actor.access_class, actor.role, actor.token_id,
        ",".join(actor.block_codes) or "*", narrowed.block or "*", narrowed.as_of or "now",
    )  # fmt: skip
