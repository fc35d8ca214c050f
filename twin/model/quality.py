# SPDX-License-Identifier: Apache-2.0
"""What checks have found wrong with the data, and where it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import STORAGE_SRID, Table, geometry_column


class QualityIssue(Table):
    """One thing a check found: of which kind, how bad, where (scheme, code, row, field), and its geometry."""

    __tablename__ = "quality_issue"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    load_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str]
    severity: Mapped[str] = mapped_column(comment="error, warning or notice")
    where: Mapped[str]
    message: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="zh and en")
    geometry: Mapped[WKBElement | None] = geometry_column(nullable=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    resolved_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("severity IN ('error', 'warning', 'notice')", name="severity"),
        CheckConstraint(f"ST_SRID(geometry) = {STORAGE_SRID}", name="geometry_srid"),
        Index("quality_issue_open_idx", "kind", "where", postgresql_where=text("resolved_at IS NULL")),
        Index("quality_issue_load_id_idx", "load_id"),
        Index("quality_issue_geometry_idx", "geometry", postgresql_using="gist"),
    )
