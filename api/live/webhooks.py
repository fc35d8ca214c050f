# SPDX-License-Identifier: Apache-2.0
"""Webhooks: who is told of changes over HTTP. A secret is shown once, when it is made."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Final, LiteralString

import httpx
import orjson
from fastapi import APIRouter, Depends, Request, Response
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from pydantic import BaseModel, ConfigDict, Field

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.live.sending import is_allowed, write_secret
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor
from twin.errors import AccessDeniedError, ConflictError, InvalidRequestError, NotFoundError
from twin.personal import find_personal
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["webhooks"])

MOST: Final = 200
"""Webhooks of one installation."""

_SECRET_BYTES: Final = 32
_HEADERS: Final = {"Cache-Control": "no-store"}

_INSERT: Final[LiteralString] = """
    INSERT INTO webhook (token_id, label, url, layers, block_codes, access_class, secret, sent_to)
    SELECT %(token_id)s, %(label)s, %(url)s, %(layers)s, %(block_codes)s, %(access_class)s, %(secret)s,
           coalesce((SELECT max(seq) FROM change), 0)
    RETURNING id
"""
_REDELIVER: Final[LiteralString] = """
    UPDATE webhook SET state = 'ok', problem = NULL, attempts = 0, failing_since = NULL, next_attempt_at = now()
    WHERE id = %s
"""
_ROTATE: Final[LiteralString] = """
    UPDATE webhook SET former_secret = secret, former_until = now() + interval '1 day', secret = %s WHERE id = %s
