# SPDX-License-Identifier: Apache-2.0
"""What a model says in words: units turned into SI, types, layers, classes, zones, systems, outlines, rules."""

from __future__ import annotations

from typing import Any

import ifcopenshell.guid
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ingest.bim.building_match import BuildingMatch, settle
from ingest.bim.finish import finish_elements, finish_semantics, outline_polygon
from ingest.bim.floor_use import Areas, compare_areas, tell_differences
from ingest.bim.records import ElementRecord, ZoneRecord
from ingest.bim.rules import Rule, Rules
from ingest.bim.semantics import describe_model
from ingest.bim.source_units import ContextUnits, SourceUnit
from ingest.bim.unit_tables import list_units
from tests.unit.bim_district import MeaningfulHouse, run


def read(author: MeaningfulHouse) -> tuple[dict[str, ElementRecord], Any]:
    """Elements by name, and the rest; without meshes a place on Earth is of no matter."""
    facts = describe_model(author.model)
    elements = finish_elements(facts, {}, {}, (), None)  # type: ignore[arg-type]
    return {one.name or "": one for one in elements}, finish_semantics(facts)


def measured(author: MeaningfulHouse, kind: str, value: float, unit: Any = None) -> Any:
    return author.model.createIfcPropertySingleValue(kind, None, author.model.create_entity(kind, value), unit)


def test_numbers_of_properties_are_in_si_and_tell_what_they_were_in() -> None:
    author = MeaningfulHouse()
    author.declare_units()
    file = author.model
    percent = file.createIfcContextDependentUnit(
        file.createIfcDimensionalExponents(0, 0, 0, 0, 0, 0, 0), "USERDEFINED", "PERCENT"
    )
    inch = run("unit.add_conversion_based_unit", file, name="inch")
    pset = author.describe(author.walls[0], "Given")
    pset.HasProperties = [
        measured(author, "IfcPositiveLengthMeasure", 2400.0),
        measured(author, "IfcLengthMeasure", 10.0, inch),
        measured(author, "IfcPlaneAngleMeasure", 180.0),
        measured(author, "IfcAreaMeasure", 7.5),
        measured(author, "IfcVolumeMeasure", 5e9),
        measured(author, "IfcPositiveRatioMeasure", 35.0, percent),
        measured(author, "IfcNormalisedRatioMeasure", 0.35),
        measured(author, "IfcThermalTransmittanceMeasure", 0.24),
        measured(author, "IfcThermodynamicTemperatureMeasure", 293.0),
    ]
    wall = read(author)[0]["Wall 0"]
    values = wall.property_sets["Given"]
    assert values["IfcPositiveLengthMeasure"] == 2.4
    assert values["IfcLengthMeasure"] == pytest.approx(0.254, rel=1e-12)
    assert values["IfcPlaneAngleMeasure"] == pytest.approx(3.14159265, rel=1e-8)
    assert (values["IfcAreaMeasure"], values["IfcVolumeMeasure"]) == (7.5, 5.0)
    assert (values["IfcPositiveRatioMeasure"], values["IfcNormalisedRatioMeasure"]) == (0.35, 0.35)
    # Nothing says in what these are, so nothing is made of them.
    assert (values["IfcThermalTransmittanceMeasure"], values["IfcThermodynamicTemperatureMeasure"]) == (0.24, 293.0)
    assert wall.source_units == {
        "Given": {
            "IfcPositiveLengthMeasure": "mm", "IfcLengthMeasure": "inch", "IfcPlaneAngleMeasure": "degree",
            "IfcVolumeMeasure": "mm3", "IfcPositiveRatioMeasure": "PERCENT",
        }
    }  # fmt: skip


@given(st.floats(-1e9, 1e9), st.sampled_from([1e-3, 0.0254, 0.3048, 0.01, 1000.0]))
def test_a_converted_number_is_the_product_and_a_truth_value_is_no_number(value: float, factor: float) -> None:
    context = ContextUnits(None)
    converted, symbol = context.convert(value, SourceUnit("u", factor))
    assert converted == pytest.approx(value * factor, rel=1e-12, abs=1e-300) and symbol == "u"
    assert context.convert(True, SourceUnit("u", factor)) == (True, None)
    assert context.convert(value, SourceUnit("m", 1.0)) == (value, None)


