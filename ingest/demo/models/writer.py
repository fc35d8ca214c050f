# SPDX-License-Identifier: Apache-2.0
"""A model's plan as an IFC4 file: GlobalIds from keys, relations grouped, nothing that changes by itself."""

from __future__ import annotations

import math
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import ifcopenshell.guid

from ingest.demo.models.geometry import GeometryWriter
from ingest.demo.models.materials import CLASSES, CLASSIFICATION, MATERIALS
from ingest.demo.models.plan import ElementType, Group, ModelPlan, Product
from ingest.demo.models.step import Enum, Ref, StepFile, Typed

SYNTHETIC: Final = "合成的演示模型,不对应任何真实建筑 Synthetic demonstration model of no real building"
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "blocktwin/demo-models")
_QUANTITIES: Final = {
    "Area": "IfcQuantityArea",
    "Volume": "IfcQuantityVolume",
    "Weight": "IfcQuantityWeight",
}
_SPATIAL: Final = {"IfcSite", "IfcBuilding", "IfcBuildingStorey", "IfcSpace"}


def write_plan(plan: ModelPlan, path: Path) -> None:
    """Write a model to a file; the same plan gives the same bytes under the same file name."""
    PlanWriter(plan).write(path)


class PlanWriter:
    """One file in the making."""

    def __init__(self, plan: ModelPlan) -> None:
        self._plan = plan
        self._file = StepFile()
        self._refs: dict[str, Ref] = {}
        self._places: dict[str, Ref] = {}
        self._types: dict[str, Ref] = {}
        self._maps: dict[str, Ref] = {}
        self._ports: dict[tuple[str, str], Ref] = {}

    def write(self, path: Path) -> None:
        """Everything, from top to bottom."""
        self._write_project()
        self._materials = {
            name: self._file.add("IfcMaterial", name, None, category) for name, category in MATERIALS.items()
        }
        for element_type in self._plan.types.values():
            self._write_type(element_type)
        for product in self._plan.products.values():
            self._write_product(product)
        self._relate_products()
        for product in self._plan.products.values():
            self._write_ports(product)
        self._connect_ports()
        for group in self._plan.groups:
            self._write_group(group)
        self._classify()
        self._file.write(path, SYNTHETIC)

    def _identify(self, kind: str, key: str) -> str:
        made = uuid.uuid5(_NAMESPACE, f"{self._plan.code}/{kind}/{key}")
        return ifcopenshell.guid.compress(made.hex)

    def _relate(self, ifc_class: str, key: str, *values: object) -> None:
        self._file.add(ifc_class, self._identify(ifc_class, key), None, None, None, *values)

    def _write_project(self) -> None:
        add, once = self._file.add, self._file.once
        units = [
            add("IfcSIUnit", None, Enum(kind), None, Enum(name))
            for kind, name in (
                ("LENGTHUNIT", "METRE"),
                ("AREAUNIT", "SQUARE_METRE"),
                ("VOLUMEUNIT", "CUBIC_METRE"),
                ("PLANEANGLEUNIT", "RADIAN"),
            )
        ]
        units.append(add("IfcSIUnit", None, Enum("MASSUNIT"), Enum("KILO"), Enum("GRAM")))
        origin = once("IfcAxis2Placement3D", once("IfcCartesianPoint", (0.0, 0.0, 0.0)))
        context = add("IfcGeometricRepresentationContext", None, "Model", 3, 1e-5, origin)
        body = add(
            "IfcGeometricRepresentationSubContext",
            "Body",
            "Model",
            ParentContext=context,
            TargetView=Enum("MODEL_VIEW"),
        )
        self._geometry = GeometryWriter(self._file, body)
        site = self._plan.site
        crs = add(
            "IfcProjectedCRS",
            site.crs,
            "演示区的公制坐标系 the demo district's metric CRS",
            None,
            None,
            "Gauss-Kruger",
            None,
            units[0],
        )
        turn = math.radians(site.turn)
        add(
            "IfcMapConversion", context, crs, round(site.east, 4), round(site.north, 4), site.elevation,
            math.cos(turn), math.sin(turn), 1.0,
        )  # fmt: skip
        assignment = add("IfcUnitAssignment", units)
        self._project = add(
            "IfcProject", self._identify("IfcProject", "project"), None, self._plan.title, SYNTHETIC,
            RepresentationContexts=[context], UnitsInContext=assignment,
        )  # fmt: skip

    def _write_type(self, made: ElementType) -> None:
        maps = None
        if made.shape:
            shape = self._geometry.write_body(made.shape)
            origin = self._geometry.write_axes((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
            self._maps[made.key] = self._file.add("IfcRepresentationMap", origin, shape)
            maps = [self._maps[made.key]]
        attributes: dict[str, object] = {"PredefinedType": Enum(made.predefined), **made.attributes}
        if made.ifc_class == "IfcDoorType":
            attributes.setdefault("OperationType", Enum("SINGLE_SWING_LEFT"))
        if made.ifc_class == "IfcWindowType":
            attributes.setdefault("PartitioningType", Enum("SINGLE_PANEL"))
        if made.ifc_class == "IfcFurnitureType":
            attributes.setdefault("AssemblyPlace", Enum("NOTDEFINED"))
        self._types[made.key] = self._file.add(
            made.ifc_class, self._identify(made.ifc_class, made.key), None, made.key,
            HasPropertySets=[self._write_set(f"type {made.key}", *entry) for entry in made.sets.items()] or None,
            RepresentationMaps=maps, **attributes,
        )  # fmt: skip
        if made.layers:
            layers = [
                self._file.add("IfcMaterialLayer", self._materials[name], thickness, None, name)
                for name, thickness in made.layers
            ]
            layer_set = self._file.add("IfcMaterialLayerSet", layers, made.key)
            self._relate("IfcRelAssociatesMaterial", f"type {made.key}", [self._types[made.key]], layer_set)
        elif made.material:
            material = self._materials[made.material]
            self._relate("IfcRelAssociatesMaterial", f"type {made.key}", [self._types[made.key]], material)

    def _write_product(self, product: Product) -> None:
        within = self._places.get(product.fills or product.parent or "")
        axes = self._geometry.write_axes(product.at, product.z, product.x)
        place = self._places[product.key] = self._file.add("IfcLocalPlacement", within, axes)
        shape = None
        if product.shape:
            shape = self._geometry.write_body(product.shape)
        elif product.type in self._maps:
            shape = self._geometry.write_mapped(self._maps[product.type])
        if shape is not None:
            shape = self._file.add("IfcProductDefinitionShape", None, None, [shape])
        attributes = {name: value for name, value in product.attributes.items() if value is not None}
        if product.predefined:
            attributes["PredefinedType"] = Enum(product.predefined)
        if product.ifc_class in _SPATIAL:
            attributes.setdefault("CompositionType", Enum("ELEMENT"))
        if product.ifc_class == "IfcElementAssembly":
            attributes["AssemblyPlace"] = Enum("FACTORY")
        self._refs[product.key] = self._file.add(
            product.ifc_class, self._identify("product", product.key), None, product.key,
            ObjectPlacement=place, Representation=shape, **attributes,
        )  # fmt: skip
        for name, values in product.sets.items():
            made = self._write_set(product.key, name, values)
            self._relate("IfcRelDefinesByProperties", f"{product.key}/{name}", [self._refs[product.key]], made)
        for name, values in product.quantities.items():
            made = self._write_quantities(product.key, name, values)
            self._relate("IfcRelDefinesByProperties", f"{product.key}/{name}", [self._refs[product.key]], made)

    def _write_set(self, owner: str, name: str, values: Mapping[str, Any]) -> Ref:
        properties = [
            self._file.add("IfcPropertySingleValue", key, None, _type_value(key, value))
            for key, value in values.items()
        ]
        return self._file.add(
            "IfcPropertySet", self._identify("IfcPropertySet", f"{owner}/{name}"), None, name, None, properties
        )

    def _write_quantities(self, owner: str, name: str, values: Mapping[str, float]) -> Ref:
        quantities: list[Ref] = []
        for key, value in values.items():
            ifc_class = next((c for suffix, c in _QUANTITIES.items() if key.endswith(suffix)), "IfcQuantityLength")
            quantities.append(self._file.add(ifc_class, key, None, None, round(float(value), 4)))
        identifier = self._identify("IfcElementQuantity", f"{owner}/{name}")
        return self._file.add("IfcElementQuantity", identifier, None, name, None, None, quantities)

    def _relate_products(self) -> None:
        """Tree, openings, types and materials; one relation a parent, type or material."""
        contained: dict[str, list[str]] = defaultdict(list)
        parts: dict[str, list[str]] = defaultdict(list)
        typed: dict[str, list[str]] = defaultdict(list)
        materials: dict[str, list[str]] = defaultdict(list)
        for key, product in self._plan.products.items():
            if product.parent is None:
                self._relate("IfcRelAggregates", "project", self._project, [self._refs[key]])
            elif product.relation == "voids":
                self._relate("IfcRelVoidsElement", key, self._refs[product.parent], self._refs[key])
            else:
                (contained if product.relation == "contains" else parts)[product.parent].append(key)
            if product.fills:
                self._relate("IfcRelFillsElement", key, self._refs[product.fills], self._refs[key])
            if product.type:
                typed[product.type].append(key)
            if product.material:
                materials[product.material].append(key)
        for key, members in parts.items():
            self._relate("IfcRelAggregates", key, self._refs[key], self._look_up(members))
        for key, members in contained.items():
            self._relate("IfcRelContainedInSpatialStructure", key, self._look_up(members), self._refs[key])
        for key, members in typed.items():
            self._relate("IfcRelDefinesByType", key, self._look_up(members), self._types[key])
        for key, members in materials.items():
            self._relate("IfcRelAssociatesMaterial", key, self._look_up(members), self._materials[key])

    def _look_up(self, keys: Iterable[str]) -> list[Ref]:
        return [self._refs[key] for key in keys]

    def _write_ports(self, product: Product) -> None:
        if not product.ports:
            return
        made: list[Ref] = []
        for port in product.ports:
            axes = self._geometry.write_axes(port.at, (0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
            place = self._file.add("IfcLocalPlacement", self._places[product.key], axes)
            name = f"{product.key}:{port.name}"
            self._ports[product.key, port.name] = self._file.add(
                "IfcDistributionPort", self._identify("port", name), None, name, ObjectPlacement=place,
                FlowDirection=Enum(port.flow), PredefinedType=Enum("PIPE"),
            )  # fmt: skip
            made.append(self._ports[product.key, port.name])
        self._relate("IfcRelNests", product.key, self._refs[product.key], made)

    def _connect_ports(self) -> None:
        for out, into in self._plan.connections:
            key = f"{out}-{into}"
            self._relate("IfcRelConnectsPorts", key, self._ports[out], self._ports[into])

    def _write_group(self, group: Group) -> None:
        attributes = {"PredefinedType": Enum(group.predefined)} if group.predefined else {}
        made = self._file.add(
            group.ifc_class, self._identify(group.ifc_class, group.key), None, group.key,
            ObjectType=group.object_type, LongName=group.long_name, **attributes,
        )  # fmt: skip
        members = self._look_up(group.members)
        self._relate("IfcRelAssignsToGroup", group.key, members, None, made)
        if group.ifc_class == "IfcDistributionSystem":
            buildings = [k for k, p in self._plan.products.items() if p.ifc_class == "IfcBuilding"][:1]
            self._relate("IfcRelServicesBuildings", group.key, made, self._look_up(buildings))
        for name, values in group.sets.items():
            content = self._write_set(f"{group.ifc_class} {group.key}", name, values)
            self._relate("IfcRelDefinesByProperties", f"{group.key}/{name}", [made], content)

    def _classify(self) -> None:
        coded: dict[str, list[str]] = defaultdict(list)
        for key, product in self._plan.products.items():
            if product.code:
                coded[product.code].append(key)
        system = self._file.add("IfcClassification", "Blocktwin demo", None, None, CLASSIFICATION)
        for code, members in coded.items():
            reference = self._file.add("IfcClassificationReference", None, code, CLASSES[code], system)
            self._relate("IfcRelAssociatesClassification", code, self._look_up(members), reference)


def _type_value(key: str, value: Any) -> Typed:
    if isinstance(value, bool):
        return Typed("IfcBoolean", value)
    if isinstance(value, int):
        return Typed("IfcInteger", value)
    if isinstance(value, float):
        return Typed("IfcThermalTransmittanceMeasure" if key == "ThermalTransmittance" else "IfcReal", value)
    identifier = key in {"Reference", "SerialNumber", "BuildingID"}
    return Typed("IfcIdentifier" if identifier else "IfcLabel", str(value))
