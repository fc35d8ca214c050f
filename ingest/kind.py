# SPDX-License-Identifier: Apache-2.0
"""The kinds of feature that the load pipeline knows, and what a row of each must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

from sqlalchemy import Column
from sqlalchemy import Table as SqlTable

from twin.errors import RefusedError
from twin.model import (
    Address,
    Building,
    BusinessFeature,
    Component,
    HeightLimit,
    Incident,
    IndustrialPark,
    LegalEntity,
    Parcel,
    Road,
    Storey,
    Table,
    Unit,
    UrbanVillage,
)
from twin.model.table import FeatureColumns
from twin.text import Text

_MADE_BY_DATABASE: Final = frozenset({"id", "recorded_at", "valid_from", "valid_to", "block_code_then"})


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of feature: its table, what people call it, and the rules its rows obey."""

    name: str
    model: type[FeatureColumns]
    title: Text
    is_place_required: bool = True
    keeps_attributes: bool = True
    """Whether columns that the table does not name go to `attributes`, or are left behind."""
    after_merge: LiteralString | None = None
    """SQL to run once the rows of `staging` are in, in the same transaction."""
    dimensions: tuple[int, ...] = ()
    """What geometry its rows may have where the table takes several; none: the table's one."""
    is_list: bool = True
    """Whether a file may be the whole of a list: what happened once stays, whatever a later file has."""

    @property
    def table(self) -> SqlTable:
        """The SQLAlchemy table."""
        assert issubclass(self.model, Table)
        table = self.model.__table__
        assert isinstance(table, SqlTable)
        return table

    @property
    def columns(self) -> tuple[Column[object], ...]:
        """The columns a load writes, in the table's order."""
        return tuple(column for column in self.table.columns if column.name not in _MADE_BY_DATABASE)

    @property
    def dimension(self) -> int:
        """0 point, 1 line, 2 area; the highest where there are several."""
        return max(self.dimensions, default=self.model.DIMENSION)


KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(name="buildings", model=Building, title=Text("建筑", "buildings")),
        Kind(name="parks", model=IndustrialPark, title=Text("工业园区", "industrial parks")),
        Kind(name="villages", model=UrbanVillage, title=Text("城中村", "urban villages")),
        Kind(name="roads", model=Road, title=Text("道路", "roads")),
        Kind(
            name="incidents",
            model=Incident,
            title=Text("事件", "incidents"),
            # An order without a place is still an order; and a hotline's other columns are about people.
            is_place_required=False,
            keeps_attributes=False,
            is_list=False,
            # A type that no list has yet is listed under the name its own file gives it.
            after_merge="""
                INSERT INTO event_type (scheme, code, name)
                SELECT DISTINCT event_scheme, event_type, event_type FROM staging
                WHERE event_scheme IS NOT NULL AND event_type IS NOT NULL
                ON CONFLICT DO NOTHING
            """,
        ),
        Kind(name="components", model=Component, title=Text("城市部件", "components")),
        Kind(name="storeys", model=Storey, title=Text("楼层", "storeys")),
        # The other columns of a list of units or firms tend to be about persons: owners, tenants, telephones.
        Kind(name="units", model=Unit, title=Text("户(房屋)", "units"), keeps_attributes=False),
        Kind(
            name="entities",
            model=LegalEntity,
            title=Text("法人", "legal entities"),
            is_place_required=False,
            keeps_attributes=False,
        ),
        Kind(name="parcels", model=Parcel, title=Text("地块", "parcels")),
        Kind(name="height_limits", model=HeightLimit, title=Text("限高区", "height limits")),
        Kind(name="addresses", model=Address, title=Text("标准地址", "standard addresses"), is_place_required=False),
        # A row that waits for a decision has no place yet.
        Kind(
            name="business",
            model=BusinessFeature,
            title=Text("入块业务", "business features"),
            is_place_required=False,
            dimensions=(0, 1, 2),
        ),
        Kind(
            name="points",
            model=BusinessFeature,
            title=Text("入块业务(点)", "business points"),
            is_place_required=False,
        ),
    )
}


def check_update(update: str, kind: Kind | None) -> None:
    """Raises RefusedError where a file cannot be the whole of what is there, or `update` is no such word."""
    if update not in ("whole", "part"):
        raise RefusedError(
            Text(f"update 只能是 whole 或 part,不是“{update}”。", f"update is whole or part, not '{update}'.")
        )
    if update == "whole" and (kind is None or not kind.is_list):
        raise RefusedError(
            Text(
                "这个种类不按整表更新:只增加和修改,从不终止。请去掉 --update whole。",
                "This kind is not replaced by a file: it is added to and corrected, and nothing ends. "
                "Leave --update whole out.",
            )
        )
