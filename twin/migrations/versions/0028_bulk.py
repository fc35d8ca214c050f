# SPDX-License-Identifier: Apache-2.0
"""What a bulk load does at its end."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the functions."""
    run_sql("bulk_tail")
