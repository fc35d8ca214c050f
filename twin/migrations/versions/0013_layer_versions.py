# SPDX-License-Identifier: Apache-2.0
"""Business layers of any dimension, in versions."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("layer_versions")
