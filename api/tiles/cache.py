# SPDX-License-Identifier: Apache-2.0
"""A cache of rendered bytes in this process: bounded, coalescing equal requests, exact in what it drops."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Generic, Protocol, TypeVar

from api.http.kept import KeptAnswer

_OVERHEAD: Final = 1_500
"""Bytes that an entry costs beside its data, with an answer made of it."""


class CacheKey(Hashable, Protocol):
    """What names an entry; the layer groups entries, so that a change looks at its own layer's only."""

    @property
    def layer(self) -> str:
        """The layer that the bytes show."""
        ...


K = TypeVar("K", bound=CacheKey)


@dataclass(slots=True)
class Rendered:
    """Bytes as they are sent, and their strong ETag with quotes.

    `answers` are those made of them so far, by whether anybody's cache may keep them and whether it is the 304.
    """

    data: bytes
    etag: bytes
    answers: dict[tuple[bool, bool], KeptAnswer] = field(default_factory=dict[tuple[bool, bool], KeptAnswer])
    was_used: bool = False
    """Since its turn to be dropped came last."""


@dataclass
class _Pending:
    task: asyncio.Task[Rendered]
    is_stale: bool = False


Render = Callable[[], Awaitable[tuple[bytes, bool]]]
"""Makes the bytes and says whether they may be kept."""


class ByteCache(Generic[K]):
    """Entries of one kind of key. While it is not live it keeps nothing, since it would not hear of changes."""

    def __init__(self, max_bytes: int) -> None:
        self.is_live = False
        self.size = 0
        self.hits = 0
        self.misses = 0
        """Entries that had to be made; who waits for another's rendering counts as neither."""
        self._max_bytes = max_bytes
        self._entries: OrderedDict[K, Rendered] = OrderedDict()
        self._by_layer: defaultdict[str, set[K]] = defaultdict(set)
        self._pending: dict[K, _Pending] = {}

    def get(self, key: K) -> Rendered | None:
        """The entry, if it is there."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.was_used = True
            self.hits += 1
        return entry

    async def fetch(self, key: K, render: Render) -> Rendered:
        """The entry, made if it is not there; equal requests wait for one rendering."""
        entry = self.get(key)
        if entry is not None:
            return entry
        pending = self._pending.get(key)
        if pending is None:
            pending = _Pending(asyncio.create_task(self._render(key, render)))
            self._pending[key] = pending
        return await asyncio.shield(pending.task)

    def drop(self, layer: str, touches: Callable[[K], bool]) -> None:
        """Forget what a change touches, and do not keep what is being rendered from before it."""
        for key in [key for key in self._by_layer[layer] if touches(key)]:
            self._remove(key)
        for key in [key for key in self._pending if key.layer == layer and touches(key)]:
            self._pending.pop(key).is_stale = True

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._by_layer.clear()
        self.size = 0
        for pending in self._pending.values():
            pending.is_stale = True
        self._pending.clear()

    async def _render(self, key: K, render: Render) -> Rendered:
        # The task starts only after `fetch` has filed it, so it finds itself here.
        pending = self._pending[key]
        self.misses += 1
        # What was begun before the feed was there may show what was before its first change.
        was_live = self.is_live
        try:
            data, may_keep = await render()
        finally:
            if self._pending.get(key) is pending:
                del self._pending[key]
        entry = Rendered(data, make_etag(data))
        if may_keep and was_live and self.is_live and not pending.is_stale:
            self._keep(key, entry)
        return entry

    def _keep(self, key: K, entry: Rendered) -> None:
        self._remove(key)
        self._entries[key] = entry
        self._by_layer[key.layer].add(key)
        self.size += len(entry.data) + _OVERHEAD
        while self.size > self._max_bytes and self._entries:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        """The entry whose turn it is, or, if it was used since it was its turn last, another time."""
        key, entry = next(iter(self._entries.items()))
        if entry.was_used:
            # Moved here and not at every use, which is the far more frequent of the two.
            entry.was_used = False
            self._entries.move_to_end(key)
        else:
            self._remove(key)

    def _remove(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._by_layer[key.layer].discard(key)
            self.size -= len(entry.data) + _OVERHEAD


def make_etag(data: bytes) -> bytes:
    """A strong ETag: equal bytes, equal tag."""
    return b'"' + blake2b(data, digest_size=12).hexdigest().encode() + b'"'
