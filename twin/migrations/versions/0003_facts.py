# SPDX-License-Identifier: Apache-2.0
"""Measures, pillars and what blocks add up to."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("facts")
