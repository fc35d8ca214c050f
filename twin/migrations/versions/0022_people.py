# SPDX-License-Identifier: Apache-2.0
"""People who sign in: local users, identities of a provider, sessions."""

from __future__ import annotations

from twin.migrations.run_sql import run_sql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their tables."""
    run_sql("people")
