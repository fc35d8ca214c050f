# SPDX-License-Identifier: Apache-2.0
"""The metric CRS of a district that names none: by where it lies, and always said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info, query_utm_crs_info
from pyproj.enums import PJType

from twin.errors import RefusedError
from twin.text import Text

_NATIONAL: Final = "CGCS2000 / 3-degree Gauss-Kruger CM"
"""The registry's name of the national plane systems whose eastings carry no zone number."""


def choose_metric(extent: Sequence[float]) -> tuple[int, Text]:
    """The EPSG code for areas and lengths within an extent (west, south, east, north; degrees), and why.

    The national 3-degree zone whose area of use has the middle of the extent; else the UTM zone.
    Raises RefusedError where neither reaches (the poles).
    """
    lon, lat = (extent[0] + extent[2]) / 2, (extent[1] + extent[3]) / 2
    middle = AreaOfInterest(lon, lat, lon, lat)
    national = [
        info
        for info in query_crs_info(
            auth_name="EPSG", pj_types=[PJType.PROJECTED_CRS], area_of_interest=middle, contains=True
        )
        if info.name.startswith(_NATIONAL)
    ]
    if national:
        name = national[0].name
        why = Text(f"{name}:数据中心所在的国家 3 度带", f"{name}: the national 3-degree zone of the data's middle")
        return int(national[0].code), why
    zones = query_utm_crs_info(datum_name="WGS 84", area_of_interest=middle, contains=True)
    if zones:
        why = Text(f"{zones[0].name}:数据中心所在的 UTM 带", f"{zones[0].name}: the UTM zone of the data's middle")
        return int(zones[0].code), why
    raise RefusedError(
        Text(
            f"({lon:.3f}, {lat:.3f}) 没有合适的平面坐标系,请用 --metric-crs 指定。",
            f"No plane system is known for ({lon:.3f}, {lat:.3f}); name one with --metric-crs.",
        )
    )
