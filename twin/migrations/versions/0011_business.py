# SPDX-License-Identifier: Apache-2.0
"""Business layers: counted in every block, and withdrawn without a trace."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("business")
