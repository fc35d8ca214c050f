# SPDX-License-Identifier: Apache-2.0
"""A webhook as it stands in the database: where it leads, what it may tell, how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, LiteralString

from twin.access import NOWHERE, Actor, actor_from_row

READ_DUE: Final[LiteralString] = """
    SELECT id, next_attempt_at <= now(), extract(epoch FROM next_attempt_at - now())::float8
    FROM webhook
    WHERE is_active AND state <> 'dead' AND sent_to < (SELECT max(seq) FROM change)
"""
"""Which have something to tell, whether it is time, and in how many seconds it is."""

READ_SUBSCRIPTION: Final[LiteralString] = """
    SELECT hook.id, hook.url, hook.layers, hook.block_codes, hook.access_class, hook.sent_to, hook.pending_to,
           hook.attempts, hook.secret, CASE WHEN hook.former_until > now() THEN hook.former_secret END,
           extract(epoch FROM now() - hook.failing_since)::float8,
           token.revoked_at IS NULL AND (token.expires_at IS NULL OR token.expires_at > now())
           AND NOT EXISTS (SELECT FROM account WHERE account.token_id = token.id AND disabled_at IS NOT NULL),
           token.id, token.role, token.access_class, token.expires_at,
           ARRAY(SELECT block_code FROM role_grant WHERE token_id = token.id ORDER BY 1),
           ARRAY(SELECT organisation FROM organisation_grant WHERE token_id = token.id ORDER BY 1),
           token.is_limited, NULL::bigint, token.purpose
    FROM webhook AS hook JOIN access_token AS token ON token.id = hook.token_id
    WHERE hook.id = %s AND hook.is_active AND hook.state <> 'dead' AND hook.next_attempt_at <= now()
"""
"""One that is due; see `subscription_from_row`."""


@dataclass(frozen=True)
class Subscription:
    """`actor`: what its owner may see, narrowed to what it is for; None where the owner may not ask any more.

    `failing_s`: for how long nothing has got through.
    """

    id: int
    url: str
    layers: tuple[str, ...] | None
    sent_to: int
    pending_to: int | None
    attempts: int
    secrets: tuple[bytes, ...]
    failing_s: float
    actor: Actor | None


def subscription_from_row(row: Sequence[Any]) -> Subscription:
    """A row of `READ_SUBSCRIPTION`."""
    owner, _ends_at = actor_from_row(row[12:21])
    return Subscription(
        id=row[0], url=row[1], layers=tuple(row[2]) or None, sent_to=row[5], pending_to=row[6], attempts=row[7],
        secrets=tuple(bytes(secret) for secret in row[8:10] if secret is not None), failing_s=row[10] or 0.0,
        actor=narrow(owner, row[3], row[4]) if row[11] else None,
    )  # fmt: skip


def narrow(owner: Actor, block_codes: Sequence[str], access_class: int) -> Actor:
    """The owner within some blocks (none: all that it reaches) and up to a class.

    What is assigned to its organisations lies wherever it lies, so that is told only where no blocks are named.
    """
    highest = min(owner.access_class, access_class)
    if not block_codes:
        return replace(owner, access_class=highest)
    if owner.is_unscoped:
        shared = tuple(block_codes)
    else:
        shared = tuple(
            max(code, own, key=len)
            for code in block_codes
            for own in owner.block_codes
            if code.startswith(own) or own.startswith(code)
        )
    return replace(owner, block_codes=shared or (NOWHERE,), access_class=highest, organisations=())
