# SPDX-License-Identifier: Apache-2.0
"""Block schemes side by side, versions and lineage."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("schemes")
