# SPDX-License-Identifier: Apache-2.0
"""Who took what out of the twin. Rows are added, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import Table


class ExportRecord(Table):
    """One file that was given out; its id is the mark inside the file."""

    __tablename__ = "export_record"

    id: Mapped[str] = mapped_column(primary_key=True, comment="the mark in the file")
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    role: Mapped[str]
    token_id: Mapped[int | None] = mapped_column(BigInteger)
    layer: Mapped[str]
    form: Mapped[str] = mapped_column(comment="file format")
    filter: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="what it was narrowed to, without values that people typed"
    )
    block_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="the blocks it was asked for; none: everything")
    area: Mapped[float | None] = mapped_column(comment="km² that were asked for")
    rows: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger, comment="bytes")
    access_class: Mapped[int] = mapped_column(SmallInteger, comment="the highest class that could be in it")
    secrecy_label: Mapped[str]

    __table_args__ = (Index("export_record_at_idx", text("at DESC"), text("id DESC")),)
