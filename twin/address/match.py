# SPDX-License-Identifier: Apache-2.0
"""What became of a text: the places it may mean, how surely, and why a person has to decide where one has to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from twin.address.grammar import ParsedAddress
from twin.address.parts import AddressParts, MatchLevel, format_address
from twin.text import Text

ACCEPTED: Final = 0.85
"""The least confidence with which something is placed without a person's word."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What a text may mean: an address, or a block where it says no more. lon, lat in the storage CRS."""

    match_level: MatchLevel
    confidence: float
    block_code: str
    parts: AddressParts = field(default_factory=AddressParts)
    name: str = ""
    """Of a block."""
    address_id: int | None = None
    code: str | None = None
    building_code: str | None = None
    point: tuple[float, float] | None = None
    place: tuple[str | None, ...] = ()
    """Equal for candidates that are one place at their level."""

    @property
    def text(self) -> str:
        """What a person is shown."""
        return self.name or format_address(self.parts, "town")

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "match_level": self.match_level, "confidence": round(self.confidence, 3), "text": self.text,
            "block_code": self.block_code, "address_id": self.address_id, "code": self.code,
            "building_code": self.building_code, "point": list(self.point) if self.point else None,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Match:
    """What became of a text. Without `reason` it is certain enough to be placed."""

    parsed: ParsedAddress
    match_level: MatchLevel = "failed"
    confidence: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    reason: Text | None = None
    block_code: str | None = None
    """What the codes of the certain blocks begin with: of the place, or of what the text itself names."""

    @property
    def best(self) -> Candidate | None:
        """The first candidate."""
        return self.candidates[0] if self.candidates else None

    @property
    def is_placed(self) -> bool:
        """Whether it may be placed as the best candidate says."""
        return self.reason is None and self.best is not None


NOTHING: Final = Text("没有找到相符的地址", "no address fits")
UNREADABLE: Final = Text("读不出地址的任何部分", "no part of an address could be read")
AMBIGUOUS: Final = Text("有几个同样相符的地址", "several addresses fit equally well")
UNSURE: Final = Text("只有部分相符,需要人工确认", "only part of it fits, so a person has to decide")
NEAR: Final = Text("只说了在某处附近", "it only says near where it is")
ELSEWHERE: Final = Text("地址在别的区县", "the address lies in another county")
