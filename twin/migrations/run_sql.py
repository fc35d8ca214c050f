# SPDX-License-Identifier: Apache-2.0
"""Runs the named `.sql` files that a migration is made of."""

from __future__ import annotations

from pathlib import Path

from alembic import op


def run_sql(*names: str) -> None:
    """Execute `sql/<name>.sql` as they stand, each as one script."""
    cursor = op.get_bind().connection.cursor()
    for name in names:
        cursor.execute((Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8"))
