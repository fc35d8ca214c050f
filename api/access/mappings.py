# SPDX-License-Identifier: Apache-2.0
"""What the identity provider's groups stand for here: a table that an administrator keeps."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.access.accounts import HEADERS, GivenRights, Id, read_list
from api.access.tokens import Admin
from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.services import Services, get_services
from twin.database import transaction
from twin.oidc_mapping import LONGEST_VALUE, add_mapping, change_mapping, remove_mapping

router = APIRouter(prefix="/oidc/mappings", dependencies=[Depends(refuse_unknown)], tags=["access"])

With = Annotated[Services, Depends(get_services)]


class GivenMapping(GivenRights):
    """A value of the claim, and the rights of whoever has it. Those with a lower `position` are looked at first."""

    value: str = Field(min_length=1, max_length=LONGEST_VALUE)
    position: int = Field(default=0, ge=-1_000_000, le=1_000_000)


@router.get("", summary="What the provider's groups stand for")
async def list_mappings(_actor: Admin, services: With) -> Response:
    """In the order in which they are looked at; `claim` is the one whose values they are."""
    settings = services.settings
    body = {
        "issuer": settings.oidc_issuer, "claim": settings.oidc_role_claim,
        "mappings": orjson.Fragment(await read_list(services, "oidc_mappings", None)),
    }  # fmt: skip
    return Response(orjson.dumps(body), media_type=JSON, headers=HEADERS)


@router.post("", status_code=201, summary="Say what a group stands for")
async def make_mapping(_actor: Admin, services: With, body: GivenMapping) -> Response:
    """Whoever signed in at the provider has to sign in again, with the rights of now."""

    def make() -> int:
        with transaction(services.settings) as connection:
            return add_mapping(connection, body.value, body.position, body.rights())

    return await _answer(services, await run_in_threadpool(make), 201)


@router.put("/{mapping_id}", summary="Change what a group stands for")
async def put_mapping(_actor: Admin, services: With, mapping_id: Id, body: GivenMapping) -> Response:
    """Whoever signed in at the provider has to sign in again, with the rights of now."""

    def change() -> None:
        with transaction(services.settings) as connection:
            change_mapping(connection, mapping_id, body.value, body.position, body.rights())

    await run_in_threadpool(change)
    return await _answer(services, mapping_id, 200)


@router.delete("/{mapping_id}", status_code=204, summary="A group stands for nothing any more")
async def delete_mapping(_actor: Admin, services: With, mapping_id: Id) -> Response:
    """Whoever signed in at the provider has to sign in again, with the rights of now."""

    def remove() -> None:
        with transaction(services.settings) as connection:
            remove_mapping(connection, mapping_id)

    await run_in_threadpool(remove)
    return Response(status_code=204, headers=HEADERS)


async def _answer(services: Services, mapping_id: int, status: int) -> Response:
    found = orjson.loads(await read_list(services, "oidc_mappings", mapping_id))
    return Response(orjson.dumps(found[0]), status, HEADERS, JSON)
