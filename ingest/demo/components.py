# SPDX-License-Identifier: Apache-2.0
"""Synthetic components along the roads: lamps, covers, signs, bins and trees at their distances."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.demo.draws import draw_uniform
from ingest.demo.frame import FloatArray, IntArray, build_frame
from ingest.demo.outline import DISTRICT_CODE
from ingest.demo.roads import ROAD_WIDTHS, Borders

#: Distance between two components on one side of a road (m).
_EVERY: Final = 42.0

#: The demo's own list of types, not the standard's: code of class and subclass, name, owner, share.
_TYPES: Final = (
    ("0118", "路灯(示例)", "示例照明管理单位", 0.34),
    ("0102", "污水井盖(示例)", "示例排水管理单位", 0.12),
    ("0103", "雨水井盖(示例)", "示例排水管理单位", 0.12),
    ("0107", "通信井盖(示例)", "示例通信管理单位", 0.07),
    ("0113", "消火栓(示例)", "示例消防管理单位", 0.05),
    ("0203", "交通标志牌(示例)", "示例交通管理单位", 0.08),
    ("0210", "公交站亭(示例)", "示例交通管理单位", 0.02),
    ("0305", "果皮箱(示例)", "示例环卫管理单位", 0.08),
    ("0402", "行道树(示例)", "示例园林管理单位", 0.12),
)


def build_components(
    borders: Borders, district: shapely.Geometry, house: shapely.Point, count: int, seed: int
) -> gpd.GeoDataFrame:
    """The `count` components nearest to the house, all of them where there are fewer; codes are the full set's."""
    xy, road_class = _stand_along(borders)
    inside = shapely.contains_xy(district, xy[:, 0], xy[:, 1])
    xy, road_class = xy[inside], road_class[inside]
    shares = np.array([kind[3] for kind in _TYPES])
    rows = np.arange(len(xy))
    kind = np.searchsorted(np.cumsum(shares) / shares.sum(), draw_uniform(seed, 11, rows))
    serial = pd.Series(kind).groupby(kind).cumcount().to_numpy() + 1
    chosen = np.sort(np.argsort(np.hypot(xy[:, 0] - house.x, xy[:, 1] - house.y), kind="stable")[:count])
    kind, serial = kind[chosen], serial[chosen]
    types = np.array([kind[0] for kind in _TYPES])[kind]
    code = np.char.add(np.char.add(DISTRICT_CODE, types), np.char.zfill(serial.astype(str), 6))
    condition = draw_uniform(seed, 12, chosen)
    columns: dict[str, object] = {
        "local_id": code,
        "code": code,
        "name": np.char.add(np.array([kind[1] for kind in _TYPES])[kind], serial.astype(str)),
        "type_code": types,
        "type_name": np.array([kind[1] for kind in _TYPES])[kind],
        "owner_department": np.array([kind[2] for kind in _TYPES])[kind],
        "accuracy_class": np.where(road_class[chosen] < 2, "A", "B"),
        "condition": np.where(condition < 0.955, "intact", np.where(condition < 0.985, "damaged", "missing")),
    }
    return build_frame(columns, shapely.points(xy[chosen]))


def _stand_along(borders: Borders) -> tuple[FloatArray, IntArray]:
    """Places (m) on both sides of every road, a step beyond its edge, and the class of their road."""
    delta = borders.ends[:, 1] - borders.ends[:, 0]
    length = np.hypot(*delta.T)
    counts = np.floor(length / _EVERY + 0.5).astype(np.int64)
    segment = np.repeat(np.arange(len(length)), counts)
    along = (np.arange(len(segment)) - np.repeat(np.cumsum(counts) - counts, counts) + 0.5) / counts[segment]
    unit = delta / np.maximum(length, 1e-9)[:, None]
    aside = (ROAD_WIDTHS[borders.road_class] / 2 + 1.2)[:, None] * np.column_stack([-unit[:, 1], unit[:, 0]])
    middle = borders.ends[segment, 0] + along[:, None] * delta[segment]
    # Left and right of a road by turns, so that two never face each other.
    side = np.where(np.arange(len(segment)) % 2 == 0, 1.0, -1.0)[:, None]
    return np.round(middle + side * aside[segment], 2), borders.road_class[segment]
