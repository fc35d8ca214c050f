# SPDX-License-Identifier: Apache-2.0
"""Features without a place are found by an index."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it on every table of features."""
    run_sql("unplaced")
