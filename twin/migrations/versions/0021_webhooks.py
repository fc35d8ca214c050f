# SPDX-License-Identifier: Apache-2.0
"""Webhooks: who is told of changes over HTTP."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their tables."""
    run_sql("webhooks")
