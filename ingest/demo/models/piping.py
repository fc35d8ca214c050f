# SPDX-License-Identifier: Apache-2.0
"""Pipes of the demo models: segments, bends, tees and valves with ports, joined end to end."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Final

from ingest.demo.models.elements import mark
from ingest.demo.models.plan import (
    ElementType,
    Extrusion,
    Group,
    ModelPlan,
    Part,
    Point,
    Port,
    Product,
    Tube,
    box_outline,
)

UP: Final[Point] = (0.0, 0.0, 1.0)
DOWN: Final[Point] = (0.0, 0.0, -1.0)
EAST: Final[Point] = (1.0, 0.0, 0.0)
#: Half the length of a tee (m).
TEE: Final = 0.15
BEND: Final = 0.15
VALVE: Final = 0.24


@dataclass
class PipeSystem:
    """A system in the making: what all its pipes have, and its members so far. Diameters in mm."""

    plan: ModelPlan
    key: str
    long_name: str
    predefined: str
    diameter: int
    style: str
    material: str
    members: list[str] = field(default_factory=list[str])

    @property
    def radius(self) -> float:
        """The outer radius (m)."""
        return self.diameter / 2000

    def close(self) -> None:
        """Write the system down with its members."""
        self.plan.groups.append(
            Group(
                self.key, "IfcDistributionSystem", tuple(self.members), self.predefined, self.long_name,
                {"Pset_DistributionSystemCommon": {"Reference": self.key}},
            )
        )  # fmt: skip

    def add_segment(self, storey: str, key: str, at: Point, along: Point, length: float) -> str:
        """A straight pipe from `at` along a direction; it flows from port a to port b."""
        inner = self.radius - 0.004
        tube = Tube(((0.0, 0.0, 0.0), (0.0, 0.0, length)), self.radius, self.style, inner)
        kind = ElementType(
            f"{self.key} DN{self.diameter} L={length:.2f}", "IfcPipeSegmentType", "RIGIDSEGMENT", (tube,), self.material
        )
        quantities = {"Qto_PipeSegmentBaseQuantities": {"Length": length}}
        return self._add(storey, key, "IfcPipeSegment", "RIGIDSEGMENT", kind, at, along, None, length, quantities)

    def add_valve(self, storey: str, key: str, at: Point, along: Point) -> str:
        """A valve of a fixed length."""
        body = Tube(((0.0, 0.0, 0.02), (0.0, 0.0, VALVE - 0.02)), self.radius * 1.5, "frame")
        ends = Tube(((0.0, 0.0, 0.0), (0.0, 0.0, VALVE)), self.radius, self.style)
        stem = Tube(((0.0, 0.0, VALVE / 2), (self.radius * 3, 0.0, VALVE / 2)), 0.012, "fire")
        kind = ElementType(f"{self.key} 阀门 DN{self.diameter}", "IfcValveType", "ISOLATING", (body, ends, stem))
        return self._add(storey, key, "IfcValve", "ISOLATING", kind, at, along, None, VALVE)

    def add_bend(self, storey: str, key: str, at: Point, along: Point, out: Point) -> str:
        """A quarter bend from one direction into another."""
        middle = BEND * (1 - 0.5**0.5), BEND * 0.5**0.5
        path = ((0.0, 0.0, 0.0), (middle[0], 0.0, middle[1]), (BEND, 0.0, BEND))
        shape = Tube(path, self.radius, self.style, is_arc=True)
        kind = ElementType(f"{self.key} 弯头 DN{self.diameter}", "IfcPipeFittingType", "BEND", (shape,), self.material)
        return self._add(storey, key, "IfcPipeFitting", "BEND", kind, at, along, out, None)

    def add_tee(self, storey: str, key: str, at: Point, along: Point, out: Point) -> str:
        """A tee: through from a to b, port c to the side."""
        parts: tuple[Part, ...] = (
            Tube(((0.0, 0.0, 0.0), (0.0, 0.0, 2 * TEE)), self.radius * 1.15, self.style),
            Tube(((0.0, 0.0, TEE), (TEE, 0.0, TEE)), self.radius * 1.15, self.style),
        )
        kind = ElementType(f"{self.key} 三通 DN{self.diameter}", "IfcPipeFittingType", "JUNCTION", parts, self.material)
        return self._add(storey, key, "IfcPipeFitting", "JUNCTION", kind, at, along, out, 2 * TEE, has_branch=True)

    def _add(
        self,
        storey: str,
        key: str,
        ifc_class: str,
        predefined: str,
        kind: ElementType,
        at: Point,
        along: Point,
        out: Point | None,
        length: float | None,
        quantities: dict[str, dict[str, float]] | None = None,
        *,
        has_branch: bool = False,
    ) -> str:
        side = out or (EAST if abs(along[0]) < 0.9 else (0.0, 1.0, 0.0))
        far = (BEND, 0.0, BEND) if length is None else (0.0, 0.0, length)
        ports = [Port("a", (0.0, 0.0, 0.0), "SINK"), Port("b", far, "SOURCE")]
        if has_branch:
            ports.append(Port("c", (TEE, 0.0, TEE), "SOURCE"))
        self.plan.add(
            Product(
                key, ifc_class, storey, at=at, z=along, x=side, predefined=predefined,
                type=self.plan.add_type(kind), code="14-20.10.01",
                sets=mark(key, storey, 系统=self.key), quantities=quantities or {}, ports=tuple(ports),
            )
        )  # fmt: skip
        self.members.append(key)
        return key

    def join(self, *keys: str) -> None:
        """Connect parts one after the other, b to a."""
        for before, after in itertools.pairwise(keys):
            self.plan.connect((before, "b"), (after, "a"))

    def add_riser(
        self,
        storey: str,
        prefix: str,
        at: tuple[float, float],
        height: float,
        tee_at: float,
        *,
        is_down: bool,
        out: Point,
    ) -> tuple[str, str, str]:
        """A storey's piece of a riser: pipe, tee, pipe. Gives the keys of first, tee and last in flow direction."""
        x, y = at
        bottom = tee_at, tee_at + 2 * TEE
        if is_down:
            first = self.add_segment(storey, f"{prefix}-上段", (x, y, height), DOWN, height - bottom[1])
            tee = self.add_tee(storey, f"{prefix}-三通", (x, y, bottom[1]), DOWN, out)
            last = self.add_segment(storey, f"{prefix}-下段", (x, y, bottom[0]), DOWN, bottom[0])
        else:
            first = self.add_segment(storey, f"{prefix}-下段", (x, y, 0.0), UP, bottom[0])
            tee = self.add_tee(storey, f"{prefix}-三通", (x, y, bottom[0]), UP, out)
            last = self.add_segment(storey, f"{prefix}-上段", (x, y, bottom[1]), UP, height - bottom[1])
        self.join(first, tee, last)
        return first, tee, last


