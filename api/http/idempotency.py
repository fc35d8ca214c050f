# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key: what a client sends again is done once, and answered again with the first answer.

A layer around the routes rather than a part of them, so that whatever creates something is covered alike. The key
belongs to the token or account that sent it. Answers are kept for a day (`draft-ietf-httpapi-idempotency-key-header`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import ProtocolError, send_error
from api.http.response import find_header
from api.pool import as_owner
from api.services import Services
from twin.errors import InvalidRequestError, RefusedError, TwinError
from twin.text import Text

HEADER: Final = b"idempotency-key"

_COVERED: Final[Mapping[str, frozenset[str]]] = {
    "collections": frozenset({"POST", "PUT", "PATCH", "DELETE"}),
    "registers": frozenset({"POST", "PUT", "PATCH"}),
    "proposals": frozenset({"POST"}),
    "inspections": frozenset({"POST", "PATCH"}),
    "hazards": frozenset({"POST"}),
    "surveys": frozenset({"POST", "PUT"}),
    "photos": frozenset({"POST"}),
    "uploads": frozenset({"POST"}),
    "placements": frozenset({"POST"}),
    "loads": frozenset({"POST"}),
}
"""First parts of addresses, and what is done there once. What answers with a secret (tokens, sessions) is not kept."""

_SAID: Final = (
    b"content-type", b"content-crs", b"if-match", b"if-none-match", b"prefer", b"upload-length", b"upload-metadata",
)  # fmt: skip
"""The headers that make a request another one."""

_MAX_BODY: Final = 16_000_000
_MAX_KEPT: Final = 1_000_000
_FORGET: Final[LiteralString] = "DELETE FROM idempotency_key WHERE created_at < now() - interval '24 hours'"
_CLAIM: Final[LiteralString] = """
    INSERT INTO idempotency_key (token_id, key, fingerprint) VALUES (%s, %s, %s)
    ON CONFLICT (token_id, key) DO NOTHING RETURNING token_id
"""
_READ: Final[LiteralString] = """
    SELECT fingerprint, status, headers, body, created_at < now() - interval '10 minutes'
    FROM idempotency_key WHERE token_id = %s AND key = %s
"""
_KEEP: Final[LiteralString] = """
    UPDATE idempotency_key SET status = %s, headers = %s, body = %s WHERE token_id = %s AND key = %s
"""
_FREE: Final[LiteralString] = "DELETE FROM idempotency_key WHERE token_id = %s AND key = %s"


def is_sent_once(scope: Scope, path: str, method: str) -> bool:
    """Whether a request has a key, and is of those that are done once."""
    return method in _COVERED.get(path.lstrip("/").partition("/")[0], ()) and find_header(scope, HEADER) is not None


def is_refusal(status: int) -> bool:
    """Whether an answer says that nothing was done: to do it again is safe, and may go better. A 500 does not."""
    return 400 <= status < 500 or status == 503


@dataclass
class _Answer:
    """What the routes answer, held back until it is kept."""

    messages: list[Message] = field(default_factory=list[Message])

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def is_whole(self) -> bool:
        return len(self.messages) > 1 and not self.messages[-1].get("more_body", False)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> list[tuple[str, str]]:
        raw: Sequence[tuple[bytes, bytes]] = self.messages[0].get("headers", ())
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])


