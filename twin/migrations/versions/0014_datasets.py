# SPDX-License-Identifier: Apache-2.0
"""Datasets: who answers for them, how fresh and complete they are."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("datasets")
