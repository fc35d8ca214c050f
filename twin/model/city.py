# SPDX-License-Identifier: Apache-2.0
"""The things of the city that have a place of their own: buildings, parks, villages, roads."""

from __future__ import annotations

from sqlalchemy import Float, Integer
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import CodeText, FeatureColumns, Table


class Building(FeatureColumns, Table):
    """One building, one identity: footprint, mesh, IFC and address lead to this row."""

    __tablename__ = "building"

    code: Mapped[str | None] = mapped_column(CodeText(), comment="building code below its base grid")
    use: Mapped[str | None]
    structure: Mapped[str | None]
    storeys_above: Mapped[int | None] = mapped_column(Integer)
    storeys_below: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[float | None] = mapped_column(Float, comment="m above its base")
    base_elevation: Mapped[float | None] = mapped_column(Float, comment="m, in the data set's vertical datum")
    gross_floor_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    year_built: Mapped[int | None] = mapped_column(Integer)


class IndustrialPark(FeatureColumns, Table):
    """An industrial park of the register."""

    __tablename__ = "industrial_park"

    code: Mapped[str | None] = mapped_column(CodeText())
    park_type: Mapped[str | None]
    operator: Mapped[str | None] = mapped_column(comment="the organisation that runs it")
    land_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    floor_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    vacant_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    firms: Mapped[int | None] = mapped_column(Integer)


class UrbanVillage(FeatureColumns, Table):
    """An urban village of the register."""

    __tablename__ = "urban_village"

    code: Mapped[str | None] = mapped_column(CodeText())
    company: Mapped[str | None] = mapped_column(comment="the village's joint-stock company")
    buildings: Mapped[int | None] = mapped_column(Integer)
    rental_units: Mapped[int | None] = mapped_column(Integer)
    hazards: Mapped[int | None] = mapped_column(Integer)
    survey_completeness: Mapped[float | None] = mapped_column(Float, comment="0 to 1")


class Road(FeatureColumns, Table):
    """A carriageway (a street is a block)."""

    __tablename__ = "road"
    DIMENSION = 1

    road_class: Mapped[str | None]
    width: Mapped[float | None] = mapped_column(Float, comment="m")
