# SPDX-License-Identifier: Apache-2.0
"""What a model means, in tables of its own."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    run_sql("semantics")
