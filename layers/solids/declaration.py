# SPDX-License-Identifier: Apache-2.0
"""The layers that come as 3D tiles made of rows, by the id that tileset and layer share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, LiteralString

from layers.layer import Layer

ColumnType = Literal["key", "short", "number", "string", "flag"]
"""key: an id; short: a small whole number; number: a measure; flag: 0 or 1."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the property table: its name there, and the layer's property that it tells.

    `of` is what decides who is shown it; None for what anybody is shown who sees the feature at all.
    """

    name: LiteralString
    type: ColumnType = "string"
    of: str | None = None


@dataclass(frozen=True, kw_only=True)
class SolidLayer:
    """A layer whose features are extruded.

    id: the layer's and the tileset's. class_name: of its property table.
    sql: SELECT of id, block_code, geometry, access_class, `part_of` (features of one part stay in one node),
    `low` and `high` (m), and the columns.
    share: how many features a node that has others below it draws itself, the largest first; 0: none.
    most_error: the largest geometric error (m): features come only when looked at from near. None: as large as what
    is missing. is_closed: whether the bottom is drawn.
    follows: layers whose changes change what is drawn, itself included.
    """

    id: LiteralString
    class_name: str
    sql: LiteralString
    columns: tuple[Column, ...]
    share: int
    most_error: float | None = None
    is_closed: bool = False
    follows: frozenset[str]

    def columns_for(self, layer: Layer, access_class: int) -> tuple[Column, ...]:
        """The columns that an actor of this class is shown."""
        shown = {p.name for p in layer.properties_for(access_class)}
        return tuple(column for column in self.columns if column.of is None or column.of in shown)


_ID: Final = Column(name="id", type="key")
_BUILDING: Final = Column(name="building_id", type="key", of="building_id")
_BLOCK: Final = Column(name="block_code", of="block_code")
_USE: Final = Column(name="use", of="use")
_HEIGHT: Final = Column(name="height", type="number")
_ESTIMATED: Final = Column(name="is_estimated", type="flag")

_BUILDINGS: Final = SolidLayer(
    id="buildings",
    class_name="building",
    # A building with a published model that the actor sees is left out: one building, one face.
    sql="""
        SELECT id, block_code, geometry, access_class, id AS part_of, coalesce(base_elevation, 0) AS low,
               coalesce(base_elevation, 0) + CASE WHEN height > 0 THEN height
                   ELSE greatest(storeys_above, 1) * 3.0 END AS high,
               CASE WHEN height > 0 THEN 0 ELSE 1 END AS is_estimated,
               name, code, use, storeys_above AS storeys
        FROM building
        WHERE id NOT IN (SELECT building_id FROM model
                         WHERE building_id IS NOT NULL AND published_version_id IS NOT NULL)
    """,
    columns=(
        _ID, Column(name="name", of="name"), Column(name="code", of="code"), _BLOCK, _USE,
        Column(name="storeys", type="short", of="storeys_above"), _HEIGHT, _ESTIMATED,
    ),
    share=500,
    follows=frozenset({"buildings"}),
)  # fmt: skip

_STOREYS: Final = SolidLayer(
    id="storeys",
    class_name="storey",
    # Where a row has no elevations it stands where its building's height and number of storeys put it.
    sql="""
        SELECT id, block_code, geometry, access_class, coalesce(building_id, -id) AS part_of, low,
               greatest(low + 0.1, coalesce(z_max, low + coalesce(
                   (SELECT height / storeys_above FROM building
                    WHERE id = placed.building_id AND height > 0 AND storeys_above > 0), 3.0))) AS high,
               CASE WHEN z_min IS NULL OR z_max IS NULL THEN 1 ELSE 0 END AS is_estimated,
               building_id, building_code, name, number AS storey, use
        FROM (SELECT id, block_code, geometry, access_class, building_id, building_code, name, number, use, z_min,
                     z_max, coalesce(z_min,
                         (SELECT coalesce(base_elevation, 0) + (number - (number > 0)::int) * coalesce(
                                 nullif(greatest(height, 0), 0) / nullif(greatest(storeys_above, 0), 0), 3.0)
                          FROM building WHERE id = storey.building_id),
                         (number - (number > 0)::int) * 3.0) AS low
              FROM storey) AS placed
        WHERE coalesce(building_id, 0) NOT IN (SELECT building_id FROM model
                                               WHERE building_id IS NOT NULL AND published_version_id IS NOT NULL)
    """,
    columns=(
        _ID, _BUILDING, Column(name="building_code", of="building_code"), Column(name="name", of="name"), _BLOCK, _USE,
        Column(name="storey", type="short", of="number"), _HEIGHT, _ESTIMATED,
    ),
    share=1_000,
    is_closed=True,
    follows=frozenset({"storeys", "buildings"}),
)  # fmt: skip

_UNITS: Final = SolidLayer(
    id="units",
    class_name="unit",
    # A unit without elevations has its storey's, or else those that its building would give that storey.
    sql="""
        SELECT id, block_code, geometry, access_class, coalesce(building_id, -id) AS part_of, low,
               greatest(low + 0.1, coalesce(z_max,
                   (SELECT max(z_max) FROM storey
                    WHERE building_id = placed.building_id AND number = placed.storey_number),
                   low + coalesce((SELECT height / storeys_above FROM building
                                   WHERE id = placed.building_id AND height > 0 AND storeys_above > 0), 3.0))) AS high,
               CASE WHEN z_min IS NULL OR z_max IS NULL OR NOT has_own_geometry THEN 1 ELSE 0 END AS is_estimated,
               building_id, building_code, code, room, storey_number AS storey, use
        FROM (SELECT id, block_code, geometry, access_class, building_id, building_code, code, room, storey_number,
                     use, z_min, z_max, has_own_geometry, coalesce(z_min,
                         (SELECT min(z_min) FROM storey
                          WHERE building_id = unit.building_id AND number = unit.storey_number),
                         (SELECT coalesce(base_elevation, 0)
                                 + (coalesce(storey_number, 1) - (coalesce(storey_number, 1) > 0)::int) * coalesce(
                                   nullif(greatest(height, 0), 0) / nullif(greatest(storeys_above, 0), 0), 3.0)
                          FROM building WHERE id = unit.building_id),
                         (coalesce(storey_number, 1) - (coalesce(storey_number, 1) > 0)::int) * 3.0) AS low
              FROM unit) AS placed
        WHERE coalesce(building_id, 0) NOT IN (SELECT building_id FROM model
                                               WHERE building_id IS NOT NULL AND published_version_id IS NOT NULL)
    """,
    columns=(
        _ID, _BUILDING, Column(name="building_code", of="building_code"), Column(name="code", of="code"),
        Column(name="room", of="room"), _BLOCK, _USE, Column(name="storey", type="short", of="storey_number"),
        _HEIGHT, _ESTIMATED,
    ),
    share=0,
    most_error=12.0,
    is_closed=True,
    follows=frozenset({"units", "storeys", "buildings"}),
)  # fmt: skip

SOLID_LAYERS: Final[Mapping[str, SolidLayer]] = MappingProxyType(
    {solid.id: solid for solid in (_BUILDINGS, _STOREYS, _UNITS)}
)
"""In the order in which people see them."""

HIDDEN_BY: Final = "models"
"""The layer whose published features take the place of a building and what is in it, wherever they lie."""
