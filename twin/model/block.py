# SPDX-License-Identifier: Apache-2.0
"""Blocks: the administrative tree, its schemes, and which blocks a feature meets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import STORAGE_SRID, CodeText, Table, geometry_column, tile_geometry_column


class BlockScheme(Table):
    """A way of dividing the district. Level widths, names and the metric CRS are data."""

    __tablename__ = "block_scheme"

    scheme: Mapped[str] = mapped_column(primary_key=True)
    level_widths: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    level_names: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    metric_srid: Mapped[int]
    is_governance: Mapped[bool] = mapped_column(server_default=text("false"))
    is_synthetic: Mapped[bool] = mapped_column(server_default=text("false"))


class Block(Table):
    """One block. Its code begins with its parent's; siblings tile their parent."""

    __tablename__ = "block"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    scheme: Mapped[str]
    code: Mapped[str] = mapped_column(CodeText(), nullable=False)
    level: Mapped[int] = mapped_column(SmallInteger)
    parent_code: Mapped[str | None] = mapped_column(CodeText())
    name: Mapped[str]
    name_en: Mapped[str | None]
    access_class: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    area: Mapped[float | None] = mapped_column(Float, comment="m², in the scheme's metric CRS")
    geometry: Mapped[WKBElement] = geometry_column(nullable=False)
    geometry_3857: Mapped[WKBElement | None] = tile_geometry_column()
    load_id: Mapped[int | None] = mapped_column(BigInteger)
    valid_from: Mapped[datetime] = mapped_column(server_default=func.now())
    valid_to: Mapped[datetime] = mapped_column(server_default=text("'infinity'"))

    __table_args__ = (
        UniqueConstraint("scheme", "code"),
        CheckConstraint(f"ST_SRID(geometry) = {STORAGE_SRID} AND ST_Dimension(geometry) = 2", name="geometry"),
        Index("block_parent_code_idx", "scheme", "parent_code"),
        Index("block_geometry_idx", "geometry", postgresql_using="gist"),
        Index("block_geometry_3857_idx", "geometry_3857", postgresql_using="gist"),
    )


class FeatureBlock(Table):
    """The base grids that an area or a line meets, where its home alone would not say it all.

    A feature without rows lies wholly in its home (share 1).
    """

    __tablename__ = "feature_block"

    kind: Mapped[str] = mapped_column(primary_key=True)
    feature_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    block_code: Mapped[str] = mapped_column(CodeText(), primary_key=True)
    share: Mapped[float] = mapped_column(Float, comment="of the feature's area or length, 0 to 1")

    __table_args__ = (Index("feature_block_block_code_idx", "kind", "block_code"),)
