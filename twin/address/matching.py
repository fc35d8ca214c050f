# SPDX-License-Identifier: Apache-2.0
"""Which address or block a text means: known alias, equal parts, names spelt otherwise; scored, never guessed.

`match_texts` is a generator that does no I/O: it yields questions to the database and is sent the rows, so
that the API (asynchronous, as the one who asks) and a load (synchronous, as the owner) run the same search.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from twin.address.gazetteer import Gazetteer, NamedBlock
from twin.address.grammar import ParsedAddress, parse_address
from twin.address.match import (
    ACCEPTED,
    AMBIGUOUS,
    ELSEWHERE,
    NEAR,
    NOTHING,
    UNREADABLE,
    UNSURE,
    Candidate,
    Match,
)
from twin.address.parts import (
    BLOCK_LEVELS,
    BLOCK_PARTS,
    PARTS,
    AddressParts,
    MatchLevel,
    common_prefix,
)
from twin.address.score import name_likeness, score_candidate
from twin.address.sql import read_sql
from twin.database import Connection

MOST_CANDIDATES: Final = 5

_LIKE_NAMES: Final = 4
_LIKE_AT_ONCE: Final = 500
_LONGEST_NAME: Final = 30
_ASKED_AT_ONCE: Final = 2_000
_ASKED_PARTS: Final = (
    ("road", "road"), ("number", "number"), ("quarter", "residential_quarters"), ("building", "building"),
    ("unit", "unit"), ("room", "room"),
)  # fmt: skip
_CLEAR_LEAD: Final = 0.05

Row = Sequence[Any]


@dataclass(frozen=True)
class Question:
    """A statement and its values."""

    statement: bytes
    values: dict[str, Any]


Asking = Generator[Question, list[Row], list[Match]]


def match_texts(texts: Sequence[str], gazetteer: Gazetteer) -> Asking:
    """A match for each text, in their order."""
    parsed = [parse_address(text, gazetteer) for text in texts]
    aliases = yield from _ask_aliases(parsed, gazetteer)
    found: list[list[Candidate]] = [[] for _ in parsed]
    open_: list[tuple[int, ParsedAddress, float]] = []
    for n, one in enumerate(parsed):
        if one.key not in aliases and not _is_elsewhere(one.parts, gazetteer):
            open_.append((n, one, 1.0))
    yield from _ask_candidates(open_, found)
    unsure = [entry for entry in open_ if not any(c.confidence >= ACCEPTED for c in found[entry[0]])]
    respelt = yield from _respell(unsure, gazetteer)
    yield from _ask_candidates(respelt, found)
    return [
        _learned(one, aliases[one.key]) if one.key in aliases else _decide(one, found[n], gazetteer)
        for n, one in enumerate(parsed)
    ]


def run_asking(connection: Connection, asking: Asking) -> list[Match]:
    """Answer the questions on a connection, as whoever it is."""
    try:
        question = next(asking)
        while True:
            question = asking.send(list(connection.execute(question.statement, question.values)))
    except StopIteration as ended:
        return ended.value


def _learned(one: ParsedAddress, known: Candidate) -> Match:
    """A person has said what this text means, however little of it can be read."""
    return Match(
        parsed=one, match_level=known.match_level, confidence=1.0, candidates=(known,), block_code=known.block_code
    )


def _ask_aliases(
    parsed: Sequence[ParsedAddress], gazetteer: Gazetteer
) -> Generator[Question, list[Row], dict[str, Candidate]]:
    keys = sorted({one.key for one in parsed if one.key})
    if not keys:
        return {}
    rows = yield Question(read_sql("aliases"), {"keys": keys})
    known: dict[str, Candidate] = {}
    for row in rows:
        block = gazetteer.block(row[1]) if row[1] else None
        if block is not None:
            known[row[0]] = _block_candidate(block)
        elif row[2] is not None:
            known[row[0]] = _candidate(row[2:], _parts(row[8:]).level, 1.0)
    return known


def _ask_candidates(
    wanted: Sequence[tuple[int, ParsedAddress, float]], found: list[list[Candidate]]
) -> Generator[Question, list[Row], None]:
    """Look for addresses on the road or in the quarter of each text; the third is how well its name is known."""
    able = [(n, one, factor) for n, one, factor in wanted if one.parts.road or one.parts.residential_quarters]
    if not able:
        return
    for start in range(0, len(able), _ASKED_AT_ONCE):
        part_of = able[start : start + _ASKED_AT_ONCE]
        values: dict[str, Any] = {"n": list(range(len(part_of)))}
        for name, part in _ASKED_PARTS:
            values[name] = [getattr(one.parts, part) for _, one, _ in part_of]
        rows = yield Question(read_sql("candidates"), values)
        for row in rows:
            n, one, factor = part_of[row[0]]
            level, confidence = score_candidate(one, _parts(row[7:]))
            if confidence > 0:
                found[n].append(_candidate(row[1:], level, confidence * factor))


def _respell(
    unsure: Sequence[tuple[int, ParsedAddress, float]], gazetteer: Gazetteer
) -> Generator[Question, list[Row], list[tuple[int, ParsedAddress, float]]]:
    """The same texts with the names of known roads and quarters that are like theirs."""
    spoken_by = [_spoken_names(one, gazetteer) for _, one, _ in unsure]
    names = sorted({name for spoken in spoken_by for name in spoken})
    like: dict[str, list[tuple[str, str]]] = {}
    for start in range(0, len(names), _LIKE_AT_ONCE):
        part_of = names[start : start + _LIKE_AT_ONCE]
        rows = yield Question(
            b"SELECT n, kind, name FROM find_place_names(%(names)s, %(many)s)", {"names": part_of, "many": _LIKE_NAMES}
        )
        for n, kind, name in rows:
            like.setdefault(part_of[n - 1], []).append((kind, name))
    respelt: list[tuple[int, ParsedAddress, float]] = []
    for (n, one, _), spoken_names in zip(unsure, spoken_by, strict=True):
        for spoken in spoken_names:
            for kind, name in like.get(spoken, ()):
                likeness = name_likeness(spoken, name)
                if likeness == 0 or spoken == name:
                    continue
                part = "road" if kind == "road" else "residential_quarters"
                other = "residential_quarters" if part == "road" else "road"
                kept = None if getattr(one.parts, other) == spoken else getattr(one.parts, other)
                parts = replace(one.parts, **{part: name, other: kept})
                respelt.append((n, replace(one, parts=parts, rest=one.rest.replace(spoken, "", 1)), likeness))
    return respelt


def _spoken_names(one: ParsedAddress, gazetteer: Gazetteer) -> list[str]:
    """The names in a text that may be a road's or quarter's written otherwise; a known one is as it should be."""
    parts = one.parts
    names = [
        name for part, name in (("road", parts.road), ("residential_quarters", parts.residential_quarters))
        if name and not gazetteer.is_known(part, name)
    ]  # fmt: skip
    if one.rest and not one.is_near:
        names.append(one.rest)
    return [name for name in names if 1 < len(name) <= _LONGEST_NAME]


def _decide(one: ParsedAddress, found: list[Candidate], gazetteer: Gazetteer) -> Match:
    blocks = _find_blocks(one.parts, gazetteer)
    places: dict[tuple[object, ...], Candidate] = {}
    for candidate in sorted(found, key=lambda c: (-c.confidence, c.parts.level != c.match_level, c.address_id or 0)):
        places.setdefault((candidate.match_level, *candidate.place), candidate)
    best = list(places.values())[:MOST_CANDIDATES]
    if not best:
        return _decide_block(one, blocks, gazetteer)
    first = best[0]
    reason = None
    confidence = first.confidence
    if len(best) > 1 and best[1].confidence > confidence - _CLEAR_LEAD:
        reason, confidence = AMBIGUOUS, min(confidence, 0.6)
    elif one.is_near:
        reason, confidence = NEAR, min(confidence, 0.6)
    elif confidence < ACCEPTED:
        reason = UNSURE
    if reason is None:
        block_code = first.block_code
    elif len(blocks) == 1:
        block_code = blocks[0].block_code
    else:
        tied = [c.block_code for c in best if c.confidence > first.confidence - _CLEAR_LEAD]
        block_code = common_prefix(tied) if reason is AMBIGUOUS else None
    return Match(
        parsed=one, match_level=first.match_level, confidence=confidence, candidates=tuple(best), reason=reason,
        block_code=block_code,
    )  # fmt: skip


def _decide_block(one: ParsedAddress, blocks: list[Candidate], gazetteer: Gazetteer) -> Match:
    if _is_elsewhere(one.parts, gazetteer):
        return Match(parsed=one, reason=ELSEWHERE)
    if not blocks:
        return Match(parsed=one, reason=NOTHING if one.parts.as_dict() else UNREADABLE)
    says_no_more = not one.rest and one.parts.level == blocks[0].match_level
    if len(blocks) > 1:
        shown = tuple(replace(block, confidence=0.6) for block in blocks[:MOST_CANDIDATES])
        return Match(
            parsed=one,
            match_level=shown[0].match_level,
            confidence=0.6,
            candidates=shown,
            reason=AMBIGUOUS,
            block_code=common_prefix([block.block_code for block in blocks]),
        )
    # The block is certain, but the text says where in it, and that was not found.
    confidence = 1.0 if says_no_more else 0.5
    return Match(
        parsed=one, match_level=blocks[0].match_level, confidence=confidence,
        candidates=(replace(blocks[0], confidence=confidence),), reason=None if says_no_more else UNSURE,
        block_code=blocks[0].block_code,
    )  # fmt: skip


def _find_blocks(parts: AddressParts, gazetteer: Gazetteer) -> list[Candidate]:
    """The blocks of the finest division that the text names; several where names are not unique."""
    within = [""]
    found: list[Candidate] = []
    for part in BLOCK_PARTS:
        name: str | None = getattr(parts, part)
        if not name:
            continue
        blocks = [block for code in within for block in gazetteer.find_blocks(part, name, code)]
        if part == "grid" and not blocks and parts.community:
            blocks = [b for code in within for b in gazetteer.find_blocks(part, parts.community + name, code)]
        if blocks:
            within = [block.code for block in blocks]
            found = [_block_candidate(block) for block in blocks]
    return found


def _is_elsewhere(parts: AddressParts, gazetteer: Gazetteer) -> bool:
    """Whether the text names a county that this district is not."""
    if not gazetteer.has_blocks:
        return False
    for part in ("province", "city"):
        name: str | None = getattr(parts, part)
        if name and gazetteer.knows(part) and not gazetteer.is_known(part, name):
            return True
    return bool(parts.county) and not gazetteer.is_known("county", str(parts.county))


def _block_candidate(block: NamedBlock) -> Candidate:
    level = BLOCK_LEVELS[min(block.level, len(BLOCK_LEVELS)) - 1]
    return Candidate(match_level=level, confidence=1.0, name=block.name, block_code=block.code, place=(block.code,))


def _parts(row: Row) -> AddressParts:
    return AddressParts(**dict(zip(PARTS, row, strict=True)))


def _candidate(row: Row, level: MatchLevel, confidence: float) -> Candidate:
    """From id, code, building_code, block_code, lon, lat and the parts."""
    parts = _parts(row[6:])
    finest = {"unit": ("unit",), "room": ("unit", "room")}.get(level, ())
    place = [parts.road, parts.number, parts.residential_quarters, row[3]]
    if level in {"building", "unit", "room"}:
        # One building may stand in several addresses; by its code it is one place.
        place = [row[2] or "/".join(str(p) for p in (*place, parts.building))]
    return Candidate(
        match_level=level, confidence=confidence, parts=parts, block_code=row[3],
        address_id=row[0], code=row[1], building_code=row[2],
        point=None if row[4] is None else (row[4], row[5]),
        place=(*place, *(getattr(parts, part) for part in finest)),
    )  # fmt: skip
