# SPDX-License-Identifier: Apache-2.0
"""What a version of a model means: buildings, storeys, spaces, zones, units, systems, types, materials, classes.

Rows name each other by GlobalId within their version, as the file does; nothing here outlives its version but the
matches of buildings, which belong to the model.
"""

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
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from twin.model.table import STORAGE_SRID, CodeText, Table, geometry_column


class VersionRow:
    """The columns of what belongs to one version of a model."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-2)
    block_code: Mapped[str] = mapped_column(CodeText(), nullable=False, sort_order=9)
    access_class: Mapped[int] = mapped_column(Integer, sort_order=9)

    @declared_attr
    def version_id(cls) -> Mapped[int]:  # noqa: N805
        """The version; its rows go with it."""
        return mapped_column(ForeignKey("model_version.id", ondelete="CASCADE"), sort_order=-1)


class NamedRow(VersionRow):
    """The columns of what has a GlobalId and a place on the map."""

    global_id: Mapped[str]
    name: Mapped[str | None]
    long_name: Mapped[str | None]

    @declared_attr
    def geometry(cls) -> Mapped[WKBElement | None]:  # noqa: N805
        """The area it covers, in the storage CRS; NULL where the file does not tell."""
        return geometry_column(nullable=True, sort_order=8)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805
        name = cls.__tablename__  # type: ignore[attr-defined]
        return (
            UniqueConstraint("version_id", "global_id"),
            CheckConstraint(f"ST_SRID(geometry) = {STORAGE_SRID}", name="geometry_srid"),
            Index(f"{name}_geometry_idx", "geometry", postgresql_using="gist"),
        )


class ModelBuilding(NamedRow, Table):
    """An IfcBuilding (or another facility) or a part of one."""

    __tablename__ = "model_building"

    ifc_class: Mapped[str]
    composition: Mapped[str | None] = mapped_column(comment="COMPLEX, ELEMENT or PARTIAL (a part of a building)")
    parent_global_id: Mapped[str | None]
    code: Mapped[str | None] = mapped_column(comment="the building's code as the model gives it")
    storeys: Mapped[int] = mapped_column(Integer)
    height: Mapped[float | None] = mapped_column(Float, comment="m, of what is meshed, above the ground storey")
    declared_gross_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    declared_net_area: Mapped[float | None] = mapped_column(Float, comment="m²")


class ModelStorey(NamedRow, Table):
    """A storey: number 1 is the lowest at or above the ground, 0 and -1 … are below."""

    __tablename__ = "model_storey"

    building_global_id: Mapped[str | None]
    number: Mapped[int] = mapped_column(Integer)
    elevation: Mapped[float] = mapped_column(Float, comment="m, in the model's own heights")
    height: Mapped[float | None] = mapped_column(Float, comment="m to the next storey of its building")
    elements: Mapped[int] = mapped_column(Integer)
    declared_gross_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    declared_net_area: Mapped[float | None] = mapped_column(Float, comment="m²")


class ModelSpace(NamedRow, Table):
    """A space with its area, and where that is from."""

    __tablename__ = "model_space"

    building_global_id: Mapped[str | None]
    storey_global_id: Mapped[str | None]
    storey_number: Mapped[int | None] = mapped_column(Integer)
    use: Mapped[str | None] = mapped_column(comment="as the model says it")
    gross_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    net_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    outline_area: Mapped[float | None] = mapped_column(Float, comment="m², of its outline")
    floor_area: Mapped[float | None] = mapped_column(Float, comment="m²: net, else gross, else of the outline")
    area_from: Mapped[str | None] = mapped_column(comment="net, gross or outline")
    z_min: Mapped[float | None] = mapped_column(Float, comment="m, in the model's own heights")
    z_max: Mapped[float | None] = mapped_column(Float, comment="m, in the model's own heights")


class ModelZone(NamedRow, Table):
    """A zone: spaces that belong together."""

    __tablename__ = "model_zone"

    ifc_class: Mapped[str]
    object_type: Mapped[str | None]
    spaces: Mapped[int] = mapped_column(Integer)
    floor_area: Mapped[float | None] = mapped_column(Float, comment="m², of its spaces")


class ModelUnit(NamedRow, Table):
    """A unit (户) that a zone is, or that spaces say they belong to."""

    __tablename__ = "model_unit"

    building_global_id: Mapped[str | None]
    number: Mapped[str | None] = mapped_column(comment="the unit's number as the model gives it")
    code: Mapped[str | None] = mapped_column(CodeText(), comment="house code below its building; NULL: not known")
    code_from: Mapped[str | None] = mapped_column(comment="model, register or number; else why there is none")
    unit_from: Mapped[str] = mapped_column(comment="zone or space")
    rule: Mapped[str] = mapped_column(comment="the row of model_rule that made it one")
    use: Mapped[str | None]
    storey_number: Mapped[int | None] = mapped_column(Integer, comment="the lowest, where it has several")
    storeys: Mapped[int] = mapped_column(Integer)
    spaces: Mapped[int] = mapped_column(Integer)
    floor_area: Mapped[float | None] = mapped_column(Float, comment="m², of its spaces")


class ModelSystem(NamedRow, Table):
    """A system: elements that serve together."""

    __tablename__ = "model_system"

    ifc_class: Mapped[str]
    predefined_type: Mapped[str | None]
    object_type: Mapped[str | None]
    elements: Mapped[int] = mapped_column(Integer)


class ModelMember(VersionRow, Table):
    """What belongs to a zone, a system or a unit."""

    __tablename__ = "model_member"

    group_global_id: Mapped[str]
    member_global_id: Mapped[str]

    __table_args__ = (
        Index("model_member_group_idx", "version_id", "group_global_id"),
        Index("model_member_member_idx", "version_id", "member_global_id"),
    )


class ModelPort(VersionRow, Table):
    """A port of an element, and the port it is joined to."""

    __tablename__ = "model_port"

    global_id: Mapped[str]
    name: Mapped[str | None]
    element_global_id: Mapped[str | None]
    flow_direction: Mapped[str | None]
    predefined_type: Mapped[str | None]
    system_type: Mapped[str | None]
    connected_port_global_id: Mapped[str | None]
    connected_element_global_id: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("version_id", "global_id"),
        Index("model_port_element_idx", "version_id", "element_global_id"),
    )


class ElementType(VersionRow, Table):
    """A type with its own property sets, which its elements have too."""

    __tablename__ = "element_type"

    global_id: Mapped[str]
    ifc_class: Mapped[str]
    name: Mapped[str | None]
    predefined_type: Mapped[str | None]
    description: Mapped[str | None]
    tag: Mapped[str | None]
    material_set: Mapped[int | None] = mapped_column(Integer)
    elements: Mapped[int] = mapped_column(Integer)
    property_sets: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    quantities: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))

    __table_args__ = (UniqueConstraint("version_id", "global_id"),)


class ModelMaterial(VersionRow, Table):
    """One material of a set: a layer with its thickness, a profile, a part; elements share sets."""

    __tablename__ = "model_material"

    set_number: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer, comment="from 1, in the file's order")
    set_name: Mapped[str | None]
    kind: Mapped[str] = mapped_column(comment="layer, profile, constituent, list or single")
    material: Mapped[str | None]
    category: Mapped[str | None]
    thickness: Mapped[float | None] = mapped_column(Float, comment="m")
    fraction: Mapped[float | None] = mapped_column(Float, comment="0 to 1")
    profile: Mapped[str | None]
    is_ventilated: Mapped[bool | None]

    __table_args__ = (UniqueConstraint("version_id", "set_number", "position"),)


class ElementClassification(VersionRow, Table):
    """A code of a classification that an element, a type, a material or a space bears."""

    __tablename__ = "element_classification"

    global_id: Mapped[str]
    system: Mapped[str]
    edition: Mapped[str | None]
    code: Mapped[str | None]
    title: Mapped[str | None]
    is_inherited: Mapped[bool] = mapped_column(comment="it is the type's")

    __table_args__ = (
        Index("element_classification_element_idx", "version_id", "global_id"),
        Index("element_classification_code_idx", "system", "code"),
    )


class ModelRule(Table):
    """How models say what they mean. Data: another city's convention is another row."""

    __tablename__ = "model_rule"

    name: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(
        comment="unit_zone, unit_number, space_unit, space_use, building_code, gross_area or net_area"
    )
    position: Mapped[int] = mapped_column(Integer, comment="the first that fits wins")
    source: Mapped[str] = mapped_column(comment="attribute, property or quantity")
    set_name: Mapped[str | None] = mapped_column(comment="the property or quantity set; NULL is any")
    field: Mapped[str] = mapped_column(comment="the attribute, property or quantity")
    pattern: Mapped[str | None] = mapped_column(
        comment="regular expression that the value meets; its group, if any, is what counts"
    )
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))


class ModelMatch(Table):
    """That a building of a model is a building of the city: scored by rules, decided by rules or by a person."""

    __tablename__ = "model_match"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id", ondelete="CASCADE"))
    global_id: Mapped[str] = mapped_column(comment="of the IfcBuilding")
    building_id: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[float] = mapped_column(Float, comment="0 to 1")
    parts: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="code, overlap, height, and why it is not settled")
    state: Mapped[str] = mapped_column(comment="proposed, confirmed or rejected")
    decided_by: Mapped[str | None] = mapped_column(comment="NULL: the rules")
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    block_code: Mapped[str] = mapped_column(CodeText(), nullable=False)
    access_class: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        UniqueConstraint("model_id", "global_id", "building_id"),
        CheckConstraint("state IN ('proposed', 'confirmed', 'rejected')", name="state"),
        Index(
            "model_match_one_idx", "model_id", "global_id", unique=True,
            postgresql_where=text("state = 'confirmed'"),
        ),
    )  # fmt: skip
