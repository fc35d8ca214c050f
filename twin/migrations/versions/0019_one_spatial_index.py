# SPDX-License-Identifier: Apache-2.0
"""One spatial index a table: tiles are found by it as well."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the others away."""
    run_sql("one_spatial_index")
