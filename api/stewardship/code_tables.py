# SPDX-License-Identifier: Apache-2.0
"""Tables of codes, which are data: types of incidents by list, and the forms that codes have."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.http.parameters import refuse_unknown
from api.http.response import JSON, answer_bytes
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["codes"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]


@router.get("/event-types", summary="The types of incidents, list by list")
async def list_event_types(
    request: Request, actor: AsActor, services: With,
    scheme: Annotated[str | None, Query(max_length=100, description="the list: the district's, a city's")] = None,
    q: Annotated[str | None, Query(max_length=100, description="part of a code or a name")] = None,
    after: Annotated[str | None, Query(max_length=400, description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:  # fmt: skip
    """`schemes` has every list with its size; `event_types` the page that was asked for, by list and code."""
    # One more than asked for says whether there is a next page.
    values = {"scheme": scheme, "q": q, "after": after, "limit": limit + 1}
    async with services.as_actor(actor) as connection:
        schemes = await (await connection.execute(read_sql("event_schemes"))).fetchone()
        rows = await (await connection.execute(read_sql("event_types"), values)).fetchall()
    assert schemes is not None
    page = rows[:limit]
    body = {
        "schemes": orjson.Fragment(schemes[0]),
        "event_types": [orjson.Fragment(row[1]) for row in page],
        "next": page[-1][0] if len(rows) > limit else None,
    }
    return answer_bytes(request, actor, orjson.dumps(body), JSON)


@router.get("/code-forms", summary="What the codes of buildings, units and components look like")
async def list_code_forms(request: Request, actor: AsActor, services: With) -> Response:
    """The pattern of each code, its length, and what its first digits are the code of."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(read_sql("code_forms"))).fetchone()
    assert row is not None
    return answer_bytes(request, actor, row[0].encode(), JSON)
