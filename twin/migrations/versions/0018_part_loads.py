# SPDX-License-Identifier: Apache-2.0
"""Space for rent and survey answers know the load that brought them."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and the merge that fills them."""
    run_sql("part_loads")
