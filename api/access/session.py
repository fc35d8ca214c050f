# SPDX-License-Identifier: Apache-2.0
"""Sessions: who the asker is, signing in and out, and the sessions that an account has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, LiteralString

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.access.cookies import clear_cookie, read_secret, set_cookie
from api.access.limits import find_address
from api.access.origins import check_own_site
from api.features.district import read_district
from api.http.errors import ProtocolError, UnknownTokenError
from api.http.links import base_url
from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.version import VERSION
from twin.access import SESSION_PREFIX, Actor
from twin.account import Known, Method, find_account, open_session, set_password
from twin.database import Connection, transaction
from twin.errors import AccessDeniedError, InvalidRequestError, NotFoundError
from twin.passwords import LONGEST, SHORTEST
from twin.settings import Settings
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["session"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]

_HEADERS: Final = {"Cache-Control": "no-store"}

_SESSIONS: Final[LiteralString] = """
    SELECT coalesce(json_agg(json_build_object(
        'id', id, 'method', method, 'created_at', created_at, 'seen_at', seen_at,
        'expires_at', least(expires_at, seen_at + idle_s * interval '1 second'), 'own', id = %(own)s
    ) ORDER BY id DESC), '[]')::text
    FROM account_session
    WHERE account_id = %(account)s AND ended_at IS NULL AND expires_at > now()
      AND seen_at + idle_s * interval '1 second' > now()
"""

_END_OWN: Final[LiteralString] = """
    UPDATE account_session SET ended_at = now()
    WHERE id = %(id)s AND account_id = %(account)s AND ended_at IS NULL RETURNING method
