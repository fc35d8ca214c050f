# SPDX-License-Identifier: Apache-2.0
"""Components and limits of height on their way in: codes checked, and nothing without what makes it one."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from ingest.city.within import read_forms, reject_malformed, tell_rows, text_column, turn_away
from ingest.report import LoadReport
from twin.blocks import BlockIndex
from twin.database import Connection
from twin.text import Text

_ACCURACY = ("A", "B", "C")


def link_components(
    connection: Connection, frame: gpd.GeoDataFrame, report: LoadReport, index: BlockIndex
) -> gpd.GeoDataFrame:
    """Components by their code, whose first digits are a block's; without an id of its own the code is it."""
    form = read_forms(connection).get("component")
    frame = reject_malformed(frame, "code", form, report)
    if "local_id" not in frame.columns and frame["code"].notna().any():
        frame["local_id"] = frame["code"]
    accuracy = text_column(frame, "accuracy_class").str.upper()
    frame = frame.assign(accuracy_class=accuracy)
    wrong = (accuracy.notna() & ~accuracy.isin(_ACCURACY)).to_numpy(dtype=bool)
    frame = turn_away(
        frame, wrong, report, Text("精度等级应为 A、B 或 C", "an accuracy class is A, B or C"), "accuracy_class"
    )
    if form is not None:
        homes = pd.Series(index.home(frame.geometry.to_numpy()), index=frame.index, dtype="string")
        claimed, held = frame["code"].str[: form.within_digits], homes.str[: form.within_digits]
        tell_rows(
            report, frame, (claimed != held).fillna(value=False).to_numpy(dtype=bool),
            Text("编码中的区划与所在位置不符(按位置入块)",
                 "have a code of another block than the one they lie in (put where they lie)"),
            Text("核对编码与坐标", "check codes and coordinates"),
        )  # fmt: skip
    return frame


def link_height_limits(
    _connection: Connection, frame: gpd.GeoDataFrame, report: LoadReport, _index: BlockIndex
) -> gpd.GeoDataFrame:
    """Limits of height: each says how high, and above which vertical datum."""
    for column, reason in (
        ("max_elevation", Text("没有限制高程", "no highest elevation")),
        ("vertical_datum", Text("没有高程基准,限高没有意义", "no vertical datum, so the limit means nothing")),
    ):
        missing = text_column(frame, column).isna().to_numpy(dtype=bool)
        frame = turn_away(frame, missing, report, reason, column)
    return frame
