# SPDX-License-Identifier: Apache-2.0
"""Synthetic legal entities: firms with numbers for names, under a registrar's code that no place has."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ingest.demo.buildings import Traits
from ingest.demo.frame import build_frame
from ingest.demo.structures import Structures
from twin.uscc import add_check_characters

#: Enterprise, registered at 000000: no division has that code, so none of these can be anybody's.
_NOBODYS: Final = "91000000"

#: Divisions of GB/T 4754 with what the demo calls a firm of them, and how often they are, by use of a building.
_DIVISIONS: Final = {
    "C39": "电子制造", "C29": "橡塑制品", "C33": "金属制品", "C38": "电气机械", "F51": "批发", "F52": "零售",
    "G59": "仓储", "H62": "餐饮", "I65": "软件", "J66": "金融", "K70": "物业", "L72": "商务服务", "M73": "研发",
    "M74": "技术服务", "O80": "居民服务", "O81": "维修", "P83": "培训", "Q84": "诊所", "R88": "体育", "S95": "社团",
    "E50": "装修",
}  # fmt: skip
_BY_USE: Final[dict[str, dict[str, float]]] = {
    "industrial": {
        "C39": 0.3,
        "C29": 0.12,
        "C33": 0.14,
        "C38": 0.12,
        "F51": 0.1,
        "G59": 0.08,
        "M74": 0.07,
        "I65": 0.07,
    },
    "office": {"I65": 0.24, "L72": 0.22, "M73": 0.1, "M74": 0.12, "F51": 0.14, "J66": 0.06, "K70": 0.06, "E50": 0.06},
    "commercial": {"F52": 0.36, "H62": 0.26, "O80": 0.12, "O81": 0.06, "F51": 0.08, "R88": 0.04, "L72": 0.08},
    "mixed": {"F52": 0.34, "H62": 0.2, "O80": 0.14, "L72": 0.12, "I65": 0.08, "E50": 0.12},
    "residential": {"F52": 0.4, "F51": 0.14, "O80": 0.14, "E50": 0.1, "L72": 0.12, "I65": 0.1},
    "public": {"P83": 0.4, "Q84": 0.25, "S95": 0.35},
}

#: Firms a square metre of floor, by use (relative).
_DENSITY: Final = {
    "industrial": 0.9, "office": 2.2, "commercial": 2.6, "mixed": 1.2, "residential": 0.18, "public": 0.15,
}  # fmt: skip

_TYPES: Final = {"有限责任公司": 0.62, "个体工商户": 0.31, "股份有限公司": 0.03, "分支机构": 0.04}
_STATES: Final = {"active": 0.9, "moved_out": 0.02, "revoked": 0.03, "deregistered": 0.05}


def build_entities(
    structures: Structures, traits: Traits, codes: NDArray[Any], count: int, now: datetime, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """`count` entities in buildings (`codes` names them), where there is floor for them; none younger than `now`."""
    floor = traits.gross_floor_area * np.array([_DENSITY[use] for use in traits.use.tolist()])
    building = np.sort(rng.choice(len(floor), size=count, p=floor / floor.sum()))
    serial = np.arange(1, count + 1)
    industry = np.empty(count, dtype="<U3")
    for use, shares in _BY_USE.items():
        chosen = np.flatnonzero(traits.use[building] == use)
        industry[chosen] = rng.choice(
            list(shares), size=len(chosen), p=np.array(list(shares.values())) / sum(shares.values())
        )
    number = np.char.zfill(serial.astype(str), 7)
    uscc = add_check_characters(np.char.add(_NOBODYS, np.char.add("00", number)))
    trades = pd.Series(industry).map(_DIVISIONS).to_numpy(dtype=str)
    # A day of the last thirty years, more often a late one.
    age = np.floor(rng.beta(1.0, 3.0, count) * 30 * 365).astype("timedelta64[D]")
    born = np.datetime64(now.date(), "D") - np.timedelta64(1, "D") - age
    columns: dict[str, object] = {
        "local_id": uscc,
        "uscc": uscc,
        "name": [f"合成示例企业{n}号({trade})" for n, trade in zip(number.tolist(), trades.tolist(), strict=True)],
        "entity_type": rng.choice(list(_TYPES), count, p=list(_TYPES.values())),
        "industry_code": industry,
        "status": rng.choice(list(_STATES), count, p=list(_STATES.values())),
        "registered_at": pd.Series(pd.to_datetime(born)).dt.tz_localize(now.tzinfo),
        "building_code": codes[building],
    }
    return build_frame(columns, shapely.point_on_surface(structures.footprint)[building])
