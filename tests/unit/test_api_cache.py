# SPDX-License-Identifier: Apache-2.0
"""The cache of rendered bytes: coalescing, bounds, and what an invalidation that comes meanwhile does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from api.services import TileKey
from api.tiles.cache import ByteCache
from layers.tile import Tile


def key(layer: str = "buildings", x: int = 0) -> TileKey:
    return TileKey(layer, "2:{(,)}", "", Tile(4, x, 0), 64)


def renderer(
    calls: list[int], data: bytes = b"tile", *, may_keep: bool = True
) -> Callable[[], Awaitable[tuple[bytes, bool]]]:
    async def render() -> tuple[bytes, bool]:
        calls.append(1)
        await asyncio.sleep(0.01)
        return data, may_keep

    return render


def make_cache(max_bytes: int = 10_000) -> ByteCache[TileKey]:
    cache: ByteCache[TileKey] = ByteCache(max_bytes)
    cache.is_live = True
    return cache


def test_equal_requests_wait_for_one_rendering() -> None:
    async def run() -> None:
        cache, calls = make_cache(), []
        found = await asyncio.gather(*(cache.fetch(key(), renderer(calls)) for _ in range(20)))
        assert len(calls) == 1 and {entry.data for entry in found} == {b"tile"}
        await cache.fetch(key(), renderer(calls))
        assert len(calls) == 1

    asyncio.run(run())


def test_a_requester_who_leaves_does_not_spoil_it_for_the_others() -> None:
    async def run() -> None:
        cache, calls = make_cache(), []
        first = asyncio.create_task(cache.fetch(key(), renderer(calls)))
        second = asyncio.create_task(cache.fetch(key(), renderer(calls)))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).data == b"tile"

    asyncio.run(run())


def test_what_was_rendered_before_an_invalidation_is_not_kept() -> None:
    async def run() -> None:
        cache, calls = make_cache(), []
        old = asyncio.create_task(cache.fetch(key(), renderer(calls, b"old")))
        await asyncio.sleep(0.001)
        cache.drop("buildings", lambda _key: True)
        # Whoever asks after the change does not get what was begun before it.
        new = await cache.fetch(key(), renderer(calls, b"new"))
        assert (await old).data == b"old" and new.data == b"new"
        kept = cache.get(key())
        assert kept is not None and kept.data == b"new"

    asyncio.run(run())


def test_an_invalidation_drops_only_what_it_touches() -> None:
    async def run() -> None:
        cache, calls = make_cache(), []
        for k in (key(x=0), key(x=1), key("roads", 0)):
            await cache.fetch(k, renderer(calls))
        cache.drop("buildings", lambda k: k.tile.x == 0)
        assert cache.get(key(x=0)) is None
        assert cache.get(key(x=1)) is not None and cache.get(key("roads", 0)) is not None

    asyncio.run(run())


def test_the_cache_stays_within_its_bytes_and_drops_what_was_used_longest_ago() -> None:
    async def run() -> None:
        cache, calls = make_cache(5_000), []
        for x in range(10):
            await cache.fetch(key(x=x), renderer(calls, b"x" * 1_000))
            cache.get(key(x=0))
        assert cache.size <= 5_000
        assert cache.get(key(x=0)) is not None and cache.get(key(x=1)) is None
        cache.clear()
        assert cache.size == 0

    asyncio.run(run())


def test_nothing_is_kept_that_may_not_be_or_while_changes_are_not_heard() -> None:
    async def run() -> None:
        cache, calls = make_cache(), []
        await cache.fetch(key(), renderer(calls, may_keep=False))
        assert cache.get(key()) is None
        cache.is_live = False
        await cache.fetch(key(), renderer(calls))
        assert cache.get(key()) is None

    asyncio.run(run())


def test_a_rendering_that_fails_fails_for_all_who_wait_and_is_tried_again() -> None:
    async def run() -> None:
        cache: ByteCache[TileKey] = make_cache()

        async def fail() -> tuple[bytes, bool]:
            await asyncio.sleep(0.001)
            raise LookupError

        found = await asyncio.gather(*(cache.fetch(key(), fail) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(error, LookupError) for error in found)
        calls: list[int] = []
        assert (await cache.fetch(key(), renderer(calls))).data == b"tile"

    asyncio.run(run())
