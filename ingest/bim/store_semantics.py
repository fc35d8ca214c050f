# SPDX-License-Identifier: Apache-2.0
"""The rows of what a version means: every table by COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import orjson
import shapely
from psycopg import sql

from ingest.bim.meaning import Meaning
from ingest.bim.records import ElementRecord, ModelContent
from twin.blocks import BlockIndex
from twin.database import Connection
from twin.home import OUTSIDE
from twin.model.table import STORAGE_SRID

_ELEMENT: Final = (
    "global_id", "ifc_class", "name", "parent_global_id", "relation", "storey_global_id", "storey_number",
    "space_global_id", "space_from", "building_global_id", "type_global_id", "type_name", "predefined_type", "tag",
    "is_spatial", "materials", "material_set", "property_sets", "quantities", "inherited", "source_units",
    "classifications", "envelope", "surface_area", "is_meshed", "geometry",
)  # fmt: skip


class VersionWriter:
    """Writes rows that belong to one version: its id, block and class are added to each."""

    def __init__(self, connection: Connection, version_id: int, home: str, access_class: int) -> None:
        self._connection = connection
        self._version_id = version_id
        self._home = home
        self._access_class = access_class

    def copy(
        self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], homes: Sequence[str] | None = None
    ) -> None:
        """homes: a block for each row, where they differ."""
        named = [*columns, "version_id", "access_class", "block_code"]
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, named))
        )
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for number, row in enumerate(rows):
                home = homes[number] if homes is not None else self._home
                copy.write_row((*row, self._version_id, self._access_class, home))


class _SetWriter:
    """JSON texts of sets; what many elements share is written once."""

    def __init__(self) -> None:
        self._texts: dict[int, bytes] = {}

    def write(self, sets: dict[str, dict[str, Any]]) -> str:
        parts: list[bytes] = []
        for name, content in sets.items():
            text = self._texts.get(id(content))
            if text is None:
                text = self._texts[id(content)] = _dump(content)
            parts.append(_dump(name) + b":" + text)
        return (b"{" + b",".join(parts) + b"}").decode()


def write_elements(writer: VersionWriter, elements: Sequence[ElementRecord], homes: Sequence[str]) -> None:
    """Every product, each with the block it stands in."""
    sets = _SetWriter()
    writer.copy("element", _ELEMENT, (_list_element(one, sets) for one in elements), homes)


def find_homes(elements: Sequence[ElementRecord], index: BlockIndex | None, home: str) -> list[str]:
    """The block of each element's middle; the model's where it has no middle, or there is no index."""
    homes = [home] * len(elements)
    placed = [number for number, one in enumerate(elements) if one.centroid] if index is not None else []
    if index is None or not placed:
        return homes
    middles = np.array([(elements[number].centroid or (0.0, 0.0))[:2] for number in placed])
    points: Any = shapely.points(middles)
    for number, code in zip(placed, index.home(points), strict=True):
        if str(code) != OUTSIDE:
            homes[number] = str(code)
    return homes


def write_semantics(writer: VersionWriter, content: ModelContent, meaning: Meaning) -> None:
    """All tables but the elements'."""
    _write_tree(writer, content, meaning)
    _write_groups(writer, content, meaning)
    _write_types(writer, content)
    _write_classes(writer, content)


def _write_tree(writer: VersionWriter, content: ModelContent, meaning: Meaning) -> None:
    writer.copy(
        "model_building",
        ("global_id", "name", "long_name", "ifc_class", "composition", "parent_global_id", "code", "storeys", "height",
         "declared_gross_area", "declared_net_area", "geometry"),
        (
            (*(one.described[name] for name in ("global_id", "name", "long_name", "ifc_class", "composition",
                                                "parent_global_id")),
             one.code, one.storeys, one.height, one.areas.gross, one.areas.net, _hex(one.ground))
            for one in meaning.buildings
        ),
    )  # fmt: skip
    writer.copy(
        "model_storey",
        ("global_id", "name", "long_name", "building_global_id", "number", "elevation", "height", "elements",
         "declared_gross_area", "declared_net_area"),
        (
            (one.global_id, one.name, one.long_name, one.building_global_id, one.number, one.elevation, one.height,
             one.elements, meaning.areas[one.global_id].gross, meaning.areas[one.global_id].net)
            for one in content.storeys if one.global_id in meaning.areas
        ),
    )  # fmt: skip
    writer.copy(
        "model_space",
        ("global_id", "name", "long_name", "building_global_id", "storey_global_id", "storey_number", "use",
         "gross_area", "net_area", "outline_area", "floor_area", "area_from", "z_min", "z_max", "geometry"),
        (
            (one.element.global_id, one.element.name, one.element.long_name, one.element.building_global_id,
             one.element.storey_global_id, one.element.storey_number, one.use, one.areas.gross, one.areas.net,
             one.areas.outline, *one.areas.floor, (one.element.outline or {}).get("z_min"),
             (one.element.outline or {}).get("z_max"), _hex(one.ground))
            for one in meaning.spaces
        ),
    )  # fmt: skip


