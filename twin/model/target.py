# SPDX-License-Identifier: Apache-2.0
"""Targets: what is to be reached by when. What is done is measured, never typed in."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Date, Float, ForeignKey, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import Table


class Target(Table):
    """One target: a measure's value, times `factor`, is to reach `goal` by `due_date`."""

    __tablename__ = "target"

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]] = mapped_column(JSONB)
    measure: Mapped[str] = mapped_column(ForeignKey("measure.code"))
    unit: Mapped[str | None]
    factor: Mapped[float] = mapped_column(
        Float, server_default=text("1"), comment="from the unit of the measure to this one"
    )
    goal: Mapped[float] = mapped_column(Float)
    due_date: Mapped[date | None] = mapped_column(Date)
    position: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))

    __table_args__ = (CheckConstraint("goal > 0 AND factor > 0", name="goal"),)
