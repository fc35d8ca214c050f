# SPDX-License-Identifier: Apache-2.0
"""How well an address fits a text: the finest level on which both agree, and a confidence from 0 to 1."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

from twin.address.grammar import ParsedAddress
from twin.address.parts import AddressParts, MatchLevel

_OTHER_DIVISION: Final = 0.55
_OTHER_PLACE: Final = 0.6
_COARSER: Final = 0.7
_FINER_UNKNOWN: Final = 0.95
_REST: Final = 0.85
_NUMERALS: Final = re.compile(r"[0-9零一二三四五六七八九十百]+")


def score_candidate(asked: ParsedAddress, found: AddressParts) -> tuple[MatchLevel, float]:
    """Level and confidence of an address on the asked road or in the asked quarter; 0 where it is another place."""
    wanted = asked.parts
    confidence = 1.0
    for part in ("county", "town", "community"):
        mine, theirs = getattr(wanted, part), getattr(found, part)
        if mine and theirs and mine != theirs:
            confidence *= max(_OTHER_DIVISION, name_likeness(mine, theirs))
    by_road = bool(wanted.road) and wanted.road == found.road
    by_quarter = bool(wanted.residential_quarters) and wanted.residential_quarters == found.residential_quarters
    if wanted.residential_quarters and found.residential_quarters and not by_quarter:
        confidence *= _OTHER_PLACE
    if wanted.road and found.road and not by_road:
        confidence *= _OTHER_PLACE
    if wanted.number and found.number and wanted.number != found.number:
        # In a quarter people give the gate they use; on a road another number is another place.
        if not by_quarter:
            return "failed", 0.0
        confidence *= _OTHER_PLACE
    if by_road and wanted.number and not found.number:
        confidence *= _COARSER
    if not by_road and not by_quarter:
        return "failed", 0.0
    if asked.rest:
        confidence *= _REST if len(asked.rest) <= 4 else 0.5
    return _descend(wanted, found, confidence, "quarter" if by_quarter else "road")


def _descend(
    wanted: AddressParts, found: AddressParts, confidence: float, start: MatchLevel
) -> tuple[MatchLevel, float]:
    level: MatchLevel = "gate_number" if wanted.number and wanted.number == found.number else start
    if wanted.building:
        if found.building is None:
            return level, confidence * _COARSER
        if found.building != wanted.building:
            return level, 0.0
        level = "building"
    elif found.building:
        # The gate is right, but which of the buildings behind it?
        confidence *= _FINER_UNKNOWN
    elif found.building is None and wanted.level in {"building", "unit", "room"} and wanted.number:
        level = "building"
    if not (wanted.unit or wanted.room):
        return level, confidence
    if wanted.unit and found.unit != wanted.unit:
        # The building is right, which is where its units are.
        return level, confidence * (_FINER_UNKNOWN if found.unit is None else 0.9)
    if wanted.unit:
        level = "unit"
    if not wanted.room:
        return level, confidence
    if found.room == wanted.room:
        return "room", confidence * (1.0 if wanted.unit == found.unit else _FINER_UNKNOWN)
    return level, confidence * (_FINER_UNKNOWN if found.room is None else 0.9)


def name_likeness(spoken: str, name: str) -> float:
    """How surely `spoken` is the name of a place otherwise called `name`; 0 where their numerals differ.

    A name cut short (示例 for 示例花园) is nearly as good as the name; one with other characters is for a
    person to decide.

    >>> name_likeness("示例", "示例花园"), name_likeness("示例1村", "示例2村")
    (0.9, 0.0)
    """
    if _NUMERALS.findall(spoken) != _NUMERALS.findall(name):
        return 0.0
    if len(spoken) > 1 and (name.startswith(spoken) or name.endswith(spoken)):
        return 0.9
    return 0.84 * SequenceMatcher(None, spoken, name).ratio()
