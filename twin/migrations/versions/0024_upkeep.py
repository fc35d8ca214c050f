# SPDX-License-Identifier: Apache-2.0
"""What operations keep in the database."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    run_sql("upkeep")
