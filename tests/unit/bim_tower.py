# SPDX-License-Identifier: Apache-2.0
"""A synthetic tower of any height, written as STEP text: big files for measurements, the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

PER_STOREY: Final = 100
"""Elements a storey: 40 walls (one in four with an opening), 40 pieces of furniture of 20 kinds, 20 pipes."""

KINDS: Final = 20
_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$"


class _Writer:
    """Hands out numbers and GlobalIds."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._number = count(1)
        self._guid = count(1)

    def add(self, text: str) -> str:
        reference = f"#{next(self._number)}"
        self.lines.append(f"{reference}={text};\n")
        return reference

    def guid(self) -> str:
        value, text = next(self._guid), ""
        for _ in range(22):
            value, digit = divmod(value, 64)
            text = _LETTERS[digit] + text
        return f"'{text}'"

    def point(self, *values: float) -> str:
        return self.add(f"IFCCARTESIANPOINT(({','.join(f'{value:.3f}' for value in values)}))")

    def placement(self, parent: str, *at: float) -> str:
        axes = self.add(f"IFCAXIS2PLACEMENT3D({self.point(*at)},$,$)")
        return self.add(f"IFCLOCALPLACEMENT({parent},{axes})")

    def flush(self) -> str:
        text = "".join(self.lines)
        self.lines.clear()
        return text


def write_tower(path: Path, storeys: int) -> Path:
    """Writes the model (IFC4, metres, EPSG:4547) and gives its path: about 1.35 kB an element."""
    with path.open("w", encoding="ascii") as file:
        file.write(
            "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION(('ViewDefinition [ReferenceView]'),'2;1');\n"
            "FILE_NAME('tower.ifc','2026-01-01T00:00:00',(''),(''),'','','');\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n"
        )
        for piece in _write_entities(storeys):
            file.write(piece)
        file.write("ENDSEC;\nEND-ISO-10303-21;\n")
    return path


def _write_entities(storeys: int) -> Iterator[str]:
    w = _Writer()
    units = [
        w.add("IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.)"),
        w.add("IFCSIUNIT(*,.AREAUNIT.,$,.SQUARE_METRE.)"),
        w.add("IFCSIUNIT(*,.PLANEANGLEUNIT.,$,.RADIAN.)"),
    ]
    origin = w.add(f"IFCAXIS2PLACEMENT3D({w.point(0, 0, 0)},$,$)")
    context = w.add(f"IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,{origin},$)")
    body = w.add(f"IFCGEOMETRICREPRESENTATIONSUBCONTEXT('Body','Model',*,*,*,*,{context},$,.MODEL_VIEW.,$)")
    crs = w.add("IFCPROJECTEDCRS('EPSG:4547',$,$,$,$,$,$)")
    w.add(f"IFCMAPCONVERSION({context},{crs},489000.,2495000.,0.,1.,0.,1.)")
    assignment = w.add(f"IFCUNITASSIGNMENT(({','.join(units)}))")
    project = w.add(f"IFCPROJECT({w.guid()},$,'Tower',$,$,$,$,({context}),{assignment})")
    place = w.placement("$", 0, 0, 0)
    site = w.add(f"IFCSITE({w.guid()},$,'Site',$,$,{place},$,$,.ELEMENT.,$,$,$,$,$)")
    building = w.add(f"IFCBUILDING({w.guid()},$,'Tower',$,$,{place},$,$,.ELEMENT.,$,$,$)")
    tree = {"body": body, "building": building, "place": place, "up": w.add("IFCDIRECTION((0.,0.,1.))")}
    kinds = [_write_kind(w, tree, number) for number in range(KINDS)]
    members: list[str] = []
    for number in range(storeys):
        members.append(_write_storey(w, tree, kinds, number))
        yield w.flush()
    w.add(f"IFCRELAGGREGATES({w.guid()},$,$,$,{project},({site}))")
    w.add(f"IFCRELAGGREGATES({w.guid()},$,$,$,{site},({building}))")
    w.add(f"IFCRELAGGREGATES({w.guid()},$,$,$,{building},({','.join(members)}))")
    yield w.flush()


def _write_box(w: _Writer, tree: dict[str, Any], x: float, y: float, z: float) -> str:
    middle = w.add(f"IFCAXIS2PLACEMENT2D({w.point(x / 2, y / 2)},$)")
    profile = w.add(f"IFCRECTANGLEPROFILEDEF(.AREA.,$,{middle},{x:.3f},{y:.3f})")
    return w.add(f"IFCEXTRUDEDAREASOLID({profile},$,{tree['up']},{z:.3f})")


