# SPDX-License-Identifier: Apache-2.0
"""Addresses, aliases and the review queue."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("addresses")
