# SPDX-License-Identifier: Apache-2.0
"""Uploads and the progress of the jobs they start."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import Table


class Upload(Table):
    """A file on its way in; its bytes are in the spool until its job ends."""

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(primary_key=True)
    token_id: Mapped[int | None] = mapped_column(BigInteger)
    filename: Mapped[str]
    kind: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class JobProgress(Table):
    """What a person is told of a job."""

    __tablename__ = "job_progress"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    token_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    step: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    progress: Mapped[float] = mapped_column(Float, server_default=text("0"))
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    traceparent: Mapped[str | None] = mapped_column(
        server_default=text("nullif(current_setting('twin.traceparent', true), '')"),
        comment="W3C; the trace of the request that enqueued it",
    )

    __table_args__ = (Index("job_progress_updated_at_idx", "updated_at"),)