def _write_shape(w: _Writer, tree: dict[str, Any], item: str, kind: str) -> str:
    shape = w.add(f"IFCSHAPEREPRESENTATION({tree['body']},'Body','{kind}',({item}))")
    return w.add(f"IFCPRODUCTDEFINITIONSHAPE($,$,({shape}))")


def _write_kind(w: _Writer, tree: dict[str, Any], number: int) -> str:
    """A representation map: a table with four legs."""
    items = [_write_box(w, tree, 1 + number / 50, 0.6, 0.7) for _ in range(2)]
    origin = w.add(f"IFCAXIS2PLACEMENT3D({w.point(0, 0, 0)},$,$)")
    shape = w.add(f"IFCSHAPEREPRESENTATION({tree['body']},'Body','SweptSolid',({','.join(items)}))")
    return w.add(f"IFCREPRESENTATIONMAP({origin},{shape})")


def _write_storey(w: _Writer, tree: dict[str, Any], kinds: list[str], number: int) -> str:
    height = number * 3.2
    place = w.placement(tree["place"], 0, 0, height)
    storey = w.add(f"IFCBUILDINGSTOREY({w.guid()},$,'F{number + 1}',$,$,{place},$,$,.ELEMENT.,{height:.3f})")
    elements: list[str] = []
    for at in range(PER_STOREY):
        x, y = (at % 10) * 5.0, (at // 10) * 3.0
        here = w.placement(place, x, y, 0)
        if at < 40:
            shape = _write_shape(w, tree, _write_box(w, tree, 4 + at / 100, 0.2, 3), "SweptSolid")
            element = w.add(f"IFCWALL({w.guid()},$,'Wall {number}-{at}',$,$,{here},{shape},'W{at}',.STANDARD.)")
            if at % 4 == 0:
                hole = _write_shape(w, tree, _write_box(w, tree, 1, 0.4, 2), "SweptSolid")
                inside = w.placement(here, 1, -0.1, 0)
                opening = w.add(f"IFCOPENINGELEMENT({w.guid()},$,'Opening',$,$,{inside},{hole},$,.OPENING.)")
                w.add(f"IFCRELVOIDSELEMENT({w.guid()},$,$,$,{element},{opening})")
        elif at < 80:
            target = w.add(f"IFCCARTESIANTRANSFORMATIONOPERATOR3D($,$,{w.point(0, 0, 0)},1.,$)")
            mapped = w.add(f"IFCMAPPEDITEM({kinds[at % KINDS]},{target})")
            shape = _write_shape(w, tree, mapped, "MappedRepresentation")
            element = w.add(f"IFCFURNITURE({w.guid()},$,'Table {number}-{at}',$,$,{here},{shape},$,$)")
        else:
            points = [w.point(0, 0, 0), w.point(1 + at / 50, 0, 0), w.point(1 + at / 50, 1, 1)]
            line = w.add(f"IFCPOLYLINE(({','.join(points)}))")
            pipe = w.add(f"IFCSWEPTDISKSOLID({line},0.05,$,$,$)")
            shape = _write_shape(w, tree, pipe, "AdvancedSweptSolid")
            element = w.add(f"IFCPIPESEGMENT({w.guid()},$,'Pipe {number}-{at}',$,$,{here},{shape},$,.RIGIDSEGMENT.)")
        elements.append(element)
        values = [
            w.add(f"IFCPROPERTYSINGLEVALUE('Reference',$,IFCIDENTIFIER('R-{number}-{at}'),$)"),
            w.add(f"IFCPROPERTYSINGLEVALUE('LoadBearing',$,IFCBOOLEAN(.{'TF'[at % 2]}.),$)"),
            w.add(f"IFCPROPERTYSINGLEVALUE('FireRating',$,IFCLABEL('{at % 4} h'),$)"),
        ]
        pset = w.add(f"IFCPROPERTYSET({w.guid()},$,'Pset_ElementCommon',$,({','.join(values)}))")
        w.add(f"IFCRELDEFINESBYPROPERTIES({w.guid()},$,$,$,({element}),{pset})")
        area = w.add(f"IFCQUANTITYAREA('NetSideArea',$,$,{12 + at / 10:.2f},$)")
        quantities = w.add(f"IFCELEMENTQUANTITY({w.guid()},$,'Qto_ElementBaseQuantities',$,$,({area}))")
        w.add(f"IFCRELDEFINESBYPROPERTIES({w.guid()},$,$,$,({element}),{quantities})")
    w.add(f"IFCRELCONTAINEDINSPATIALSTRUCTURE({w.guid()},$,$,$,({','.join(elements)}),{storey})")
    return storey