"""


async def get_keeper(actor: Annotated[Actor, Depends(get_actor)]) -> Actor:
    """The actor, who must be an administrator or a steward. Raises AccessDeniedError."""
    if actor.role not in ("admin", "steward") or actor.token_id is None:
        raise AccessDeniedError(
            Text("推送订阅由系统管理员或数据管理员管理。", "Webhooks are for administrators and stewards.")
        )
    return actor


Keeper = Annotated[Actor, Depends(get_keeper)]
With = Annotated[Services, Depends(get_services)]

_Label = Annotated[str, Field(max_length=100)]
_Url = Annotated[str, Field(min_length=1, max_length=2000)]
_Layers = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=100)]
_Codes = Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=1000)]
_Class = Annotated[int, Field(ge=1, le=4)]


class NewWebhook(BaseModel):
    """Where it leads and what of: layers (none: all), blocks (none: all in reach), up to a class (none: one's own)."""

    model_config = ConfigDict(extra="forbid")

    url: _Url
    label: _Label | None = None
    layers: _Layers = Field(default_factory=list)
    block_codes: _Codes = Field(default_factory=list)
    access_class: _Class | None = None


class WebhookChange(BaseModel):
    """What is to be different; what is not given stays."""

    model_config = ConfigDict(extra="forbid")

    url: _Url | None = None
    label: _Label | None = None
    layers: _Layers | None = None
    block_codes: _Codes | None = None
    access_class: _Class | None = None
    is_active: bool | None = None


@router.get("/webhooks", summary="The webhooks")
async def list_webhooks(actor: Keeper, services: With) -> Response:
    """One's own; all of them for an administrator of everything. Never a secret.

    `state`: `ok`, `failing` (it is tried again at `next_attempt_at`) or `dead` (it has to be redelivered by hand);
    `problem`: `address`, `network`, `tls`, `timeout`, `status`, `redirect`, `gone` or `owner`. `behind`: how many
    changes have come since the last that was dealt with.
    """
    async with as_owner(services.pool) as connection:
        body = await _read(connection, actor)
    return Response(orjson.dumps({"webhooks": body}), media_type=JSON, headers=_HEADERS)


@router.post("/webhooks", status_code=201, summary="Make a webhook")
async def make_webhook(actor: Keeper, services: With, body: NewWebhook) -> Response:
    """It hears of what changes from now on. The answer has the secret that signs it, this once."""
    access_class = actor.access_class if body.access_class is None else body.access_class
    _check(actor, services, body.url, body.label, body.layers, body.block_codes, access_class)
    secret = secrets.token_bytes(_SECRET_BYTES)
    values = {
        "token_id": actor.token_id, "label": (body.label or "").strip() or None, "url": body.url, "secret": secret,
        "layers": list(dict.fromkeys(body.layers)), "block_codes": list(dict.fromkeys(body.block_codes)),
        "access_class": access_class,
    }  # fmt: skip
    async with as_owner(services.pool) as connection:
        # One after the other, so that two at once do not both count themselves in.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('twin.webhooks'))")
        count = await (await connection.execute("SELECT count(*) FROM webhook")).fetchone()
        if count is not None and count[0] >= MOST:
            raise ConflictError(
                Text(
                    f"推送订阅已达上限({MOST} 个)。请先删除不用的。",
                    f"There are {MOST} webhooks, which is the most. Delete some.",
                )
            )
        row = await (await connection.execute(_INSERT, values)).fetchone()
        assert row is not None
        await _notify(connection)
        made = await _read_one(connection, actor, row[0])
    answer = orjson.dumps({**made, "secret": write_secret(secret)})
    return Response(answer, 201, {**_HEADERS, "Location": f"/webhooks/{row[0]}"}, JSON)


@router.get("/webhooks/{webhook_id}", summary="A webhook")
async def get_webhook(actor: Keeper, services: With, webhook_id: int) -> Response:
    """As in the list."""
    async with as_owner(services.pool) as connection:
        body = await _read_one(connection, actor, webhook_id)
    return Response(orjson.dumps(body), media_type=JSON, headers=_HEADERS)


@router.patch("/webhooks/{webhook_id}", summary="Change a webhook")
async def change_webhook(
    request: Request, actor: Keeper, services: With, webhook_id: int, body: WebhookChange
) -> Response:  # fmt: skip
    """One that was switched off goes on where it was when it is switched on again."""
    given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    empty = next((name for name, value in given.items() if value is None and name != "label"), None)
    if empty is not None:
        raise InvalidRequestError(Text(f"{empty} 不能为空。", f"{empty} has to have a value."), empty)
    async with as_owner(services.pool) as connection:
        former = await _read_one(connection, actor, webhook_id)
        wanted = {**former, **given}
        _check(
            actor, services, wanted["url"], given.get("label"), given.get("layers", ()),
            given.get("block_codes", ()), given.get("access_class", 1),
        )  # fmt: skip
        if "label" in given:
            given["label"] = (given["label"] or "").strip() or None
        if given:
            parts = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in given]
            statement = sql.SQL("UPDATE webhook SET {} WHERE id = {}").format(
                sql.SQL(", ").join(parts), sql.Placeholder("id")
            )
            await connection.execute(statement, {**given, "id": webhook_id})
        if "url" in given and given["url"] != former["url"]:
            # Another receiver has not failed yet.
            await connection.execute(_REDELIVER, (webhook_id,))
        await _notify(connection)
        changed = await _read_one(connection, actor, webhook_id)
    return Response(orjson.dumps(changed), media_type=JSON, headers=_HEADERS)


@router.delete("/webhooks/{webhook_id}", status_code=204, summary="Delete a webhook")
async def delete_webhook(actor: Keeper, services: With, webhook_id: int) -> Response:
    """Nothing goes out any more, but what is on its way."""
    async with as_owner(services.pool) as connection:
        await _read_one(connection, actor, webhook_id)
        await connection.execute("DELETE FROM webhook WHERE id = %s", (webhook_id,))
    return Response(status_code=204, headers=_HEADERS)


@router.post("/webhooks/{webhook_id}/redeliver", summary="Try a webhook again now")
async def redeliver(actor: Keeper, services: With, webhook_id: int) -> Response:
    """From where it stopped, at once, however long it has failed."""
    async with as_owner(services.pool) as connection:
        await _read_one(connection, actor, webhook_id)
        await connection.execute(_REDELIVER, (webhook_id,))
        await _notify(connection)
        body = await _read_one(connection, actor, webhook_id)
    return Response(orjson.dumps(body), media_type=JSON, headers=_HEADERS)