class OnceRoute:
    """Does what `is_sent_once` names once; everything is passed on to `inner` otherwise."""

    def __init__(self, services: Services, inner: ASGIApp) -> None:
        self._services = services
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            actor = await self._services.actors.resolve(scope["headers"], scope["method"])
            if actor.token_id is None:
                # Nobody's key is everybody's: the public makes nothing anyway.
                await self._inner(scope, receive, send)
                return
            key = parse_key(find_header(scope, HEADER) or "")
            body = await _read_body(receive)
            if body is None:
                return
            known = await self._claim(actor.token_id, key, _digest(scope, body))
        except (TwinError, psycopg.Error, PoolTimeout) as error:
            await send_error(scope, send, error)
            return
        if known is not None:
            await _send_again(send, *known)
            return
        answer = _Answer()
        try:
            await self._inner(scope, _give_body(body, receive), answer.take)
        finally:
            # Where there is no answer (the server is being stopped), nobody knows what was done: the key stays taken.
            if answer.is_whole:
                await self._keep(actor.token_id, key, answer)
                for message in answer.messages:
                    await send(message)

    async def _claim(self, token_id: int, key: str, fingerprint: bytes) -> tuple[int, list[Any], bytes] | None:
        """The answer that was given before; None where the key is this request's from now on.

        Raises RefusedError (422) for the key of another request, ProtocolError (409) while that one is under way.
        """
        async with as_owner(self._services.pool) as connection:
            await connection.execute(_FORGET)
            made = await (await connection.execute(_CLAIM, (token_id, key, fingerprint))).fetchone()
            if made is not None:
                return None
            row = await (await connection.execute(_READ, (token_id, key))).fetchone()
        if row is None:
            raise _under_way()
        if bytes(row[0]) != fingerprint:
            raise RefusedError(
                Text(
                    "该 Idempotency-Key 已用于另一个请求;新的请求请用新的键。",
                    "This Idempotency-Key was used for another request. A new request takes a new key.",
                )
            )
        if row[1] is None:
            raise _unknown() if row[4] else _under_way()
        if row[3] is None:
            raise ProtocolError(
                409,
                Text(
                    f"该请求已完成(状态 {row[1]}),但答复太大,未保存;请查询结果。",
                    f"This request was done (status {row[1]}); its answer was too large to keep. Look what is there.",
                ),
            )
        return row[1], row[2], bytes(row[3])

    async def _keep(self, token_id: int, key: str, answer: _Answer) -> None:
        async with as_owner(self._services.pool) as connection:
            if is_refusal(answer.status):
                await connection.execute(_FREE, (token_id, key))
                return
            body = answer.body
            kept = body if len(body) <= _MAX_KEPT else None
            await connection.execute(_KEEP, (answer.status, Jsonb(answer.headers), kept, token_id, key))


def parse_key(header: str) -> str:
    """The key: a structured string (in quotes) or bare. Raises InvalidRequestError.

    >>> parse_key('"8e03978e-40d5"')
    '8e03978e-40d5'
    """
    found = re.fullmatch(r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})', header.strip())
    if found is None:
        raise InvalidRequestError(
            Text(
                "Idempotency-Key 应为 1 到 255 个可见 ASCII 字符,例如一个 UUID。",
                "An Idempotency-Key is 1 to 255 visible ASCII characters, such as a UUID.",
            ),
            "Idempotency-Key",
        )
    return found[1] or found[2]


def _digest(scope: Scope, body: bytes) -> bytes:
    digest = hashlib.sha256()
    parts = [scope["method"].encode(), scope["path"].encode(), scope["query_string"]]
    parts += [(find_header(scope, name) or "").encode("latin-1") for name in _SAID]
    for part in (*parts, body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None where the client went away. Raises ProtocolError (413)."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > _MAX_BODY:
            raise ProtocolError(
                413,
                Text(
                    f"带 Idempotency-Key 的请求最多 {_MAX_BODY // 1_000_000} MB。",
                    f"A request with an Idempotency-Key has {_MAX_BODY // 1_000_000} MB at most.",
                ),
            )
        if not message.get("more_body", False):
            return bytes(body)


def _give_body(body: bytes, receive: Receive) -> Receive:
    is_given = False

    async def give() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


async def _send_again(send: Send, status: int, headers: list[Any], body: bytes) -> None:
    raw = [(str(name).encode("latin-1"), str(value).encode("latin-1")) for name, value in headers]
    raw.append((b"idempotency-replayed", b"true"))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _under_way() -> ProtocolError:
    return ProtocolError(
        409,
        Text(
            "带此 Idempotency-Key 的请求正在处理,请稍后再发。",
            "The request with this Idempotency-Key is under way. Send it again in a while.",
        ),
    )


def _unknown() -> ProtocolError:
    return ProtocolError(
        409,
        Text(
            "带此 Idempotency-Key 的请求中断过,是否完成未知;请先查询结果,需要时用新的键重发。",
            "The request with this Idempotency-Key broke off, and whether it was done is not known. Look what is "
            "there, and send it with a new key if need be.",
        ),
    )