@pytest.mark.parametrize(
    ("measure", "kind"),
    [
        ("IfcPositiveLengthMeasure", "LENGTHUNIT"), ("IfcNonNegativeLengthMeasure", "LENGTHUNIT"),
        ("IfcPlaneAngleMeasure", "PLANEANGLEUNIT"), ("IfcVolumetricFlowRateMeasure", "VOLUMETRICFLOWRATEUNIT"),
        ("IfcNormalisedRatioMeasure", None), ("IfcCountMeasure", None), ("IfcLabel", None), ("IfcReal", None),
    ],
)  # fmt: skip
def test_a_measure_leads_to_the_kind_of_its_unit(measure: str, kind: str | None) -> None:
    assert ContextUnits(None).find_kind(measure) == kind


def test_what_a_type_gives_is_inherited_marked_and_gives_way() -> None:
    author = MeaningfulHouse()
    author.describe(author.flat, "Pset_WallCommon", FireRating="2h", IsExternal=True)
    author.describe(author.flat, "Pset_Maker", Series="A")
    author.describe(author.walls[1], "Pset_WallCommon", FireRating="1h")
    author.layer(author.flat, ("Plaster", 15.0), ("Brick", 185.0))
    elements, semantics = read(author)
    first, second = elements["Wall 0"], elements["Wall 1"]
    assert first.property_sets["Pset_WallCommon"] == {"FireRating": "2h", "IsExternal": True}
    assert first.inherited == {"Pset_WallCommon": True, "Pset_Maker": True}
    assert second.property_sets["Pset_WallCommon"] == {"FireRating": "1h", "IsExternal": True}
    assert second.inherited == {"Pset_WallCommon": ["IsExternal"], "Pset_Maker": True}
    (kind,) = semantics.types
    assert (kind["ifc_class"], kind["name"], kind["elements"]) == ("IfcWallType", "W200", 2)
    assert first.type_global_id == kind["global_id"] and first.type_name == "W200"
    assert first.materials == ["Plaster", "Brick"]
    assert first.material_set == second.material_set == kind["material_set"] == 1
    assert [(part["kind"], part["material"], part["thickness"]) for part in semantics.material_sets[0]] == [
        ("layer", "Plaster", 0.015), ("layer", "Brick", 0.185),
    ]  # fmt: skip


def test_classes_of_any_system_are_read_and_a_types_are_its_elements_own() -> None:
    author = MeaningfulHouse()
    author.classify(author.walls[0], "GB/T 51269", "14-10.20.03", "外墙")
    author.classify(author.flat, "Uniclass 2015", "EF_25_10", "Walls")
    author.classify(author.flat, "GB/T 51269", "14-10.20", "墙")
    first, second = (read(author)[0][name].classifications for name in ("Wall 0", "Wall 1"))
    assert [(one["system"], one["edition"], one["code"], one["title"], one["is_inherited"]) for one in first] == [
        ("GB/T 51269", "2017", "14-10.20.03", "外墙", False), ("Uniclass 2015", "2017", "EF_25_10", "Walls", True),
    ]  # fmt: skip
    assert {(one["system"], one["code"]) for one in second} == {
        ("GB/T 51269", "14-10.20"), ("Uniclass 2015", "EF_25_10"),
    }  # fmt: skip


def test_zones_systems_ports_and_their_connections_are_there() -> None:
    author = MeaningfulHouse()
    inner = author.zone("Wet", [author.rooms[0]])
    author.zone("All", [author.rooms[1], inner])
    author.pipes()
    elements, semantics = read(author)
    ids = {name: one.global_id for name, one in elements.items()}
    zones = {zone.name: zone.members for zone in semantics.zones}
    assert zones == {"Wet": [ids["R0"]], "All": [ids["R1"], ids["R0"]]}
    (system,) = semantics.systems
    assert (system["name"], system["predefined_type"]) == ("Cold water", "DOMESTICCOLDWATER")
    assert set(system["members"]) == {ids["P0"], ids["P1"]}
    joined = {port["element_global_id"]: port["connected_element_global_id"] for port in semantics.ports}
    assert joined == {ids["P0"]: ids["P1"], ids["P1"]: ids["P0"]}
    assert {port["flow_direction"] for port in semantics.ports} == {"SOURCE", "SINK"}


def test_everything_stands_in_its_storey_and_building() -> None:
    author = MeaningfulHouse()
    elements, _ = read(author)
    wall, room = elements["Wall 0"], elements["R0"]
    assert wall.building_global_id == room.building_global_id == elements["Building"].global_id
    assert wall.storey_global_id == room.storey_global_id == elements["Ground"].global_id
    assert room.space_global_id is None and elements["Site"].building_global_id is None


