# SPDX-License-Identifier: Apache-2.0
"""A load of blocks taken back whole: its blocks vanish, those it ended live again, and everything follows.

What stands upon it speaks against it: a later change of its blocks, a block below one that would vanish, a feature
that would have no home left (unless it had none before the load), a grant that would name no block. Whatever the
records said until now, `as_of` still answers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, LiteralString

from ingest.blocks.checks import KINDS
from ingest.blocks.follow_back import return_features, return_grants
from ingest.blocks.links import link_schemes
from ingest.report import MOST_PROBLEMS, LoadReport
from twin.database import Connection
from twin.errors import Problem, RefusedError
from twin.text import Text

_OWN: Final[LiteralString] = """
    SELECT mine.id, mine.scheme, mine.code, mine.valid_to < 'infinity', mine.recorded_at > %(at)s, (
        SELECT max(before.recorded_to) FROM block_history AS before
        WHERE before.id = mine.id AND before.load_id IS DISTINCT FROM %(load)s AND NOT EXISTS (
            SELECT FROM load WHERE load.id = before.load_id AND withdrawn_at IS NOT NULL))
    FROM block AS mine WHERE mine.load_id = %(load)s ORDER BY mine.scheme, mine.code
"""
"""The blocks that are the load's: id, scheme, code, whether ended since, edited since, until when it was another's."""

_ENDED: Final[LiteralString] = """
    SELECT block.id, block.scheme, block.code FROM block JOIN block_history AS before ON before.id = block.id
    WHERE before.recorded_to = %(at)s AND before.valid_to = 'infinity' AND block.valid_to < 'infinity'
      AND block.load_id IS DISTINCT FROM %(load)s ORDER BY block.scheme, block.code
"""
"""What the load ended: its transaction's moment is in the history of each."""

_SUPERSEDED: Final[LiteralString] = """
    SELECT DISTINCT block.code, block.load_id FROM block_history AS before JOIN block USING (id)
    WHERE before.load_id = %(load)s AND block.load_id IS DISTINCT FROM %(load)s ORDER BY block.code
"""

_RESTORE: Final[LiteralString] = """
    UPDATE block SET name = before.name, name_en = before.name_en, access_class = before.access_class,
        attributes = before.attributes, area = before.area, geometry = before.geometry, load_id = before.load_id
    FROM block_history AS before, unnest(%(ids)s::bigint[], %(moments)s::timestamptz[]) AS wanted(id, recorded_to)
    WHERE before.id = wanted.id AND before.recorded_to = wanted.recorded_to AND block.id = wanted.id
"""

_UNNAME: Final[LiteralString] = """
    UPDATE block SET name = before.name, name_en = before.name_en FROM block_history AS before
    WHERE before.id = block.id AND before.recorded_to = %(at)s AND block.recorded_at = %(at)s
      AND block.load_id IS NOT DISTINCT FROM before.load_id AND block.valid_to = before.valid_to
"""
"""Names that a list gave to blocks and nobody has changed since: they are as they were."""

_ORPHANS: Final[LiteralString] = """
    SELECT code, parent_code FROM valid_block WHERE scheme = %s AND parent_code = ANY(%s) ORDER BY code
"""

_REOPEN: Final[LiteralString] = """
    UPDATE quality_issue SET resolved_at = CASE WHEN load_id = %(load)s THEN now() END
    WHERE kind = ANY(%(kinds)s) AND (load_id = %(load)s AND resolved_at IS NULL
        OR load_id IS DISTINCT FROM %(load)s AND resolved_at = %(at)s)
"""
"""What the load's checks found is no longer so, and what they found mended is open again."""


@dataclass
class BlockWithdrawal:
    """What was done: blocks gone, blocks (or names) as they were, blocks alive again, and who follows them."""

    removed: int = 0
    restored: int = 0
    returned: int = 0
    superseded: int = 0
    edited: int = 0
    rehomed: int = 0


@dataclass(frozen=True)
class _Own:
    """The load's part of a scheme: blocks by code with their id, and the moments until which some were another's."""

    scheme: str | None
    vanishing: Mapping[str, int]
    restored: Mapping[str, tuple[int, datetime]]
    ended: Mapping[str, int]
    followed: Collection[tuple[str, str, str]]
    problems: list[Problem] = field(default_factory=list[Problem])

    def refuse(self) -> None:
        """Raises RefusedError where anything speaks against it."""
        if self.problems:
            count = len(self.problems)
            raise RefusedError(
                Text(
                    f"有 {count} 处依赖这次载入,不能撤回,未作更改。",
                    f"{count} things stand upon this load, so it is not taken back; nothing was changed.",
                ),
                self.problems[:MOST_PROBLEMS],
            )


