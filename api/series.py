# SPDX-License-Identifier: Apache-2.0
"""A measure of a block through time, by the blocks of today: what was counted in those it came from is in it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Final, Literal, LiteralString

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response

from api.parameters import parse_as_of, parse_code, refuse_unknown
from api.profile import narrow_to_scope
from api.response import JSON
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
_FIND: Final[LiteralString] = """
    SELECT period IS NOT NULL, access_class, title, unit,
           (SELECT block.code FROM valid_block AS block JOIN block_scheme USING (scheme)
            WHERE is_governance AND block.code = %(code)s),
           (SELECT local_day(as_of_moment()))
    FROM (SELECT) AS one LEFT JOIN measure ON measure.code = %(measure)s
"""


@router.get("/blocks/{code}/series", summary="A measure of a block through time")
async def get_series(
    actor: Annotated[Actor, Depends(get_actor)], services: Annotated[Services, Depends(get_services)],
    code: Annotated[str, Path(description="The block's code")],
    measure: Annotated[str, Query(description="a measure that is cut by day")] = "incidents.by_day",
    step: Step = "month",
    first: Annotated[date | None, Query(alias="from", description="the first day; a year before the last")] = None,
    last: Annotated[date | None, Query(alias="to", description="the last day; today")] = None,
    as_of: Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded then")] = None,
) -> Response:  # fmt: skip
    """Sums by day, week, month or year. A block that was renumbered or split has the past of what lies in it today.

    So a series runs through the change of codes; `GET /blocks/{code}/lineage` says which there were.
    """
    moment = None if as_of is None else parse_as_of(as_of, services.zone)
    reached = narrow_to_scope(actor, parse_code(code))
    async with services.as_actor(actor, moment) as connection:
        found = await (await connection.execute(_FIND, {"code": code, "measure": measure})).fetchone()
        assert found is not None
        is_daily, access_class, title, unit, known, today = found
        if known is None:
            raise NotFoundError(Text(f"没有编码为 {code} 的块。", f"No block has the code {code}."))
        if access_class is None or access_class > actor.access_class or not is_daily:
            raise InvalidRequestError(
                Text(
                    f"“{measure}”不是按日切分的度量(见 /measures 的 is_daily)。",
                    f"'{measure}' is no measure that is cut by day (`is_daily` in /measures).",
                ),
                "measure",
            )
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
        values = {"codes": reached, "measure": measure, "first": start, "last": end, "step": step}
        row = await (await connection.execute(_READ, values)).fetchone()
    body = {
        "code": code, "limited_to": None if reached == [code] else reached, "measure": measure, "title": title,
        "unit": unit, "step": step, "from": start, "to": end,
        "series": [{"start": day, "value": value} for day, value in orjson.loads(row[0] if row and row[0] else "[]")],
    }  # fmt: skip
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})