def add_pan(plan: ModelPlan, storey: str, key: str, at: Point, facing: Point) -> str:
    """A toilet against the wall behind it, with a port for water and one for waste."""
    parts = (
        Extrusion(box_outline(-0.19, 0.0, 0.19, 0.2), 0.75, "ceramic"),
        Extrusion(((-0.17, 0.2), (0.17, 0.2), (0.17, 0.5), (0.09, 0.66), (-0.09, 0.66), (-0.17, 0.5)), 0.4, "ceramic"),
    )
    kind = ElementType("坐便器 Toilet", "IfcSanitaryTerminalType", "TOILETPAN", parts, "陶瓷")
    return _add_terminal(plan, storey, key, at, facing, kind, 0.6)


def add_basin(plan: ModelPlan, storey: str, key: str, at: Point, facing: Point) -> str:
    """A wash basin on its foot."""
    parts = (
        Extrusion(box_outline(-0.3, 0.0, 0.3, 0.48), 0.16, "ceramic", (0.0, 0.0, 0.66)),
        Extrusion(box_outline(-0.09, 0.08, 0.09, 0.26), 0.66, "ceramic"),
    )
    kind = ElementType("洗手盆 Basin", "IfcSanitaryTerminalType", "WASHHANDBASIN", parts, "陶瓷")
    return _add_terminal(plan, storey, key, at, facing, kind, 0.5)


def _add_terminal(
    plan: ModelPlan, storey: str, key: str, at: Point, facing: Point, kind: ElementType, inlet: float
) -> str:
    plan.add(
        Product(
            key, "IfcSanitaryTerminal", storey, at=at, x=(facing[1], -facing[0], 0.0), predefined=kind.predefined,
            type=plan.add_type(kind), code="14-20.10.02", sets=mark(key, storey),
            ports=(Port("in", (0.0, 0.2, inlet), "SINK"), Port("out", (0.0, 0.1, 0.25), "SOURCE")),
        )
    )  # fmt: skip
    return key
