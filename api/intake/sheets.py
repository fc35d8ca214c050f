# SPDX-License-Identifier: Apache-2.0
"""Small lists as files that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio

from api.features.export import defuse


def write_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """UTF-8 with the mark by which Excel tells it from GBK; what would run as a formula is quoted as text."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([defuse(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def write_xlsx(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """One sheet; GDAL writes every text as text, so that nothing in it is a formula."""
    with tempfile.TemporaryDirectory(prefix="twin-sheet-") as folder:
        path = Path(folder) / "sheet.xlsx"
        pyogrio.write_dataframe(pd.DataFrame(list(rows), columns=list(columns)), path, driver="XLSX")
        return path.read_bytes()