@pytest.mark.parametrize("shape", ["extrusion", "mapped", "faces", "circle"])
def test_the_outline_of_a_space_is_read_from_whatever_shape_it_has(shape: str) -> None:
    author = MeaningfulHouse()
    file, room = author.model, author.rooms[0]
    (body,) = room.Representation.Representations
    area = 15.0
    if shape == "mapped":
        source = file.createIfcRepresentationMap(
            file.createIfcAxis2Placement3D(file.createIfcCartesianPoint([0.0, 0.0, 0.0]), None, None),
            file.createIfcShapeRepresentation(author.body, "Body", "SweptSolid", body.Items),
        )
        operator = file.createIfcCartesianTransformationOperator3D(
            None, None, file.createIfcCartesianPoint([0.0, 0.0, 0.0]), None, None
        )
        body.Items = [file.createIfcMappedItem(source, operator)]
    if shape == "faces":
        corners = [(0.0, 0.0), (2500.0, 0.0), (2500.0, 6000.0), (0.0, 6000.0)]
        points = file.createIfcCartesianPointList3D([(x, y, z) for z in (0.0, 2800.0) for x, y in corners])
        rings = [(1, 4, 3, 2), (5, 6, 7, 8), (1, 2, 6, 5), (2, 3, 7, 6), (3, 4, 8, 7), (4, 1, 5, 8)]
        faces = [file.createIfcIndexedPolygonalFace(ring) for ring in rings]
        body.Items = [file.createIfcPolygonalFaceSet(points, True, faces, None)]
    if shape == "circle":
        area = 3.1214
        body.Items[0].SweptArea = file.createIfcCircleProfileDef("AREA", None, None, 1000.0)
    outline = read(author)[0]["R0"].outline
    assert outline is not None
    assert outline["area"] == pytest.approx(area, rel=1e-3)
    assert (outline["z_min"], outline["z_max"]) == (0.0, 2.8)
    assert outline_polygon(outline).area == pytest.approx(area, rel=1e-3)


def test_a_shape_that_cannot_be_read_leaves_a_space_without_outline() -> None:
    author = MeaningfulHouse()
    author.rooms[0].Representation.Representations[0].Items[0].SweptArea = author.model.createIfcTShapeProfileDef(
        "AREA", None, None, 100.0, 100.0, 10.0, 10.0
    )
    assert read(author)[0]["R0"].outline is None


def test_a_chain_of_parents_that_bites_its_tail_ends() -> None:
    author = MeaningfulHouse()
    file = author.model
    file.createIfcRelAggregates(ifcopenshell.guid.new(), None, None, None, author.ground, [author.project])
    assert read(author)[0]["Wall 0"].storey_number == 1


# Rules, areas, units and matches, without any file.


def make(global_id: str, ifc_class: str = "IfcSpace", **more: Any) -> ElementRecord:
    values: dict[str, Any] = {
        "name": None, "parent_global_id": None, "relation": None, "storey_global_id": "S", "storey_number": 1,
        "space_global_id": None, "type_name": None, "materials": [], "property_sets": {}, "quantities": {},
        "is_spatial": True, "building_global_id": "B",
    }  # fmt: skip
    return ElementRecord(global_id, ifc_class, **(values | more))


def rule(purpose: Any, source: Any, field: str, pattern: str | None = None, set_name: str | None = None) -> Rule:
    import re

    return Rule(f"{purpose}/{field}", purpose, source, set_name, field, re.compile(pattern) if pattern else None)


RULES = Rules([
    rule("unit_zone", "attribute", "object_type", "(?i)^(户|unit)$"),
    rule("unit_number", "property", "户号"),
    rule("unit_number", "attribute", "name", r"(\d+)$"),
    rule("space_unit", "property", "户号"),
    rule("space_use", "property", "用途"),
])  # fmt: skip


