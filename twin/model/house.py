# SPDX-License-Identifier: Apache-2.0
"""What a building is made of: storeys and units, and the forms of the codes that name them.

A storey or unit without a geometry of its own has its building's; the triggers in `migrations/sql/city.sql`
let it follow its building. Persons appear as a count of residents, never one by one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.model.city import Building
from twin.model.table import CodeText, FeatureColumns, Table


class CodeForm(Table):
    """How the codes of a kind are written. Data: another city's codes are another row."""

    __tablename__ = "code_form"

    kind: Mapped[str] = mapped_column(primary_key=True)
    pattern: Mapped[str] = mapped_column(comment="regular expression of the whole code")
    digits: Mapped[int] = mapped_column(SmallInteger)
    within: Mapped[str] = mapped_column(comment="what its first digits are the code of: block or building")
    within_digits: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[dict[str, Any]] = mapped_column(JSONB)


class BuildingParts(FeatureColumns):
    """The columns of what lies within one building."""

    building_code: Mapped[str | None] = mapped_column(CodeText(), comment="stays where the building is gone")
    building_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="NULL where no building has the code", index=True
    )
    use: Mapped[str | None]
    floor_area: Mapped[float | None] = mapped_column(Float, comment="m²")
    z_min: Mapped[float | None] = mapped_column(Float, comment="m, in the data set's vertical datum")
    z_max: Mapped[float | None] = mapped_column(Float, comment="m, in the data set's vertical datum")
    has_own_geometry: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class Storey(BuildingParts, Table):
    """One storey of a building: number 1 is the ground storey, -1 the first below it."""

    __tablename__ = "storey"

    number: Mapped[int] = mapped_column(Integer)


class Unit(BuildingParts, Table):
    """One unit (户): what has a door of its own within a storey."""

    __tablename__ = "unit"

    code: Mapped[str | None] = mapped_column(CodeText(), comment="house code below its building", index=True)
    estate_code: Mapped[str | None] = mapped_column(CodeText(), comment="real-estate unit code")
    storey_number: Mapped[int | None] = mapped_column(Integer)
    room: Mapped[str | None]
    occupancy: Mapped[str | None] = mapped_column(comment="vacant, self or rented; class 3")
    residents: Mapped[int | None] = mapped_column(Integer, comment="how many persons; class 3, shown from k on")


# Units, entities and people ask for a building by its code.
Index("building_code_idx", Building.code)

# Those whose building is not there wait for it under its code.
_ORPHAN = text("building_id IS NULL")
Index("storey_orphan_idx", Storey.building_code, postgresql_where=_ORPHAN)
Index("unit_orphan_idx", Unit.building_code, postgresql_where=_ORPHAN)
