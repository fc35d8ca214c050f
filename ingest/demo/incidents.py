# SPDX-License-Identifier: Apache-2.0
"""A year of invented incidents: rush hours, weekdays and seasons, hot spots, and repeats at one place.

No person occurs in them. Items marked as sensitive are never placed finer than their community.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ingest.demo.event_types import ITEMS, EventItem
from ingest.demo.frame import FloatArray, GeometryArray, IntArray, build_frame, to_metres, to_storage

TIME_ZONE: Final = "Asia/Shanghai"
STATES: Final = ("accepted", "filed", "dispatched", "handling", "feedback", "verifying", "closed")
#: The share of its duration at which an incident leaves each state.
_STATE_ENDS: Final = np.array([0.02, 0.06, 0.15, 0.80, 0.90, 1.0])
#: Middle duration by severity 1 to 4 (hours).
_DURATIONS: Final = np.array([6.0, 20.0, 48.0, 84.0])
_CHANNELS: Final = {"hotline": 0.56, "app": 0.22, "patrol": 0.19, "sensor": 0.03}
_OPENINGS: Final = {
    "hotline": "市民来电反映",
    "app": "市民线上反映",
    "patrol": "巡查发现",
    "sensor": "监测设备提示",
}
_REQUESTS: Final = ("请核实处理", "请现场查看", "希望尽快处理", "请相关单位跟进")
#: Relative frequency of the 24 hours by rhythm.
_HOURS: Final = {
    "day": (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 8, 9, 12, 13, 13, 12, 9, 7, 6, 5, 3, 2),
    "rush": (1, 1, 1, 1, 1, 2, 6, 16, 20, 12, 8, 8, 9, 7, 7, 8, 10, 16, 21, 15, 9, 6, 3, 2),
    "night": (10, 6, 4, 3, 2, 2, 3, 4, 5, 5, 5, 5, 5, 4, 4, 5, 6, 7, 9, 13, 17, 20, 22, 16),
    "flat": (4, 3, 3, 3, 3, 4, 5, 6, 7, 7, 7, 7, 6, 6, 7, 7, 7, 7, 7, 7, 6, 6, 5, 4),
}
_WEEKDAYS: Final = np.array([1.14, 1.08, 1.05, 1.04, 1.06, 0.86, 0.77])


@dataclass(frozen=True)
class Places:
    """Where incidents can happen, in metres: points (n, 2), community index (n,), kind (n,), weight (n,)."""

    xy: FloatArray
    community: IntArray
    kind: NDArray[np.str_]
    weight: FloatArray


def build_incidents(
    places: Places,
    communities: GeometryArray,
    names: Sequence[str],
    count: int,
    now: datetime,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    """The incidents frame: `count` rows of the year that ends at `now` (aware), in order of acceptance.

    `communities` in metres and their `names` serve the sensitive items and the summaries.
    """
    shares = np.array([item.share for item in ITEMS])
    item = rng.choice(len(ITEMS), size=count, p=shares / shares.sum())
    place = _choose_places(places, item, rng)
    end = int(now.timestamp())
    occurred = _draw_times(item, now, rng)
    accepted = np.minimum(occurred + np.round(60 * rng.lognormal(2.4, 0.9, count)).astype(np.int64), end)
    order = np.lexsort((item, occurred, accepted))
    item, place, occurred, accepted = item[order], place[order], occurred[order], accepted[order]
    severity = np.array([entry.severity for entry in ITEMS])[item]
    severity = np.maximum(severity - (rng.random(count) < 0.06), 1)
    state, closed = _follow_states(accepted, severity, end, rng)
    channel = rng.choice(list(_CHANNELS), size=count, p=list(_CHANNELS.values()))
    xy = places.xy[place]
    sensitive = np.array([entry.sensitive for entry in ITEMS])[item]
    middle = shapely.get_coordinates(shapely.point_on_surface(communities))
    xy[sensitive] = middle[places.community[place[sensitive]]]
    accepted_at = _to_timestamps(accepted)
    request = rng.integers(0, len(_REQUESTS), count)
    columns: dict[str, object] = {
        "local_id": _number_incidents(accepted_at),
        "event_type": [ITEMS[index].code for index in item.tolist()],
        "severity": severity,
        "state": [STATES[index] for index in state.tolist()],
        "channel": channel,
        "occurred_at": _to_timestamps(occurred),
        "accepted_at": accepted_at,
        "closed_at": _to_timestamps(closed).where(closed > 0, pd.NaT),
        "summary": [
            summarise(ITEMS[i], str(names[c]), str(way), _REQUESTS[r])
            for i, c, way, r in zip(
                item.tolist(),
                places.community[place].tolist(),
                channel.tolist(),
                request.tolist(),
                strict=True,
            )
        ],
    }
    return build_frame(columns, shapely.points(np.round(xy, 2)))


def summarise(item: EventItem, community: str, channel: str, request: str) -> str:
    """One neutral sentence that says it is synthetic."""
    return f"{_OPENINGS[channel]}：{community}附近{item.name}，{request}。（合成数据）"


def _choose_places(places: Places, item: IntArray, rng: np.random.Generator) -> IntArray:
    """The place of each incident: every item has its own places, some of which come back again and again."""
    chosen = np.zeros(len(item), dtype=np.int64)
    for index, entry in enumerate(ITEMS):
        rows = np.flatnonzero(item == index)
        candidates = np.flatnonzero(places.kind == entry.place)
        if entry.place == "building":
            candidates = np.flatnonzero(places.kind != "road")
        if not len(rows) or not len(candidates):
            continue
        weight = places.weight[candidates]
        pool = rng.choice(candidates, size=max(3, int(0.62 * len(rows))), p=weight / weight.sum())
        returning = rng.pareto(1.7, len(pool)) + 0.25
        chosen[rows] = rng.choice(pool, size=len(rows), p=returning / returning.sum())
    return chosen


def _draw_times(item: IntArray, now: datetime, rng: np.random.Generator) -> IntArray:
    """Seconds since 1970 of each incident within the year before `now`."""
    local = pd.date_range(end=pd.Timestamp(now).tz_convert(TIME_ZONE), periods=365 * 24 + 1, freq="h")[:-1]
    start = np.asarray(local.tz_convert("UTC").tz_localize(None), dtype="datetime64[s]").astype(np.int64)
    hour, weekday, day = np.asarray(local.hour), np.asarray(local.day_of_week), np.asarray(local.day_of_year)
    season = 1 + 0.14 * np.sin(2 * np.pi * (day - 110) / 365.25)
    restless = rng.lognormal(0, 0.10, 367)[day]
    rhythm = np.array([entry.rhythm for entry in ITEMS])[item]
    occurred = np.zeros(len(item), dtype=np.int64)
    for name, hours in _HOURS.items():
        rows = np.flatnonzero(rhythm == name)
        weight = np.array(hours)[hour] * _WEEKDAYS[weekday] * season * restless
        slot = rng.choice(len(local), size=len(rows), p=weight / weight.sum())
        occurred[rows] = start[slot] + rng.integers(0, 3600, len(rows))
    return occurred


def _follow_states(
    accepted: IntArray, severity: IntArray, end: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """The state of each incident at `end` (index into STATES) and when it was closed (seconds, 0 if open)."""
    hours = _DURATIONS[severity - 1] * rng.lognormal(0, 0.65, len(accepted))
    hours[rng.random(len(accepted)) < 0.012] *= 14
    duration = np.round(3600 * hours).astype(np.int64)
    state = np.searchsorted(_STATE_ENDS, (end - accepted) / duration, side="right")
    return state, np.where(state == len(STATES) - 1, accepted + duration, 0)


def _to_timestamps(seconds: IntArray) -> pd.Series:
    utc = pd.to_datetime(pd.Series(seconds), unit="s", utc=True)
    return utc.dt.tz_convert(TIME_ZONE)


def _number_incidents(accepted_at: pd.Series) -> list[str]:
    """Year and serial within the year, in order of acceptance."""
    year = accepted_at.dt.year
    serial = year.groupby(year).cumcount() + 1
    return [f"{y}-{n:06d}" for y, n in zip(year.tolist(), serial.tolist(), strict=True)]


@dataclass(frozen=True)
class LiveIncident:
    """An incident that has just been accepted; the fields are the columns of the incidents frame."""

    local_id: str
    event_type: str
    severity: int
    state: str
    channel: str
    occurred_at: datetime
    accepted_at: datetime
    closed_at: None
    summary: str
    geometry: shapely.Point


def draw_live_incidents(
    incidents: gpd.GeoDataFrame, n: int, rng: np.random.Generator, now: datetime
) -> Iterator[LiveIncident]:
    """`n` incidents accepted at `now`, at or within 8 m of places where the year had one of that type.

    Ids hold the time of acceptance to the millisecond, so a later call never repeats one.
    """
    local = pd.Timestamp(now).tz_convert(TIME_ZONE).to_pydatetime()
    sensitive = [item.code for item in ITEMS if item.sensitive]
    usual = np.flatnonzero(~incidents["event_type"].isin(sensitive).to_numpy())
    rows = incidents.iloc[rng.choice(usual, size=n)]
    milliseconds = int(
        (local - local.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)) / timedelta(milliseconds=1)
    )
    xy = to_metres(shapely.get_coordinates(rows.geometry.to_numpy()))
    moved = rng.random(n) < 0.7
    xy[moved] += rng.uniform(-5.5, 5.5, (int(moved.sum()), 2))
    points = to_storage(shapely.points(np.round(xy, 2)))
    for index, (row, point) in enumerate(zip(rows.itertuples(index=False), points, strict=True)):
        yield LiveIncident(
            local_id=f"{local.year}-L{milliseconds:011d}-{index:03d}",
            event_type=str(row.event_type),
            severity=int(str(row.severity)),
            state="accepted",
            channel=str(row.channel),
            occurred_at=local - timedelta(seconds=int(rng.integers(60, 1500))),
            accepted_at=local,
            closed_at=None,
            summary=str(row.summary),
            geometry=point,
        )