def test_zones_that_are_units_and_spaces_that_name_one_make_units_and_nothing_else_does() -> None:
    spaces = [
        make("a"), make("b"), make("c", property_sets={"P": {"户号": "203"}}),
        make("d", property_sets={"P": {"户号": "203"}}), make("f"),
        make("e", building_global_id="C", property_sets={"P": {"户号": 203}}),
    ]  # fmt: skip
    zones = [
        ZoneRecord("z1", "IfcZone", "户 201", None, "户", None, ["a"], {"P": {"用途": "住宅"}}, {}),
        ZoneRecord("z2", "IfcZone", "x", None, "Unit", None, ["b", "a"], {}, {}),
        ZoneRecord("z3", "IfcZone", "Fire compartment 1", None, "Fire", None, ["a", "b"], {}, {}),
        ZoneRecord("z4", "IfcZone", "户 9", None, "户", None, [], {}, {}),
    ]
    units, problems = list_units(zones, spaces, RULES)
    assert [(u.global_id, u.number, u.unit_from, u.use, u.members) for u in units] == [
        ("z1", "201", "zone", "住宅", ["a"]), ("z2", None, "zone", None, ["b", "a"]), ("z4", "9", "zone", None, []),
        ("unit:B:203", "203", "space", None, ["c", "d"]), ("unit:C:203", "203", "space", None, ["e"]),
    ]  # fmt: skip
    assert {problem.where for problem in problems} == {"a", "z4"}


def test_like_is_held_against_like_and_one_part_in_a_hundred_is_reported() -> None:
    storey = make("S", "IfcBuildingStorey", storey_global_id="S")
    house = make("B", "IfcBuilding", storey_global_id=None)
    spaces = [make("a"), make("b")]

    def compare(declared: Areas, *within: Areas, building: Areas | None = None) -> dict[tuple[str, str], Any]:
        areas = {"S": declared, "B": building or Areas(None, None), "a": within[0], "b": within[1]}
        return {(one.global_id, one.kind): one for one in compare_areas([house], [storey], spaces, areas)}

    found = compare(Areas(100.0, 90.0), Areas(50.0, 45.0), Areas(52.0, 45.0))
    assert found["S", "gross"].is_off and not found["S", "net"].is_off
    # A gross area is above its net parts by nature: only the other way round something is wrong.
    assert not compare(Areas(100.0, None), Areas(None, 40.0), Areas(None, 40.0))["S", "gross"].is_off
    assert compare(Areas(100.0, None), Areas(None, 60.0), Areas(None, 60.0))["S", "gross"].is_off
    by_outline = compare(Areas(None, 100.0), Areas(None, None, 50.0), Areas(None, 49.9))["S", "net"]
    assert (by_outline.basis, by_outline.is_off) == ("outlines", False)
    assert compare(Areas(None, 100.0), Areas(None, None), Areas(None, 40.0)) == {}
    of_house = compare(Areas(100.0, None), Areas(50.0, None), Areas(50.0, None), building=Areas(120.0, None))
    assert of_house["B", "gross"].basis == "storeys"
    (problem,) = tell_differences(of_house.values())
    assert "-16.7%" in problem.what.en and "建筑面积" in problem.what.zh


@pytest.mark.parametrize(
    ("candidates", "state", "reason"),
    [
        ([(0.9, 0.95, False, False)], "confirmed", None),
        ([(0.9, None, False, False), (0.3, None, False, False)], "confirmed", None),
        ([(0.6, None, False, False), (0.55, None, False, False)], "proposed", "ambiguous"),
        ([(0.3, 0.9, False, False)], "proposed", "low"),
        ([(0.9, None, False, True)], "proposed", "other_code"),
        ([(0.4, None, True, False), (0.6, None, False, True)], "confirmed", None),
        ([(0.0, None, True, False)], "proposed", "apart"),
        ([(0.5, None, True, False), (0.5, None, True, False)], "proposed", "ambiguous"),
    ],
)
def test_a_match_is_confirmed_only_where_nothing_speaks_against_it(
    candidates: list[tuple[float, float | None, bool, bool]], state: str, reason: str | None
) -> None:
    settled = settle([BuildingMatch("B", number, *one) for number, one in enumerate(candidates)])
    assert (settled[0].state, settled[0].reason) == (state, reason)
    assert all(one.state == "proposed" for one in settled[1:])
    assert all(0 <= one.score <= 1 for one in settled)


def test_an_outline_with_a_hole_keeps_it() -> None:
    ring = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
    hole = [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]]
    shape = outline_polygon({"rings": [ring, hole, [[9, 0], [10, 0], [10, 1], [9, 0]]], "shells": [2, 1]})
    assert isinstance(shape, shapely.MultiPolygon) and shape.area == pytest.approx(15.5)
