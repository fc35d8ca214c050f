# SPDX-License-Identifier: Apache-2.0
"""Columns of somebody's table under our names: by a file, or by what they are called."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ingest.kind import KINDS
from ingest.mapping import Mapping, check_mapping, detect_mapping, read_mapping
from ingest.readers.table import read_table
from ingest.report import LoadReport
from ingest.tabular import frame_from_table
from twin.errors import DeclarationError, RefusedError

WANTED = ("local_id", "x", "y", "event_type", "occurred_at", "state")


def table(**columns: list[str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(columns, dtype="string")
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def convert(rows: pd.DataFrame, mapping: Mapping) -> tuple[pd.DataFrame, LoadReport]:
    report = LoadReport("incidents", "t")
    return frame_from_table(rows, mapping, KINDS["incidents"], "Asia/Shanghai", report), report


def test_columns_are_known_by_their_chinese_and_english_names() -> None:
    found = detect_mapping(["工单编号", "经度", "纬度", "诉求类型", "受理时间", "状态"], WANTED)
    assert found.fields == dict(zip(WANTED, ["工单编号", "经度", "纬度", "诉求类型", "受理时间", "状态"], strict=True))
    assert detect_mapping(["Unique Key", "Longitude"], WANTED).fields == {"local_id": "Unique Key", "x": "Longitude"}


def test_what_cannot_be_told_is_asked_for_and_not_guessed() -> None:
    with pytest.raises(RefusedError, match="no column could be told to be occurred_at"):
        check_mapping(detect_mapping(["id", "type"], WANTED), ["id", "type"], ("local_id", "occurred_at"), "f.csv")


def test_a_mapping_file_that_names_missing_columns_is_refused_with_both_lists() -> None:
    with pytest.raises(RefusedError, match=r"lacks columns that the mapping names: Longitude.*It has: a, b"):
        check_mapping(Mapping({"x": "Longitude"}), ["a", "b"], (), "f.csv")


def test_a_mapping_with_unknown_keys_or_none_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text('colour = 1\n[fields]\nx = "X"\n', encoding="utf-8")
    with pytest.raises(DeclarationError, match="unknown keys: colour"):
        read_mapping(str(path))
    with pytest.raises(DeclarationError, match="Shipped: nyc311"):
        read_mapping("nowhere")


def test_dates_that_read_two_ways_are_refused_and_one_that_decides_settles_it() -> None:
    mapping = Mapping({"local_id": "id", "occurred_at": "at"})
    with pytest.raises(RefusedError, match="can be read in two ways"):
        convert(table(id=["1", "2"], at=["01/02/2022 10:00:00", "03/04/2022 10:00:00"]), mapping)
    frame, _report = convert(table(id=["1", "2"], at=["01/02/2022 10:00:00", "31/01/2022 10:00:00"]), mapping)
    assert frame["occurred_at"].iloc[0] == pd.Timestamp("2022-02-01 02:00:00", tz="UTC")


def test_every_unreadable_time_is_a_rejected_row() -> None:
    mapping = Mapping({"local_id": "id", "occurred_at": "at"})
    _frame, report = convert(table(id=["1", "2", "3"], at=["2022-01-31 10:00:00", "soon", None]), mapping)
    assert [(r.row, r.field) for r in report.rejects] == [(2, "at")]


def test_a_word_that_no_mapping_knows_rejects_its_row() -> None:
    mapping = detect_mapping(["id", "type", "datetime", "state"], WANTED)
    rows = table(id=["1", "2"], type=["a", "a"], datetime=["2022-01-31", "2022-01-31"], state=["Open", "limbo"])
    frame, report = convert(rows, mapping)
    assert frame["state"].iloc[0] == "accepted"
    assert [r.row for r in report.rejects] == [2]


def test_zero_zero_is_no_place_and_words_are_no_coordinates() -> None:
    mapping = Mapping({"local_id": "id", "x": "x", "y": "y"})
    frame, report = convert(table(id=["1", "2", "3"], x=["0", "east", "120"], y=["0", "1", "30"]), mapping)
    assert list(frame.geometry.isna()) == [True, False]
    assert [r.row for r in report.rejects] == [2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_is_read_in_the_encodings_people_have(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("编号;名称\n1;路灯\n".encode(encoding))
    assert read_table(path).to_dict("records") == [{"编号": "1", "名称": "路灯"}]


def test_rows_of_another_width_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3\n", encoding="utf-8")
    with pytest.raises(RefusedError, match="rows 2 do not have"):
        read_table(path)