def _write_groups(writer: VersionWriter, content: ModelContent, meaning: Meaning) -> None:
    semantics = content.semantics
    writer.copy(
        "model_zone",
        ("global_id", "name", "long_name", "ifc_class", "object_type", "spaces"),
        ((z.global_id, z.name, z.long_name, z.ifc_class, z.object_type, len(z.members)) for z in semantics.zones),
    )
    writer.copy(
        "model_system",
        ("global_id", "name", "long_name", "ifc_class", "predefined_type", "object_type", "elements"),
        (
            (*(one[name] for name in ("global_id", "name", "long_name", "ifc_class", "predefined_type", "object_type")),
             len(one["members"]))
            for one in semantics.systems
        ),
    )  # fmt: skip
    writer.copy(
        "model_unit",
        ("global_id", "name", "long_name", "number", "unit_from", "rule", "use", "spaces", "storeys"),
        (
            (u.global_id, u.name, u.long_name, u.number, u.unit_from, u.rule, u.use, len(u.members), 0)
            for u in meaning.units
        ),
    )
    groups = [(zone.global_id, zone.members) for zone in semantics.zones]
    groups += [(one["global_id"], one["members"]) for one in semantics.systems]
    # A unit that is a zone has the zone's members under the same GlobalId.
    groups += [(unit.global_id, unit.members) for unit in meaning.units if unit.unit_from != "zone"]
    writer.copy(
        "model_member",
        ("group_global_id", "member_global_id"),
        ((group, member) for group, members in groups for member in members),
    )
    ports = ("global_id", "name", "element_global_id", "flow_direction", "predefined_type", "system_type",
             "connected_port_global_id", "connected_element_global_id")  # fmt: skip
    writer.copy("model_port", ports, ([port[name] for name in ports] for port in semantics.ports))


def _write_types(writer: VersionWriter, content: ModelContent) -> None:
    sets = _SetWriter()
    plain = ("global_id", "ifc_class", "name", "predefined_type", "description", "tag", "material_set", "elements")
    writer.copy(
        "element_type",
        (*plain, "property_sets", "quantities"),
        (
            (*(one[name] for name in plain), sets.write(one["property_sets"]), sets.write(one["quantities"]))
            for one in content.semantics.types
        ),
    )
    part = ("kind", "set_name", "material", "category", "thickness", "fraction", "profile", "is_ventilated")
    writer.copy(
        "model_material",
        ("set_number", "position", *part),
        (
            (number, position, *(one[name] for name in part))
            for number, parts in enumerate(content.semantics.material_sets, start=1)
            for position, one in enumerate(parts, start=1)
        ),
    )


def _write_classes(writer: VersionWriter, content: ModelContent) -> None:
    fields = ("system", "edition", "code", "title")
    bearers = [(one.global_id, one.classifications) for one in content.elements]
    bearers += [(one["global_id"], [{**c, "is_inherited": False} for c in one["classifications"]])
                for one in content.semantics.types]  # fmt: skip
    writer.copy(
        "element_classification",
        ("global_id", *fields, "is_inherited"),
        ((key, *(one[name] for name in fields), one["is_inherited"]) for key, listed in bearers for one in listed),
    )


def _list_element(one: ElementRecord, sets: _SetWriter) -> tuple[Any, ...]:
    centre = f"SRID={STORAGE_SRID};POINT Z ({' '.join(map(str, one.centroid))})" if one.centroid else None
    codes: dict[str, list[str]] = {}
    for found in one.classifications:
        if found["code"]:
            codes.setdefault(found["system"], []).append(found["code"])
    return (
        one.global_id, one.ifc_class, one.name, one.parent_global_id, one.relation, one.storey_global_id,
        one.storey_number, one.space_global_id, one.space_from, one.building_global_id, one.type_global_id,
        one.type_name, one.predefined_type, one.tag, one.is_spatial, _text(one.materials), one.material_set,
        sets.write(one.property_sets), sets.write(one.quantities), _text(one.inherited), _text(one.source_units),
        _text(codes or None), _text(one.envelope), one.area, one.is_meshed, centre,
    )  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else _dump(value).decode()


def _dump(value: Any) -> bytes:
    return orjson.dumps(value)


def _hex(geometry: bytes | None) -> str | None:
    return None if geometry is None else geometry.hex()
