# SPDX-License-Identifier: Apache-2.0
"""Datasets: what was ever loaded of a kind from a source, who answers for it, and what is there of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Identity, Integer, SmallInteger, UniqueConstraint
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import CodeText, Table


class DatasetKind(Table):
    """Which table the loads of a kind fill."""

    __tablename__ = "dataset_kind"

    kind: Mapped[str] = mapped_column(primary_key=True)
    relation: Mapped[str]


class Dataset(Table):
    """All loads of one kind from one source; the database makes the row when the first of them is kept.

    People say title to `block_code`; the rest is computed by `refresh_dataset` and never typed.
    """

    __tablename__ = "dataset"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    source_id: Mapped[str]
    title: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="zh and en")
    owner: Mapped[str | None] = mapped_column(comment="an organisation")
    steward: Mapped[str | None] = mapped_column(comment="a post in an organisation, never a person")
    licence: Mapped[str | None]
    note: Mapped[str | None]
    refresh_days: Mapped[int | None] = mapped_column(comment="how often it should come anew")
    access_class: Mapped[int | None] = mapped_column(SmallInteger, comment="the least class that may know of it")
    block_code: Mapped[str | None] = mapped_column(CodeText(), comment="the block it promises to cover; NULL: all")
    crs: Mapped[str | None] = mapped_column(comment="declared in the last load")
    last_load_id: Mapped[int | None] = mapped_column(BigInteger)
    loaded_at: Mapped[datetime | None] = mapped_column(comment="of the last load that stands")
    rows_read: Mapped[int | None] = mapped_column(BigInteger, comment="by the last load")
    rows_rejected: Mapped[int | None] = mapped_column(BigInteger, comment="by the last load")
    features: Mapped[int | None] = mapped_column(BigInteger, comment="as counted last")
    lowest_class: Mapped[int | None] = mapped_column(SmallInteger, comment="of its features")
    fields: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT), server_default=sql_text("'{}'"), comment="the columns that may be empty, as counted in `filled`"
    )
    computed_at: Mapped[datetime | None]
    stale_since: Mapped[datetime | None] = mapped_column(comment="changed by a load and not counted since")

    __table_args__ = (
        UniqueConstraint("kind", "source_id"),
        CheckConstraint("refresh_days > 0", name="refresh_days"),
        CheckConstraint("access_class BETWEEN 1 AND 4", name="access_class"),
    )


class DatasetBlock(Table):
    """What of a dataset lies in a block and all below it, up to a class; block '' is everything there is.

    Rows are cumulative by class: the row of the highest class that an actor may read has all that he may know of.
    """

    __tablename__ = "dataset_block"

    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True)
    block_code: Mapped[str] = mapped_column(CodeText(), primary_key=True)
    access_class: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    features: Mapped[int] = mapped_column(BigInteger)
    grids: Mapped[int] = mapped_column(Integer, comment="base grids that any of them lies in or meets")
    filled: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), comment="filled values, in the order of `fields`")
    extent: Mapped[list[float] | None] = mapped_column(ARRAY(Float), comment="west, south, east, north in degrees")
