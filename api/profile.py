# SPDX-License-Identifier: Apache-2.0
"""A block's profile: what its registers, incidents and pillars add up to. It reads facts, never features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.parameters import parse_as_of, parse_code, refuse_unknown
from api.response import JSON
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from layers.registry import load_layers
from twin.access import Actor
from twin.errors import AccessDeniedError, InvalidRequestError, NotFoundError
from twin.text import Text

TREND_DAYS: Final = 30
"""A trend sets the last so many days against as many before."""

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
        return _number(self.values.get(measure, 0))


@router.get("/blocks/{code}/profile", summary="What is in a block")
async def get_profile(
    request: Request, actor: AsActor, services: With,
    code: Annotated[str, Path(description="The block's code")],
    pillars: Annotated[str | None, Query(description="codes of pillars with commas; all that are enabled")] = None,
    as_of: Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded then")] = None,
) -> Response:  # fmt: skip
    """Counts by home, areas by share. Above a scope, only what lies in it is counted, and `limited_to` says so."""
    parse_code(code)
    moment = None if as_of is None else parse_as_of(as_of, services.zone)
    reached = narrow_to_scope(actor, code)
    whole = reached == [code]
    async with services.as_actor(actor, moment) as connection:
        found = await connection.execute(
            read_sql("profile"), {"code": code, "codes": reached, "ranked": code if whole else None}
        )
        row = await found.fetchone()
    if row is None:
        raise NotFoundError(Text(f"没有编码为 {code} 的块。", f"No block has the code {code}."))
    if not reached:
        raise AccessDeniedError(
            Text(
                f"块 {code} 不在您的权限范围({'、'.join(actor.block_codes)})之内,不能查看其概况。",
                f"The block {code} lies outside your scope ({', '.join(actor.block_codes)}), "
                "so its profile is not shown.",
            )
        )
    level, today, parts = row[0], row[1], orjson.loads(row[2])
    facts = Facts.read(parts["facts"])
    wanted = _choose_pillars(parts["pillars"], pillars)
    body = {
        "code": code,
        "level": level,
        "as_of": (moment or datetime.now(UTC)).isoformat(timespec="seconds"),
        "limited_to": None if whole else reached,
        "registers": {
            layer.id: {kpi.name: facts.of(f"{layer.id}.{kpi.name}") for kpi in layer.kpis}
            for layer in load_layers().values() if layer.kpis
        },
        "incidents": _incidents(facts, parts["types"], today),
        "pillars": [
            pillar | {"measures": [
                await _measure(services, actor, reached, measure, parts["ranks"], facts, today, moment)
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
        "today": _number(days.get(today, 0)),
        "by_severity": {severity: _number(severities[severity]) for severity in sorted(severities)},
        "by_type": types,
        "by_day": [{"day": day.isoformat(), "count": _number(days.get(day, 0))} for day in shown],
    }


async def _measure(
    services: Services, actor: Actor, reached: list[str], measure: dict[str, Any], ranks: dict[str, list[int]],
    facts: Facts, today: date, moment: datetime | None,
) -> dict[str, Any]:  # fmt: skip
    value: float | None = facts.of(measure["code"])
    shown: str | None = None
    if measure["k"] is not None:
        value, shown = await _protect(services, actor, reached, measure, value or 0, moment)
    rank = ranks.get(measure["code"])
    return {
        "code": measure["code"],
        "title": measure["title"],
        "unit": measure["unit"],
        "value": value,
        "shown": shown,
        "k": measure["k"],
        "rank": None if rank is None else {"place": rank[0], "of": rank[1]},
        "trend": _trend(facts.by_day.get(measure["series"] or "", {}), today) if measure["series"] else None,
    }


async def _protect(
    services: Services, actor: Actor, reached: list[str], measure: dict[str, Any], value: float,
    moment: datetime | None,
) -> tuple[float | None, str | None]:  # fmt: skip
    """A count of people: its value where it may be shown, else nothing and how that is said."""
    k: int = measure["k"]
    withheld = await services.small_counts.find(measure["code"], k, actor.access_class, moment)
    if any(code in withheld.silent for code in reached):
        return None, "—"
    # What was written since the tree was looked at is small all the same.
    if any(code in withheld.small for code in reached) or 0 < value < k:
        return None, f"<{k}" if len(reached) == 1 else "—"
    return value, None


def _trend(days: Mapping[date, float], today: date) -> dict[str, Any]:
    def add_up(first: int) -> float:
        return _number(sum(days.get(today - timedelta(days=back), 0) for back in range(first, first + TREND_DAYS)))

    now, before = add_up(0), add_up(TREND_DAYS)
    return {"days": TREND_DAYS, "value": now, "before": before, "change": now - before}


def _number(value: float) -> float:
    """Counts are whole; what was added and taken away as fractions is not quite so."""
    rounded = round(value)
    return rounded if abs(value - rounded) < 1e-6 else round(value, 3)
