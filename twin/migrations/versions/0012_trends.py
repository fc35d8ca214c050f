# SPDX-License-Identifier: Apache-2.0
"""What a stock of things came to by day, for the trend of every pillar."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("trends")
