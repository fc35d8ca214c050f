# SPDX-License-Identifier: Apache-2.0
"""What real models mean: spaces with areas that agree with their shapes, storeys, types, layers, classes, units."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ingest.bim.read import read_model
from ingest.bim.records import ModelContent, Placement

HERE = Placement(113.9, 22.5, 0.0, 0.0)


@cache
def read(folder: Path, name: str) -> ModelContent:
    return read_model(folder / "ifc" / name, override=HERE, mesh=False)


def spaces_of(content: ModelContent) -> dict[str, Any]:
    return {one.global_id: one for one in content.elements if one.ifc_class == "IfcSpace"}


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("kit_AC20-FZK-Haus.ifc", "GrossFloorArea"),
        ("xbim_SampleHouse4.ifc", "NetFloorArea"),
        ("bs_AC11-Institute-Var-2.ifczip", "GrossFloorArea"),
        ("bs_revit_quantities_spaces.ifc", "GSA BIM Area"),
    ],
)
def test_outlines_of_spaces_have_the_areas_that_their_authors_declare(real_data: Path, name: str, area: str) -> None:
    content = read(real_data, name)
    spaces = spaces_of(content).values()
    pairs = [
        (one.outline["area"], next(iter(found)))
        for one in spaces
        if one.outline and (found := [sets[area] for sets in one.quantities.values() if area in sets])
    ]
    assert len(pairs) >= 0.9 * len(spaces)
    close = [abs(outline - declared) <= 0.01 * declared for outline, declared in pairs]
    assert sum(close) >= 0.9 * len(close), [pair for pair, is_close in zip(pairs, close, strict=True) if not is_close]


def test_everything_in_a_building_stands_in_it(real_data: Path) -> None:
    for name in ("web_duplex.ifc", "kit_AC20-FZK-Haus.ifc", "bs_AC11-Institute-Var-2.ifczip"):
        content = read(real_data, name)
        (building,) = content.buildings
        storeys = {storey.global_id for storey in content.storeys}
        inside = [one for one in content.elements if one.storey_global_id]
        assert inside and all(one.building_global_id == building["global_id"] for one in inside)
        assert {one.storey_global_id for one in inside} <= storeys


def test_imperial_and_metric_properties_come_in_si(real_data: Path) -> None:
    content = read(real_data, "xbim_SampleHouse4.ifc")
    wall = next(one for one in content.elements if one.source_units and one.ifc_class.startswith("IfcWall"))
    symbols = {symbol for units in (wall.source_units or {}).values() for symbol in units.values()}
    assert symbols and symbols <= {"mm", "mm2", "mm3", "DEGREE", "degree"}
    for name, units in (wall.source_units or {}).items():
        sets = wall.property_sets.get(name) or wall.quantities[name]
        lengths = [sets[key] for key, symbol in units.items() if symbol == "mm" and isinstance(sets.get(key), float)]
        assert all(abs(length) < 100 for length in lengths), (name, lengths)


def test_types_layers_and_classes_are_there(real_data: Path) -> None:
    content = read(real_data, "kit_AC20-FZK-Haus.ifc")
    walls = [one for one in content.elements if one.ifc_class.startswith("IfcWall")]
    assert all(one.material_set for one in walls)
    layers = [
        part
        for one in walls
        for part in content.semantics.material_sets[(one.material_set or 0) - 1]
        if part["kind"] == "layer"
    ]
    assert layers and all(0.001 <= part["thickness"] <= 1 for part in layers)
    assert any(one.classifications for one in content.elements)
    office = read(real_data, "bs_AC11-Institute-Var-2.ifczip")
    assert len(office.semantics.zones) == 12
    held = {member for zone in office.semantics.zones for member in zone.members}
    assert held <= set(spaces_of(office)) and held


def test_ports_of_a_sewer_are_joined_end_to_end(real_data: Path) -> None:
    content = read(real_data, "bs_nl_RioleringTestArkey_sewer.ifc")
    ports = {port["global_id"]: port for port in content.semantics.ports}
    joined = [port for port in ports.values() if port["connected_port_global_id"]]
    assert (len(ports), len(joined)) == (19, 18)
    assert all(
        ports[port["connected_port_global_id"]]["connected_port_global_id"] == port["global_id"] for port in joined
    )
    assert all(port["element_global_id"] and port["connected_element_global_id"] for port in joined)
