# SPDX-License-Identifier: Apache-2.0
"""What follows blocks back when their load is taken back: features to their homes of before, grants to theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from psycopg import sql

from ingest.blocks.rehome import list_kinds, rehome_arrivals, rehome_changed
from twin.blocks import BlockIndex
from twin.database import Connection
from twin.errors import Problem
from twin.home import OUTSIDE
from twin.text import Text

Followed = Collection[tuple[str, str, str]]
"""Old code, new code and kind of each succession that the load had told."""


def return_features(
    connection: Connection, vanished: Iterable[str], restored: Collection[str], ended: Collection[str],
    followed: Followed, started_at: datetime,
) -> tuple[int, list[Problem]]:  # fmt: skip
    """Put features into the blocks there are again, and say how many; with what has no block left.

    `vanished` codes are gone, `restored` ones have their former boundary, `ended` ones live again, all of the
    governance scheme; the load that did it began at `started_at`.
    """
    index = BlockIndex.read(connection)
    rows = connection.execute("SELECT code FROM valid_block WHERE scheme = %s", (index.scheme.scheme,)).fetchall()
    living = {str(row[0]) for row in rows}
    renamed = {new: old for old, new, kind in followed if kind == "renumber" and old != new}
    heirs: dict[str, list[str]] = {}
    for old, new, kind in followed:
        if kind != "renumber":
            heirs.setdefault(new, []).append(old)
    for code in vanished:
        if code not in renamed and code not in heirs and code not in living:
            above = [code[:width] for width in index.scheme.level_widths if code[:width] in living]
            heirs[code] = [above[-1] if above else OUTSIDE]
    moved = rehome_changed(connection, renamed, heirs, index).total
    moved += rehome_arrivals(connection, restored, index).total
    kinds = [kind for kind in list_kinds(connection) if _has_history(connection, kind)]
    for kind in kinds:
        moved += _return_unplaced(connection, kind, started_at, ended)
    lost = {kind: count for kind in kinds if (count := _count_lost(connection, kind, started_at))}
    if not lost:
        return moved, []
    told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(lost.items()))
    problem = Problem(
        "blocks",
        Text(f"要素将不再属于任何块:{told}", f"features would have no block left: {told}"),
        Text(
            "先撤回这些要素的载入,或先载入代替它的块",
            "withdraw the loads of these features first, or load blocks that take its place",
        ),
    )
    return moved, [problem]


def return_grants(connection: Connection, vanished: Collection[str], followed: Followed) -> list[Problem]:
    """A grant of blocks that vanish becomes one of the block they all came from; never one of more than it was.

    Returns what speaks against it: tokens whose grant has no such block.
    """
    problems: list[Problem] = []
    rows = connection.execute(
        "SELECT token_id, array_agg(block_code ORDER BY block_code) FROM role_grant WHERE block_code = ANY(%s) "
        "GROUP BY token_id",
        (list(vanished),),
    ).fetchall()
    followers: dict[str, set[str]] = {}
    for old, new, _kind in followed:
        followers.setdefault(old, set()).add(new)
    for token, held in rows:
        back = [old for old, news in followers.items() if news <= {*held}]
        left = sorted(set(held) - {new for old in back for new in followers[old]})
        for code in left:
            problems.append(
                Problem(
                    f"code {code}",
                    Text(
                        f"令牌 {token} 的范围是它,撤回后将不再有这个块,或范围变大",
                        f"the token {token} is confined to it, which would be no block or a larger one",
                    ),
                    Text("先更换或吊销该令牌", "replace or revoke that token first"),
                )
            )
        if left:
            continue
        connection.execute("DELETE FROM role_grant WHERE token_id = %s AND block_code = ANY(%s)", (token, held))
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO role_grant (token_id, block_code) SELECT %(token)s, %(code)s WHERE NOT EXISTS "
                "(SELECT FROM role_grant WHERE token_id = %(token)s AND block_code = %(code)s)",
                [{"token": token, "code": code} for code in back],
            )
    return problems


def _has_history(connection: Connection, kind: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"public.{kind}_history",)).fetchone()
    return bool(row and row[0])


def _return_unplaced(connection: Connection, kind: str, started_at: datetime, ended: Collection[str]) -> int:
    """What has no place went up when its block was split; it goes back to that very block."""
    return connection.execute(
        sql.SQL(
            """
            UPDATE {0} AS feature SET block_code = before.block_code FROM {1} AS before
            WHERE before.id = feature.id AND before.recorded_to = %s AND feature.geometry IS NULL
              AND before.block_code = ANY(%s) AND feature.block_code <> before.block_code
            """
        ).format(sql.Identifier(kind), sql.Identifier(f"{kind}_history")),
        (started_at, list(ended)),
    ).rowcount


def _count_lost(connection: Connection, kind: str, started_at: datetime) -> int:
    """How many features were in a block until now, are in none, and were not in none before the load."""
    row = connection.execute(
        sql.SQL(
            """
            SELECT count(*) FROM {0} AS feature WHERE block_code = %(outside)s AND EXISTS (
                SELECT FROM {1} AS until_now WHERE until_now.id = feature.id AND until_now.recorded_to = now()
                  AND until_now.block_code <> %(outside)s)
            AND NOT EXISTS (
                SELECT FROM {1} AS before WHERE before.id = feature.id AND before.recorded_to = %(at)s
                  AND before.block_code = %(outside)s)
            """
        ).format(sql.Identifier(kind), sql.Identifier(f"{kind}_history")),
        {"outside": OUTSIDE, "at": started_at},
    ).fetchone()
    return int(row[0]) if row else 0
