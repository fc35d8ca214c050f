# SPDX-License-Identifier: Apache-2.0
"""Datasets kept up to date: those that changed are counted anew, those that are overdue are put down as issues."""

from __future__ import annotations

from typing import Final, LiteralString

from twin.database import transaction
from twin.settings import Settings

COUNTED_DAILY: Final = "1 day"
"""What is edited without a load is counted at least this often."""

_DUE: LiteralString = """
    SELECT id FROM dataset
    WHERE %(all)s OR stale_since IS NOT NULL OR computed_at IS NULL OR computed_at < now() - %(age)s::interval
    ORDER BY id
"""
_REFRESH: LiteralString = """
    SELECT refresh_dataset(id) FROM (SELECT id FROM dataset WHERE id = %s FOR UPDATE SKIP LOCKED) AS free
"""


def refresh_datasets(settings: Settings, *, is_forced: bool = False) -> int:
    """Count the datasets that changed anew, or all of them, and say how many.

    Each in a transaction of its own, so that loads wait for no other's; one that is being loaded right now is left
    for the next time.
    """
    with transaction(settings) as connection:
        due = connection.execute(_DUE, {"all": is_forced, "age": COUNTED_DAILY}).fetchall()
    done = 0
    for (dataset_id,) in due:
        with transaction(settings) as connection:
            done += connection.execute(_REFRESH, (dataset_id,)).rowcount
    return done


def note_overdue(settings: Settings) -> int:
    """Put down as a quality issue what is older than was promised, resolve what no longer is; how many are new."""
    with transaction(settings) as connection:
        row = connection.execute("SELECT note_overdue_datasets()").fetchone()
    return int(row[0]) if row else 0
