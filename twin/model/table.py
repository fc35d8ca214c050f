# SPDX-License-Identifier: Apache-2.0
"""What all tables share, and what all feature tables share beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import UserDefinedType

STORAGE_SRID: Final = 4490
"""CGCS2000 longitude, latitude: every stored geometry (x = longitude, y = latitude, degrees)."""


class CodeText(UserDefinedType[str]):
    """Text compared byte by byte, so that containment of codes is a range on a b-tree."""

    cache_ok = True


@compiles(CodeText)
def _compile_code_text(_type: CodeText, _compiler: object, **_options: object) -> str:
    return 'text COLLATE "C"'


class Table(DeclarativeBase):
    """The declarative root; constraint names are fixed so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads a plain dict)
        str: Text(),
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB(),
    }


def geometry_column(**options: Any) -> Mapped[Any]:
    """A geometry column of either dimension: a typmod would turn a Z away, or demand one.

    The SRID is held by a CHECK of its own, which PostGIS' `geometry_columns` reads as well.
    """
    return mapped_column(Geometry(None, srid=-1, spatial_index=False), **options)


class FeatureColumns:
    """The columns every feature has, whatever its kind (DESIGN: data model).

    `block_code` is the feature's home: the finest block that holds its point on surface.
    `spans_blocks` says that `feature_block` has rows for it beside its home.
    """

    DIMENSION: ClassVar[int] = 2
    """0 point, 1 line, 2 area: what the kind's geometry is."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-1)
    source_id: Mapped[str] = mapped_column(sort_order=-1)
    local_id: Mapped[str] = mapped_column(sort_order=-1)
    name: Mapped[str | None] = mapped_column(sort_order=-1)
    block_code: Mapped[str] = mapped_column(CodeText(), nullable=False)
    spans_blocks: Mapped[bool] = mapped_column(server_default=text("false"))
    access_class: Mapped[int] = mapped_column(SmallInteger, server_default=text("2"))
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    valid_from: Mapped[datetime] = mapped_column(server_default=func.now())
    valid_to: Mapped[datetime] = mapped_column(server_default=text("'infinity'"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    load_id: Mapped[int | None] = mapped_column(BigInteger)

    @declared_attr
    def geometry(cls) -> Mapped[WKBElement | None]:  # noqa: N805
        """The geometry in the storage CRS; NULL only where the place is not known."""
        return geometry_column(nullable=True)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805
        name = cls.__tablename__  # type: ignore[attr-defined]
        return (
            UniqueConstraint("source_id", "local_id"),
            CheckConstraint(f"ST_SRID(geometry) = {STORAGE_SRID}", name="geometry_srid"),
            CheckConstraint(f"ST_Dimension(geometry) = {cls.DIMENSION}", name="geometry_dimension"),
            Index(f"{name}_block_code_idx", "block_code"),
            Index(f"{name}_geometry_idx", "geometry", postgresql_using="gist"),
            # What has no place is found by every box (OGC 17-069r4, 7.15.3).
            Index(f"{name}_unplaced_idx", "id", postgresql_where=text("geometry IS NULL")),
        )
