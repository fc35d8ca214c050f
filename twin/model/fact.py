# SPDX-License-Identifier: Apache-2.0
"""What blocks add up to: pillars, measures, and the facts that any write keeps current."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import CodeText, Table


class Calendar(Table):
    """The one row that says which time zone the district's days are in."""

    __tablename__ = "calendar"

    id: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    time_zone: Mapped[str]


class Pillar(Table):
    """A pillar of the block base (一基五柱), or the base itself. Which there are is configuration."""

    __tablename__ = "pillar"

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_base: Mapped[bool] = mapped_column(server_default=text("false"))
    is_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    position: Mapped[int] = mapped_column(SmallInteger)
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class Measure(Table):
    """An additive number about the features of a kind: what is summed, over which of them, and cut how.

    `value`, `filter`, `dimension` and `period` are SQL over the kind's columns: only the owner writes here,
    and what people define is composed for them.
    """

    __tablename__ = "measure"

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[dict[str, Any]] = mapped_column(JSONB)
    unit: Mapped[str | None]
    value: Mapped[str] = mapped_column(server_default=text("'1'"))
    filter: Mapped[str | None]
    dimension: Mapped[str | None] = mapped_column(comment="text by which the sum is cut")
    period: Mapped[str | None] = mapped_column(comment="date by which the sum is cut")
    by_share: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="shared out over the blocks met (areas, lengths), not counted at home"
    )
    access_class: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    k: Mapped[int | None] = mapped_column(SmallInteger, comment="smaller counts are not shown")
    series: Mapped[str | None] = mapped_column(comment="the measure that has the same by day")
    pillar: Mapped[str | None] = mapped_column(ForeignKey("pillar.code"))
    position: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    threshold: Mapped[float | None] = mapped_column(Float, comment="from here on a block is marked")
    definition: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="as people put it together; NULL for what comes with the program"
    )
    trend_since: Mapped[date] = mapped_column(
        Date,
        server_default=text("local_day(now())"),
        comment="the first day whose end is known; before it was not counted, or otherwise",
    )
    dominance: Mapped[float | None] = mapped_column(
        Float, comment="no sum is shown of which the two largest contributors make a greater share"
    )

    __table_args__ = (
        # What is cut further could be added up again.
        CheckConstraint("k IS NULL OR (dimension IS NULL AND period IS NULL AND NOT by_share)", name="k"),
        CheckConstraint(
            "dominance IS NULL "
            "OR (dominance > 0 AND dominance < 1 AND k IS NULL AND dimension IS NULL AND period IS NULL)",
            name="dominance",
        ),
    )


class BlockFact(Table):
    """A measure's sum in one block of any level; `period` is -infinity and `dimension` empty where it is not cut."""

    __tablename__ = "block_fact"

    block_code: Mapped[str] = mapped_column(CodeText(), primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[date] = mapped_column(Date, primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    access_class: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    value: Mapped[float] = mapped_column(Float)
    rows: Mapped[int] = mapped_column(BigInteger, comment="how many features it sums")


class BlockFactDelta(Table):
    """What has changed since the facts were last folded, at the features' home."""

    __tablename__ = "block_fact_delta"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    block_code: Mapped[str] = mapped_column(CodeText(), nullable=False)
    measure: Mapped[str]
    period: Mapped[date] = mapped_column(Date)
    dimension: Mapped[str]
    access_class: Mapped[int] = mapped_column(SmallInteger)
    value: Mapped[float] = mapped_column(Float)
    rows: Mapped[int] = mapped_column(BigInteger)
    recorded_at: Mapped[datetime | None] = mapped_column(
        server_default=text("now()"), comment="NULL: counted anew or under another code, nothing has changed"
    )

    __table_args__ = (Index("block_fact_delta_block_code_idx", "block_code"),)


class BlockFactChange(Table):
    """What a day added to a measure's sum in one block of any level, less what it took away."""

    __tablename__ = "block_fact_change"

    block_code: Mapped[str] = mapped_column(CodeText(), primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True, comment="when it was recorded, where the district is")
    access_class: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    value: Mapped[float] = mapped_column(Float, comment="what that day added, less what it took away")
