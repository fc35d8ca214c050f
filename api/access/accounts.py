# SPDX-License-Identifier: Apache-2.0
"""The accounts that there are: made, given rights, closed and opened by an administrator of everything."""

from __future__ import annotations

from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.access.tokens import Admin
from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.services import Services, get_services
from api.sql import read_sql
from twin.access import ROLE_CLASS, Actor
from twin.account import (
    LONGEST_PURPOSE,
    Rights,
    add_account,
    change_rights,
    end_sessions,
    set_disabled,
    set_password,
    unknown_account,
)
from twin.database import Connection, transaction
from twin.errors import ConflictError
from twin.passwords import LONGEST, make_password
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["access"])

With = Annotated[Services, Depends(get_services)]
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]

HEADERS: Final = {"Cache-Control": "no-store"}


class GivenRights(BaseModel):
    """Role, class (none: the role's), purpose (needed from class 3 on), and what is in reach (nothing given: all)."""

    model_config = ConfigDict(extra="forbid")

    role: str = Field(max_length=40)
    access_class: int | None = Field(default=None, ge=1, le=4)
    purpose: str | None = Field(default=None, max_length=LONGEST_PURPOSE)
    scope: list[str] = Field(default_factory=list, max_length=1000)
    organisations: list[str] = Field(default_factory=list, max_length=100)

    def rights(self) -> Rights:
        """As they are kept."""
        return Rights(self.role, self.access_class, self.purpose, self.scope, self.organisations)


class NewAccount(GivenRights):
    """A login (the organisation's own name for a post, never a person's) and its rights.

    `password`: given by hand and to be changed at the first sign-in; none: one is made and shown once.
    """

    login: str = Field(max_length=100)
    password: str | None = Field(default=None, max_length=LONGEST)


class ChangedAccount(GivenRights):
    """The whole of what an account may do, and whether it is disabled."""

    is_disabled: bool = False


class AccountState(BaseModel):
    """Whether an account is disabled, and nothing else of it."""

    model_config = ConfigDict(extra="forbid")

    is_disabled: bool


class GivenPassword(BaseModel):
    """The password that an account has until its next sign-in; none: one is made and shown once."""

    model_config = ConfigDict(extra="forbid")

    password: str | None = Field(default=None, max_length=LONGEST)


@router.get("/accounts", summary="The accounts")
async def list_accounts(_actor: Admin, services: With) -> Response:
    """Login, role, class, purpose, reach, since when, whether disabled, and how many sessions are open."""
    body = {
        "accounts": orjson.Fragment(await read_list(services, "accounts", None)),
        "roles": {role: highest for role, highest in ROLE_CLASS.items() if role != "public"},
    }
    return Response(orjson.dumps(body), media_type=JSON, headers=HEADERS)


@router.post("/accounts", status_code=201, summary="Make an account")
async def make_account(actor: Admin, services: With, body: NewAccount) -> Response:
    """The answer has the password, this once. It has to be changed at the first sign-in."""
    password = body.password or make_password()

    def make() -> int:
        with transaction(services.settings) as connection:
            return add_account(connection, body.login, body.rights(), password=password, must_change=True)

    account_id = await run_in_threadpool(make)
    return await _answer(services, account_id, 201, password=password)


@router.get("/accounts/{account_id}", summary="One account")
async def get_account(_actor: Admin, services: With, account_id: Id) -> Response:
    """As in the list."""
    return await _answer(services, account_id, 200)


@router.put("/accounts/{account_id}", summary="Change what an account may do")
async def change_account(actor: Admin, services: With, account_id: Id, body: ChangedAccount) -> Response:
    """Holds at once, in every process. Nobody changes his own, so that nobody locks himself out.

    409 for the rights of an account that signs in at the identity provider: the mappings say these.
    """
    _refuse_own(actor, account_id)

    def change() -> None:
        with transaction(services.settings) as connection:
            is_from_provider = _lock(connection, account_id)
            if change_rights(connection, account_id, body.rights()) and is_from_provider:
                raise ConflictError(
                    Text(
                        "该账号由身份提供方登录,权限由对应关系(/oidc/mappings)决定;这里只能停用或启用。",
                        "The account signs in at the identity provider: the mappings (/oidc/mappings) say its rights. "
                        "Here it is only disabled or enabled.",
                    )
                )
            set_disabled(connection, account_id, body.is_disabled)

    await run_in_threadpool(change)
    return await _answer(services, account_id, 200)


@router.patch("/accounts/{account_id}", summary="Disable an account, or enable it again")
async def close_account(actor: Admin, services: With, account_id: Id, body: AccountState) -> Response:
    """Its rights stay as they are, so that one whose blocks are all gone does not come back with every block."""
    _refuse_own(actor, account_id)

    def change() -> None:
        with transaction(services.settings) as connection:
            set_disabled(connection, account_id, body.is_disabled)

    await run_in_threadpool(change)
    return await _answer(services, account_id, 200)


@router.post("/accounts/{account_id}/password", summary="Reset an account's password")
async def reset_password(actor: Admin, services: With, account_id: Id, body: GivenPassword) -> Response:
    """The answer has the password, this once. Its sessions end, and it has to be changed at the next sign-in."""
    _refuse_own(actor, account_id)
    password = body.password or make_password()

    def reset() -> None:
        with transaction(services.settings) as connection:
            _lock(connection, account_id)
            set_password(connection, account_id, password, must_change=True)

    await run_in_threadpool(reset)
    return Response(orjson.dumps({"password": password}), media_type=JSON, headers=HEADERS)


@router.delete("/accounts/{account_id}/sessions", status_code=204, summary="Sign an account out everywhere")
async def end_account_sessions(_actor: Admin, services: With, account_id: Id) -> Response:
    """Ends every session of it at once."""

    def end() -> None:
        with transaction(services.settings) as connection:
            _lock(connection, account_id)
            end_sessions(connection, account_id)

    await run_in_threadpool(end)
    return Response(status_code=204, headers=HEADERS)


async def read_list(services: Services, name: str, wanted: int | None) -> bytes:
    """The rows of `<name>.sql` as JSON."""
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(read_sql(name), {"id": wanted})).fetchone()
    assert row is not None
    return row[0].encode()


async def _answer(services: Services, account_id: int, status: int, **more: str) -> Response:
    found = orjson.loads(await read_list(services, "accounts", account_id))
    if not found:
        raise unknown_account(account_id)
    return Response(orjson.dumps(found[0] | more), status, HEADERS, JSON)


def _lock(connection: Connection, account_id: int) -> bool:
    """Hold an account until the end of the transaction; whether it is the provider's. Raises NotFoundError."""
    row = connection.execute(
        "SELECT identity_hash IS NOT NULL FROM account WHERE token_id = %s FOR UPDATE", (account_id,)
    ).fetchone()
    if row is None:
        raise unknown_account(account_id)
    return row[0]


def _refuse_own(actor: Actor, account_id: int) -> None:
    if actor.token_id == account_id:
        raise ConflictError(
            Text(
                "不能更改自己的权限或重置自己的密码;改密码请用 PUT /session/password。",
                "One's own rights and password are not changed here; PUT /session/password changes one's password.",
            )
        )
