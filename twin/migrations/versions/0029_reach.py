# SPDX-License-Identifier: Apache-2.0
"""Who reaches a row is found faster."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace functions and policies."""
    run_sql("reach")