"""


class SignIn(BaseModel):
    """What `POST /session` takes: a login with its password, or an access token.

    `new_password`: the one to have from now on, where the old was given to be changed.
    """

    model_config = ConfigDict(extra="forbid")

    token: str | None = Field(default=None, min_length=1, max_length=200)
    login: str | None = Field(default=None, min_length=1, max_length=100)
    password: str | None = Field(default=None, min_length=1, max_length=LONGEST)
    new_password: str | None = Field(default=None, min_length=SHORTEST, max_length=LONGEST)


class NewPassword(BaseModel):
    """What `PUT /session/password` takes."""

    model_config = ConfigDict(extra="forbid")

    password: str = Field(min_length=1, max_length=LONGEST)
    new_password: str = Field(min_length=SHORTEST, max_length=LONGEST)


@router.get("/session", summary="Who asks")
async def get_session(request: Request, response: Response, actor: AsActor, services: With) -> dict[str, object]:
    """Role, scope, class, whom it acts for, and the district that this is.

    `scope`: the blocks in reach; empty for who reaches no block, but what is assigned to its `organisations`.
    `login` is the account's; null for a token. `expires_at`: when the sign-in ends if it is not used before.
    """
    district = await read_district(services)
    response.headers["Cache-Control"] = "no-store"
    login, expires_at = await _read_sign_in(services, actor)
    secret, is_cookie = read_secret(request.scope["headers"])
    if is_cookie and secret is not None and not secret.startswith(SESSION_PREFIX):
        # A wall runs for months without anybody there to sign it in again.
        set_cookie(request, response, secret)
    return {
        "role": actor.role,
        "scope": [district.code] if actor.is_unscoped and district else list(actor.granted_codes),
        "organisations": list(actor.organisations),
        "is_unscoped": actor.is_unscoped,
        "access_class": actor.access_class,
        "purpose": actor.purpose,
        "login": login,
        "expires_at": expires_at,
        "district": district.as_dict() if district else None,
        "synthetic": district.is_synthetic if district else False,
        "version": VERSION,
    }


@router.get("/sign-in", summary="How one can sign in")
async def get_ways(services: With) -> Response:
    """`provider`: the address to send the browser to, and what its button says; null where none is set up."""
    provider = services.provider and {"label": services.settings.oidc_label, "url": "/sign-in/oidc"}
    body = {"password": True, "token": True, "provider": provider, "contact": services.settings.access_contact or None}
    return Response(orjson.dumps(body), media_type=JSON, headers=_HEADERS)


@router.post("/session", status_code=204, summary="Sign in")
async def sign_in(request: Request, body: SignIn, services: With) -> Response:
    """Gives the cookie that a page carries from now on; any session that it carried before ends.

    401 for a login, password or token that does not hold; 429 after too many of them; 400 with the parameter
    `new_password` where the password was given to be changed.
    """
    check_own_site(request.scope["headers"], services.settings)
    address = find_address(request.scope.get("client"))
    response = Response(status_code=204, headers=_HEADERS)
    if body.token is not None:
        services.sign_ins.begin(None, address)
        await services.actors.find(body.token)
        services.sign_ins.succeed(None, address)
        await end_carried(request, services)
        set_cookie(request, response, body.token)
        return response
    if body.login is None or body.password is None:
        raise InvalidRequestError(
            Text("请给出登录名和密码,或访问令牌。", "Give a login and a password, or an access token."), "login"
        )
    services.sign_ins.begin(body.login, address)
    async with services.sign_ins.turn:
        secret = await run_in_threadpool(_sign_in, services.settings, body.login, body.password, body.new_password)
    services.sign_ins.succeed(body.login, address)
    await end_carried(request, services)
    set_cookie(request, response, secret, session_end(services.settings))
    return response


@router.put("/session/password", status_code=204, summary="Change one's own password")
async def change_password(request: Request, actor: AsActor, body: NewPassword, services: With) -> Response:
    """Every other session of the account ends."""
    account_id = check_account(actor)
    address = find_address(request.scope.get("client"))
    login, _expires_at = await _read_sign_in(services, actor)
    services.sign_ins.begin(login, address)

    def change() -> None:
        with transaction(services.settings) as connection:
            if find_account(connection, login or "", body.password) is None:
                raise AccessDeniedError(Text("当前密码不正确。", "The present password is not right."))
            set_password(
                connection, account_id, body.new_password, must_change=False, keep_session=actor.session_id
            )  # fmt: skip

    async with services.sign_ins.turn:
        await run_in_threadpool(change)
    services.sign_ins.succeed(login, address)
    return Response(status_code=204, headers=_HEADERS)


@router.delete(
    "/session", status_code=204, summary="Sign out",
    responses={200: {"description": "Signed out here; `end_session_url` signs out of the identity provider too."}},
)  # fmt: skip
async def sign_out(request: Request, services: With) -> Response:
    """Ends the session in the database and takes the cookie away. A token stays valid: others may use it."""
    check_own_site(request.scope["headers"], services.settings)
    method = await end_carried(request, services)
    response = Response(status_code=204, headers=_HEADERS)
    if method == "oidc" and services.provider is not None:
        address = await services.provider.end_address(f"{public_base(request, services.settings)}/")
        if address is not None:
            response = Response(orjson.dumps({"end_session_url": address}), 200, _HEADERS, JSON)
    clear_cookie(request, response)
    return response


@router.get("/sessions", summary="One's own sessions")
async def list_sessions(actor: AsActor, services: With) -> Response:
    """Those that are open, the newest first; `own` is the one that asks. A token has none."""
    account_id = check_account(actor)
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(_SESSIONS, {"account": account_id, "own": actor.session_id})
        row = await cursor.fetchone()
    assert row is not None
    return Response(b'{"sessions":' + row[0].encode() + b"}", media_type=JSON, headers=_HEADERS)


@router.delete("/sessions/{session_id}", status_code=204, summary="End one of one's own sessions")
async def end_session(actor: AsActor, services: With, session_id: int) -> Response:
    """At once, wherever it is open."""
    account_id = check_account(actor)
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(_END_OWN, {"id": session_id, "account": account_id})
        if await cursor.fetchone() is None:
            raise NotFoundError(
                Text(f"您没有编号为 {session_id} 的会话。", f"You have no session {session_id} that is open.")
            )
    return Response(status_code=204, headers=_HEADERS)


def check_account(actor: Actor) -> int:
    """The number of the account that asks. Raises AccessDeniedError for a token or the public."""
    if actor.session_id is None or actor.token_id is None:
        raise AccessDeniedError(
            Text(
                "只有以账号登录时才有会话与密码。", "Only who is signed in with an account has sessions and a password."
            )
        )
    return actor.token_id


async def end_carried(request: Request, services: Services) -> str | None:
    """End the session whose cookie the request carries, if it does; gives how that was signed in."""
    secret, is_cookie = read_secret(request.scope["headers"])
    if not is_cookie or secret is None or not secret.startswith(SESSION_PREFIX):
        return None
    try:
        actor = await services.actors.find(secret)
    except UnknownTokenError:
        return None
    async with as_owner(services.pool) as connection:
        values = {"id": actor.session_id, "account": actor.token_id}
        row = await (await connection.execute(_END_OWN, values)).fetchone()
    return None if row is None else row[0]


def start_session(settings: Settings, connection: Connection, account_id: int, method: Method) -> str:
    """A session as the settings say how long it lasts; gives the secret for the cookie."""
    return open_session(
        connection, account_id, method, idle_s=max(1, round(settings.session_idle_minutes * 60)),
        lasts_s=max(1, round(settings.session_hours * 3600)),
    )  # fmt: skip


def session_end(settings: Settings) -> datetime:
    """When a session that begins now ends in any case."""
    return datetime.now(UTC) + timedelta(hours=settings.session_hours)


def public_base(request: Request, settings: Settings) -> str:
    """Where people reach this server."""
    return settings.public_url.rstrip("/") if settings.public_url else base_url(request)


def _sign_in(settings: Settings, login: str, password: str, new_password: str | None) -> str:
    with transaction(settings) as connection:
        known = find_account(connection, login, password)
        if known is None:
            raise ProtocolError(
                401,
                Text(
                    "登录名或密码不正确,或账号已停用。", "Login or password is not right, or the account is disabled."
                ),
            )
        _change_given(connection, known, password, new_password)
        return start_session(settings, connection, known.account_id, "password")


def _change_given(connection: Connection, known: Known, password: str, new_password: str | None) -> None:
    if not known.must_change:
        return
    if new_password is None or new_password == password:
        raise InvalidRequestError(
            Text(
                "这是临时密码。请设置您自己的新密码后登录。",
                "This password was given to be changed. Choose one of your own to sign in.",
            ),
            "new_password",
        )
    set_password(connection, known.account_id, new_password, must_change=False)


async def _read_sign_in(services: Services, actor: Actor) -> tuple[str | None, datetime | None]:
    if actor.session_id is None:
        return None, None
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(
            "SELECT login, least(expires_at, seen_at + idle_s * interval '1 second') "
            "FROM account_session JOIN account ON token_id = account_id WHERE id = %s",
            (actor.session_id,),
        )
        row = await cursor.fetchone()
    return (None, None) if row is None else (row[0], row[1])
