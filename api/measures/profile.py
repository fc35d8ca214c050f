# SPDX-License-Identifier: Apache-2.0
"""A block's profile: what its registers, incidents and pillars add up to. It reads facts, never features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.http.parameters import parse_as_of, parse_code, refuse_unknown
from api.http.response import JSON
from api.measures.trends import Asked, Shown, Then, describe_trend, read_then, round_value
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from layers.registry import load_layers
from twin.access import Actor
from twin.errors import AccessDeniedError, InvalidRequestError, NotFoundError
from twin.text import Text

TREND_DAYS: Final = 30
"""How far a trend goes back: events of so many days against as many before, a stock against what it was then."""

LONGEST_TREND: Final = 366

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["blocks"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]


@dataclass(frozen=True)
class Facts:
    """The facts of a profile by measure; days and dimensions apart."""

    values: Mapping[str, float]
    by_day: Mapping[str, Mapping[date, float]]
    by_dimension: Mapping[str, Mapping[str, float]]

    @classmethod
    def read(cls, rows: Iterable[tuple[str, str | None, str, float]]) -> Facts:
        """From rows of measure, day, dimension, value."""
        values: dict[str, float] = {}
        by_day: dict[str, dict[date, float]] = {}
        by_dimension: dict[str, dict[str, float]] = {}
        for measure, day, dimension, value in rows:
            if day is not None:
                by_day.setdefault(measure, {})[date.fromisoformat(day)] = value
            elif dimension:
                by_dimension.setdefault(measure, {})[dimension] = value
            else:
                values[measure] = value
        return cls(values, by_day, by_dimension)

    def of(self, measure: str) -> float:
        """The plain value, 0 where there is none. Counts are whole numbers."""
        return round_value(self.values.get(measure, 0))


@router.get("/blocks/{code}/profile", summary="What is in a block")
async def get_profile(
    request: Request, actor: AsActor, services: With,
    code: Annotated[str, Path(description="The block's code")],
    pillars: Annotated[str | None, Query(description="codes of pillars with commas; all that are enabled")] = None,
    as_of: Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded then")] = None,
    trend_days: Annotated[int, Query(ge=1, le=LONGEST_TREND, description="how far back trends go")] = TREND_DAYS,
) -> Response:  # fmt: skip
    """Counts by home, areas by share. Above a scope, only what lies in it is counted, and `limited_to` says so.

    Trends: events of the last days against as many before; anything else against what was recorded that many days ago.
    """
    parse_code(code)
    moment = None if as_of is None else parse_as_of(as_of, services.zone)
    reached = narrow_to_scope(actor, code)
    whole = reached == [code]
    async with services.as_actor(actor, moment) as connection:
        found = await connection.execute(
            read_sql("profile"),
            {
                "code": code, "codes": reached, "ranked": code if whole else None, "days": trend_days,
                "since": max(2 * trend_days, TREND_DAYS) - 1,
            },
        )  # fmt: skip
        row = await found.fetchone()
    if row is None:
        raise NotFoundError(Text(f"没有编码为 {code} 的块。", f"No block has the code {code}."))
    if not reached:
        raise AccessDeniedError(
            Text(
                f"块 {code} 不在您的权限范围({'、'.join(actor.granted_codes) or '无块'})之内,不能查看其概况。",
                f"The block {code} lies outside your scope ({', '.join(actor.granted_codes) or 'no block'}), "
                "so its profile is not shown.",
            )
        )
    level, today, parts = row[0], row[1], orjson.loads(row[2])
    facts = Facts.read(parts["facts"])
    wanted = _choose_pillars(parts["pillars"], pillars)
    asked = Asked(services, actor, reached, moment, today, trend_days)
    then = await read_then(asked, facts.values, parts)
    registers, withheld = await _registers(asked, facts, parts["measures"])
    body = {
        "code": code,
        "level": level,
        "as_of": (moment or datetime.now(UTC)).isoformat(timespec="seconds"),
        "limited_to": None if whole else reached,
        "registers": registers,
        "withheld": withheld,
        "incidents": _incidents(facts, parts["types"], today),
        "pillars": [
            pillar | {"measures": [
                await _measure(asked, measure, parts["ranks"], facts, then)
                for measure in parts["measures"]
                if measure["pillar"] == pillar["code"] and measure["access_class"] <= actor.access_class
            ]}
            for pillar in wanted
        ],
        "business": parts["business"],
        "children": parts["children"],
    }  # fmt: skip
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})


def narrow_to_scope(actor: Actor, code: str) -> list[str]:
    """The blocks at or below `code` that the actor reaches, none within another; none: nothing."""
    if actor.reaches(code):
        return [code]
    below = sorted(granted for granted in set(actor.block_codes) if granted.startswith(code))
    return [c for c in below if not any(c != other and c.startswith(other) for other in below)]


def _choose_pillars(enabled: list[dict[str, Any]], wanted: str | None) -> list[dict[str, Any]]:
    if wanted is None:
        return enabled
    codes = [code.strip() for code in wanted.split(",") if code.strip()]
    known = {pillar["code"]: pillar for pillar in enabled}
    for code in codes:
        if code not in known:
            raise InvalidRequestError(
                Text(
                    f"没有启用的柱“{code}”。可用:{', '.join(known)}。",
                    f"There is no enabled pillar '{code}'. Choose among {', '.join(known)}.",
                ),
                "pillars",
            )
    return [known[code] for code in codes]


def _incidents(facts: Facts, types: list[dict[str, Any]], today: date) -> dict[str, Any]:
    days = facts.by_day.get("incidents.by_day", {})
    shown = [today - timedelta(days=back) for back in range(TREND_DAYS - 1, -1, -1)]
    severities = facts.by_dimension.get("incidents.open_by_severity", {})
    return {
        "open": facts.of("incidents.open"),
        "total": facts.of("incidents.count"),
        "today": round_value(days.get(today, 0)),
        "by_severity": {severity: round_value(severities[severity]) for severity in sorted(severities)},
        "by_type": types,
        "by_day": [{"day": day.isoformat(), "count": round_value(days.get(day, 0))} for day in shown],
    }


async def _registers(
    asked: Asked, facts: Facts, measures: list[dict[str, Any]]
) -> tuple[dict[str, dict[str, float | None]], dict[str, dict[str, str]]]:  # fmt: skip
    """The registers' figures by layer and name, and by measure why one is not shown."""
    figures: dict[str, dict[str, float | None]] = {
        layer.id: {kpi.name: facts.of(f"{layer.id}.{kpi.name}") for kpi in layer.kpis}
        for layer in load_layers().values() if layer.kpis
    }  # fmt: skip
    withheld: dict[str, dict[str, str]] = {}
    for measure in measures:
        layer, _, name = measure["code"].partition(".")
        if name not in figures.get(layer, {}):
            continue
        shown = await asked.show(measure, facts.of(measure["code"]))
        figures[layer][name] = shown.value
        if shown.reason is not None:
            withheld[measure["code"]] = shown.reason.as_dict()
    return figures, withheld


