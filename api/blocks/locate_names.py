# SPDX-License-Identifier: Apache-2.0
"""Every name that can be searched for, in the process: the parser's gazetteer and the search by name and pinyin.

It is read again whenever the change log says that something with a name has changed, whoever changed it, so
a block that is renamed is found by its new name from the next request on. It holds names alone: what bears
them is read as the one who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, LiteralString

from api.pool import Pool, as_owner
from twin.address.gazetteer import READ_BLOCKS, READ_NAMES, Gazetteer
from twin.address.normalise import normalise
from twin.address.pinyin import rate_pinyin

NameKind = Literal["block", "industrial_park", "urban_village", "building", "road", "quarter"]

_Entry = tuple[NameKind, int | str, str]

_NAMED_LAYERS: Final = ["blocks", "industrial_parks", "urban_villages", "buildings", "addresses"]
_READ_NAMED: LiteralString = """
    SELECT 'industrial_park', id, name FROM industrial_park WHERE name IS NOT NULL
    UNION ALL SELECT 'urban_village', id, name FROM urban_village WHERE name IS NOT NULL
    UNION ALL SELECT 'building', id, name FROM building WHERE name IS NOT NULL
"""
_READ_SEQ: LiteralString = "SELECT coalesce(max(seq), 0) FROM change"
_READ_CHANGED: LiteralString = "SELECT EXISTS (SELECT FROM change WHERE seq > %s AND layer = ANY (%s))"

_EXACT, _START, _WITHIN = 1.0, 0.85, 0.7
_ENDINGS: Final = ("街道", "社区", "区", "村", "镇", "网格")


@dataclass(frozen=True)
class NameHit:
    """A name that fits a query, and how well; `key` is an id, a block's code, or the name of a road or quarter."""

    kind: NameKind
    key: int | str
    rating: float


@dataclass(frozen=True)
class Names:
    """The names as of one moment."""

    seq: int
    gazetteer: Gazetteer
    entries: tuple[_Entry, ...]

    def search(self, query: str, letters: str | None, limit: int) -> list[NameHit]:
        """The names that a query may mean, best first; `letters` is the query as pinyin, if it is that."""
        wanted = normalise(query)
        hits: list[NameHit] = []
        for kind, key, name in self.entries:
            rating = _rate(wanted, name) if wanted else 0.0
            if letters and rating < _START:
                rating = max(rating, rate_pinyin(letters, name))
            if rating:
                hits.append(NameHit(kind, key, rating))
        hits.sort(key=lambda hit: (-hit.rating, hit.kind != "block", len(str(hit.key)), str(hit.key)))
        return hits[:limit]


class NameIndex:
    """Keeps `Names` current; one a process."""

    def __init__(self) -> None:
        self._names: Names | None = None
        self._reading = asyncio.Lock()

    async def read(self, pool: Pool) -> Names:
        """The names as they are now."""
        async with self._reading:
            async with as_owner(pool) as connection:
                row = await (await connection.execute(_READ_SEQ)).fetchone()
                seq: int = row[0] if row else 0
                known = self._names
                if known is not None and known.seq == seq:
                    return known
                if known is not None:
                    changed = await (await connection.execute(_READ_CHANGED, (known.seq, _NAMED_LAYERS))).fetchone()
                    if changed and not changed[0]:
                        self._names = Names(seq, known.gazetteer, known.entries)
                        return self._names
                blocks = await (await connection.execute(READ_BLOCKS)).fetchall()
                places = await (await connection.execute(READ_NAMES)).fetchall()
                named = await (await connection.execute(_READ_NAMED)).fetchall()
            names = await asyncio.to_thread(_build, seq, blocks, places, named)
            self._names = names
            return names


def _build(
    seq: int,
    blocks: Iterable[tuple[str, int, str]],
    places: Iterable[tuple[str, str]],
    named: Iterable[tuple[NameKind, int, str]],
) -> Names:
    blocks, places = list(blocks), list(places)
    entries: list[_Entry] = []
    entries.extend(("block", code, normalise(name)) for code, _, name in blocks)
    entries.extend((kind, key, normalise(name)) for kind, key, name in named)
    entries.extend((_SEARCHED[kind], name, name) for kind, name in places if kind in _SEARCHED)
    return Names(seq, Gazetteer.from_rows(blocks, places), tuple(entries))


_SEARCHED: Final[dict[str, NameKind]] = {"road": "road", "quarter": "quarter"}


def _rate(wanted: str, name: str) -> float:
    if wanted == name:
        return _EXACT
    if name.startswith(wanted):
        return 0.95 if name[len(wanted) :] in _ENDINGS else _START
    return _WITHIN if len(wanted) > 1 and wanted in name else 0.0
