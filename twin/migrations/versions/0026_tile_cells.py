# SPDX-License-Identifier: Apache-2.0
"""Counted cells of layers, kept for the tiles of far zooms."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their tables."""
    run_sql("tile_cells")
