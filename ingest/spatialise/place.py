# SPDX-License-Identifier: Apache-2.0
"""落图入块: rows of any table become features in blocks, by coordinates, code or address; the rest is asked about.

What says most goes first: coordinates, then a code, then an address. A row that none of them places with
confidence becomes a feature without a place and an entry of the review queue; nothing is placed by a guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely

from ingest.readers.wkt import UNREADABLE
from ingest.report import LoadReport
from ingest.spatialise.columns import Columns, join_parts
from ingest.spatialise.read import AnyTable, Points
from ingest.spatialise.shapes import transform_alike, unfold_collections
from twin.address.gazetteer import READ_BLOCKS, READ_NAMES, Gazetteer
from twin.address.match import ACCEPTED, Candidate, Match
from twin.address.matching import match_texts, run_asking
from twin.address.parts import BLOCK_LEVELS, MatchLevel
from twin.address.sql import read_sql
from twin.crs import DeclaredCrs, check_coordinates, geometries_to_storage
from twin.database import Connection
from twin.errors import RefusedError
from twin.personal import scrub_text
from twin.text import Text

UNKNOWN_CODE: Final = Text("没有这个编码,也没有可用的地址", "nothing has this code, and no address helps")
NOT_NUMBER: Final = Text("坐标不是数", "a coordinate is not a number")
NO_PLACE: Final = Text("没有坐标、编码或地址", "neither coordinates nor a code nor an address")

_MATCHED_AT_ONCE: Final = 5_000


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where one row is. `geometry` is in the storage CRS; `home` is for a row that is known to a block alone."""

    match_level: MatchLevel = "failed"
    confidence: float = 0.0
    geometry: shapely.Geometry | None = None
    home: str | None = None
    address_id: int | None = None
    match: Match | None = None
    given: str = ""
    reason: Text | None = None
    candidates: tuple[Candidate, ...] = ()

    @property
    def is_queued(self) -> bool:
        """Whether a person has to decide."""
        return self.reason is not None


@dataclass
class Placements:
    """The placement of every row that has one, by the row's number."""

    by_row: dict[int, Placement] = field(default_factory=dict[int, Placement])

    def keep(self, rows: Iterable[int]) -> Placements:
        """Those of these rows alone: not all that could be placed may enter."""
        return Placements({int(row): self.by_row[int(row)] for row in rows})

    def describe(self) -> dict[str, Any]:
        """For the report: how many rows by match level, and how many wait."""
        levels = Counter(p.match_level for p in self.by_row.values() if not p.is_queued)
        reasons = Counter(p.reason for p in self.by_row.values() if p.reason)
        return {
            "match_levels": dict(levels),
            "queued": sum(reasons.values()),
            "queued_reasons": [
                {"reason": str(reason), "reason_i18n": reason.as_dict(), "rows": count}
                for reason, count in reasons.most_common()
            ],
        }


def read_gazetteer(connection: Connection) -> Gazetteer:
    """The names that addresses are read by, as the owner; whatever is matched next is matched in every block."""
    connection.execute("SELECT set_config('twin.scope', '{(,)}', true), set_config('twin.access_class', '4', true)")
    return Gazetteer.from_rows(connection.execute(READ_BLOCKS).fetchall(), connection.execute(READ_NAMES).fetchall())


def place_rows(
    connection: Connection | None, table: AnyTable, columns: Columns, points: Points, declared: DeclaredCrs | None,
    report: LoadReport,
) -> Placements:  # fmt: skip
    """Place every row of the table; rows without any word of where they are become rejects of the report.

    Without a connection (a check without a database) only coordinates are used, and the others wait.

    Raises RefusedError when the coordinates are impossible in the declared CRS.
    """
    rows = [int(row) for row in table.text.index]
    stored = _to_storage(points, declared, report)
    code_column = columns.fields.get("code")
    codes = list(table.text[code_column].fillna("").str.strip()) if code_column else [""] * len(rows)
    texts = [scrub_text(text) for text in join_parts(table.text, columns)]
    placements = Placements()
    waiting: list[int] = []
    for n, row in enumerate(rows):
        if stored[n] is not None:
            placements.by_row[row] = Placement(match_level="coordinate", confidence=1.0, geometry=stored[n])
        elif codes[n] or texts[n]:
            waiting.append(n)
        else:
            broken = (NOT_NUMBER, "x, y") if columns.has_coordinates else (UNREADABLE, "wkt")
            reason, column = broken if points.is_broken[n] else (NO_PLACE, None)
            report.reject([row], reason, column)
            report.read += 1
    if connection is None:
        for n in waiting:
            placements.by_row[rows[n]] = Placement(given=texts[n] or codes[n], reason=_UNCHECKED)
        return placements
    gazetteer = read_gazetteer(connection)
    by_code = _find_codes(connection, {codes[n] for n in waiting if codes[n]}, gazetteer)
    for n in waiting:
        found = by_code.get(codes[n])
        if found:
            placements.by_row[rows[n]] = found
    left = [n for n in waiting if rows[n] not in placements.by_row]
    for start in range(0, len(left), _MATCHED_AT_ONCE):
        part = left[start : start + _MATCHED_AT_ONCE]
        matches = run_asking(connection, match_texts([texts[n] for n in part], gazetteer))
        for n, match in zip(part, matches, strict=True):
            placements.by_row[rows[n]] = _from_match(match, texts[n] or scrub_text(codes[n]), bool(texts[n]))
    return placements


