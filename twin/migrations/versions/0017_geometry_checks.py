# SPDX-License-Identifier: Apache-2.0
"""One CHECK for a geometry's SRID and one for its dimension, as PostGIS' `geometry_columns` can read them."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take them apart."""
    run_sql("geometry_checks")