async def _measure(
    asked: Asked, measure: dict[str, Any], ranks: dict[str, list[int]], facts: Facts, then: Then
) -> dict[str, Any]:  # fmt: skip
    shown = await asked.show(measure, facts.of(measure["code"]))
    rank = ranks.get(measure["code"])
    trend, reason = await _compare(asked, measure, shown, facts, then)
    return {
        "code": measure["code"],
        "title": measure["title"],
        "unit": measure["unit"],
        "value": shown.value,
        "shown": shown.instead,
        "withheld": shown.reason and shown.reason.as_dict(),
        "k": measure["k"],
        "threshold": measure["threshold"],
        "is_indicator": measure["is_indicator"],
        "rank": None if rank is None else {"place": rank[0], "of": rank[1]},
        "trend": trend,
        "no_trend": reason and reason.as_dict(),
    }


async def _compare(
    asked: Asked, measure: dict[str, Any], shown: Shown, facts: Facts, then: Then
) -> tuple[dict[str, Any] | None, Text | None]:  # fmt: skip
    """The trend of a measure, or why there is none. What has days of its own is compared by those."""
    if not measure["series"]:
        return await asked.compare(measure, shown, then)
    days = facts.by_day.get(measure["series"], {})

    def add_up(first: int) -> float:
        shown_days = range(first, first + asked.days)
        return round_value(sum(days.get(asked.today - timedelta(days=back), 0) for back in shown_days))

    return describe_trend(asked.days, add_up(0), add_up(asked.days)), None