@router.post("/webhooks/{webhook_id}/secret", summary="Give a webhook another secret")
async def rotate_secret(actor: Keeper, services: With, webhook_id: int) -> Response:
    """The answer has it, this once. For a day messages are signed with the former one as well."""
    secret = secrets.token_bytes(_SECRET_BYTES)
    async with as_owner(services.pool) as connection:
        await _read_one(connection, actor, webhook_id)
        await connection.execute(_ROTATE, (secret, webhook_id))
    return Response(orjson.dumps({"secret": write_secret(secret)}), media_type=JSON, headers=_HEADERS)


async def _read(connection: AsyncConnection[TupleRow], actor: Actor, webhook_id: int | None = None) -> list[Any]:
    is_everybodys = actor.role == "admin" and actor.is_unscoped
    values = {"owner": None if is_everybodys else actor.token_id, "own": actor.token_id, "id": webhook_id}
    rows = await (await connection.execute(read_sql("webhooks"), values)).fetchall()
    return [row[0] for row in rows]


async def _read_one(connection: AsyncConnection[TupleRow], actor: Actor, webhook_id: int) -> dict[str, Any]:
    """Raises NotFoundError for one that is somebody else's as well."""
    found = await _read(connection, actor, webhook_id) if webhook_id < 1 << 31 else []
    if not found:
        raise NotFoundError(Text(f"没有编号为 {webhook_id} 的推送订阅。", f"There is no webhook {webhook_id}."))
    return found[0]


async def _notify(connection: AsyncConnection[TupleRow]) -> None:
    await connection.execute("SELECT pg_notify('twin_webhook', '')")


def _check(
    actor: Actor, services: Services, url: str, label: str | None, layers: Sequence[str], codes: Sequence[str],
    access_class: int,
) -> None:  # fmt: skip
    """Raises InvalidRequestError, NotFoundError for a layer, AccessDeniedError for what is out of the actor's reach."""
    check_url(url, is_private_allowed=services.settings.webhook_private)
    what = find_personal(label or "")
    if what is not None:
        raise InvalidRequestError(
            Text(f"备注含有{what.zh},请写用途。", f"The label holds {what.en}; say what it is for."), "label"
        )
    for layer in layers:
        services.layers.find(layer, actor)
    far = next((code for code in codes if not actor.reaches(code)), None)
    if far is not None:
        raise AccessDeniedError(Text(f"块 {far} 不在您的范围之内。", f"The block {far} is not within your scope."))
    if access_class > actor.access_class:
        raise AccessDeniedError(
            Text(
                f"您最高可见 {actor.access_class} 级,不能订阅 {access_class} 级。",
                f"You may read up to class {actor.access_class}, not {access_class}.",
            )
        )


def check_url(url: str, *, is_private_allowed: bool) -> None:
    """Raises InvalidRequestError for what is no address of a receiver. What a name leads to is seen when it is used."""
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError):
        raise _wrong_url("应为完整的网址", "is a whole URL") from None
    schemes = ("https", "http") if is_private_allowed else ("https",)
    if parsed.scheme not in schemes or not host:
        raise _wrong_url(f"应以 {schemes[0]}:// 开头", f"begins with {schemes[0]}://")
    if parsed.userinfo or parsed.fragment:
        raise _wrong_url("不应含有用户名、密码或 #", "has neither a user name nor a fragment")
    try:
        is_reachable = is_allowed(host, is_private_allowed=is_private_allowed)
    except ValueError:
        is_reachable = is_private_allowed or not (host == "localhost" or host.endswith(".localhost"))
    if not is_reachable:
        raise _wrong_url("不应指向内网地址", "does not lead to a private address")


def _wrong_url(zh: str, en: str) -> InvalidRequestError:
    return InvalidRequestError(Text(f"参数 url {zh}。", f"The parameter url {en}."), "url")
