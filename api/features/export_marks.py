# SPDX-License-Identifier: Apache-2.0
"""What all files of an export have in common: forms, marks, and the shape of a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from api.http.response import GEOJSON

Format = Literal["geojson", "gpkg", "csv", "xlsx", "fgb", "parquet"]

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "geojson": GEOJSON,
    "gpkg": "application/geopackage+sqlite3",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "fgb": "application/flatgeobuf",
    "parquet": "application/vnd.apache.parquet",
}

Row = Sequence[Any]
"""Of `select_whole`: id, place, properties."""


@dataclass(frozen=True)
class Mark:
    """What a file says of itself: the id under which its export is on record, when, of what, and its label."""

    id: str
    at: datetime
    layer: str
    secrecy_label: str

    def as_dict(self) -> dict[str, str]:
        """For a file's metadata."""
        return {
            "id": self.id, "at": self.at.isoformat(timespec="seconds"), "layer": self.layer,
            "secrecy_label": self.secrecy_label,
        }  # fmt: skip


class Writer(Protocol):
    """Writes one file; it runs in a thread of its own."""

    def write(self, batches: Iterable[Sequence[Row]]) -> None:
        """Write the whole file, batch by batch."""
        ...
