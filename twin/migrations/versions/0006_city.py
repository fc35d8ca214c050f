# SPDX-License-Identifier: Apache-2.0
"""The city's other layers: components, storeys, units, legal entities, parcels, height limits."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    run_sql("city")
