# SPDX-License-Identifier: Apache-2.0
"""Geometry in a table: a column of well-known text, by what such columns are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from twin.text import Text

WRITTEN: Final = "几何/wkt"
"""The column that we write ourselves. What a cell of a spreadsheet cannot hold goes on in `几何/wkt 2`, and so on."""

UNREADABLE: Final = Text("几何文本(WKT)读不懂", "the geometry text (WKT) cannot be read")

_NAMES: Final = (WRITTEN, "wkt", "geometry", "geom", "the_geom", "wkt_geom", "几何")
_CELL: Final = 32_000
"""A cell of a spreadsheet ends at 32,767 characters."""


def find_wkt(columns: Iterable[str]) -> tuple[str, ...]:
    """The columns whose texts, put together, are each row's geometry; none where no column is called so."""
    names = list(columns)
    folded = {name.strip().lower(): name for name in reversed(names)}
    found = next((folded[name] for name in _NAMES if name in folded), None)
    if found is None:
        return ()
    if found != WRITTEN:
        return (found,)
    return (found, *(name for n in range(2, len(names) + 1) if (name := f"{WRITTEN} {n}") in names))


def parse_wkt(table: pd.DataFrame, columns: tuple[str, ...]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """A geometry or None for each row, and which rows have a text that is no geometry. A blank is no geometry."""
    texts = table[columns[0]].fillna("")
    for name in columns[1:]:
        texts = texts + table[name].fillna("")
    texts = texts.str.strip()
    given = texts.ne("").to_numpy(dtype=bool)
    geometry = np.full(len(table), None, dtype=object)
    geometry[given] = shapely.from_wkt(texts[given].to_numpy(dtype=object), on_invalid="ignore")
    return geometry, given & shapely.is_missing(geometry)


def write_wkt(geometry: npt.NDArray[Any]) -> list[str | None]:
    """The shortest text that reads back as the same numbers."""
    return [None if text is None else str(text) for text in shapely.to_wkt(geometry, rounding_precision=-1)]


def split_wkt(texts: list[str | None]) -> dict[str, list[str | None]]:
    """Texts as columns of a spreadsheet, none of which is longer than a cell may be."""
    pieces = [[text[at : at + _CELL] for at in range(0, len(text), _CELL)] if text else [] for text in texts]
    width = max([1, *map(len, pieces)])
    return {
        (WRITTEN if n == 0 else f"{WRITTEN} {n + 1}"): [part[n] if n < len(part) else None for part in pieces]
        for n in range(width)
    }
