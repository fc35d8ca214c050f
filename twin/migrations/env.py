# SPDX-License-Identifier: Apache-2.0
"""Alembic's environment: one URL, our tables, and PostGIS' own tables left alone."""

from __future__ import annotations

from alembic import context

from twin.database import make_engine
from twin.model import Table

_OTHERS = ("procrastinate_", "spatial_ref_sys")


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave to their owners what PostGIS and the job queue created, and histories to `keep_history`."""
    return not (kind == "table" and name is not None and (name.startswith(_OTHERS) or name.endswith("_history")))


def run() -> None:
    """Run the migrations in one transaction."""
    engine = make_engine(context.config.attributes["url"])
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Table.metadata,
            include_name=include_name,
            compare_type=False,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
