# SPDX-License-Identifier: Apache-2.0
"""How models say what they mean, as the rows of `model_rule` have it: which attribute or property tells what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from twin.database import Connection
from twin.errors import RefusedError
from twin.text import Text

Purpose = Literal[
    "unit_zone", "unit_number", "space_unit", "space_use", "building_code", "gross_area", "net_area"
]  # fmt: skip
Source = Literal["attribute", "property", "quantity"]


class Described(Protocol):
    """What rules are applied to: sets by name, and attributes by their names in lower case with underscores."""

    @property
    def property_sets(self) -> Mapping[str, Mapping[str, Any]]: ...  # noqa: D102

    @property
    def quantities(self) -> Mapping[str, Mapping[str, Any]]: ...  # noqa: D102


@dataclass(frozen=True)
class Rule:
    """One row: where to look, and what the value has to be like. `set_name` None is any set."""

    name: str
    purpose: Purpose
    source: Source
    set_name: str | None
    field: str
    pattern: re.Pattern[str] | None

    def read(self, thing: Described) -> list[Any]:
        """The values that stand there, as they are."""
        if self.source == "attribute":
            return [getattr(thing, self.field, None)]
        sets = thing.property_sets if self.source == "property" else thing.quantities
        chosen = sets.values() if self.set_name is None else filter(None, [sets.get(self.set_name)])
        return [content[self.field] for content in chosen if self.field in content]


class Rules:
    """All rules, in their order."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_purpose: dict[str, list[Rule]] = {}
        for rule in rules:
            self._by_purpose.setdefault(rule.purpose, []).append(rule)

    def find_text(
        self, purpose: Purpose, thing: Described, sources: Iterable[Source] = ("attribute", "property", "quantity")
    ) -> tuple[str, str] | None:
        """The text that the first fitting rule finds, and the rule's name."""
        for rule in self._by_purpose.get(purpose, ()):
            if rule.source not in sources:
                continue
            for value in rule.read(thing):
                one = value[0] if isinstance(value, list) and len(value) == 1 else value
                if one is None or isinstance(one, bool | list | dict):
                    continue
                text = f"{one:.15g}" if isinstance(one, float) else str(one)
                found = rule.pattern.search(text) if rule.pattern else None
                if rule.pattern is None or found:
                    told = found[1] if found and found.re.groups and found[1] else found[0] if found else text
                    if told.strip():
                        return told.strip(), rule.name
        return None

    def find_area(self, purpose: Purpose, thing: Described) -> float | None:
        """The first area above zero (m²)."""
        for rule in self._by_purpose.get(purpose, ()):
            for value in rule.read(thing):
                if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
                    return float(value)
        return None


def read_rules(connection: Connection) -> Rules:
    """The rules in force. Raises RefusedError that names the rule whose pattern is none."""
    rows = connection.execute(
        "SELECT name, purpose, source, set_name, field, pattern FROM model_rule WHERE is_active "
        "ORDER BY purpose, position, name"
    ).fetchall()
    return Rules(Rule(name, purpose, source, of, field, _compile(name, pattern)) for
                 name, purpose, source, of, field, pattern in rows)  # fmt: skip


def _compile(name: str, pattern: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error as error:
        raise RefusedError(
            Text(
                f"模型规则 {name} 的正则表达式无效({error});请在 model_rule 中改正。",
                f"The pattern of the model rule {name} is none ({error}); correct it in model_rule.",
            )
        ) from error
