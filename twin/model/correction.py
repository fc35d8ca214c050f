# SPDX-License-Identifier: Apache-2.0
"""Edits of features by people, and the proposals of those who may not edit themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import STORAGE_SRID, Table, geometry_column


class FeatureEdit(Table):
    """Who made a version of a feature, and why; the version itself is the feature or its history."""

    __tablename__ = "feature_edit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    feature_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[datetime] = mapped_column(comment="the version's recorded_at; of a deletion the moment it ended")
    action: Mapped[str] = mapped_column(comment="edit, restore or proposal; create, replace, update or delete")
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reason: Mapped[str | None]
    proposal_id: Mapped[int | None] = mapped_column(BigInteger)
    role: Mapped[str]
    token_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint(
            "action IN ('edit', 'restore', 'proposal', 'create', 'replace', 'update', 'delete')", name="action"
        ),
        Index("feature_edit_feature_idx", "kind", "feature_id", "version"),
    )


class Proposal(Table):
    """A correction that somebody in the field proposes: of what, from what to what, and what became of it."""

    __tablename__ = "proposal"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    layer: Mapped[str]
    kind: Mapped[str]
    feature_id: Mapped[int] = mapped_column(BigInteger)
    base_version: Mapped[datetime] = mapped_column(comment="recorded_at of the version that the proposer saw")
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    geometry: Mapped[WKBElement | None] = geometry_column(nullable=True)
    reason: Mapped[str]
    photos: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    role: Mapped[str]
    token_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(BigInteger, comment="token")
    decision: Mapped[str | None] = mapped_column(comment="the reason that was given")
    version: Mapped[datetime | None] = mapped_column(comment="recorded_at of the version it made")

    __table_args__ = (
        CheckConstraint("state IN ('open', 'accepted', 'rejected', 'withdrawn')", name="state"),
        CheckConstraint("(state = 'accepted') = (version IS NOT NULL)", name="version"),
        CheckConstraint(f"ST_SRID(geometry) = {STORAGE_SRID}", name="geometry_srid"),
        Index("proposal_state_idx", "state", "id"),
        Index("proposal_feature_idx", "kind", "feature_id"),
    )
