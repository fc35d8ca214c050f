# SPDX-License-Identifier: Apache-2.0
"""Registers: rental space, surveys, inspections, hazards and proposals."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("registers")
