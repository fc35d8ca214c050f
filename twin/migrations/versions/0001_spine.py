# SPDX-License-Identifier: Apache-2.0
"""The spine: blocks, city, models, access, change log and the job queue."""

from __future__ import annotations

from alembic import op
from procrastinate.schema import SchemaManager

from twin.migrations.run_sql import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    run_sql("extensions", "tables", "access", "change", "incident")
    op.get_bind().connection.cursor().execute(SchemaManager.get_schema())
