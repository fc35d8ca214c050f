# SPDX-License-Identifier: Apache-2.0
"""Where points, codes, addresses and names are: many at once, in a few statements each, as the one who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.blocks.locate_names import Names
from api.sql import read_sql
from twin.address.match import Match
from twin.address.matching import Asking, match_texts
from twin.address.parts import BLOCK_LEVELS, MatchLevel
from twin.address.sql import read_sql as read_address_sql
from twin.crs import DeclaredCrs, to_storage
from twin.text import Text

Connection = AsyncConnection[TupleRow]


OUTSIDE_ALL: Final = Text("不在任何块内", "it lies in no block")
IMPOSSIBLE: Final = Text("坐标不可能:超出所声明坐标系的范围", "impossible coordinates in the declared CRS")
UNKNOWN_CODE: Final = Text("没有这个编码", "nothing has this code")
PART_OF_CODE: Final = Text("没有整个编码,只找到它的上级", "only what the code lies in was found")


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where something is. `block_code` is the finest block that is certain; points are in the storage CRS."""

    match_level: MatchLevel = "failed"
    confidence: float = 0.0
    block_code: str | None = None
    point: tuple[float, float] | None = None
    building: dict[str, Any] | None = None
    unit: dict[str, Any] | None = None
    address: dict[str, Any] | None = None
    parts: dict[str, str] | None = None
    candidates: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    reason: Text | None = None


@dataclass(frozen=True)
class Tree:
    """The widths of codes, coarse to fine."""

    widths: tuple[int, ...]

    def level(self, code: str) -> MatchLevel | None:
        """The match level of a block's code."""
        if len(code) not in self.widths:
            return None
        return BLOCK_LEVELS[min(self.widths.index(len(code)), len(BLOCK_LEVELS) - 1)]

    def cut(self, code: str) -> str | None:
        """The finest block code that a code begins with."""
        fitting = [width for width in self.widths if width <= len(code)]
        return code[: fitting[-1]] if fitting else None

    def ancestors(self, code: str) -> list[str]:
        """The code and all above it, coarse to fine."""
        return [code[:width] for width in self.widths if width <= len(code)]


async def read_tree(connection: Connection) -> Tree:
    """The widths of the governance scheme; none where no blocks are loaded."""
    row = await (await connection.execute("SELECT level_widths FROM block_scheme WHERE is_governance")).fetchone()
    return Tree(tuple(row[0]) if row else ())


async def locate_points(
    connection: Connection, tree: Tree, given: Sequence[tuple[float, float]], declared: DeclaredCrs
) -> list[Found]:
    """The block, building and address of each point (x, y in the declared CRS)."""
    if not given:
        return []
    xy = np.array(given, dtype=np.float64)
    possible = np.isfinite(xy).all(axis=1)
    if declared.is_geographic:
        possible &= (np.abs(xy[:, 0]) <= 180) & (np.abs(xy[:, 1]) <= 90)
    stored = np.full_like(xy, np.nan)
    stored[possible] = to_storage(declared, xy[possible])
    possible &= np.isfinite(stored).all(axis=1) & (np.abs(stored[:, 1]) <= 90)
    rows = np.flatnonzero(possible)
    values = {"n": rows.tolist(), "lon": stored[rows, 0].tolist(), "lat": stored[rows, 1].tolist()}
    homes = dict(await (await connection.execute(read_sql("locate_points"), values)).fetchall())
    buildings = {
        row[0]: row[1:] for row in await (await connection.execute(read_sql("locate_buildings"), values)).fetchall()
    }
    found: list[Found] = []
    for n in range(len(xy)):
        if not possible[n]:
            found.append(Found(reason=IMPOSSIBLE))
            continue
        point = (round(float(stored[n, 0]), 9), round(float(stored[n, 1]), 9))
        home, house = homes.get(n), buildings.get(n)
        if home is None:
            found.append(Found(point=point, reason=OUTSIDE_ALL))
            continue
        found.append(
            Found(
                match_level="building" if house else tree.level(home) or "grid",
                confidence=1.0,
                block_code=home,
                point=point,
                building={"id": house[0], "code": house[1], "name": house[2]} if house else None,
                address={"id": house[3], "code": house[4], "text": house[5]} if house and house[3] else None,
            )
        )
    return found


async def locate_codes(connection: Connection, tree: Tree, codes: Sequence[str]) -> list[Found]:
    """Blocks, buildings, units and addresses by code; a longer code falls back to what it begins with."""
    if not codes:
        return []
    finest = max(tree.widths, default=0)
    prefixes = {code[:length] for code in codes for length in range(finest, len(code) + 1)} - {""}
    things: dict[str, list[TupleRow]] = {}
    for row in await (
        await connection.execute(read_address_sql("codes"), {"codes": sorted(prefixes | set(codes))})
    ).fetchall():
        things.setdefault(row[1], []).append(row)
    chains = await read_chains(connection, tree, list(codes))
    return [_find_code(tree, code, things, chains) for code in codes]


