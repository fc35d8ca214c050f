# SPDX-License-Identifier: Apache-2.0
"""落图入块: rows of any table become features in blocks, by coordinates, code or address; the rest is asked about.

What says most goes first: coordinates, then a code, then an address. A row that none of them places with
confidence becomes a feature without a place and an entry of the review queue; nothing is placed by a guess.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.report import LoadReport
from ingest.scrub import scrub
from ingest.spatialise.columns import Columns, join_parts
from ingest.spatialise.read import AnyTable, Points
from twin.address.gazetteer import READ_BLOCKS, READ_NAMES, Gazetteer
from twin.address.match import ACCEPTED, Candidate, Match
from twin.address.matching import match_texts, run_asking
from twin.address.parts import BLOCK_LEVELS, MatchLevel
from twin.address.sql import read_sql
from twin.crs import DeclaredCrs, check_coordinates, geometries_to_storage
from twin.database import Connection
from twin.errors import Problem, RefusedError
from twin.model.table import OUTSIDE
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
            reason = NOT_NUMBER if points.is_broken[n] else NO_PLACE
            report.reject([row], reason, None if reason is NO_PLACE else "x, y")
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
    stored[placed] = geometries_to_storage(declared, points.geometry[placed])
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


def make_frame(
    table: AnyTable, columns: Columns, placements: Placements, layer_code: str, report: LoadReport
) -> gpd.GeoDataFrame:
    """The placed and the waiting rows as features of the layer, in the storage CRS; free text is scrubbed."""
    rows = list(placements.by_row)
    text = table.text.loc[rows]
    local = columns.fields.get("local_id")
    if local is None:
        report.problems.append(
            Problem(
                report.file_name or report.kind,
                Text("文件没有编号列,以内容摘要作为编号", "the file has no id column; the digest of a row is its id"),
                Text(
                    "在映射中指定 local_id 列,更新才能对上", "map a column to local_id, so that updates meet their rows"
                ),
            )
        )
    own = {"local_id", "name", "layer_code", "match_level", "confidence", "address_id", "geometry", "block_code"}
    data: dict[str, Any] = {
        # A kept column that is called as one of ours would take its place.
        (f"{name}_" if name in own else name): scrub(text[name])
        for name in columns.kept
    }
    data["local_id"] = text[local] if local else _digest(table, rows)
    if "name" in columns.fields:
        data["name"] = scrub(text[columns.fields["name"]])
    chosen = [placements.by_row[row] for row in rows]
    data["layer_code"] = layer_code
    data["match_level"] = [p.match_level for p in chosen]
    data["confidence"] = [0.0 if p.is_queued else p.confidence for p in chosen]
    data["address_id"] = pd.array([p.address_id for p in chosen], dtype="Int64")
    frame = pd.DataFrame(data, index=text.index)
    geometry = np.array([p.geometry for p in chosen] + [None], dtype=object)[:-1]
    report.mapping = dict(columns.fields)
    report.ignored_columns = sorted(columns.left)
    return gpd.GeoDataFrame(frame, geometry=geometry)


def _digest(table: AnyTable, rows: list[int]) -> list[str]:
    geometry = table.geometry if table.geometry is not None else np.full(len(table.text), None, dtype=object)
    wkb = dict(zip((int(row) for row in table.text.index), shapely.to_wkb(geometry), strict=True))
    digests: list[str] = []
    for row, values in zip(rows, table.text.loc[rows].fillna("").itertuples(index=False), strict=True):
        digest = hashlib.sha256(wkb[row] or b"")
        digest.update("\x1f".join(values).encode())
        digests.append(digest.hexdigest()[:24])
    return digests


def set_homes(frame: gpd.GeoDataFrame, placements: Placements) -> gpd.GeoDataFrame:
    """The home of rows that are known to a block alone; those with a point have theirs already."""
    frame = frame.copy()
    homes = frame["block_code"].to_numpy(dtype=object, copy=True)
    for n, row in enumerate(frame.index):
        placement = placements.by_row[int(row)]
        if placement.geometry is None and placement.home and not placement.is_queued:
            homes[n] = placement.home
    frame["block_code"] = homes
    return frame


def keep_decisions(
    connection: Connection, source_id: str, table: AnyTable, columns: Columns, placements: Placements
) -> None:
    """A row whose text a steward has decided on keeps the place that the decision gave it."""
    rows = connection.execute(
        "SELECT local_id, given, ST_AsBinary(geometry), feature.block_code, feature.match_level, address_id "
        "FROM placement_review AS review JOIN business_feature AS feature ON feature.id = review.feature_id "
        "WHERE review.status = 'confirmed' AND feature.source_id = %s",
        (source_id,),
    ).fetchall()
    if not rows:
        return
    decided = {(row[0], row[1]): row[2:] for row in rows}
    local = columns.fields.get("local_id")
    numbers = list(placements.by_row)
    ids = list(table.text.loc[numbers][local].fillna("").str.strip()) if local else _digest(table, numbers)
    for row, local_id in zip(numbers, ids, strict=True):
        placement = placements.by_row[row]
        known = decided.get((local_id, placement.given))
        if known is None or not placement.is_queued:
            continue
        placements.by_row[row] = replace(
            placement, reason=None, match_level=known[2], confidence=1.0, home=known[1], address_id=known[3],
            geometry=None if known[0] is None else shapely.from_wkb(known[0]),
        )  # fmt: skip


def common_block(candidates: tuple[Candidate, ...], widths: tuple[int, ...]) -> str:
    """The finest block that holds all candidates; `~` where there is none, which only unscoped stewards see."""
    codes = [candidate.block_code for candidate in candidates]
    for width in sorted(widths, reverse=True):
        cut = {code[:width] for code in codes if len(code) >= width}
        if len(cut) == 1 and all(len(code) >= width for code in codes):
            return cut.pop()
    return OUTSIDE
