# SPDX-License-Identifier: Apache-2.0
"""The one load pipeline: declare CRS, reproject, repair, validate, put into blocks, upsert, report.

One transaction a load: nothing half-loaded is ever visible, and an identical second load changes nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import geopandas as gpd

from ingest.kind import Kind
from ingest.load_record import finish_load, start_load
from ingest.prepare import Placed, SeenIds, examine, settle
from ingest.progress import OnProgress, ignore_progress
from ingest.report import LoadReport
from ingest.stage import copy_rows, create_staging, merge
from twin.blocks import BlockIndex
from twin.crs import DeclaredCrs
from twin.database import Connection
from twin.errors import Problem
from twin.text import Text

_PORTION_ROWS = 50_000

_EXAMINERS = 2
"""How many portions are examined at once: GEOS, numpy and Arrow let go of the interpreter while they work."""

_PORTIONS_AHEAD = 3
"""How many portions are examined or wait for it to be their turn, while one more is on its way to the server."""


def check_frames(
    frames: Iterable[gpd.GeoDataFrame],
    kind: Kind,
    declared: DeclaredCrs,
    report: LoadReport,
    index: BlockIndex | None,
) -> LoadReport:
    """What a load would say, with nothing written."""
    started = time.monotonic()
    report.crs_declared = declared.name
    seen = SeenIds()
    with ThreadPoolExecutor(_EXAMINERS) as examiners:
        for frame in frames:
            for placed in _examine_portions(examiners, frame, kind, declared, report, index):
                settle(placed, report, seen)
    _explain(kind, report)
    report.seconds = time.monotonic() - started
    return report


def load_frames(
    connection: Connection,
    frames: Iterable[gpd.GeoDataFrame],
    kind: Kind,
    declared: DeclaredCrs,
    report: LoadReport,
    *,
    actor: str,
    on_progress: OnProgress = ignore_progress,
    index: BlockIndex | None = None,
) -> LoadReport:
    """Load frames (see `prepare` for their shape) within the caller's transaction and keep the report.

    A caller that loads often may bring the `index` of the blocks along.

    Raises RefusedError when the data is refused whole; the caller's transaction then rolls back.
    """
    started = time.monotonic()
    report.crs_declared = declared.name
    on_progress(Text("读取块", "reading blocks"), 0.0)
    index = index or BlockIndex.read(connection)
    report.load_id = start_load(connection, report, actor)
    staging, seen, number = None, SeenIds(), 0
    with ThreadPoolExecutor(1) as copier, ThreadPoolExecutor(_EXAMINERS) as examiners:
        # A frame may be made with the same connection, so nothing is on its way while the next one is asked for.
        for frame in frames:
            copying: Future[None] | None = None
            for placed in _examine_portions(examiners, frame, kind, declared, report, index):
                number += 1
                on_progress(Text(f"检查并入块,第 {number} 批", f"checking and placing, batch {number}"), 0.3)
                kept, meetings = settle(placed, report, seen)
                # The server takes one portion in while the next are looked at here.
                if copying is not None:
                    copying.result()
                staging = staging or create_staging(connection, kind, len(frame))
                copying = copier.submit(
                    copy_rows, connection, staging, kept, meetings, report.source_id, report.load_id
                )
            if copying is not None:
                copying.result()
    on_progress(Text("合并", "merging"), 0.8)
    merge(connection, staging or create_staging(connection, kind), report.source_id, report)
    connection.execute("SELECT fold_facts()")
    _explain(kind, report)
    report.seconds = time.monotonic() - started
    finish_load(connection, report)
    return report


def _examine_portions(
    examiners: ThreadPoolExecutor,
    frame: gpd.GeoDataFrame,
    kind: Kind,
    declared: DeclaredCrs,
    report: LoadReport,
    index: BlockIndex | None,
) -> Iterator[Placed]:
    """The portions of a frame, examined a few ahead; each comes in its turn, and what it says of itself or raises."""
    ahead = deque[tuple[LoadReport, Future[Placed]]]()

    def take_next() -> Placed:
        part, examined = ahead.popleft()
        try:
            return examined.result()
        finally:
            report.add_part(part)

    try:
        for portion in _cut(frame, index):
            if len(ahead) == _PORTIONS_AHEAD:
                yield take_next()
            part = report.begin_part()
            ahead.append((part, examiners.submit(examine, portion, kind, declared, part, index)))
        while ahead:
            yield take_next()
    finally:
        # After an error nobody asks for those that have not begun.
        for _, examined in ahead:
            examined.cancel()


def _cut(frame: gpd.GeoDataFrame, index: BlockIndex | None) -> Iterator[gpd.GeoDataFrame]:
    """The frame in portions; at least one, so that an empty frame is seen as well."""
    if index is not None:
        index.expect(len(frame))
    for start in range(0, max(len(frame), 1), _PORTION_ROWS):
        yield frame.iloc[start : start + _PORTION_ROWS]


def _explain(kind: Kind, report: LoadReport) -> None:
    where = report.file_name or kind.name
    if report.outside:
        report.problems.append(
            Problem(
                where,
                Text(
                    f"{report.outside} 行不在任何块内(已载入)",
                    f"{report.outside} rows lie in no block (loaded)",
                ),
                Text(
                    "核对坐标系与范围;它们只对不限范围的角色可见,不计入任何块",
                    "check CRS and extent; only unscoped roles see them, and no block counts them",
                ),
            )
        )
    if report.unplaced:
        report.problems.append(
            Problem(
                where,
                Text(
                    f"{report.unplaced} 行没有坐标(已载入,未落图)",
                    f"{report.unplaced} rows have no coordinates (loaded)",
                ),
                Text("补充坐标或地址后再次载入", "add coordinates or addresses and load again"),
            )
        )
