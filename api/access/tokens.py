# SPDX-License-Identifier: Apache-2.0
"""Access: the tokens that there are, made and taken back. A token is shown once, when it is made; its hash is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, LiteralString, cast

import orjson
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import DUTIES, ROLE_CLASS, Actor, Role, create_token
from twin.database import transaction
from twin.errors import AccessDeniedError, ConflictError, InvalidRequestError, NotFoundError
from twin.settings import Settings
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["access"])

With = Annotated[Services, Depends(get_services)]

_HEADERS: Final = {"Cache-Control": "no-store"}

_ORGANISATIONS: Final[LiteralString] = """
    SELECT ARRAY(SELECT organisation FROM hazard WHERE organisation IS NOT NULL
                 UNION SELECT organisation FROM survey_round WHERE organisation IS NOT NULL ORDER BY 1)
"""


async def get_admin(actor: Annotated[Actor, Depends(get_actor)]) -> Actor:
    """The actor, who must be an administrator of everything: who may make tokens may be anybody.

    Raises AccessDeniedError.
    """
    if actor.role != "admin" or not actor.is_unscoped:
        raise AccessDeniedError(
            Text(
                "账号与访问令牌只由不限范围的系统管理员管理。",
                "Accounts and tokens are for an administrator without a limit of scope.",
            )
        )
    return actor


Admin = Annotated[Actor, Depends(get_admin)]


class NewToken(BaseModel):
    """What a new token is for: a role, the blocks it reaches (none: all), what it is used for, and until when.

    `organisations`: whose tasks it reaches wherever they lie; without blocks it then reaches nothing else.
    `purpose`: what class 3 is read for; the duties of its role where nothing is said.
    """

    model_config = ConfigDict(extra="forbid")

    role: str
    scope: list[str] = Field(default_factory=list, max_length=1000)
    organisations: list[str] = Field(default_factory=list, max_length=100)
    label: str | None = Field(default=None, max_length=100)
    purpose: str = Field(default=DUTIES, min_length=1, max_length=200)
    expires_at: datetime | None = None


@router.get("/tokens", summary="The access tokens")
async def list_tokens(actor: Admin, services: With) -> Response:
    """Role, scope, what for, since when, until when; never the token. `own` is the one that asks.

    `organisations` are those that tasks and rounds name so far.
    """
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(read_sql("tokens"))).fetchone()
        known = await (await connection.execute(_ORGANISATIONS)).fetchone()
    assert row is not None and known is not None
    roles = [role for role in ROLE_CLASS if role != "public"]
    body = {"tokens": orjson.Fragment(row[0]), "roles": roles, "own": actor.token_id, "organisations": known[0]}
    return Response(orjson.dumps(body), media_type=JSON, headers=_HEADERS)


@router.post("/tokens", status_code=201, summary="Make an access token")
async def make_token(_actor: Admin, services: With, body: NewToken) -> Response:
    """The answer has the token, this once."""
    expires_at = body.expires_at
    if expires_at is not None:
        if expires_at.tzinfo is None:
            expires_at = expires_at.replace(tzinfo=services.zone)
        if expires_at <= datetime.now(UTC):
            raise InvalidRequestError(Text("到期时间应在将来。", "A token ends in the future."), "expires_at")
    token = await run_in_threadpool(_create, services.settings, body, expires_at)
    return Response(orjson.dumps({"token": token}), 201, _HEADERS, JSON)


@router.delete("/tokens/{token_id}", status_code=204, summary="Take an access token back")
async def revoke_token(actor: Admin, services: With, token_id: int) -> Response:
    """From now on it is worth nothing. The one that asks cannot take itself back, so that nobody locks himself out."""
    if token_id == actor.token_id:
        raise ConflictError(
            Text(
                "不能撤销正在使用的令牌。请用另一个管理员令牌登录后再撤销。",
                "The token in use cannot be revoked. Sign in with another administrator's token first.",
            )
        )
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(
            "UPDATE access_token SET revoked_at = now() WHERE id = %s AND kind = 'token' AND revoked_at IS NULL "
            "RETURNING id",
            (token_id,),
        )
        if await cursor.fetchone() is None:
            cursor = await connection.execute("SELECT FROM access_token WHERE id = %s AND kind = 'token'", (token_id,)
            )  # fmt: skip
            if await cursor.fetchone() is None:
                raise NotFoundError(Text(f"没有编号为 {token_id} 的令牌。", f"There is no token {token_id}."))
    return Response(status_code=204, headers=_HEADERS)


def _create(settings: Settings, wanted: NewToken, expires_at: datetime | None) -> str:
    with transaction(settings) as connection:
        label = (wanted.label or "").strip() or None
        scope = tuple(dict.fromkeys(wanted.scope))
        return create_token(
            connection, cast(Role, wanted.role), scope=scope, organisations=wanted.organisations, label=label,
            expires_at=expires_at, purpose=wanted.purpose,
        )  # fmt: skip
