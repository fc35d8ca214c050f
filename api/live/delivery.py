# SPDX-License-Identifier: Apache-2.0
"""Delivers webhooks, beside the jobs of `twin worker`; `python -m api.live.delivery` does nothing else.

The change log is the queue: a webhook has a place in it, and its next message is what lies behind that. So nothing
is lost when a worker is killed, and each webhook is told in order. Who delivers for one holds its advisory lock; any
number of workers may run. A webhook that fails waits longer and longer, and holds nobody else.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Final, LiteralString

import orjson
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import PoolTimeout

from api.live.changes import KEEPALIVE, READ_CHANGES, READ_EXTENT, Change, change_from_row
from api.live.sending import Outcome, Sender
from api.live.subscription import READ_DUE, READ_SUBSCRIPTION, Subscription, subscription_from_row
from api.live.telling import Told, tell, tell_everything
from api.pool import Pool, as_actor, as_owner, make_pool
from twin.access import Actor
from twin.database import database_url
from twin.logs import set_up_logs
from twin.settings import Settings

CHANNEL: Final = "twin_webhook"
"""Notified where a webhook is made or changed."""

_AT_ONCE: Final = 100
"""Changes of one message."""

_GATHER_S: Final = 0.2
"""Changes that come closer together than this go out in one message."""

_CHECK_S: Final = 15.0
_AWAY_S: Final = 5.0
"""How long a webhook is left alone that another worker delivers for, or when the database was away."""

_LONGEST_RETRY_S: Final = 3600.0
_DAY_S: Final = 86_400.0

_LOCK: Final[LiteralString] = "SELECT pg_try_advisory_lock(hashtext('twin.webhook'), %s::integer)"
_UNLOCK: Final[LiteralString] = "SELECT pg_advisory_unlock(hashtext('twin.webhook'), %s::integer)"

_BUSINESS: Final[LiteralString] = "SELECT code, access_class FROM business_layer WHERE withdrawn_at IS NULL"

_PASS: Final[LiteralString] = """
    UPDATE webhook SET sent_to = %(to)s, pending_to = NULL WHERE id = %(id)s AND sent_to = %(from)s
"""
_BEGIN: Final[LiteralString] = """
    UPDATE webhook SET pending_to = %(to)s, tried_at = now() WHERE id = %(id)s AND sent_to = %(from)s
"""
_DONE: Final[LiteralString] = """
    UPDATE webhook SET sent_to = %(to)s, pending_to = NULL, state = 'ok', problem = NULL, status = %(status)s,
                       attempts = 0, failing_since = NULL, delivered_at = now(), messages = messages + 1
    WHERE id = %(id)s AND sent_to = %(from)s
"""
_FAILED: Final[LiteralString] = """
    UPDATE webhook SET state = %(state)s, problem = %(problem)s, status = %(status)s, attempts = attempts + 1,
                       failing_since = coalesce(failing_since, now()),
                       next_attempt_at = now() + %(wait)s * interval '1 second'
    WHERE id = %(id)s AND sent_to = %(from)s
