# SPDX-License-Identifier: Apache-2.0
"""Codes and names of the demo's blocks. Streets carry their real ones; all below is numbered, not named."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.demo.buildings import number_in_grid
from ingest.demo.frame import build_frame
from ingest.demo.outline import DISTRICT_CODE, DISTRICT_NAME, STREETS
from ingest.demo.partition import Partition

_DIGITS = "零一二三四五六七八九"


def chinese_number(number: int) -> str:
    """1 to 99 in Chinese: 一, 十, 十二, 四十."""
    tens, ones = divmod(number, 10)
    if tens == 0:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def english_ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


@dataclass(frozen=True)
class BlockNames:
    """Codes and names of communities and base grids, in the order of the partition."""

    community_codes: tuple[str, ...]
    community_names: tuple[str, ...]
    community_names_en: tuple[str, ...]
    grid_codes: tuple[str, ...]
    grid_names: tuple[str, ...]
    grid_names_en: tuple[str, ...]


def name_blocks(partition: Partition) -> BlockNames:
    """Number communities within their street and base grids within their community."""
    street = [STREETS[index] for index in partition.street_of_community.tolist()]
    serial = number_in_grid(partition.street_of_community).tolist()
    codes = [f"{s.code}{n:03d}" for s, n in zip(street, serial, strict=True)]
    names = [f"{s.name.removesuffix('街道')}第{chinese_number(n)}社区" for s, n in zip(street, serial, strict=True)]
    english = [
        f"{s.name_en.removesuffix(' Subdistrict')} {english_ordinal(n)} Community"
        for s, n in zip(street, serial, strict=True)
    ]
    owner = partition.community_of_grid.tolist()
    grid = number_in_grid(partition.community_of_grid).tolist()
    return BlockNames(
        tuple(codes),
        tuple(names),
        tuple(english),
        tuple(f"{codes[c]}{n:02d}" for c, n in zip(owner, grid, strict=True)),
        tuple(f"{names[c]}第{n}网格" for c, n in zip(owner, grid, strict=True)),
        tuple(f"{english[c]}, grid {n}" for c, n in zip(owner, grid, strict=True)),
    )


def build_blocks(partition: Partition, names: BlockNames) -> gpd.GeoDataFrame:
    """The blocks frame: code, level 1 to 4, parent_code (None for the district), name, name_en, MultiPolygon."""
    communities = [STREETS[index].code for index in partition.street_of_community.tolist()]
    grids = [names.community_codes[index] for index in partition.community_of_grid.tolist()]
    sizes = (1, len(STREETS), len(communities), len(grids))
    columns: dict[str, object] = {
        "code": [DISTRICT_CODE, *(s.code for s in STREETS), *names.community_codes, *names.grid_codes],
        "level": np.repeat([1, 2, 3, 4], sizes),
        "parent_code": pd.Series([None, *([DISTRICT_CODE] * len(STREETS)), *communities, *grids], dtype=object),
        "name": [DISTRICT_NAME[0], *(s.name for s in STREETS), *names.community_names, *names.grid_names],
        "name_en": [
            DISTRICT_NAME[1],
            *(s.name_en for s in STREETS),
            *names.community_names_en,
            *names.grid_names_en,
        ],
    }
    polygons = np.concatenate(
        [np.array([partition.district]), partition.streets, partition.communities, partition.grids]
    )
    frame = build_frame(columns, polygons)
    return frame.set_geometry(_as_multipolygons(frame))


def _as_multipolygons(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    geometry = frame.geometry.to_numpy()
    multi = [g if g.geom_type == "MultiPolygon" else shapely.MultiPolygon([g]) for g in geometry]
    return gpd.GeoSeries(multi, index=frame.index, crs=frame.crs)
