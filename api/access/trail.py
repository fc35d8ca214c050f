# SPDX-License-Identifier: Apache-2.0
"""What of requests is put on record: who was refused, who signed in, who read restricted data, who fetched a file.

What is written is put on record by the database itself; see `twin/audit.py`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg_pool import PoolTimeout
from starlette.types import Message, Scope, Send

from api.access.routes import ROUTES
from api.http.errors import send_error
from api.pool import Pool, as_owner
from twin.access import RESTRICTED, Actor
from twin.audit import ASKING, NOTE, SEAL, Asking
from twin.errors import SetupError
from twin.text import Text

SEAL_S: Final = 1.0
"""How long an entry waits to be sealed, at most."""

_HOUR_S: Final = 3600
_MINUTE_S: Final = 60
_REFUSALS: Final = frozenset({401, 403})
_KEPT: Final = 100_000
"""How many readers and layers one process remembers; whoever is forgotten is put on record once more."""

_LAYER: Final = "layer:"

log = logging.getLogger("twin.audit")


@dataclass(frozen=True)
class _Entry:
    verb: str
    object: str
    outcome: str = "done"
    access_class: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


class AuditTrail:
    """Looks at every answer before it leaves; restricted data do not leave unless that is on record.

    Reading restricted data is told once for each session, layer and hour: a map asks for hundreds of tiles. Refusals
    of one kind are told once a minute, with how many there were since.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._told: set[tuple[int | None, int | None, str]] = set()
        self._told_until = 0.0
        self._refused: dict[tuple[object, ...], tuple[float, int]] = {}

    def follow(self, scope: Scope, send: Send, method: str) -> Send:
        """The `send` of a request that is put on record where it has to be; the request begins here."""
        asking = Asking()
        ASKING.set(asking)
        is_withheld = False

        async def send_noted(message: Message) -> None:
            nonlocal is_withheld
            if message["type"] == "http.response.start":
                entry, key = self._describe(scope, method, message["status"], asking.actor)
                if entry is not None and not await self._note(entry):
                    if key is not None:
                        self._told.discard(key)
                    if entry.outcome == "done":
                        is_withheld = True
                        await send_error(scope, send, SetupError(_WITHHELD))
            if not is_withheld:
                await send(message)

        return send_noted

    def has_told(self, actor: Actor, layer_id: str) -> bool:
        """Whether it need not be told any more that `actor` reads of a layer."""
        if actor.access_class < RESTRICTED:
            return True
        key = (actor.token_id, actor.session_id, _LAYER + layer_id)
        return key in self._told and time.time() < self._told_until

    def _describe(
        self, scope: Scope, method: str, status: int, actor: Actor | None
    ) -> tuple[_Entry | None, tuple[int | None, int | None, str] | None]:
        if status >= 400:
            return (self._refusal(scope, method, status, actor) if status in _REFUSALS else None), None
        if actor is None:
            return None, None
        template = _template(scope)
        if method in ("GET", "HEAD"):
            kind = ROUTES.get(("GET", template), "data")
            if kind == "data" and actor.access_class >= RESTRICTED:
                return self._reading(_name_object(scope, template), actor)
            if kind == "file":
                return _Entry("file.download", template, details=dict(scope.get("path_params") or {})), None
            if kind == "open" and status == 303:
                return _Entry("session.open", "session", details={"method": "link"}), None
        elif kind_of(method, template) == "sign_in" and actor.session_id is None:
            # Accounts have sessions in the database, which tells of them.
            verb = "session.close" if method == "DELETE" else "session.open"
            return _Entry(verb, "session", details={"method": "token"}), None
        elif kind_of(method, template) == "data" and actor.access_class >= RESTRICTED:
            return self._reading(_name_object(scope, template), actor)
        return None, None

    def _reading(self, name: str, actor: Actor) -> tuple[_Entry | None, tuple[int | None, int | None, str] | None]:
        now = time.time()
        if now >= self._told_until or len(self._told) > _KEPT:
            self._told.clear()
            self._told_until = (now // _HOUR_S + 1) * _HOUR_S
        key = (actor.token_id, actor.session_id, name)
        if key in self._told:
            return None, None
        self._told.add(key)
        details = {"session": actor.session_id} if actor.session_id is not None else {}
        return _Entry("data.read", name, "done", actor.access_class, details), key

    def _refusal(self, scope: Scope, method: str, status: int, actor: Actor | None) -> _Entry | None:
        template = _template(scope)
        key = (actor.token_id if actor else None, method, template, status)
        now = time.monotonic()
        since, more = self._refused.get(key, (-_MINUTE_S, 0))
        if now - since < _MINUTE_S:
            self._refused[key] = since, more + 1
            return None
        if len(self._refused) > _KEPT:
            self._refused.clear()
        self._refused[key] = now, 0
        verb = "session.refuse" if kind_of(method, template) == "sign_in" else "access.refuse"
        details = {"method": method, "status": status} | ({"more": more} if more else {})
        return _Entry(verb, template, "refused", None, details)

    async def _note(self, entry: _Entry) -> bool:
        """Put it on record; False where that cannot be done."""
        values = (entry.verb, entry.object, entry.outcome, entry.access_class, json.dumps(entry.details))
        try:
            async with as_owner(self._pool) as connection:
                await connection.execute(NOTE, values)
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("the audit log could not be written: %s", error)
            return False
        return True


_WITHHELD: Final = Text(
    "审计日志暂时不能写入,因此不提供受限数据,请稍后再试。",
    "The audit log cannot be written just now, so no restricted data are given out. Try again soon.",
)


def kind_of(method: str, template: str) -> str | None:
    """What sort of route it is; None for one that does not exist."""
    return ROUTES.get((method, template))


def _template(scope: Scope) -> str:
    """The path of the route that answers, with names in the place of ids."""
    return scope.get("twin.route") or getattr(scope.get("route"), "path", None) or "-"


def _name_object(scope: Scope, template: str) -> str:
    if template.startswith("/collections/{layer_id}"):
        return _LAYER + scope["path"].split("/")[2]
    return template


async def keep_sealed(pool: Pool) -> None:
    """Seal what was put on record, time and again; of several processes one does it."""
    while True:
        try:
            async with as_owner(pool) as connection:
                await connection.execute(SEAL)
        except psycopg.Error as error:
            log.warning("the audit log was not sealed: %s", error)
        await asyncio.sleep(SEAL_S)
