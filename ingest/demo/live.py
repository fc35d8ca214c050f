# SPDX-License-Identifier: Apache-2.0
"""Synthetic incidents that keep arriving, so that a wall can be watched; each goes through the pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import shapely

from ingest.demo.incidents import LiveIncident, draw_live_incidents
from ingest.demo.load import SOURCE_ID
from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.report import LoadReport
from twin.blocks import BlockIndex
from twin.crs import parse_crs
from twin.database import Connection, transaction
from twin.errors import SetupError
from twin.model.table import STORAGE_SRID
from twin.settings import Settings
from twin.text import Text


def simulate(
    settings: Settings, *, every_s: float, count: int | None, on_arrival: Callable[[LiveIncident], None]
) -> None:
    """Let an incident arrive every `every_s` seconds, `count` times or until told to stop.

    Raises SetupError where no demo district is loaded: there is nothing to resemble.
    """
    rng = np.random.default_rng()
    with transaction(settings) as connection:
        year = _read_year(connection)
        index = BlockIndex.read(connection)
    arrived = 0
    while count is None or arrived < count:
        for incident in draw_live_incidents(year, 1, rng, datetime.now(UTC)):
            row = {**asdict(incident), "event_scheme": SOURCE_ID}
            frame = gpd.GeoDataFrame([row], geometry="geometry", index=[1])
            with transaction(settings) as connection:
                load_frames(
                    connection,
                    [frame],
                    KINDS["incidents"],
                    parse_crs(f"EPSG:{STORAGE_SRID}"),
                    LoadReport("incidents", SOURCE_ID),
                    actor="simulation",
                    index=index,
                )
            on_arrival(incident)
        arrived += 1
        if count is None or arrived < count:
            time.sleep(every_s)


def _read_year(connection: Connection) -> gpd.GeoDataFrame:
    rows = connection.execute(
        "SELECT event_type, severity, channel, summary, ST_AsBinary(geometry) FROM incident "
        "WHERE source_id = %s AND geometry IS NOT NULL",
        (SOURCE_ID,),
    ).fetchall()
    if not rows:
        raise SetupError(
            Text("没有示范区。请先运行 twin demo。", "There is no demo district. Run `twin demo` first."),
        )
    columns = list(zip(*rows, strict=True))
    frame = dict(zip(("event_type", "severity", "channel", "summary"), columns[:4], strict=True))
    return gpd.GeoDataFrame(frame, geometry=shapely.from_wkb(columns[4]))
