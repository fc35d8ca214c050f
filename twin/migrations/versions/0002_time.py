# SPDX-License-Identifier: Apache-2.0
"""History and as_of: what was recorded when."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("time")
