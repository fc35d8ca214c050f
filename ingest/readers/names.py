# SPDX-License-Identifier: Apache-2.0
"""What files are called that are tables."""

from __future__ import annotations

from typing import Final

SPREADSHEETS: Final = frozenset({".xlsx", ".ods"})
TABLES: Final = SPREADSHEETS | {".csv", ".tsv", ".txt"}
