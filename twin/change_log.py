# SPDX-License-Identifier: Apache-2.0
"""The change log is kept as long as anybody may go on from it; then it goes."""

from __future__ import annotations

from twin.database import transaction
from twin.settings import Settings


def forget_changes(settings: Settings) -> int:
    """Remove the changes older than `changes_days`, but never the newest one; how many there were."""
    with transaction(settings) as connection:
        row = connection.execute(
            "SELECT purge_changes(now() - %s * interval '1 day')", (settings.changes_days,)
        ).fetchone()
    return int(row[0]) if row else 0
