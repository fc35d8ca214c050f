# SPDX-License-Identifier: Apache-2.0
"""Models, their versions, and the elements that a click leads to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.http.parameters import refuse_unknown
from api.http.response import JSON, answer_bytes
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor
from twin.errors import NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["models"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]


@router.get("/models", summary="The models in reach")
async def list_models(request: Request, actor: AsActor, services: With) -> Response:
    """Each with its published version, or its newest; position is lon, lat (degrees), height (m)."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(read_sql("models"), {"id": None})).fetchone()
    assert row is not None
    return answer_bytes(request, actor, b'{"models":' + row[0].encode() + b"}", JSON)


@router.get("/models/{model_id}", summary="One model")
async def get_model(request: Request, actor: AsActor, services: With, model_id: int) -> Response:
    """With its version's georeference and report, and its storeys."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(read_sql("models"), {"id": model_id})).fetchone()
    if row is None or row[1] == 0:
        raise NotFoundError(
            Text(
                f"没有编号为 {model_id} 的模型,或它不在您的权限范围内。",
                f"There is no model {model_id} within your reach.",
            )
        )
    return answer_bytes(request, actor, row[0].encode()[1:-1], JSON)


@router.get("/models/{model_id}/elements/{global_id}", summary="One element of a model")
async def get_element(request: Request, actor: AsActor, services: With, model_id: int, global_id: str) -> Response:
    """Its property sets, quantities, materials and what it is part of."""
    values = {"id": model_id, "global_id": global_id}
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(read_sql("element"), values)).fetchone()
    if row is None:
        raise NotFoundError(
            Text(
                f"模型 {model_id} 中没有 GlobalId 为 {global_id} 的构件。",
                f"The model {model_id} has no element with the GlobalId {global_id}.",
            )
        )
    return answer_bytes(request, actor, row[0].encode(), JSON)
