# SPDX-License-Identifier: Apache-2.0
"""A feature has one geometry; tiles are cut from it."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the copies away."""
    run_sql("one_geometry")
