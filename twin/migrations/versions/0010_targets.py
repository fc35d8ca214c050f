# SPDX-License-Identifier: Apache-2.0
"""Targets: what is to be reached, measured by what is loaded."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("targets")
