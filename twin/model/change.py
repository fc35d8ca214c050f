# SPDX-License-Identifier: Apache-2.0
"""The change log: what any writer's commit touched."""

from __future__ import annotations

from datetime import datetime

from geoalchemy2 import WKBElement
from sqlalchemy import BigInteger, Identity, Index, SmallInteger, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import CodeText, Table, geometry_column


class Change(Table):
    """What one statement changed in one layer, block and class.

    `seq` is given at commit, in commit order; it is the Last-Event-ID of the stream. `layer_code` names the layer
    where a table holds several of them; without one it may be any of those.
    """

    __tablename__ = "change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    seq: Mapped[int | None] = mapped_column(BigInteger)
    layer: Mapped[str]
    op: Mapped[str]
    block_code: Mapped[str] = mapped_column(CodeText(), nullable=False)
    access_class: Mapped[int] = mapped_column(SmallInteger)
    envelope: Mapped[WKBElement | None] = geometry_column(nullable=True)
    ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    committed_at: Mapped[datetime | None]
    layer_code: Mapped[str | None]

    __table_args__ = (Index("change_seq_idx", "seq", unique=True), Index("change_at_idx", "at"))


class LayerKind(Table):
    """Which table a layer's changes come from; `part_column` names the layer of a row where a table holds several."""

    __tablename__ = "layer_kind"

    layer: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(unique=True)
    part_column: Mapped[str | None]


class CommitTime(Table):
    """When the transactions were seen whose changes are no longer kept: the past is read by it."""

    __tablename__ = "commit_time"

    at: Mapped[datetime] = mapped_column(primary_key=True)
    committed_at: Mapped[datetime]