_UNCHECKED: Final = Text("没有数据库,未核对编码与地址", "without a database codes and addresses are not looked up")


def _to_storage(points: Points, declared: DeclaredCrs | None, report: LoadReport) -> list[Any]:
    placed = ~shapely.is_missing(points.geometry) & ~shapely.is_empty(points.geometry)
    if not placed.any():
        return [None] * len(points.geometry)
    assert declared is not None
    # A geometry that is no number anywhere is for the pipeline to reject, and says nothing of the extent.
    finite = placed & np.isfinite(shapely.bounds(points.geometry)).all(axis=1)
    west, south, east, north = (float(v) for v in shapely.total_bounds(points.geometry[finite]))
    problems = check_coordinates(declared, (west, south, east, north), report.file_name or "") if finite.any() else []
    if problems:
        report.problems.extend(problems)
        raise RefusedError(
            Text(
                f"坐标与声明的坐标系 {declared.name} 不符:{problems[0].what.zh}。{problems[0].fix.zh}。",
                f"The coordinates do not fit the declared {declared.name}: {problems[0].what.en}. "
                f"{problems[0].fix.en}.",
            ),
            problems,
        )
    stored = points.geometry.copy()
    stored[placed] = transform_alike(
        unfold_collections(points.geometry[placed], report), lambda some: geometries_to_storage(declared, some)
    )
    return [geometry if is_placed else None for geometry, is_placed in zip(stored, placed, strict=True)]


_TRUST: Final = {"address": 1, "room": 1, "building": 2, "unit": 3}
"""Whose place it is where several things have one code: a unit's own goes before its address' point."""


def _find_codes(connection: Connection, codes: set[str], gazetteer: Gazetteer) -> dict[str, Placement]:
    """Codes of blocks (a home and no point), and of buildings, units and addresses (their point)."""
    found: dict[str, Placement] = {}
    if not codes:
        return found
    for kind, code, key, _, home, lon, lat, _ in connection.execute(read_sql("codes"), {"codes": sorted(codes)}):
        if lon is None or (code in found and _TRUST[kind] <= _TRUST[found[code].match_level]):
            continue
        level: MatchLevel = "room" if kind == "address" else "unit" if kind == "unit" else "building"
        found[code] = Placement(
            match_level=level, confidence=1.0, geometry=shapely.Point(lon, lat), home=home,
            address_id=key if kind == "address" else None,
        )  # fmt: skip
    for code in codes - set(found):
        block = gazetteer.block(code)
        if block is not None:
            level = BLOCK_LEVELS[min(block.level, len(BLOCK_LEVELS)) - 1]
            found[code] = Placement(match_level=level, confidence=1.0, home=code)
    return found


def _from_match(match: Match, given: str, has_text: bool) -> Placement:
    best = match.best
    if not match.is_placed or best is None or match.confidence < ACCEPTED:
        reason = match.reason or UNKNOWN_CODE
        return Placement(
            confidence=match.confidence, match=match, given=given, candidates=match.candidates,
            reason=reason if has_text else UNKNOWN_CODE,
        )  # fmt: skip
    return Placement(
        match_level=best.match_level, confidence=round(match.confidence, 3), match=match, given=given,
        geometry=shapely.Point(best.point) if best.point else None, home=best.block_code, address_id=best.address_id,
    )  # fmt: skip
