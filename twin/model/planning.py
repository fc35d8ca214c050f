# SPDX-License-Identifier: Apache-2.0
"""What planning lays down: parcels with their conditions, and limits of height."""

from __future__ import annotations

from sqlalchemy import Float
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.table import CodeText, FeatureColumns, Table


class Parcel(FeatureColumns, Table):
    """A parcel of land with its planning conditions."""

    __tablename__ = "parcel"

    code: Mapped[str | None] = mapped_column(CodeText())
    land_use: Mapped[str | None]
    land_use_code: Mapped[str | None] = mapped_column(CodeText(), comment="in the plan's own classification")
    land_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    plot_ratio: Mapped[float | None] = mapped_column(Float, comment="most floor area a land area")
    building_density: Mapped[float | None] = mapped_column(Float, comment="most built-over share, 0 to 1")
    green_ratio: Mapped[float | None] = mapped_column(Float, comment="least green share, 0 to 1")
    height_limit: Mapped[float | None] = mapped_column(Float, comment="m above its ground")
    plan_name: Mapped[str | None] = mapped_column(comment="the plan that says so")


class HeightLimit(FeatureColumns, Table):
    """An area in which nothing may reach above a height over a vertical datum."""

    __tablename__ = "height_limit"

    code: Mapped[str | None] = mapped_column(CodeText())
    max_elevation: Mapped[float] = mapped_column(Float, comment="m above the vertical datum")
    vertical_datum: Mapped[str]
    basis: Mapped[str | None] = mapped_column(comment="the rule or document that sets it")
