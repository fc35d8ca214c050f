# SPDX-License-Identifier: Apache-2.0
"""Who asks, how far that reaches, and how the database is told.

A scope is a set of code ranges `[code, code~)`: `~` sorts after every digit and letter, so the range
holds the block and all below it. An actor without grants reaches every code and `~` itself.

A token may act for organisations as well: it reaches what is assigned to them, wherever that lies. One with
organisations and no blocks reaches nothing else.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal, LiteralString

from twin.database import Connection
from twin.errors import InvalidRequestError
from twin.home import OUTSIDE
from twin.personal import find_personal
from twin.text import Text

Role = Literal[
    "public", "wall", "leader", "grid_manager", "handler", "planner", "dispatcher", "steward", "admin",
    "auditor", "node",
]  # fmt: skip

ROLE_CLASS: Final[dict[Role, int]] = {
    "public": 1, "wall": 2, "leader": 2, "grid_manager": 3, "handler": 2, "planner": 3, "dispatcher": 3,
    "steward": 3, "admin": 3, "auditor": 1, "node": 2,
}  # fmt: skip
"""The highest access class that a new token of a role may read."""

WRITERS: Final[frozenset[Role]] = frozenset({"planner", "steward", "admin"})
"""The roles that may upload."""

TOKEN_PREFIX: Final = "twin_"
SESSION_PREFIX: Final = "twins_"
"""How the secret of a session begins, which a cookie carries."""

RESTRICTED: Final = 3
"""From this class on, data are read for a stated purpose: who has none is shown what is below."""

DUTIES: Final = "履行岗位职责"
"""The purpose of a token that was made without another one: the duties of its role."""

_LONGEST_ORGANISATION: Final = 100

SET_ACTOR: LiteralString = (
    "SELECT set_config('role', 'twin_reader', true), set_config('twin.scope', %s, true), "
    "set_config('twin.access_class', %s, true), set_config('statement_timeout', %s, true), "
    "set_config('twin.organisations', %s::text[]::text, true)"
)
"""The first statement of a request's transaction; see `Actor.settings`."""

SET_MOMENT: LiteralString = (
    "SELECT set_config('twin.as_of', %(moment)s, true), set_config('twin.valid_at', %(moment)s, true), "
    "set_config('search_path', 'as_of, public', true)"
)
"""The second one where the past is asked for: every relation is then the one of that moment."""

SET_VALID: LiteralString = (
    "SELECT set_config('twin.valid_at', %(start)s, true), set_config('twin.valid_until', %(end)s, true)"
)
"""A further one where blocks are asked for by valid time; bind `valid_span(…)`."""


def valid_span(interval: tuple[datetime | None, datetime | None]) -> dict[str, str]:
    """What `SET_VALID` binds: from, to, both included; None is open."""
    start, end = interval
    return {"start": start.isoformat() if start else "-infinity", "end": end.isoformat() if end else "infinity"}


NOWHERE: Final = "-"
"""A code that no block has or begins with: the scope of who has no block, but had grants or has organisations.

No codes at all would be every block, so whoever reads `block_codes` needs no rule of his own.
"""


@dataclass(frozen=True)
class Actor:
    """Who asks: a role, the block codes it reaches (none given: all), its access class, and for whom it acts."""

    role: Role
    block_codes: tuple[str, ...]
    access_class: int
    token_id: int | None = None
    """The token, or the account: who did something is known by it."""
    organisations: tuple[str, ...] = ()
    session_id: int | None = None
    """The sign-in that an account asks with; None for a token."""
    purpose: str | None = None

    @property
    def is_unscoped(self) -> bool:
        """Whether every block, and what lies outside all of them, is in reach."""
        return not self.block_codes

    @property
    def granted_codes(self) -> tuple[str, ...]:
        """The blocks that it was given, for people to read: none where it reaches all of them, or not one."""
        return tuple(code for code in self.block_codes if code != NOWHERE)

    @property
    def scope(self) -> str:
        """The scope as a `code_multirange` literal."""
        return multirange(self.block_codes) if self.block_codes else "{(,)}"

    @cached_property
    def cache_key(self) -> str:
        """Equal for actors who see the same rows."""
        return f"{self.access_class}:{self.scope}:{self.organisations!r}"

    def settings(self, timeout_ms: int) -> tuple[str, str, str, list[str]]:
        """The values that `SET_ACTOR` binds."""
        return (self.scope, str(self.access_class), str(timeout_ms), list(self.organisations))

    def reaches(self, code: str) -> bool:
        """Whether the whole block `code` is in scope."""
        return self.is_unscoped or any(code.startswith(prefix) for prefix in self.block_codes)

    def touches(self, code: str) -> bool:
        """Whether any part of the block `code` is in scope."""
        return self.reaches(code) or any(prefix.startswith(code) for prefix in self.block_codes)


PUBLIC: Final = Actor(role="public", block_codes=(), access_class=1)
"""Whoever shows no token."""


def multirange(codes: Iterable[str]) -> str:
    """The `code_multirange` literal of blocks and all below them.

    >>> multirange(["440306017"])
    '{["440306017","440306017~")}'
    """
    return "{" + ",".join(f'["{code}","{code}{OUTSIDE}")' for code in codes) + "}"


