# SPDX-License-Identifier: Apache-2.0
"""What the pillars count, and where a block stands among its siblings."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("pillars")
