# SPDX-License-Identifier: Apache-2.0
"""Models, their versions, their elements, and the tilesets that show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import BigInteger, Float, ForeignKey, Identity, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import CodeText, FeatureColumns, Table, geometry_column


class Model(FeatureColumns, Table):
    """A planner's model: what its versions are versions of. Geometry is the footprint."""

    __tablename__ = "model"

    building_id: Mapped[int | None] = mapped_column(BigInteger, comment="the building it is the face of")
    published_version_id: Mapped[int | None] = mapped_column(BigInteger)


class ModelVersion(Table):
    """One uploaded state of a model; immutable but for its state."""

    __tablename__ = "model_version"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    file_name: Mapped[str]
    sha256: Mapped[str]
    ifc_schema: Mapped[str]
    georeference: Mapped[dict[str, Any]] = mapped_column(JSONB)
    storeys: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    tileset_id: Mapped[int | None] = mapped_column(BigInteger)
    block_code: Mapped[str] = mapped_column(CodeText(), nullable=False)
    access_class: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    load_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (UniqueConstraint("model_id", "number"),)


class Element(Table):
    """One IfcProduct of a version: project, site, building, storey, space or element."""

    __tablename__ = "element"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id", ondelete="CASCADE"))
    global_id: Mapped[str]
    ifc_class: Mapped[str]
    name: Mapped[str | None]
    parent_global_id: Mapped[str | None]
    relation: Mapped[str | None] = mapped_column(comment="aggregates or contains")
    storey_global_id: Mapped[str | None]
    storey_number: Mapped[int | None]
    space_global_id: Mapped[str | None]
    space_from: Mapped[str | None] = mapped_column(comment="tree (the file says so) or place (its middle is inside)")
    building_global_id: Mapped[str | None]
    type_global_id: Mapped[str | None]
    type_name: Mapped[str | None]
    predefined_type: Mapped[str | None]
    tag: Mapped[str | None]
    is_spatial: Mapped[bool]
    materials: Mapped[list[str]] = mapped_column(JSONB)
    material_set: Mapped[int | None] = mapped_column(
        Integer, comment="set_number of model_material; its own or its type's"
    )
    property_sets: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="numbers in SI; see source_units")
    quantities: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="SI")
    inherited: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="by set, what the type gives: true or names"
    )
    source_units: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="by set and name, the file's unit of what was converted"
    )
    classifications: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="by system, its codes")
    envelope: Mapped[list[float] | None] = mapped_column(JSONB, comment="m, local: xmin … zmax")
    surface_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    is_meshed: Mapped[bool]
    geometry: Mapped[WKBElement | None] = geometry_column(nullable=True, comment="centre of the envelope")
    block_code: Mapped[str] = mapped_column(CodeText(), nullable=False)
    access_class: Mapped[int]

    __table_args__ = (
        UniqueConstraint("version_id", "global_id"),
        Index("element_ifc_class_idx", "version_id", "ifc_class"),
        Index("element_storey_idx", "version_id", "storey_global_id"),
        Index("element_block_code_idx", "block_code"),
        Index("element_geometry_idx", "geometry", postgresql_using="gist"),
    )


class Tileset(FeatureColumns, Table):
    """A 3D Tiles data set that can be shown. Geometry is its coverage."""

    __tablename__ = "tileset"

    kind: Mapped[str] = mapped_column(comment="model or mesh")
    singulation: Mapped[str] = mapped_column(server_default=text("'none'"))
    asset: Mapped[str] = mapped_column(comment="content hash of the folder in the asset store")
    model_id: Mapped[int | None] = mapped_column(BigInteger)
    is_published: Mapped[bool] = mapped_column(server_default=text("false"))
    height_offset: Mapped[float] = mapped_column(Float, server_default=text("0"), comment="m to ellipsoidal")
