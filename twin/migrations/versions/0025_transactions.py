# SPDX-License-Identifier: Apache-2.0
"""Features made, replaced and deleted through the collections."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what that needs."""
    run_sql("transactions")
