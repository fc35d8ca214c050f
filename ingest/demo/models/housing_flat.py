# SPDX-License-Identifier: Apache-2.0
"""A flat of the demo housing block: its walls, rooms, furniture and stack, and its zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ingest.demo.models.elements import (
    OpeningPlan,
    add_space,
    add_wall,
    mark,
)
from ingest.demo.models.piping import TEE, PipeSystem, add_basin, add_pan
from ingest.demo.models.plan import (
    ELEVATION,
    ElementType,
    Extrusion,
    Group,
    ModelPlan,
    Product,
    box_outline,
)

OUTER: Final = 0.2
_INNER: Final = 0.1
_BALCONY: Final = 1.5
_CORRIDOR: Final = 1.2
_KITCHEN: Final = 2.8


@dataclass(frozen=True)
class Flat:
    """A flat's lines in its own coordinates: u from the stair outwards, v from south to north, walls' middles."""

    storey: str
    number: str
    origin: float
    #: 1 where u runs east, -1 where it runs west.
    side: int
    width: float
    south: float
    north: float
    clear: float

    @property
    def lines(self) -> tuple[float, float, float, float]:
        """u of the party wall, of the walls between the rooms, and of the outer wall."""
        return (0.0, round(0.42 * self.width, 3), round(0.71 * self.width, 3), self.width)

    @property
    def middle(self) -> float:
        """v of the corridor's south wall."""
        return round((self.south + self.north) / 2 + 0.3, 3)

    def key(self, name: str) -> str:
        """A product's key: unit number and name."""
        return f"{self.number}-{name}"

    def point(self, u: float, v: float) -> tuple[float, float]:
        """A point of the flat in the building's coordinates."""
        return (round(self.origin + self.side * u, 4), v)

    def box(self, west: float, south: float, east: float, north: float) -> tuple[float, float, float, float]:
        """A box in the building's coordinates, from one in the flat's."""
        first, second = self.point(west, south), self.point(east, north)
        return (min(first[0], second[0]), south, max(first[0], second[0]), north)


def build_flat(
    plan: ModelPlan,
    flat: Flat,
    storey_number: int,
    place: int,
    section: int,
    waste: PipeSystem,
    ends: dict[str, str],
    height: float,
) -> None:
    """A flat with all that is in it, and its zone."""
    _build_walls(plan, flat, owns_party_wall=not (section == 2 and flat.side < 0))
    rooms = _build_rooms(plan, flat)
    _furnish(plan, flat, waste, ends, height, f"{section}-{place}")
    spaces = [plan.products[room].quantities["Qto_SpaceBaseQuantities"]["NetFloorArea"] for room in rooms]
    balcony = spaces[-1]
    # Digits, as a unit's code has them: staircase, storey, flat.
    number = f"{section}{storey_number:02d}{place:02d}"
    plan.groups.append(
        Group(
            flat.number, "IfcZone", tuple(rooms), object_type="户",
            long_name=f"{section}单元{storey_number}{place:02d}户 Unit {flat.number}",
            sets={
                "Pset_ZoneCommon": {"Reference": "户", "IsExternal": False},
                "示例_分户信息": {
                    "单元": str(section), "楼层": storey_number, "户号": number, "户型": "三室两厅 3 bedrooms",
                    "套内面积": round(sum(spaces) - balcony, 2), "阳台面积": round(balcony, 2),
                },
            },
        )
    )  # fmt: skip


