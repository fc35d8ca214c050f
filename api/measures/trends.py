# SPDX-License-Identifier: Apache-2.0
"""Which values of a measure may be shown, and what they were some days ago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, LiteralString, NamedTuple

from api.services import Services
from layers.registry import load_layers
from twin.access import Actor
from twin.text import Text

_SMALL: Final = Text("人数过少,或据此可算出别处的少数,不显示。", "Too few, or it would give away others that are few.")
_DOMINATED: Final = Text(
    "其中少数单位占比过大,或据此可算出这样的数,不显示。",
    "Few contribute most of it, or it would give away a sum of which they do.",
)
_CUT: Final = Text("这个度量按维度切分,没有单一的值。", "This measure is cut, so it is not one value.")
_NOT_SHOWN: Final = Text("当前值不显示,因此也没有趋势。", "The value is not shown, and so neither is its trend.")
_NOT_SHOWN_THEN: Final = Text(
    "当时的值不能显示,因此没有趋势。", "What it was then may not be shown, so it has no trend."
)
_NOT_KEPT: Final = Text(
    "受占比规则保护的合计没有趋势:当时由谁构成没有保存。",
    "A sum under the dominance rule has no trend: who made it up then is not kept.",
)

_READ_THEN: Final[LiteralString] = """
    SELECT (SELECT count(*) FROM valid_block AS block JOIN block_scheme ON block_scheme.scheme = block.scheme
            WHERE is_governance AND block.code = ANY (%(codes)s)),
           (SELECT coalesce(json_object_agg(measure, value), '{}') FROM (
                SELECT measure, sum(value) AS value
                FROM read_facts(%(codes)s, (
                    SELECT array_agg(code) FROM measure
                    WHERE pillar IS NOT NULL AND period IS NULL AND dimension IS NULL AND series IS NULL))
                GROUP BY measure) AS known)
"""


class Shown(NamedTuple):
    """A value where it may be shown, else nothing, what stands in its place, and why."""

    value: float | None
    instead: str | None = None
    reason: Text | None = None


@dataclass(frozen=True)
class Then:
    """The stocks of earlier: by measure, whether all the blocks were there, and since when there is a record."""

    values: Mapping[str, float]
    has_blocks: bool
    is_recounted: bool


@dataclass(frozen=True)
class Asked:
    """A question about blocks: who asks, of which codes, as of when, and how many days a trend goes back."""

    services: Services
    actor: Actor
    codes: list[str]
    moment: datetime | None
    today: date
    days: int

    @property
    def that_day(self) -> date:
        """The day at whose end the stocks of earlier are taken."""
        return self.today - timedelta(days=self.days)

    @property
    def that_moment(self) -> datetime:
        """The end of that day."""
        begins = datetime.combine(self.that_day + timedelta(days=1), time.min, tzinfo=self.services.zone)
        return begins - timedelta(microseconds=1)

    async def show(self, measure: Mapping[str, Any], value: float) -> Shown:
        """The value of a measure as far as it may be shown."""
        if measure["k"] is not None:
            return await self._protect(measure, value, self.moment, None)
        if measure["dominance"] is not None and not sees_parts(self.actor, measure):
            dominated = await self.services.small_counts.find_dominated(
                measure["code"], measure["dominance"], self.actor.access_class, self.moment
            )
            if not dominated.isdisjoint(self.codes):
                return Shown(None, "—", _DOMINATED)
        return Shown(value)

    async def compare(
        self, measure: Mapping[str, Any], shown: Shown, then: Then
    ) -> tuple[dict[str, Any] | None, Text | None]:  # fmt: skip
        """A stock's trend, or why there is none."""
        reason = self._find_obstacle(measure, shown, then)
        if reason is not None:
            return None, reason
        assert shown.value is not None
        before = Shown(round_value(then.values.get(measure["code"], 0)))
        if measure["k"] is not None:
            is_past = self.moment is not None
            before = await self._protect(
                measure, before.value or 0, self.that_moment if is_past else None, None if is_past else self.that_day
            )
        if before.value is None:
            return None, _NOT_SHOWN_THEN
        return describe_trend(self.days, shown.value, before.value), None

    def _find_obstacle(self, measure: Mapping[str, Any], shown: Shown, then: Then) -> Text | None:
        if not measure["is_stock"]:
            return _CUT
        if shown.value is None:
            return _NOT_SHOWN
        if measure["dominance"] is not None and not sees_parts(self.actor, measure):
            return _NOT_KEPT
        if not then.has_blocks:
            return Text(f"{self.days} 天前还没有记录这个块。", f"This block was not recorded {self.days} days ago.")
        if not then.is_recounted and date.fromisoformat(measure["trend_since"]) > self.that_day:
            since = measure["trend_since"]
            return Text(f"这个度量自 {since} 起才这样计数。", f"This measure is counted like this since {since} only.")
        return None

    async def _protect(
        self, measure: Mapping[str, Any], value: float, as_of: datetime | None, day: date | None
    ) -> Shown:  # fmt: skip
        """A count of people: its value where it may be shown."""
        k: int = measure["k"]
        withheld = await self.services.small_counts.find(measure["code"], k, self.actor.access_class, as_of, day)
        if any(code in withheld.silent for code in self.codes):
            return Shown(None, "—", _SMALL)
        # What was written since the tree was looked at is small all the same.
        if any(code in withheld.small for code in self.codes) or 0 < value < k:
            return Shown(None, f"<{k}" if len(self.codes) == 1 else "—", _SMALL)
        return Shown(value)


async def read_then(asked: Asked, values: Mapping[str, float], parts: Mapping[str, Any]) -> Then:
    """The stocks of earlier: today's `values` less what has changed since; for the past counted again as of then."""
    if asked.moment is None:
        since = parts["recorded_since"]
        changes: Mapping[str, float] = parts["changes"]
        earlier = {code: values.get(code, 0) - changes.get(code, 0) for code in {*values, *changes}}
        return Then(earlier, since is not None and date.fromisoformat(since) <= asked.that_day, is_recounted=False)
    async with asked.services.as_actor(asked.actor, asked.that_moment) as connection:
        row = await (await connection.execute(_READ_THEN, {"codes": asked.codes})).fetchone()
    assert row is not None
    return Then(row[1], row[0] == len(asked.codes), is_recounted=True)


def sees_parts(actor: Actor, measure: Mapping[str, Any]) -> bool:
    """Whether the actor is shown, of each feature, the very property that the measure sums.

    Facts are of features that the actor may see (scope and class), so what remains is the property's own class.
    """
    column = str(measure["expression"]).strip('"')
    return any(
        layer.kind == measure["kind"] and any(p.name == column for p in layer.properties_for(actor.access_class))
        for layer in load_layers().values()
    )


def describe_trend(days: int, value: float, before: float) -> dict[str, Any]:
    """`change` is the difference, `ratio` its share in what was before; null where that was nothing."""
    change = round_value(value - before)
    return {
        "days": days,
        "value": value,
        "before": before,
        "change": change,
        "ratio": round(change / before, 4) if before else None,
    }


def round_value(value: float) -> float:
    """Counts are whole; what was added and taken away as fractions is not quite so."""
    rounded = round(value)
    return rounded if abs(value - rounded) < 1e-6 else round(value, 3)
