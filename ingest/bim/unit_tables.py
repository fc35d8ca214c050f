# SPDX-License-Identifier: Apache-2.0
"""Units (分层分户) out of a model: zones that are units, and spaces that say which unit they are of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ingest.bim.records import ElementRecord, ZoneRecord
from ingest.bim.rules import Rules
from twin.errors import Problem
from twin.text import Text


@dataclass(frozen=True)
class UnitRecord:
    """A unit with its spaces (global_ids). unit_from: zone or space; rule: the rule that made it one."""

    global_id: str
    name: str | None
    long_name: str | None
    number: str | None
    unit_from: str
    rule: str
    use: str | None
    members: list[str] = field(default_factory=list[str])


def list_units(
    zones: Iterable[ZoneRecord], spaces: Iterable[ElementRecord], rules: Rules
) -> tuple[list[UnitRecord], list[Problem]]:
    """The units of a model and what is odd about them. A space that a zone takes is of no other unit."""
    units: list[UnitRecord] = []
    problems: list[Problem] = []
    taken: dict[str, str] = {}
    for zone in zones:
        found = rules.find_text("unit_zone", zone)
        if found is None:
            continue
        number = rules.find_text("unit_number", zone)
        use = rules.find_text("space_use", zone, ("property",))
        units.append(
            UnitRecord(
                zone.global_id, zone.name, zone.long_name, number[0] if number else None, "zone", found[1],
                use[0] if use else None, zone.members,
            )
        )  # fmt: skip
        if not zone.members:
            problems.append(_tell_empty(zone))
        for member in zone.members:
            if member in taken:
                problems.append(_tell_shared(member, taken[member], zone.name or zone.global_id))
            taken[member] = zone.name or zone.global_id
    declared: dict[tuple[str | None, str], UnitRecord] = {}
    for space in spaces:
        found = rules.find_text("space_unit", space) if space.global_id not in taken else None
        if found is None:
            continue
        number, rule = found
        key = (space.building_global_id, number)
        if key not in declared:
            made = f"unit:{space.building_global_id or ''}:{number}"
            declared[key] = UnitRecord(made, None, None, number, "space", rule, None, [])
        declared[key].members.append(space.global_id)
    return units + list(declared.values()), problems


def tell_codes(rows: Iterable[tuple[Any, ...]]) -> list[Problem]:
    """Why units are without a code: rows of code_from (a reason), count, and the number of one of them."""
    problems: list[Problem] = []
    for reason, count, number in rows:
        why, fix = _REASONS.get(reason, _REASONS["no_code_form"])
        example = f"(如 {number})" if number else ""
        problems.append(
            Problem(
                "IfcZone/IfcSpace",
                Text(
                    f"{count} 户没有房屋编码{example}:{why.zh}",
                    f"{count} units are without a house code{f' (like {number})' if number else ''}: {why.en}",
                ),
                fix,
            )
        )
    return problems


_REASONS = {
    "no_building": (
        Text("模型的建筑尚未对应到楼栋", "the model's building is matched to none of the city's"),
        Text("请在待审的建筑对应中确认。", "Confirm the building among the matches that wait for review."),
    ),
    "no_building_code": (
        Text("对应的楼栋没有编码", "the building that it is matched to has no code"),
        Text("请为该楼栋赋码。", "Give the building a code."),
    ),
    "no_number": (
        Text("模型没有给出户号", "the model gives them no number"),
        Text("请在模型中写明户号。", "Write the units' numbers into the model."),
    ),
    "not_numeric": (
        Text("户号不是可编入编码的数字", "their numbers are no digits that fit the code"),
        Text("请先登记这些户,或改用数字户号。", "Register the units first, or number them in digits."),
    ),
    "ambiguous": (
        Text("登记册中有多户同号", "the register has several units of that number"),
        Text("请核对登记册。", "Check the register."),
    ),
    "repeated": (
        Text("同一编码出现多次", "several come to the same code"),
        Text("请核对户号。", "Check their numbers."),
    ),
    "taken": (
        Text("编码已属于登记册中的另一户", "the code is another unit's in the register"),
        Text("请核对户号与登记册。", "Check the numbers against the register."),
    ),
    "other_building": (
        Text("模型中的编码属于另一楼栋", "the code in the model is of another building"),
        Text("请核对模型中的编码,或建筑的对应。", "Check the code in the model, or the building's match."),
    ),
    "no_code_form": (
        Text("编码规则与楼栋编码不符", "the form of codes does not fit the building's code"),
        Text("请核对编码规则。", "Check the forms of codes."),
    ),
}


def _tell_empty(zone: ZoneRecord) -> Problem:
    return Problem(
        zone.global_id,
        Text(f"户“{zone.name or ''}”没有任何空间", f"the unit '{zone.name or ''}' has no space"),
        Text("请在模型中把空间归入该分区。", "Assign its spaces to the zone in the model."),
    )


def _tell_shared(space: str, one: str, other: str) -> Problem:
    return Problem(
        space,
        Text(f"该空间同时属于户“{one}”与“{other}”", f"this space is of the units '{one}' and '{other}' at once"),
        Text("请在模型中只归入一户。", "Assign it to one of them in the model."),
    )
