# SPDX-License-Identifier: Apache-2.0
"""A measure of a block through time, by the blocks of today: what was counted in those it came from is in it.

What happens on days (events) is summed by day. A stock is what it was when each day ended: today's value less what
has changed since.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal, LiteralString

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response

from api.http.parameters import parse_as_of, parse_code, refuse_unknown
from api.http.response import JSON
from api.measures.profile import narrow_to_scope
from api.measures.trends import sees_parts
from api.services import Services, get_actor, get_services
from twin.access import Actor
from twin.errors import AccessDeniedError, InvalidRequestError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["blocks"])

Step = Literal["day", "week", "month", "year"]

LONGEST_DAYS: Final = 3_700
"""About ten years."""

_READ: Final[LiteralString] = """
    WITH counted AS (
        SELECT date_trunc(%(step)s, period::timestamp)::date AS start, sum(value) AS value
        FROM read_facts(%(codes)s, ARRAY[%(measure)s], %(first)s)
        WHERE period > '-infinity' AND period BETWEEN %(first)s AND %(last)s GROUP BY 1
    )
    SELECT json_agg(json_build_array(each::date, coalesce(counted.value, 0)) ORDER BY each)::text
    FROM generate_series(date_trunc(%(step)s, %(first)s::timestamp), %(last)s::timestamp,
                         ('1 ' || %(step)s)::interval) AS each
    LEFT JOIN counted ON counted.start = each::date
"""
_READ_STOCK: Final[LiteralString] = """
    WITH changed AS (
        SELECT day, sum(value) AS value
        FROM read_changes(%(codes)s, ARRAY[%(measure)s], date_trunc(%(step)s, %(first)s::timestamp)::date - 1)
        GROUP BY day
    ), now AS (
        SELECT coalesce(sum(value), 0) AS value FROM read_facts(%(codes)s, ARRAY[%(measure)s])
    ), step AS (
        SELECT each::date AS start, least((each + ('1 ' || %(step)s)::interval)::date - 1, %(last)s) AS ends,
               coalesce((SELECT sum(value) FROM changed
                         WHERE day >= each::date AND day < (each + ('1 ' || %(step)s)::interval)::date
                           AND day <= %(last)s), 0) AS value
        FROM generate_series(date_trunc(%(step)s, %(first)s::timestamp), %(last)s::timestamp,
                             ('1 ' || %(step)s)::interval) AS each
    ), ended AS (
        SELECT start, ends, now.value - coalesce((SELECT sum(value) FROM changed WHERE day > %(last)s), 0)
               - (sum(step.value) OVER (ORDER BY start DESC) - step.value) AS value
        FROM step, now
    )
    SELECT json_agg(json_build_array(
        start, CASE WHEN ends >= %(since)s AND start <= %(today)s THEN round(value::numeric, 3)::float8 END)
        ORDER BY start)::text
    FROM ended
"""
_FIND: Final[LiteralString] = """
    SELECT CASE WHEN period IS NOT NULL THEN 'flow' WHEN dimension IS NULL THEN 'stock' END, access_class, title, unit,
           (SELECT block.code FROM valid_block AS block JOIN block_scheme USING (scheme)
            WHERE is_governance AND block.code = %(code)s),
           (SELECT local_day(as_of_moment())), greatest(trend_since, recorded_since(%(codes)s)),
           json_build_object('k', k, 'dominance', dominance, 'kind', kind, 'expression', measure.value)
    FROM (SELECT) AS one LEFT JOIN measure ON measure.code = %(measure)s
"""


@router.get("/blocks/{code}/series", summary="A measure of a block through time")
async def get_series(
    actor: Annotated[Actor, Depends(get_actor)], services: Annotated[Services, Depends(get_services)],
    code: Annotated[str, Path(description="The block's code")],
    measure: Annotated[str, Query(description="one that is cut by day, or a stock")] = "incidents.by_day",
    step: Step = "month",
    first: Annotated[date | None, Query(alias="from", description="the first day; a year before the last")] = None,
    last: Annotated[date | None, Query(alias="to", description="the last day; today")] = None,
    as_of: Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded then")] = None,
) -> Response:  # fmt: skip
    """Sums by day, week, month or year; of a stock, what it was at the end of each (null before it was recorded).

    A block that was renumbered has its past, and so has a split one, as far as events go: they lie in it today.
    `GET /blocks/{code}/lineage` says which changes of codes there were.
    """
    moment = None if as_of is None else parse_as_of(as_of, services.zone)
    reached = narrow_to_scope(actor, parse_code(code))
    async with services.as_actor(actor, moment) as connection:
        found = await (await connection.execute(_FIND, {"code": code, "measure": measure, "codes": reached})).fetchone()
        assert found is not None
        shape, access_class, title, unit, known, today, since, rule = found
        if known is None:
            raise NotFoundError(Text(f"没有编码为 {code} 的块。", f"No block has the code {code}."))
        if access_class is None or access_class > actor.access_class or shape is None:
            raise InvalidRequestError(
                Text(
                    f"“{measure}”没有时间序列:没有这个度量,或它按维度切分(见 /measures)。",
                    f"'{measure}' has no series: there is no such measure, or it is cut by something (see /measures).",
                ),
                "measure",
            )
        if shape == "stock":
            _refuse_stock(actor, measure, rule, moment)
        if not reached:
            raise AccessDeniedError(
                Text(f"块 {code} 不在您的权限范围之内。", f"The block {code} lies outside your scope.")
            )
        end = last or today
        start = first or end - timedelta(days=365)
        if not 0 <= (end - start).days <= LONGEST_DAYS:
            raise InvalidRequestError(
                Text(
                    f"from 应不晚于 to,且最多 {LONGEST_DAYS} 天。",
                    f"From is not after to; at most {LONGEST_DAYS} days.",
                ),
                "from",
            )
        values = {
            "codes": reached, "measure": measure, "first": start, "last": end, "step": step, "today": today,
            "since": since or date.max,
        }  # fmt: skip
        row = await (await connection.execute(_READ if shape == "flow" else _READ_STOCK, values)).fetchone()
    body = {
        "code": code, "limited_to": None if reached == [code] else reached, "measure": measure, "title": title,
        "unit": unit, "step": step, "from": start, "to": end, "is_stock": shape == "stock",
        "known_since": since if shape == "stock" else None,
        "series": [{"start": day, "value": value} for day, value in orjson.loads(row[0] if row and row[0] else "[]")],
    }  # fmt: skip
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})


def _refuse_stock(actor: Actor, measure: str, rule: dict[str, Any], moment: datetime | None) -> None:
    """Raises InvalidRequestError for a stock that has no series."""
    if moment is not None:
        raise InvalidRequestError(
            Text(
                "存量的序列本来就按记录的日期给出,不与 as_of 同用;只看到某日请用 to。",
                "The series of a stock is by the day of record as it is and goes without as_of; `to` ends it earlier.",
            ),
            "as_of",
        )
    if rule["k"] is not None or (rule["dominance"] is not None and not sees_parts(actor, rule)):
        raise InvalidRequestError(
            Text(
                f"“{measure}”受保护(最低计数或占比规则),逐日的差会泄露不显示的数,因此没有序列。",
                f"'{measure}' is protected (least count or dominance): what is withheld could be told from the "
                "differences of its days, so it has no series.",
            ),
            "measure",
        )