def _find_code(tree: Tree, code: str, things: dict[str, list[TupleRow]], chains: dict[str, Any]) -> Found:
    if code in chains:
        return Found(match_level=tree.level(code) or "grid", confidence=1.0, block_code=code)
    for length in range(len(code), max(tree.widths, default=0), -1):
        by_kind = {row[0]: row for row in things.get(code[:length], ())}
        row = by_kind.get("unit") or by_kind.get("building") or by_kind.get("address")
        if row is None:
            continue
        is_whole = length == len(code)
        address = by_kind.get("address")
        building = by_kind.get("building") or next(
            (b for b in things.get(row[3] or "", ()) if b[0] == "building"), None
        )
        unit = by_kind.get("unit")
        return Found(
            match_level="unit" if row[0] == "unit" else "building" if row[0] == "building" else "room",
            confidence=1.0 if is_whole else 0.9,
            block_code=block_or_none(row[4]),
            point=None if row[5] is None else (row[5], row[6]),
            building=None if building is None else {"id": building[2], "code": building[1], "name": building[7]},
            unit=None if unit is None else {"id": unit[2], "code": unit[1], "name": unit[7]},
            address=None if address is None else {"id": address[2], "code": address[1], "text": address[7]},
            reason=None if is_whole else PART_OF_CODE,
        )
    above = next((c for c in reversed(tree.ancestors(code)) if c in chains), None)
    if above is None:
        return Found(reason=UNKNOWN_CODE)
    return Found(match_level=tree.level(above) or "grid", confidence=0.5, block_code=above, reason=PART_OF_CODE)


async def locate_addresses(connection: Connection, names: Names, texts: Sequence[str]) -> list[Found]:
    """What each text means as an address."""
    matches = await answer_asking(connection, match_texts(texts, names.gazetteer))
    codes = sorted({code for m in matches if m.best for code in (m.best.building_code, m.best.code) if code})
    rows = await (await connection.execute(read_address_sql("codes"), {"codes": codes})).fetchall() if codes else []
    buildings = {row[1]: row for row in rows if row[0] == "building"}
    units = {row[1]: row for row in rows if row[0] == "unit"}
    return [_from_match(match, buildings, units) for match in matches]


def _from_match(match: Match, buildings: dict[str, TupleRow], units: dict[str, TupleRow]) -> Found:
    best = match.best
    found = Found(
        match_level=match.match_level,
        confidence=round(match.confidence, 3),
        parts=match.parsed.parts.as_dict(),
        candidates=[candidate.as_dict() for candidate in match.candidates],
        reason=match.reason,
    )
    if best is None:
        return found
    if match.reason is not None:
        # Not certain which of them: the chain ends with what all of them share, or what the text names.
        return replace(found, block_code=match.block_code or None)
    house = buildings.get(best.building_code or "")
    unit = units.get(best.code or "") if best.match_level == "room" else None
    return replace(
        found,
        block_code=block_or_none(best.block_code),
        point=best.point,
        building=None if house is None else {"id": house[2], "code": house[1], "name": house[7]},
        unit=None if unit is None else {"id": unit[2], "code": unit[1], "name": unit[7]},
        address=None if best.address_id is None else {"id": best.address_id, "code": best.code, "text": best.text},
    )


async def answer_asking(connection: Connection, asking: Asking) -> list[Match]:
    """Answer a search's questions as the asker; the thinking between them leaves the event loop free."""

    def go_on(rows: list[Any] | None) -> tuple[Any, list[Match] | None]:
        try:
            return (next(asking) if rows is None else asking.send(rows)), None
        except StopIteration as ended:
            return None, ended.value

    question, matches = await asyncio.to_thread(go_on, None)
    while matches is None:
        rows = await (await connection.execute(question.statement, question.values)).fetchall()
        question, matches = await asyncio.to_thread(go_on, list(rows))
    return matches


async def read_chains(connection: Connection, tree: Tree, codes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The blocks of these codes and all above them, by code."""
    wanted = sorted({above for code in codes for above in tree.ancestors(code)})
    rows = await (await connection.execute(read_sql("locate_chain"), {"codes": wanted})).fetchall()
    return {
        row[0]: {"code": row[0], "level": row[1], "name": row[2], "name_en": row[3], "level_name": row[4]}
        for row in rows
    }


def block_or_none(code: str | None) -> str | None:
    """A block's code, or None for what lies in no block."""
    return None if code in (None, "", "~") else code
