# SPDX-License-Identifier: Apache-2.0
"""The parts of an address, and the one way to write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Literal

MatchLevel = Literal[
    "coordinate", "room", "unit", "building", "gate_number", "quarter", "road", "grid", "community", "street",
    "district", "failed",
]  # fmt: skip
"""How near to its place something was brought, finest first."""

BLOCK_LEVELS: Final[tuple[MatchLevel, ...]] = ("district", "street", "community", "grid")
"""The match level of each level of the block tree; a scheme with more levels has `grid` for all beyond."""

BLOCK_PARTS: Final = ("county", "town", "community", "grid")
"""The part of an address that names a block of each level."""

_SUFFIX: Final = {
    "number": "号", "building": "栋", "unit": "单元", "storey": "层", "room": "室",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AddressParts:
    """An address in parts, coarse to fine. Numbers are Arabic and bare: building `3`, not `三栋`."""

    province: str | None = None
    city: str | None = None
    county: str | None = None
    town: str | None = None
    community: str | None = None
    grid: str | None = None
    road: str | None = None
    number: str | None = None
    residential_quarters: str | None = None
    building: str | None = None
    unit: str | None = None
    storey: str | None = None
    room: str | None = None

    @property
    def level(self) -> MatchLevel:
        """How fine the address is."""
        if self.room:
            return "room"
        if self.unit:
            return "unit"
        if self.building or (self.storey and (self.number or self.residential_quarters)):
            return "building"
        if self.number:
            return "gate_number"
        if self.residential_quarters:
            return "quarter"
        if self.road:
            return "road"
        for part, level in zip(reversed(BLOCK_PARTS), reversed(BLOCK_LEVELS), strict=True):
            if getattr(self, part):
                return level
        return "failed"

    def as_dict(self) -> dict[str, str]:
        """The parts there are."""
        return {name: value for name in PARTS if (value := getattr(self, name))}


PARTS: Final = tuple(field.name for field in fields(AddressParts))
"""The names of all parts, coarse to fine."""


def common_prefix(codes: Sequence[str]) -> str:
    """What all codes begin with: the block, or a part of its code, that holds them all.

    >>> common_prefix(["990101001", "990101002"])
    '99010100'
    """
    low, high = min(codes, default=""), max(codes, default="")
    length = next((n for n, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return low[:length]


def format_address(parts: AddressParts, first: str = "province") -> str:
    """The standard text from the part `first` down.

    >>> format_address(AddressParts(road="示例路", number="12", building="3", room="501"))
    '示例路12号3栋501室'
    """
    names = PARTS[PARTS.index(first) :]
    return "".join(f"{value}{_SUFFIX.get(name, '')}" for name in names if (value := getattr(parts, name)))
