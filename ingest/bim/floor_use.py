# SPDX-License-Identifier: Apache-2.0
"""Floor areas of spaces, and how what a model declares of its storeys and buildings compares with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ingest.bim.records import ElementRecord
from ingest.bim.rules import Rules
from twin.errors import Problem
from twin.text import Text

TOLERANCE: Final = 0.01
"""Share of the declared area by which the sum may differ before it is reported."""

WALLS: Final = 0.25
"""Share of a gross area that walls and shafts may take, which belong to no space."""

Kind = Literal["gross", "net"]
_KINDS: Final[tuple[tuple[Kind, Text], ...]] = (
    ("gross", Text("建筑面积", "gross floor area")),
    ("net", Text("净面积", "net floor area")),
)
_BASES: Final = {
    "spaces": Text("各空间之和", "the sum of its spaces"),
    "outlines": Text("各空间轮廓之和", "the sum of its spaces' outlines"),
    "storeys": Text("各楼层之和", "the sum of its storeys"),
    "net": Text("各空间净面积之和", "the net areas of its spaces"),
}


@dataclass(frozen=True)
class Areas:
    """What is said of something's floor (m²); outline: of its shape on the ground."""

    gross: float | None
    net: float | None
    outline: float | None = None

    @property
    def floor(self) -> tuple[float | None, str | None]:
        """The area that counts, and what it is: net, else gross, else of the outline."""
        for value, name in ((self.net, "net"), (self.gross, "gross"), (self.outline, "outline")):
            if value is not None:
                return value, name
        return None, None


@dataclass(frozen=True)
class Comparison:
    """A declared area beside what its parts add up to; `basis` says which parts."""

    global_id: str
    ifc_class: str
    name: str | None
    kind: Kind
    declared: float
    computed: float
    basis: str

    @property
    def difference(self) -> float:
        """Computed over declared, less one."""
        return self.computed / self.declared - 1

    @property
    def is_off(self) -> bool:
        """Whether it is worth a report. Spaces have no walls: they may lie below a gross area, never above it."""
        if self.basis == "net":
            return self.difference > TOLERANCE
        lowest = WALLS if self.kind == "gross" and self.basis != "storeys" else TOLERANCE
        return not -lowest <= self.difference <= TOLERANCE

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "global_id": self.global_id, "ifc_class": self.ifc_class, "name": self.name, "kind": self.kind,
            "declared": round(self.declared, 3), "computed": round(self.computed, 3), "basis": self.basis,
            "difference": round(self.difference, 5), "is_off": self.is_off,
        }  # fmt: skip


def measure(thing: ElementRecord, rules: Rules) -> Areas:
    """The areas of one space, storey or building."""
    outline = thing.outline["area"] if thing.outline else None
    return Areas(rules.find_area("gross_area", thing), rules.find_area("net_area", thing), outline)


def compare_areas(
    buildings: Sequence[ElementRecord],
    storeys: Sequence[ElementRecord],
    spaces: Sequence[ElementRecord],
    areas: dict[str, Areas],
) -> list[Comparison]:
    """Every declared area that something can be held against. areas: by global_id, of all of these."""
    found: list[Comparison] = []
    for storey in storeys:
        within = [areas[space.global_id] for space in spaces if space.storey_global_id == storey.global_id]
        found += _compare(storey, areas[storey.global_id], within, [])
    for building in buildings:
        inside = [one for one in spaces if one.building_global_id == building.global_id]
        over = [areas[one.global_id] for one in storeys if one.building_global_id == building.global_id]
        found += _compare(building, areas[building.global_id], [areas[one.global_id] for one in inside], over)
    return found


def _compare(thing: ElementRecord, declared: Areas, spaces: list[Areas], storeys: list[Areas]) -> list[Comparison]:
    found: list[Comparison] = []
    for kind, _ in _KINDS:
        wanted: float | None = getattr(declared, kind)
        if wanted is None:
            continue
        for basis, values in _list_bases(kind, spaces, storeys):
            total = _sum(values)
            if total is not None:
                found.append(Comparison(thing.global_id, thing.ifc_class, thing.name, kind, wanted, total, basis))
                break
    return found


def _list_bases(kind: Kind, spaces: list[Areas], storeys: list[Areas]) -> list[tuple[str, list[float | None]]]:
    """Like is held against like; the first of these that is whole counts."""
    bases = [("storeys", [getattr(one, kind) for one in storeys]), ("spaces", [getattr(one, kind) for one in spaces])]
    if kind == "net":
        bases.append(("outlines", [one.net if one.net is not None else one.outline for one in spaces]))
    else:
        bases.append(("net", [one.floor[0] for one in spaces]))
    return bases


def _sum(values: Iterable[float | None]) -> float | None:
    listed = list(values)
    known = [value for value in listed if value is not None]
    return sum(known) if known and len(known) == len(listed) else None


def tell_differences(comparisons: Iterable[Comparison]) -> list[Problem]:
    """What a planner should look at."""
    kinds = dict(_KINDS)
    problems: list[Problem] = []
    for one in comparisons:
        if not one.is_off:
            continue
        label, basis, kind = one.name or one.global_id, _BASES[one.basis], kinds[one.kind]
        declared, computed, share = f"{one.declared:.2f}", f"{one.computed:.2f}", f"{one.difference:+.1%}"
        problems.append(
            Problem(
                one.global_id,
                Text(
                    f"{label}:声明的{kind.zh}为 {declared} 平方米,{basis.zh}为 {computed} 平方米({share})",
                    f"{label}: the declared {kind.en} is {declared} m², {basis.en} {computed} m² ({share})",
                ),
                Text(
                    "请核对声明的面积,以及空间是否齐全。",
                    "Check the declared area, and whether the spaces are all there.",
                ),
            )
        )
    return problems
