# SPDX-License-Identifier: Apache-2.0
"""Rental space and survey answers keep their history."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("register_history")
