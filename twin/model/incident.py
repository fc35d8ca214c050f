# SPDX-License-Identifier: Apache-2.0
"""Incidents and the list of their types."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import CodeText, FeatureColumns, Table


class EventType(Table):
    """A type of incident in one scheme's list (district, city, a foreign 311 file)."""

    __tablename__ = "event_type"

    scheme: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    parent_code: Mapped[str | None]
    name: Mapped[str]
    name_en: Mapped[str | None]
    severity: Mapped[int | None] = mapped_column(SmallInteger)
    is_sensitive: Mapped[bool] = mapped_column(server_default=text("false"))


class Incident(FeatureColumns, Table):
    """Anything that is dispatched: a work order, a patrol's finding, a public report."""

    __tablename__ = "incident"
    DIMENSION = 0

    event_scheme: Mapped[str | None]
    event_type: Mapped[str | None]
    severity: Mapped[int | None] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(server_default=text("'accepted'"))
    channel: Mapped[str | None]
    summary: Mapped[str | None]
    occurred_at: Mapped[datetime | None] = mapped_column(index=True)
    accepted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    block_code_then: Mapped[str | None] = mapped_column(CodeText(), comment="the home when it was accepted")


# The newest first, page by page: what walls and desks ask for all day.
Index(
    "incident_newest_idx",
    text("coalesce(occurred_at, '-infinity'::timestamptz) DESC"),
    text("id DESC"),
    _table=Table.metadata.tables["incident"],
)
