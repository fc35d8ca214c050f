# SPDX-License-Identifier: Apache-2.0
"""Loads can be taken back."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what that needs."""
    run_sql("withdrawal")
