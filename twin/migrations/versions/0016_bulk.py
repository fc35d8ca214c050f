# SPDX-License-Identifier: Apache-2.0
"""Loads of a million rows."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("bulk")
