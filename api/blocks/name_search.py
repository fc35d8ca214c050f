# SPDX-License-Identifier: Apache-2.0
"""Where things are by part of their name: blocks, parks, villages, buildings, roads, quarters and addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from api.blocks.locate_names import NameHit, Names
from api.blocks.locating import Connection, Found, Tree, answer_asking, block_or_none
from api.sql import read_sql
from twin.address.match import Candidate
from twin.address.matching import match_texts
from twin.address.parts import MatchLevel, common_prefix
from twin.address.pinyin import fold_letters
from twin.text import Text

MOST_HITS: Final = 200
_FUZZY: Final = 20
NO_NAME: Final = Text("没有这样的名称或地址", "nothing is called or addressed so")
SEVERAL: Final = Text("有几处同样相符", "several fit equally well")
_LEVEL_OF: Final[dict[str, MatchLevel]] = {
    "building": "building", "unit": "unit", "quarter": "quarter", "road": "road", "industrial_park": "quarter",
    "urban_village": "quarter",
}  # fmt: skip


async def locate_name(connection: Connection, tree: Tree, names: Names, query: str, limit: int) -> Found:
    """Blocks, parks, villages, buildings, roads, quarters and addresses by part of a name, in characters or pinyin."""
    letters = fold_letters(query)
    hits = await asyncio.to_thread(names.search, query, letters, MOST_HITS)
    candidates = await _read_hits(connection, tree, hits)
    if letters is None:
        match = (await answer_asking(connection, match_texts([query], names.gazetteer)))[0]
        candidates += [_as_hit(c) for c in match.candidates if c.address_id is not None]
        candidates += await _read_fuzzy(connection, query)
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for candidate in sorted(candidates, key=lambda c: -c["confidence"]):
        merged.setdefault((candidate["kind"], candidate["id"] or candidate["code"] or candidate["text"]), candidate)
    best = list(merged.values())[:limit]
    if not best:
        return Found(reason=NO_NAME)
    first = best[0]
    is_clear = len(best) == 1 or best[1]["confidence"] < first["confidence"]
    level = tree.level(first["code"]) if first["kind"] == "block" else first.get("match_level")
    code = first["block_code"] if is_clear else common_prefix([
        c["block_code"] for c in best if c["confidence"] == first["confidence"]
    ])  # fmt: skip
    return Found(
        match_level=level or _LEVEL_OF.get(first["kind"], "failed"),
        confidence=first["confidence"] if is_clear else min(first["confidence"], 0.6),
        block_code=block_or_none(code),
        point=tuple(first["point"]) if first["point"] and is_clear else None,
        candidates=best,
        reason=None if is_clear else SEVERAL,
    )


def _as_hit(candidate: Candidate) -> dict[str, Any]:
    return {
        "kind": "address", "id": candidate.address_id, "text": candidate.text, "code": candidate.code,
        "block_code": candidate.block_code, "point": list(candidate.point) if candidate.point else None,
        "confidence": round(candidate.confidence, 3), "match_level": candidate.match_level,
    }  # fmt: skip


async def _read_hits(connection: Connection, tree: Tree, hits: Sequence[NameHit]) -> list[dict[str, Any]]:
    if not hits:
        return []
    keys = {
        plural: [hit.key for hit in hits if hit.kind == kind]
        for plural, kind in (
            ("blocks", "block"), ("parks", "industrial_park"), ("villages", "urban_village"),
            ("buildings", "building"), ("roads", "road"), ("quarters", "quarter"),
        )
    }  # fmt: skip
    rating = {(hit.kind, hit.key): hit.rating for hit in hits}
    rows = await (await connection.execute(read_sql("locate_names"), keys)).fetchall()
    found: list[dict[str, Any]] = []
    for kind, key, code, name, low, high, lon, lat in rows:
        home = low if low == high else tree.cut(common_prefix([low, high]))
        which = code if kind == "block" else name if kind in ("road", "quarter") else key
        found.append({
            "kind": kind, "id": key, "text": name, "code": code, "block_code": home,
            "point": None if lon is None else [lon, lat], "confidence": rating[kind, which],
        })  # fmt: skip
    found.sort(key=lambda c: (-c["confidence"], c["kind"] != "block", len(c["block_code"] or ""), c["text"] or ""))
    return found


async def _read_fuzzy(connection: Connection, query: str) -> list[dict[str, Any]]:
    rows = await (
        await connection.execute(
            "SELECT 'address', id, normalised, address.code, block_code, ST_X(geometry), ST_Y(geometry), score "
            "FROM find_addresses(%s, %s) AS like_it JOIN address USING (id)",
            (query, _FUZZY),
        )
    ).fetchall()
    return [
        {
            "kind": kind, "id": key, "text": text, "code": code, "block_code": home,
            "point": None if lon is None else [lon, lat], "confidence": round(0.7 * score, 3),
        }
        for kind, key, text, code, home, lon, lat, score in rows
    ]  # fmt: skip
