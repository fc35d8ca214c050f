# SPDX-License-Identifier: Apache-2.0
"""The change feed: one LISTEN a process, the change log read in commit order, a ring of what came last."""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
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

KEEPALIVE: Final[dict[str, Any]] = {
    "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000,
}  # fmt: skip
"""What a connection that waits for notices has: one that went without a word is missed soon."""

READ_CHANGES: LiteralString = """
    SELECT seq, layer, op, block_code, access_class, ST_XMin(envelope), ST_YMin(envelope), ST_XMax(envelope),
           ST_YMax(envelope), ids, at, layer_code
    FROM change WHERE seq > %s ORDER BY seq LIMIT %s
"""

READ_EXTENT: LiteralString = "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM change"
"""The first change that is kept and the last one."""

log = logging.getLogger("twin.changes")


@dataclass(frozen=True)
class Change:
    """One row of the change log. `bbox` None: anywhere; `ids` None: many; `at`: what was replaced has this end.

    `layer_code`: which of the layers that share a table; None: any of them.
    """

    seq: int
    layer: str
    op: str
    block_code: str
    access_class: int
    bbox: Box | None
    ids: tuple[int, ...] | None
    at: datetime
    layer_code: str | None = None
    is_listed: bool = False
    """Whether `ids` are all that its reader may see of it, wherever they lie; it has no box then."""


def change_from_row(row: Sequence[Any]) -> Change:
    """A row of `READ_CHANGES`."""
    bbox = None if row[5] is None else (row[5], row[6], row[7], row[8])
    return Change(row[0], row[1], row[2], row[3], row[4], bbox, _ids(row[9]), row[10], row[11])


def _ids(listed: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if listed is None else tuple(listed)


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
        self._ring: list[Change] = []
        self._moved = asyncio.Event()
        self._found = asyncio.Event()
        self._ring_start = 0
        self.head = 0
        """The number of the last change that was read."""
        self.life = 0
        """Grows when what comes next does not follow what came before: numbers of an earlier life say nothing."""
        self.is_closing = False
        """Whether the process stops: whoever follows lets go."""

    async def run(self) -> None:
        """Follow until cancelled; a lost connection is sought again."""
        while True:
            try:
                async with (
                    await AsyncConnection.connect(self._url, autocommit=True, **KEEPALIVE) as listener,
                    await AsyncConnection.connect(self._url, autocommit=True, **KEEPALIVE) as reader,
                ):
                    await listener.execute("LISTEN twin_change")
                    await listener.execute("LISTEN twin_access")
                    await self._find_place(reader)
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
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await moved.wait()

    def since(self, seq: int, limit: int = RING) -> list[Change] | None:
        """The first changes after `seq`, or None where the ring does not reach back so far."""
        if seq < self._ring_start:
            return None
        start = bisect_right(self._ring, seq, key=_seq)
        return self._ring[start : start + limit]

    def close(self) -> None:
        """Tell everybody who follows to let go."""
        self.is_closing = True
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _find_place(self, reader: AsyncConnection[TupleRow]) -> None:
        """Go on where it was; where that is not to be found any more (another database, or too long ago): anew."""
        first, last = await (await reader.execute(READ_EXTENT)).fetchone() or (1, 0)
        if self.life and first - 1 <= self.head <= last:
            return
        self._ring.clear()
        self.head = self._ring_start = last
        self.life += 1
        self.wake()

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
            self._ring += changes
            # Cut now and then, not each time: that moves the whole list.
            if len(self._ring) > RING + RING // 4:
                self._ring_start = self._ring[-RING - 1].seq
                del self._ring[:-RING]
            self.head = changes[-1].seq
            self._on_changes(changes)
            self.wake()


def _seq(change: Change) -> int:
    return change.seq
