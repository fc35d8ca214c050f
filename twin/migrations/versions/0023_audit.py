# SPDX-License-Identifier: Apache-2.0
"""The audit log: who did what, in a chain that shows what was taken out."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make its table."""
    run_sql("audit")