def _build_walls(plan: ModelPlan, flat: Flat, *, owns_party_wall: bool) -> None:
    u0, u1, u2, u3 = flat.lines
    south, north = flat.south + OUTER / 2, flat.north - OUTER / 2
    front, low, high = flat.south + _BALCONY, flat.middle, flat.middle + _CORRIDOR
    half, outer = _INNER / 2, OUTER / 2
    kitchen = flat.north - _KITCHEN

    def wall(
        name: str, start: tuple[float, float], end: tuple[float, float], kind: str, *openings: OpeningPlan
    ) -> None:
        is_outer, is_shear = kind == "外墙 200", kind == "剪力墙 200"
        add_wall(
            plan, flat.storey, flat.key(name), flat.point(*start), flat.point(*end), height=flat.clear, wall_type=kind,
            thickness=_INNER if kind == "内墙 100" else OUTER,
            style="ochre" if is_outer else "plaster" if is_shear else "inner",
            is_external=is_outer, is_bearing=is_shear, openings=openings,
        )  # fmt: skip

    def middle_of(first: float, second: float, start: float, width: float) -> float:
        return round((first + second) / 2 - start - width / 2, 4)

    door = OpeningPlan
    wall(
        "分户墙", (u0, flat.south), (u0, flat.north), "剪力墙 200",
        door("door", round(high - flat.south + 0.3, 4), 1.0, 2.1),
    )  # fmt: skip
    if owns_party_wall:
        wall("山墙", (u3, flat.south), (u3, flat.north), "剪力墙 200")
    start = u1
    wall(
        "南外墙", (u1, south), (u3 - outer, south), "外墙 200",
        OpeningPlan("window", middle_of(u1, u2, start, 1.8), 1.8, 1.5, 0.9),
        OpeningPlan("window", middle_of(u2, u3, start, 1.5), 1.5, 1.5, 0.9),
    )  # fmt: skip
    wall(
        "客厅外墙", (u0 + outer, front), (u1 - half, front), "外墙 200",
        OpeningPlan("door", middle_of(u0, u1, u0 + outer, 2.2), 2.2, 2.3),
    )  # fmt: skip
    start = u0 + outer
    wall(
        "北外墙", (start, north), (u3 - outer, north), "外墙 200",
        OpeningPlan("window", middle_of(u0, u1, start, 1.5), 1.5, 1.3, 1.0),
        OpeningPlan("window", middle_of(u1, u2, start, 0.7), 0.7, 0.9, 1.5),
        OpeningPlan("window", middle_of(u2, u3, start, 1.5), 1.5, 1.5, 0.9),
    )  # fmt: skip
    wall("内墙南一", (u1, south + outer), (u1, low + half), "内墙 100")
    wall("内墙北一", (u1, high - half), (u1, north - outer), "内墙 100")
    wall("内墙南二", (u2, south + outer), (u2, low - half), "内墙 100")
    wall("内墙北二", (u2, high + half), (u2, north - outer), "内墙 100")
    start = u1 + half
    wall(
        "走道南墙", (start, low), (u3 - outer, low), "内墙 100",
        door("door", round(u2 - start - 1.2, 4), 0.9, 2.1), door("door", round(u2 - start + 0.3, 4), 0.9, 2.1),
    )  # fmt: skip
    wall(
        "走道北墙", (start, high), (u3 - outer, high), "内墙 100",
        door("door", round(u2 - start - 1.2, 4), 0.8, 2.1), door("door", round(u2 - start + 0.3, 4), 0.9, 2.1),
    )  # fmt: skip
    wall("厨房墙", (u0 + outer, kitchen), (u1 - half, kitchen), "内墙 100", door("door", 0.4, 0.8, 2.1))


