# SPDX-License-Identifier: Apache-2.0
"""Storey numbers as people write them."""

from __future__ import annotations

import pandas as pd
import pytest

from ingest.city.fields import NAMES, detect_fields
from ingest.city.houses import read_storey_numbers
from ingest.city.registers import LINKS
from ingest.kind import KINDS


@pytest.mark.parametrize(
    ("written", "number"),
    [("3", 3), ("3F", 3), ("第12层", 12), ("-1", -1), ("B2", -2), ("负1层", -1), ("地下2层", -2), ("4.0", 4),
     ("2楼", 2), ("三", None), ("1-2", None), ("夹层", None), ("", None), ("1.5", None)],
)  # fmt: skip
def test_a_storey_number_is_read_or_left(written: str, number: int | None) -> None:
    found = read_storey_numbers(pd.Series([written], dtype="string")).tolist()
    assert found == [number if number is not None else pd.NA]


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_every_field_that_is_looked_for_has_a_place(kind: str) -> None:
    columns = {column.name for column in KINDS[kind].columns}
    assert set(NAMES[kind]) <= columns | {"x", "y", *LINKS}


def test_the_more_trusted_of_two_names_wins_and_no_name_of_a_person_is_taken() -> None:
    found = detect_fields("units", ["编号", "房屋编码", "House Code", "名称", "姓名", "Residents"])
    assert found.fields == {"local_id": "编号", "code": "House Code", "residents": "Residents"}