"""

log = logging.getLogger("twin.webhooks")


async def deliver_webhooks(settings: Settings) -> None:
    """Deliver until cancelled; a database that was away is sought again."""
    while True:
        try:
            async with AsyncExitStack() as stack:
                await (await _Courier.open(stack, settings)).run()
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("webhooks wait for the database: %s", error)
        await asyncio.sleep(_AWAY_S)


class _Courier:
    """Delivers as long as its connections live. Its locks are the holder's, so they end with it."""

    def __init__(
        self, settings: Settings, pool: Pool, listener: AsyncConnection[TupleRow], holder: AsyncConnection[TupleRow],
        sender: Sender,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._pool = pool
        self._listener = listener
        self._holder = holder
        self._sender = sender
        self._running: dict[int, asyncio.Task[None]] = {}
        self._not_before: dict[int, float] = {}
        self._woken = asyncio.Event()

    @classmethod
    async def open(cls, stack: AsyncExitStack, settings: Settings) -> _Courier:
        """With connections that `stack` closes."""
        url = database_url(settings)
        listener, holder = [
            await stack.enter_async_context(await AsyncConnection.connect(url, autocommit=True, **KEEPALIVE))
            for _ in range(2)
        ]
        pool = make_pool(settings.model_copy(update={"pool_size": 2}))
        await stack.enter_async_context(pool)
        sender = await stack.enter_async_context(
            Sender(timeout_s=settings.webhook_timeout_s, is_private_allowed=settings.webhook_private)
        )
        await listener.execute("LISTEN twin_change")
        await listener.execute(f"LISTEN {CHANNEL}")
        return cls(settings, pool, listener, holder, sender)

    async def run(self) -> None:
        """Until a connection fails; what is on its way then is let go, and comes again."""
        listening = asyncio.create_task(self._listen())
        try:
            while not listening.done():
                self._woken.clear()
                wait_s = await self._start_due()
                try:
                    async with asyncio.timeout(wait_s):
                        await self._woken.wait()
                except TimeoutError:
                    continue
                await asyncio.sleep(_GATHER_S)
            await listening
        finally:
            tasks = [listening, *self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            while True:
                async for _notice in self._listener.notifies(timeout=_CHECK_S, stop_after=1):
                    self._woken.set()
                # A dead peer does not say so; and a lost holder has lost its locks.
                await self._listener.execute("SELECT 1")
                await self._holder.execute("SELECT 1")
        finally:
            self._woken.set()

    async def _start_due(self) -> float:
        """Begin with every webhook whose time has come; returns in how many seconds the next one's is."""
        async with as_owner(self._pool) as connection:
            rows = await (await connection.execute(READ_DUE)).fetchall()
        now = asyncio.get_running_loop().time()
        wait_s = _CHECK_S
        for webhook_id, is_due, in_s in rows:
            if webhook_id in self._running:
                continue
            away_s = self._not_before.get(webhook_id, 0.0) - now
            if is_due and away_s <= 0:
                task = asyncio.create_task(self._deliver(webhook_id))
                self._running[webhook_id] = task
                task.add_done_callback(lambda done, key=webhook_id: self._finish(key, done))
            else:
                wait_s = min(wait_s, max(in_s, away_s, 0.01))
        return wait_s

    def _finish(self, webhook_id: int, done: asyncio.Task[None]) -> None:
        del self._running[webhook_id]
        error = None if done.cancelled() else done.exception()
        if error is not None:
            log.error("webhook %s could not be worked on", webhook_id, exc_info=error)
            self._leave(webhook_id)
        self._woken.set()

    def _leave(self, webhook_id: int) -> None:
        self._not_before[webhook_id] = asyncio.get_running_loop().time() + _AWAY_S

    async def _deliver(self, webhook_id: int) -> None:
        row = await (await self._holder.execute(_LOCK, (webhook_id,))).fetchone()
        if row is None or not row[0]:
            self._leave(webhook_id)
            return
        try:
            while await self._deliver_next(webhook_id):
                pass
        finally:
            await asyncio.shield(self._holder.execute(_UNLOCK, (webhook_id,)))

    async def _deliver_next(self, webhook_id: int) -> bool:
        """One message, or what is not for it passed over; False where nothing is left to do now."""
        async with as_owner(self._pool) as connection:
            row = await (await connection.execute(READ_SUBSCRIPTION, (webhook_id,))).fetchone()
            if row is None:
                return False
            hook = subscription_from_row(row)
            rows = await (await connection.execute(READ_CHANGES, (hook.sent_to, _AT_ONCE))).fetchall()
            first, last = await (await connection.execute(READ_EXTENT)).fetchone() or (1, 0)
            classes: dict[str, int] = dict(await (await connection.execute(_BUSINESS)).fetchall())
        if hook.actor is None:
            await self._write(_FAILED, hook, hook.sent_to, state="dead", problem="owner", status=None, wait=0.0)
            return False
        changes = [change_from_row(row) for row in rows]
        if hook.pending_to is not None:
            # What was tried already stays as it was, whatever has come since.
            changes = [change for change in changes if change.seq <= hook.pending_to]
        if hook.sent_to < first - 1:
            to = hook.pending_to if hook.pending_to is not None and hook.pending_to >= first else last
            return await self._send(hook, to, _reset_body(hook, hook.actor, classes, to))
        if not changes:
            return False
        told = await tell(changes, hook.actor, hook.layers, classes, self._as_actor)
        to = changes[-1].seq
        if not told:
            await self._write(_PASS, hook, to)
            return True
        return await self._send(hook, to, _changes_body(hook, changes, told))

    async def _send(self, hook: Subscription, to: int, message: tuple[str, bytes]) -> bool:
        await self._write(_BEGIN, hook, to)
        outcome = await self._sender.post(hook.url, *message, hook.secrets)
        if outcome.problem is None:
            await self._write(_DONE, hook, to, status=outcome.status)
            return True
        await self._note_failure(hook, outcome)
        return False

    async def _note_failure(self, hook: Subscription, outcome: Outcome) -> None:
        is_over = outcome.problem == "gone" or hook.failing_s > self._settings.webhook_days * _DAY_S
        wait_s = max(find_wait(self._settings.webhook_retry_s, hook.attempts), outcome.wait_s)
        log.info("webhook %s: %s (%s), attempt %s", hook.id, outcome.problem, outcome.status, hook.attempts + 1)
        await self._write(
            _FAILED, hook, hook.sent_to, state="dead" if is_over else "failing", problem=outcome.problem,
            status=outcome.status, wait=wait_s,
        )  # fmt: skip

    async def _write(self, statement: LiteralString, hook: Subscription, to: int, **values: object) -> None:
        async with as_owner(self._pool) as connection:
            await connection.execute(statement, {"id": hook.id, "from": hook.sent_to, "to": to, **values})

    def _as_actor(self, actor: Actor) -> Any:
        return as_actor(self._pool, actor, self._settings.statement_timeout_ms)


def find_wait(first_s: float, attempts: int) -> float:
    """How long to wait after so many failures: doubled each time up to an hour, less up to a half by chance."""
    return min(_LONGEST_RETRY_S, first_s * 2.0 ** min(attempts, 20)) * random.uniform(0.5, 1.0)


def _changes_body(hook: Subscription, changes: Sequence[Change], told: Sequence[Told]) -> tuple[str, bytes]:
    """The message's id and bytes. The id is the same for each attempt, and no other message's."""
    last = changes[-1]
    data = {"change_id": last.seq, "events": [one.body for one in told]}
    return _name(hook, last.seq, last.at), _body("changes", last.at, data)


def _reset_body(hook: Subscription, actor: Actor, classes: Mapping[str, int], to: int) -> tuple[str, bytes]:
    """What lies between is not kept any more, so everything has to be read anew."""
    events = [one.body for one in tell_everything(actor, hook.layers, classes, to)]
    return f"msg_{hook.id}_{to}_reset", _body("reset", None, {"change_id": to, "events": events})


def _name(hook: Subscription, to: int, at: datetime) -> str:
    # The moment as well: a database that was restored from a backup gives its numbers again.
    return f"msg_{hook.id}_{to}_{int(at.timestamp() * 1000)}"


def _body(kind: str, at: datetime | None, data: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"type": kind, "timestamp": None if at is None else at.isoformat(), "data": data})


if __name__ == "__main__":
    _settings = Settings()
    set_up_logs(_settings)
    asyncio.run(deliver_webhooks(_settings))
