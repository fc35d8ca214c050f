# SPDX-License-Identifier: Apache-2.0
"""Coarser blocks out of finer ones, where only the finest have boundaries and their codes carry the tree."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.report import LoadReport
from twin.blocks import Scheme
from twin.errors import Problem
from twin.text import Text


def derive_parents(
    frame: gpd.GeoDataFrame, scheme: Scheme, report: LoadReport, known: frozenset[str]
) -> gpd.GeoDataFrame:
    """`frame` and the parents that neither it nor `known` has, each dissolved out of its children.

    A hole between children stays a hole, so that checks of the tiling have nothing to say about a made parent.
    """
    shapes = dict(zip(frame["code"].astype(str), np.asarray(frame.geometry.array), strict=True))
    made: dict[str, shapely.Geometry] = {}
    for width in reversed(scheme.level_widths[:-1]):
        parts: dict[str, list[shapely.Geometry]] = {}
        for code, shape in (shapes | made).items():
            parent = scheme.parent(code)
            if parent is not None and len(parent) == width and parent not in shapes and parent not in known:
                parts.setdefault(parent, []).append(shape)
        for parent, children in parts.items():
            siblings = np.array(children)
            is_coverage = bool(shapely.coverage_is_valid(siblings))
            made[parent] = shapely.coverage_union_all(siblings) if is_coverage else shapely.union_all(siblings)
    report.details["derived"] = sorted(made)
    if not made:
        return frame
    what = Text(
        f"{len(made)} 个上级块由下级合成,不是原始边界",
        f"{len(made)} coarser blocks were made of those below them; they are no boundaries of their own",
    )
    fix = Text("有正式边界时再次载入", "load their own boundaries once there are any")
    report.problems.append(Problem(f"scheme {scheme.scheme}", what, fix))
    derived = gpd.GeoDataFrame({"code": list(made)}, geometry=list(made.values()), crs=frame.crs)
    return gpd.GeoDataFrame(pd.concat([frame, derived], ignore_index=True), geometry="geometry", crs=frame.crs)
