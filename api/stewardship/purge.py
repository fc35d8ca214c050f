# SPDX-License-Identifier: Apache-2.0
"""Business layers gone for good: what the database holds of them, and the files that were sent for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, LiteralString

from starlette.concurrency import run_in_threadpool

from api.pool import Pool, as_owner
from twin.settings import Settings

_UPLOADS: Final[LiteralString] = "SELECT array(SELECT layer_uploads(%s))"
_CERTIFICATE: Final[LiteralString] = "SELECT id, features, versions, digest, at FROM purge_record WHERE id = %s"


async def purge_layer(pool: Pool, settings: Settings, code: str, actor: str) -> tuple[Any, ...] | None:
    """Withdraw a layer without a trace; its certificate, or None where there is no such layer."""
    async with as_owner(pool) as connection:
        uploads = await (await connection.execute(_UPLOADS, (code,))).fetchone()
        made = await (
            await connection.execute("SELECT purge_business_layer(%s, %s, 'withdrawn')", (code, actor))
        ).fetchone()
        # A statement of its own: the one that makes the certificate does not see it.
        row = await (await connection.execute(_CERTIFICATE, made or (None,))).fetchone()
    await run_in_threadpool(_forget_files, settings, uploads[0] if uploads else ())
    return row


def _forget_files(settings: Settings, uploads: Iterable[str]) -> None:
    for upload in uploads:
        for name in (upload, f"{upload}.part"):
            (settings.spool_dir / name).unlink(missing_ok=True)
