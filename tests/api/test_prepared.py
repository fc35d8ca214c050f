# SPDX-License-Identifier: Apache-2.0
"""Prepared statements give what the composed ones give, whoever asked before on the same connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from api.pool import Pool, fetch_as_actor, make_pool
from api.prepared import fetch_prepared
from layers.filter import Filter
from layers.prepared import Bound, bind, bind_item, bind_page, bind_version, prepare
from layers.query import KEEP_ORDER, is_read_in_order, select_page
from layers.registry import load_layers
from layers.shape import AS_STORED
from tests.api.district import COMMUNITY, EAST, WEST
from tests.api.server import City
from twin.access import PUBLIC, Actor

EVERYWHERE = Actor(role="planner", block_codes=(), access_class=3)
ACTORS = (
    EVERYWHERE,
    Actor(role="grid_manager", block_codes=(WEST,), access_class=3),
    Actor(role="grid_manager", block_codes=(EAST,), access_class=3),
    PUBLIC,
    Actor(role="handler", block_codes=(COMMUNITY,), access_class=2, organisations=('市政 "一"', "a\\b, {c}")),
)
NEAR = (114.0095, 22.5045, 114.0115, 22.506)
FILTERS = (
    Filter(keeps_unknown=True),
    Filter(keeps_unknown=True, boxes=(NEAR,)),
    Filter(keeps_unknown=True, boxes=((113.0, 22.0, 115.0, 23.0),)),
    Filter(keeps_unknown=True, block=WEST),
)
FILLED = frozenset({"blocks", "buildings", "incidents", "urban_villages"})
TIMEOUT_MS = 20_000


def on_one_connection(city: City, work: Callable[[Pool], Awaitable[None]]) -> None:
    async def run() -> None:
        async with make_pool(city.settings.model_copy(update={"pool_size": 1})) as pool:
            await work(pool)

    asyncio.run(run())


async def ask(pool: Pool, text: str, **values: object) -> bytes | None:
    bound = bind(prepare(text), values, is_general=False)
    (result,) = await fetch_prepared(pool, PUBLIC, TIMEOUT_MS, [bound])
    return result.get_value(0, 0)


def test_a_prepared_page_is_the_composed_one_for_every_actor_on_one_connection(city: City) -> None:
    seen: dict[Actor, set[bytes | None]] = {actor: set() for actor in ACTORS}

    async def compare(pool: Pool) -> None:
        for layer in load_layers().values():
            for narrowed in FILTERS:
                after: list[str] | None = None
                for actor in (*ACTORS, *reversed(ACTORS)) if layer.id in FILLED else ACTORS[:1]:
                    is_in_order = is_read_in_order(narrowed)
                    composed = select_page(layer, narrowed, actor.access_class, limit=2, after=after)
                    (*_, cursor) = await fetch_as_actor(
                        pool, actor, TIMEOUT_MS, [KEEP_ORDER, composed] if is_in_order else [composed]
                    )
                    plain = cursor.pgresult
                    bound = bind_page(layer, narrowed, actor.access_class, limit=2, after=after, shape=AS_STORED)
                    assert bound is not None and plain is not None
                    (quick,) = await fetch_prepared(pool, actor, TIMEOUT_MS, [bound], is_in_order=is_in_order)
                    rows = [[result.get_value(0, number) for number in range(3)] for result in (plain, quick)]
                    assert rows[0] == rows[1], (layer.id, narrowed, actor)
                    seen[actor].add(rows[1][0])
                    cursor_text = rows[1][2]
                    after = None if cursor_text is None else cursor_text.decode().split("|")

    on_one_connection(city, compare)
    assert len(set(map(frozenset, seen.values()))) == len(ACTORS)


def test_a_general_plan_is_never_one_actor_s_own(city: City) -> None:
    (building,) = city.execute("SELECT id FROM building WHERE block_code LIKE %s ORDER BY id LIMIT 1", f"{WEST}%")
    number = building[0]
    assert isinstance(number, int)
    layer = load_layers()["buildings"]

    async def read(pool: Pool) -> None:
        for _ in range(8):
            for actor, count in zip(ACTORS[:4], (1, 1, 0, 0), strict=True):
                bound: list[Bound] = [bind_version(layer, number), bind_item(layer, number, 3, AS_STORED)]
                results = await fetch_prepared(pool, actor, TIMEOUT_MS, bound)
                assert [result.ntuples for result in results] == [count, count]

    on_one_connection(city, read)


def test_an_error_of_the_server_is_psycopg_s_and_leaves_the_connection_and_what_it_learnt(city: City) -> None:
    async def fail(pool: Pool) -> None:
        backend = await ask(pool, "SELECT pg_backend_pid()")
        for _ in range(3):
            with pytest.raises(psycopg.errors.DivisionByZero):
                await ask(pool, "SELECT 1 / %(by)s::int", by=0)
            with pytest.raises(psycopg.errors.SyntaxError):
                await ask(pool, "SELECT FROM WHERE")
            assert await ask(pool, "SELECT 1 / %(by)s::int", by=1) == b"1"
            assert await ask(pool, "SELECT current_setting('role') || current_user") == b"twin_readertwin_reader"
        bad, good = (bind(prepare(text), {}, is_general=True) for text in ("SELECT 1 / 0", "SELECT 'after it'"))
        with pytest.raises(psycopg.errors.DivisionByZero):
            await fetch_prepared(pool, PUBLIC, TIMEOUT_MS, [bad, good])
        assert await ask(pool, "SELECT 'after it'") == b"after it"
        assert await ask(pool, "SELECT pg_backend_pid()") == backend
        async with pool.connection() as connection:
            row = await (await connection.execute("SELECT current_setting('role')")).fetchone()
            assert row == ("none",)

    on_one_connection(city, fail)


def test_a_request_that_is_given_up_leaves_no_query_and_no_broken_connection(city: City) -> None:
    async def give_up(pool: Pool) -> None:
        task = asyncio.create_task(ask(pool, "SELECT pg_sleep(15), 'given up'"))
        running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(15)%%' AND state = 'active'"
        mine = " AND pid <> pg_backend_pid() AND datname = current_database()"
        while city.execute(running.replace("%%", "%") + mine) != [(1,)]:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await ask(pool, "SELECT 'still there'") == b"still there"
        while city.execute(running.replace("%%", "%") + mine) != [(0,)]:
            await asyncio.sleep(0.02)

    on_one_connection(city, give_up)


def test_a_connection_learns_no_more_than_so_many_statements(city: City) -> None:
    async def learn(pool: Pool) -> None:
        for number in range(250):
            assert await ask(pool, f"SELECT {number}") == str(number).encode()
        known = await ask(pool, "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'twin%%'")
        assert known is not None and 190 <= int(known) <= 200

    on_one_connection(city, learn)


def test_what_a_connection_was_made_to_forget_is_taught_again(city: City) -> None:
    first, second = (bind(prepare(f"SELECT {number}"), {}, is_general=True) for number in (1, 2))

    async def forget(pool: Pool) -> None:
        for text in ("DEALLOCATE ALL", "DEALLOCATE ALL", "SELECT 1"):
            for bound in ([first], [second], [second, first]):
                await fetch_prepared(pool, PUBLIC, TIMEOUT_MS, bound)
            async with pool.connection() as connection:
                await connection.execute(text.encode())
        # What psycopg itself does after a transaction that was undone, once it has prepared anything.
        for _ in range(3):
            with pytest.raises(psycopg.errors.DivisionByZero):
                async with pool.connection() as connection, connection.transaction():
                    await connection.execute("SELECT 3", prepare=True)
                    await connection.execute("SELECT 1 / 0")
            async with pool.connection() as connection:
                await connection.execute("SELECT 4")
            for bound in ([second], [first, second]):
                results = await fetch_prepared(pool, PUBLIC, TIMEOUT_MS, bound)
                assert results[-1].get_value(0, 0) == b"2"

    on_one_connection(city, forget)