def hash_token(token: str) -> bytes:
    """What is kept of a token. Tokens are random and long, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


READ_ACTOR: LiteralString = """
    WITH shown AS (SELECT %s::bytea AS hash),
    found AS (
        SELECT token.id, NULL::bigint AS session_id, token.expires_at AS ends_at
        FROM access_token AS token, shown WHERE token.token_hash = shown.hash AND token.kind = 'token'
        UNION ALL
        SELECT account.token_id, session.id,
               least(session.expires_at, session.seen_at + session.idle_s * interval '1 second')
        FROM account_session AS session JOIN account ON account.token_id = session.account_id, shown
        WHERE session.token_hash = shown.hash AND session.ended_at IS NULL AND account.disabled_at IS NULL
    )
    SELECT token.id, token.role, token.access_class, found.ends_at,
           ARRAY(SELECT block_code FROM role_grant WHERE token_id = token.id ORDER BY 1),
           ARRAY(SELECT organisation FROM organisation_grant WHERE token_id = token.id ORDER BY 1),
           token.is_limited, found.session_id, token.purpose
    FROM found JOIN access_token AS token USING (id)
    WHERE token.revoked_at IS NULL AND (found.ends_at IS NULL OR found.ends_at > now())
"""
"""Finds who shows a token, or a session's secret, by its hash; see `actor_from_row`."""


def actor_from_row(row: Sequence[Any]) -> tuple[Actor, datetime | None]:
    """The actor of a `READ_ACTOR` row, and when the token ends, or the session if it is not used before."""
    codes, organisations = tuple(row[4]), tuple(row[5])
    if row[6] and not codes:
        codes = (NOWHERE,)
    access_class = row[2] if (row[8] or "").strip() else min(row[2], RESTRICTED - 1)
    actor = Actor(
        role=row[1], block_codes=codes, access_class=access_class, token_id=row[0], organisations=organisations,
        session_id=row[7], purpose=row[8],
    )  # fmt: skip
    return actor, row[3]


def create_token(
    connection: Connection, role: Role, *, scope: Sequence[str] = (), organisations: Sequence[str] = (),
    label: str | None = None, expires_at: datetime | None = None, purpose: str = DUTIES,
) -> str:  # fmt: skip
    """Make a token for `role` within the blocks of `scope`, acting for `organisations`, and return it, this once.

    Organisations without blocks: it reaches what is assigned to them and nothing else.
    Raises InvalidRequestError for a role that does not exist, a block that does not, or what names no organisation.
    """
    check_role(role)
    what = find_personal(purpose)
    if what is not None:
        raise InvalidRequestError(
            Text(f"用途含有{what.zh},请写明工作事项。", f"The purpose holds {what.en}; name the task."), "purpose"
        )
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = connection.execute(
        "INSERT INTO access_token (token_hash, role, label, access_class, expires_at, purpose) "
        "VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
        (hash_token(token), role, label, ROLE_CLASS[role], expires_at, purpose),
    ).fetchone()
    assert row is not None
    grant_reach(connection, row[0], scope, organisations)
    return token


def check_role(role: str) -> Role:
    """The role, which one may be given. Raises InvalidRequestError."""
    if role not in ROLE_CLASS or role == "public":
        roles = ", ".join(r for r in ROLE_CLASS if r != "public")
        raise InvalidRequestError(
            Text(f"没有角色“{role}”。可选:{roles}。", f"There is no role '{role}'. Choose one of {roles}."),
            "role",
        )
    return role


def grant_reach(
    connection: Connection, token_id: int, scope: Sequence[str], organisations: Sequence[str]
) -> None:  # fmt: skip
    """Give blocks and organisations to a row of `access_token` that has none yet.

    Raises InvalidRequestError for a block that does not exist, or what names no organisation.
    """
    named = [_check_organisation(name) for name in organisations]
    for code in dict.fromkeys(scope):
        found = connection.execute(
            "SELECT 1 FROM valid_block JOIN block_scheme USING (scheme) WHERE is_governance AND code = %s", (code,)
        ).fetchone()
        if found is None:
            raise InvalidRequestError(
                Text(
                    f"没有编码为 {code} 的块,无法作为范围。",
                    f"No block has the code {code}, so it is no scope.",
                ),
                "scope",
            )
        connection.execute("INSERT INTO role_grant (token_id, block_code) VALUES (%s, %s)", (token_id, code))
    for name in dict.fromkeys(named):
        connection.execute(
            "INSERT INTO organisation_grant (token_id, organisation) VALUES (%s, %s)", (token_id, name)
        )  # fmt: skip


def _check_organisation(name: str) -> str:
    """The name as tasks carry it: trimmed, compared letter by letter."""
    name = name.strip()
    what = find_personal(name)
    if what is not None:
        raise InvalidRequestError(
            Text(f"单位名称含有{what.zh},请填写单位全称。", f"The organisation holds {what.en}; give its own name."),
            "organisations",
        )
    if not name or len(name) > _LONGEST_ORGANISATION or any(ord(letter) < 32 for letter in name):
        raise InvalidRequestError(
            Text(
                f"单位名称应为 1 到 {_LONGEST_ORGANISATION} 个字,与派单时填写的一致。",
                f"An organisation is named in 1 to {_LONGEST_ORGANISATION} characters, as tasks are assigned to it.",
            ),
            "organisations",
        )
    return name
