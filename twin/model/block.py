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
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import STORAGE_SRID, CodeText, Table, geometry_column


class BlockScheme(Table):
    """A way of dividing the district. Level widths, names and the metric CRS are data."""

    __tablename__ = "block_scheme"

    scheme: Mapped[str] = mapped_column(primary_key=True)
    level_widths: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    level_names: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    metric_srid: Mapped[int | None]
    is_governance: Mapped[bool] = mapped_column(server_default=text("false"))
    is_synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    title: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    is_computed: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="its blocks follow from their codes and are not stored"
    )

    __table_args__ = (CheckConstraint("is_computed OR metric_srid IS NOT NULL", name="metric_srid"),)


class Block(Table):
    """One block. Its code begins with its parent's; siblings tile their parent.

    A block that was split, merged or renumbered stays, with the end of its life in `valid_to`; readers ask
    the view `valid_block`.
    """

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
    load_id: Mapped[int | None] = mapped_column(BigInteger)
    valid_from: Mapped[datetime] = mapped_column(server_default=func.now())
    valid_to: Mapped[datetime] = mapped_column(server_default=text("'infinity'"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ExcludeConstraint(
            ("scheme", "="),
            ("code", "="),
            (func.tstzrange(text("valid_from"), text("valid_to")), "&&"),
            using="gist",
            name="block_code_excl",
        ),
        Index("block_code_key", "scheme", "code", unique=True, postgresql_where=text("valid_to = 'infinity'")),
        CheckConstraint(f"ST_SRID(geometry) = {STORAGE_SRID}", name="geometry_srid"),
        CheckConstraint("ST_Dimension(geometry) = 2", name="geometry_dimension"),
        Index("block_code_idx", "scheme", "code"),
        Index("block_parent_code_idx", "scheme", "parent_code"),
        Index("block_geometry_idx", "geometry", postgresql_using="gist"),
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
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("feature_block_block_code_idx", "kind", "block_code"),)


class BlockLink(Table):
    """How a block of another scheme lies over the governance scheme's finest blocks, by area."""

    __tablename__ = "block_link"

    scheme: Mapped[str] = mapped_column(ForeignKey("block_scheme.scheme", ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(CodeText(), primary_key=True)
    block_code: Mapped[str] = mapped_column(CodeText(), primary_key=True)
    share: Mapped[float] = mapped_column(Float, comment="of the other scheme's block, 0 to 1")

    __table_args__ = (Index("block_link_block_code_idx", "block_code"),)


class BlockName(Table):
    """A name that is known for a code, whether or not its boundary is."""

    __tablename__ = "block_name"

    scheme: Mapped[str] = mapped_column(ForeignKey("block_scheme.scheme", ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(CodeText(), primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    load_id: Mapped[int | None] = mapped_column(BigInteger)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class BlockLineage(Table):
    """What became of a block: one row for each pair of a block and one that follows it."""

    __tablename__ = "block_lineage"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    scheme: Mapped[str] = mapped_column(ForeignKey("block_scheme.scheme", ondelete="CASCADE"))
    old_code: Mapped[str] = mapped_column(CodeText(), nullable=False)
    new_code: Mapped[str] = mapped_column(CodeText(), nullable=False)
    kind: Mapped[str] = mapped_column(comment="split, merge or renumber")
    share: Mapped[float] = mapped_column(Float, comment="of the old block's area, 0 to 1")
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    load_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("kind IN ('split', 'merge', 'renumber')", name="kind"),
        CheckConstraint("share > 0 AND share <= 1", name="share"),
        Index("block_lineage_old_code_idx", "scheme", "old_code"),
        Index("block_lineage_new_code_idx", "scheme", "new_code"),
    )