def withdraw_blocks(connection: Connection, load_id: int, started_at: datetime) -> BlockWithdrawal:
    """Take the blocks of a load, begun at `started_at`, back within the transaction.

    Raises RefusedError with every reason; the caller's transaction then rolls back.
    """
    values = {"load": load_id, "at": started_at}
    done = BlockWithdrawal()
    own = _read_own(connection, values, done)
    own.refuse()
    done.removed, done.restored, done.returned = len(own.vanishing), len(own.restored), len(own.ended)
    done.restored += connection.execute(_UNNAME, values).rowcount
    done.removed += connection.execute("DELETE FROM block_name WHERE load_id = %(load)s", values).rowcount
    if own.scheme is not None:
        _put_back(connection, own)
        if _is_governance(connection, own.scheme):
            done.rehomed, lost = return_features(
                connection, own.vanishing, own.restored, own.ended, own.followed, started_at
            )
            own.problems.extend(lost + return_grants(connection, list(own.vanishing), own.followed))
            own.refuse()
        codes = {*own.vanishing, *own.restored, *own.ended}
        link_schemes(connection, own.scheme, codes, LoadReport("blocks", own.scheme))
    connection.execute("DELETE FROM block_lineage WHERE load_id = %(load)s", values)
    connection.execute(_REOPEN, {**values, "kinds": list(KINDS)})
    return done


def _read_own(connection: Connection, values: Mapping[str, object], done: BlockWithdrawal) -> _Own:
    """What the load did to blocks, with what has been done to them since."""
    rows = connection.execute(_OWN, values).fetchall()
    ended = connection.execute(_ENDED, values).fetchall()
    followed = connection.execute(
        "SELECT old_code, new_code, kind FROM block_lineage WHERE load_id = %(load)s", values
    ).fetchall()
    schemes = sorted({str(row[1]) for row in (*rows, *ended)})
    own = _Own(
        scheme=schemes[0] if schemes else None,
        vanishing={str(row[2]): int(row[0]) for row in rows if row[5] is None},
        restored={str(row[2]): (int(row[0]), row[5]) for row in rows if row[5] is not None},
        ended={str(row[2]): int(row[0]) for row in ended},
        followed=[(str(old), str(new), str(kind)) for old, new, kind in followed],
    )
    done.edited = sum(bool(row[4]) for row in rows)
    for row in rows:
        if row[3]:
            own.problems.append(_stands(connection, str(row[1]), str(row[2]), values["load"]))
    superseded = connection.execute(_SUPERSEDED, values).fetchall()
    done.superseded = len(superseded)
    if own.ended:
        # What follows the ended blocks must go altogether, or it would lie over them.
        own.problems.extend(_belongs(str(code), other) for code, other in superseded)
    taken = connection.execute(
        "SELECT code, load_id FROM block WHERE scheme = %s AND code = ANY(%s) AND valid_to = 'infinity' "
        "AND load_id IS DISTINCT FROM %s",
        (own.scheme, list(own.ended), values["load"]),
    ).fetchall()
    own.problems.extend(_belongs(str(code), other) for code, other in taken)
    return own


def _put_back(connection: Connection, own: _Own) -> None:
    """The blocks themselves. Raises RefusedError where one would be left without its parent."""
    wanted = list(own.restored.values())
    connection.execute(_RESTORE, {"ids": [row[0] for row in wanted], "moments": [row[1] for row in wanted]})
    connection.execute("DELETE FROM block WHERE id = ANY(%s)", (list(own.vanishing.values()),))
    connection.execute("UPDATE block SET valid_to = 'infinity' WHERE id = ANY(%s)", (list(own.ended.values()),))
    gone = [code for code in own.vanishing if code not in own.ended]
    for code, parent in connection.execute(_ORPHANS, (own.scheme, gone)).fetchall():
        own.problems.append(
            Problem(
                f"code {code}",
                Text(
                    f"其上级 {parent} 将不存在,而它来自别的载入",
                    f"its parent {parent} would be gone, and it is another load's",
                ),
                Text("先撤回带来它的载入", "withdraw the load that brought it first"),
            )
        )
    own.refuse()


def _is_governance(connection: Connection, scheme: str) -> bool:
    row = connection.execute("SELECT is_governance FROM block_scheme WHERE scheme = %s", (scheme,)).fetchone()
    return bool(row and row[0])


def _stands(connection: Connection, scheme: str, code: str, load_id: object) -> Problem:
    row = connection.execute(
        "SELECT load_id FROM block_lineage WHERE scheme = %s AND old_code = %s AND load_id IS DISTINCT FROM %s "
        "ORDER BY id DESC LIMIT 1",
        (scheme, code, load_id),
    ).fetchone()
    other = f" {row[0]}" if row and row[0] is not None else ""
    return Problem(
        f"code {code}",
        Text(f"此后的变更(载入{other})已结束它", f"a later change (load{other}) has ended it"),
        Text(f"先撤回载入{other}", f"withdraw load{other} first"),
    )


def _belongs(code: str, other: object) -> Problem:
    by = "" if other is None else f" {other}"
    return Problem(
        f"code {code}",
        Text(f"它现在属于后来的载入{by}", f"it belongs to a later load{by} by now"),
        Text(f"先撤回载入{by}", f"withdraw load{by} first"),
    )
