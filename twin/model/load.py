# SPDX-License-Identifier: Apache-2.0
"""Loads and what they turned away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import Table


class Load(Table):
    """One run of the load pipeline, with its report as it was printed."""

    __tablename__ = "load"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    source_id: Mapped[str]
    file_name: Mapped[str | None]
    sha256: Mapped[str | None]
    actor: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]


class LoadReject(Table):
    """A row that was turned away: which, which field, and why; never the value."""

    __tablename__ = "load_reject"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    load_id: Mapped[int] = mapped_column(ForeignKey("load.id", ondelete="CASCADE"))
    row: Mapped[int]
    field: Mapped[str | None]
    reason: Mapped[str]


class PurgeRecord(Table):
    """A certificate of what was purged: how much, never what."""

    __tablename__ = "purge_record"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    what: Mapped[str]
    features: Mapped[int] = mapped_column(BigInteger)
    versions: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(comment="SHA-256 over the purged rows, in order of id")
    reason: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
