# SPDX-License-Identifier: Apache-2.0
"""What a load says of itself: every row accounted for, every refusal with where, what and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.errors import Problem
from twin.text import Text

MOST_PROBLEMS = 50
"""How many problems of one cause a report spells out; the rest are counted."""


@dataclass(frozen=True)
class Reject:
    """A row that was turned away: its number in the file (1 = the first), field and reason; never a value."""

    row: int
    field: str | None
    reason: Text


@dataclass
class LoadReport:
    """The account of one load; `read == kept + rejected` always."""

    kind: str
    source_id: str
    file_name: str | None = None
    sha256: str | None = None
    read: int = 0
    kept: int = 0
    repaired: int = 0
    outside: int | None = 0
    unplaced: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    missing: int | None = None
    """How many rows of the same source are there that the file does not have; None where that was not asked."""
    ended: int = 0
    """How many of those the load ended, as its file was the whole list."""
    spanning: int = 0
    crs_declared: str | None = None
    crs_detected: list[dict[str, Any]] = field(default_factory=list)
    extent: list[float] | None = None
    seconds: float = 0.0
    load_id: int | None = None
    mapping: dict[str, str] | None = None
    ignored_columns: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    model: dict[str, Any] | None = None
    """What only a model's report has: schema, products, storeys, spaces, elements, meshed, georeference."""
    details: dict[str, Any] = field(default_factory=dict[str, Any])
    """What only the reports of this kind have."""
    result: dict[str, Any] | None = None
    """What the load made, for whoever follows its job."""

    @property
    def rejected(self) -> int:
        """How many rows were turned away."""
        return len({reject.row for reject in self.rejects})

    def reject(self, rows: Sequence[int], reason: Text, column: str | None = None) -> None:
        """Turn rows away, all for one reason."""
        self.rejects.extend(Reject(row, column, reason) for row in rows)

    def begin_part(self) -> LoadReport:
        """A report for some of the rows, which may be written elsewhere meanwhile and is added here in their order."""
        return LoadReport(self.kind, self.source_id, self.file_name)

    def add_part(self, part: LoadReport) -> None:
        """Take over what `part` says of its rows, after those of the parts before it."""
        self.read += part.read
        self.kept += part.kept
        self.repaired += part.repaired
        self.unplaced += part.unplaced
        self.spanning += part.spanning
        self.outside = None if part.outside is None else (self.outside or 0) + part.outside
        self.ignored_columns = sorted({*self.ignored_columns, *part.ignored_columns})
        self.rejects += part.rejects
        self.problems += [problem for problem in part.problems if problem not in self.problems]
        if part.extent is not None:
            self.include(part.extent)

    def include(self, lonlat_bounds: Sequence[float]) -> None:
        """Widen the extent (west, south, east, north) by these bounds."""
        west, south, east, north = (float(v) for v in lonlat_bounds)
        if self.extent is None:
            self.extent = [west, south, east, north]
        else:
            e = self.extent
            self.extent = [min(e[0], west), min(e[1], south), max(e[2], east), max(e[3], north)]

    def as_dict(self) -> dict[str, Any]:
        """The JSON report."""
        reasons = Counter((reject.field, reject.reason) for reject in self.rejects)
        report: dict[str, Any] = {
            "kind": self.kind,
            "source_id": self.source_id,
            "file": self.file_name,
            "sha256": self.sha256,
            "read": self.read,
            "kept": self.kept,
            "repaired": self.repaired,
            "rejected": self.rejected,
            "rejected_reasons": [
                {"field": column, "reason": str(reason), "reason_i18n": reason.as_dict(), "rows": count}
                for (column, reason), count in reasons.most_common()
            ],
            "rejected_rows": [
                {"row": reject.row, "field": reject.field, "reason": str(reject.reason)}
                for reject in self.rejects[:MOST_PROBLEMS]
            ],
            "outside": self.outside,
            "unplaced": self.unplaced,
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "missing": self.missing,
            "ended": self.ended,
            "crs_declared": self.crs_declared,
            "crs_detected": self.crs_detected,
            "extent": self.extent,
            "mapping": self.mapping,
            "ignored_columns": self.ignored_columns,
            "seconds": round(self.seconds, 3),
            "load_id": self.load_id,
            "problems": [problem.as_dict() for problem in self.problems],
        }
        return (self.model or {}) | self.details | report
