# SPDX-License-Identifier: Apache-2.0
"""The change feed: one LISTEN a process, the change log read in commit order, a ring of what came last."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from layers.tile import Box

TICK_S: Final = 0.05
"""Changes that come closer together than this are read and told together."""

RING: Final = 20_000
"""Changes that are kept for those who come back."""

_CHECK_S: Final = 10.0
_RETRY_S: Final = 0.5

READ_CHANGES: LiteralString = """
    SELECT seq, layer, op, block_code, access_class, ST_XMin(envelope), ST_YMin(envelope), ST_XMax(envelope),
           ST_YMax(envelope), ids, at
    FROM change WHERE seq > %s ORDER BY seq LIMIT %s
"""

log = logging.getLogger("twin.changes")


@dataclass(frozen=True)
class Change:
    """One row of the change log. `bbox` None: anywhere; `ids` None: many; `at`: what was replaced has this end."""

    seq: int
    layer: str
    op: str
    block_code: str
    access_class: int
    bbox: Box | None
    ids: tuple[int, ...] | None
    at: datetime
    is_listed: bool = False
    """Whether `ids` are all that its reader may see of it, wherever they lie; it has no box then."""


def change_from_row(row: Sequence[Any]) -> Change:
    """A row of `READ_CHANGES`."""
    bbox = None if row[5] is None else (row[5], row[6], row[7], row[8])
    return Change(row[0], row[1], row[2], row[3], row[4], bbox, None if row[9] is None else tuple(row[9]), row[10])


class ChangeFeed:
    """Follows the change log; `on_changes` hears of it before anybody who waits.

    `on_access` hears that a token changed, `on_live` when the feed is lost (False) and found (True).
    """

    def __init__(
        self, url: str, *, on_changes: Callable[[Sequence[Change]], None], on_access: Callable[[], None],
        on_live: Callable[[bool], None],
    ) -> None:  # fmt: skip
        self._url = url
        self._on_changes = on_changes
        self._on_access = on_access
        self._on_live = on_live
        self._ring: deque[Change] = deque(maxlen=RING)
        self._moved = asyncio.Event()
        self._found = asyncio.Event()
        self._ring_start = 0
        self.head = 0
        """The number of the last change that was read."""
        self.is_closing = False
        """Whether the process stops: whoever follows lets go."""

    async def run(self) -> None:
        """Follow until cancelled; a lost connection is sought again."""
        is_first = True
        while True:
            try:
                async with (
                    await AsyncConnection.connect(self._url, autocommit=True) as listener,
                    await AsyncConnection.connect(self._url, autocommit=True) as reader,
                ):
                    await listener.execute("LISTEN twin_change")
                    await listener.execute("LISTEN twin_access")
                    if is_first:
                        await self._start(reader)
                        is_first = False
                    self._on_access()
                    await self._read(reader)
                    self._on_live(True)
                    self._found.set()
                    await self._follow(listener, reader)
            except psycopg.Error as error:
                log.warning("the change feed is lost: %s", error)
            self._on_live(False)
            self._found.clear()
            await asyncio.sleep(_RETRY_S)

    async def wait_until_live(self, timeout: float) -> None:
        """Wait for the first connection, but no longer than `timeout` seconds."""
        try:
            await asyncio.wait_for(self._found.wait(), timeout)
        except TimeoutError:
            log.warning("the change feed is not there yet; serving without a cache")

    async def wait(self, timeout: float) -> None:
        """Wait for changes or the end of a token's life, at most `timeout` seconds."""
        moved = self._moved
        try:
            await asyncio.wait_for(moved.wait(), timeout)
        except TimeoutError:
            return

    def since(self, seq: int) -> list[Change] | None:
        """The changes after `seq`, or None where the ring does not reach back so far."""
        if seq < self._ring_start:
            return None
        newer: list[Change] = []
        for change in reversed(self._ring):
            if change.seq <= seq:
                break
            newer.append(change)
        newer.reverse()
        return newer

    def close(self) -> None:
        """Tell everybody who follows to let go."""
        self.is_closing = True
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _start(self, reader: AsyncConnection[TupleRow]) -> None:
        row = await (await reader.execute("SELECT coalesce(max(seq), 0) FROM change")).fetchone()
        self.head = self._ring_start = row[0] if row else 0

    async def _follow(self, listener: AsyncConnection[TupleRow], reader: AsyncConnection[TupleRow]) -> None:
        last_read = time.monotonic()
        while True:
            channels: set[str] = set()
            async for notice in listener.notifies(timeout=_CHECK_S, stop_after=1):
                channels.add(notice.channel)
            if "twin_access" in channels:
                self._on_access()
                self.wake()
            elif not channels:
                await listener.execute("SELECT 1")  # a dead peer does not say so
            if "twin_change" in channels:
                # The first of a burst is read at once, the rest a tick later, together.
                await asyncio.sleep(max(0.0, last_read + TICK_S - time.monotonic()))
            last_read = time.monotonic()
            await self._read(reader)

    async def _read(self, reader: AsyncConnection[TupleRow]) -> None:
        while True:
            rows = await (await reader.execute(READ_CHANGES, (self.head, RING))).fetchall()
            if not rows:
                return
            changes = [change_from_row(row) for row in rows]
            overflow = len(self._ring) + len(changes) - RING
            if overflow > 0:
                self._ring_start = self._ring[overflow - 1].seq
            self._ring.extend(changes)
            self.head = changes[-1].seq
            self._on_changes(changes)
            self.wake()