def _build_rooms(plan: ModelPlan, flat: Flat) -> list[str]:
    """The flat's spaces, the balcony last."""
    u0, u1, u2, u3 = flat.lines
    south, north = flat.south + OUTER, flat.north - OUTER
    front, low, high = flat.south + _BALCONY, flat.middle, flat.middle + _CORRIDOR
    half, outer = _INNER / 2, OUTER / 2
    kitchen = flat.north - _KITCHEN
    rooms = (
        ("客餐厅", "Living and dining", (u0 + outer, front + outer, u1 - half, kitchen - half)),
        ("厨房", "Kitchen", (u0 + outer, kitchen + half, u1 - half, north)),
        ("走道", "Corridor", (u1 + half, low + half, u3 - outer, high - half)),
        ("主卧", "Bedroom 1", (u1 + half, south, u2 - half, low - half)),
        ("次卧", "Bedroom 2", (u2 + half, south, u3 - outer, low - half)),
        ("书房", "Study", (u2 + half, high + half, u3 - outer, north)),
        ("卫生间", "Bathroom", (u1 + half, high + half, u2 - half, north)),
    )
    made = [
        add_space(
            plan, flat.storey, flat.key(name), english, flat.box(*box), flat.clear,
            code="12-10.40.01" if name == "卫生间" else "12-10.20.01", use=name,
        )
        for name, english, box in rooms
    ]  # fmt: skip
    balcony = flat.box(u0 + outer, flat.south, u1 - half, front - outer)
    made.append(
        add_space(
            plan, flat.storey, flat.key("阳台"), "Balcony", balcony, flat.clear, code="12-10.20.01", use="阳台",
            predefined="EXTERNAL",
        )
    )  # fmt: skip
    return made


def _furnish(plan: ModelPlan, flat: Flat, waste: PipeSystem, ends: dict[str, str], height: float, stack: str) -> None:
    """Balustrade, kitchen, bathroom, and the stack that its toilet drains into."""
    u0, u1, _, _ = flat.lines
    width = u1 - u0 - _INNER / 2 - OUTER / 2
    posts = plan.add_type(
        ElementType(
            f"栏杆 {width:.2f}", "IfcRailingType", "BALUSTRADE",
            (
                Extrusion(box_outline(0.0, 1.02, width, 1.1), 0.06, "frame", plane=ELEVATION),
                Extrusion(box_outline(0.0, 0.08, width, 1.0), 0.012, "clear", (0.0, -0.02, 0.0), ELEVATION),
            ),
        )
    )  # fmt: skip
    west = flat.box(u0 + OUTER / 2, 0.0, u1 - _INNER / 2, 1.0)[0]
    key = flat.key("阳台栏杆")
    plan.add(
        Product(
            key,
            "IfcRailing",
            flat.storey,
            at=(west, flat.south + 0.08, 0.0),
            predefined="BALUSTRADE",
            type=posts,
            sets={
                "Pset_RailingCommon": {"Reference": "LG-1", "Height": 1.1, "IsExternal": True},
                **mark(key, flat.storey),
            },
        )
    )
    key = flat.key("橱柜")
    corner = flat.box(u0 + 0.3, 0.0, u0 + 2.7, 1.0)[0]
    plan.add(
        Product(
            key, "IfcFurniture", flat.storey, at=(corner + 2.4, flat.north - OUTER, 0.0), x=(-1.0, 0.0, 0.0),
            type="橱柜 Kitchen unit", sets=mark(key, flat.storey),
        )
    )  # fmt: skip
    # The stack stands in the bathroom's corner by the living room, the toilet beside it at the same wall.
    wall = flat.north - OUTER
    x, y = flat.point(u1 + 0.25, wall - 0.1)
    out = (float(flat.side), 0.0, 0.0)
    first, tee, last = waste.add_riser(flat.storey, flat.key("排水立管"), (x, y), height, 0.1, is_down=True, out=out)
    if stack in ends:
        waste.join(last, ends[stack])
    ends[stack] = first
    reach = 0.45
    at = (round(x + flat.side * (TEE + reach), 4), y, 0.1 + TEE)
    branch = waste.add_segment(flat.storey, flat.key("排水支管"), at, (-out[0], 0.0, 0.0), reach)
    pan = add_pan(plan, flat.storey, flat.key("坐便器"), (at[0], wall, 0.0), (0.0, -1.0, 0.0))
    plan.connect((pan, "out"), (branch, "a"))
    plan.connect((branch, "b"), (tee, "c"))
    basin = flat.point(u1 + _INNER / 2, wall - 1.6)
    add_basin(plan, flat.storey, flat.key("洗手盆"), (*basin, 0.0), out)
