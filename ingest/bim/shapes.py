# SPDX-License-Identifier: Apache-2.0
"""The meshes of one model as they come in, and what they tell together: strays, middle, footprint."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from ingest.bim.footprint import outline_elements, outline_mesh
from ingest.bim.records import Georeference
from ingest.bim.spool import Spool
from ingest.bim.tiles import ElementMesh, ElementPart
from twin.errors import Problem
from twin.gltf.globe import locate
from twin.text import Text

ANCHOR_REACH: Final = 1_000.0
"""Metres: an anchor further than this from what is built is no anchor for it."""

FARTHEST: Final = 100_000.0
"""Metres from the model's middle: a product beyond is a slip of its author and would blow up the tileset."""

NO_GROUND: Final = ("IfcSite", "IfcGeographicElement", "IfcCivilElement", "IfcEarthworksElement")
"""Classes that lie around a building and are no part of its footprint."""


class ModelShapes:
    """The meshes of a session as they come in, by STEP number."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.expected: dict[int, dict[str, Any]] = {
            element["step_id"]: element for element in facts["elements"] if element["is_meshable"]
        }
        self.meshes: dict[int, ElementMesh] = {}
        self.envelopes: dict[int, list[float]] = {}
        self.areas: dict[int, float] = {}
        self._spool = Spool()
        self._stand_ins: dict[int, str] = {}

    def add(self, head: dict[str, Any], block: bytes) -> None:
        """One `mesh` message."""
        element = self.expected[head["step_id"]]
        envelope = np.array(head["envelope"], dtype=np.float64)
        parts: list[ElementPart] = []
        at = self._spool.write(block)
        for part in head["parts"]:
            parts.append(ElementPart(tuple(part["colour"]), part["points"], part["triangles"], self._spool, at))
            at += parts[-1].size
        if "stand_in" in head:
            self._stand_ins[head["step_id"]] = head["stand_in"]
        self.envelopes[head["step_id"]] = head["envelope"]
        self.areas[head["step_id"]] = head["area"]
        self.meshes[head["step_id"]] = ElementMesh(
            global_id=element["global_id"],
            ifc_class=element["ifc_class"],
            name=element["name"] or "",
            storey_number=element["storey_number"],
            corner=envelope[:3],
            middle=(envelope[:3] + envelope[3:]) / 2,
            parts=tuple(parts),
        )

    def settle_order(self) -> None:
        """Puts the meshes in STEP order, whichever worker was first: equal files give equal tiles."""
        self.meshes = dict(sorted(self.meshes.items()))

    def drop_strays(self) -> list[Problem]:
        """Takes what lies absurdly far from everything else out of the tiles; tells of that, and of stand-ins."""
        if not self.meshes:
            return []
        problems = [_tell_stand_in(self.expected[step_id], why) for step_id, why in sorted(self._stand_ins.items())]
        middle = np.median([mesh.middle for mesh in self.meshes.values()], axis=0)
        strays = [
            step_id for step_id, mesh in self.meshes.items() if float(np.linalg.norm(mesh.middle - middle)) > FARTHEST
        ]
        for step_id in strays:
            mesh = self.meshes.pop(step_id)
            distance = float(np.linalg.norm(mesh.middle - middle)) / 1000
            problems.append(
                Problem(
                    mesh.global_id,
                    Text(
                        zh=f"{mesh.ifc_class} 距模型其余部分 {distance:.0f} 千米,未放入三维瓦片",
                        en=f"this {mesh.ifc_class} lies {distance:.0f} km from the rest: not in the tiles",
                    ),
                    Text(zh="请在源模型中改正其位置。", en="Correct its position in the source model."),
                )
            )
        return problems

    def footprint(self, georeference: Georeference) -> dict[str, Any] | None:
        """GeoJSON of the covered ground, EPSG:4490; of everything when there is only ground."""
        built = [mesh for mesh in self.meshes.values() if mesh.ifc_class not in NO_GROUND]
        outlines: list[shapely.Polygon] = []
        for mesh in built or list(self.meshes.values()):
            points = np.concatenate([part.points for part in mesh.parts]).astype(np.float64) + mesh.corner
            bases = np.cumsum([0, *(part.point_count for part in mesh.parts[:-1])])
            triangles = np.concatenate(
                [part.triangles.astype(np.int64) + base for part, base in zip(mesh.parts, bases, strict=True)]
            )
            outline = outline_mesh(points, triangles)
            if outline is not None:
                outlines.append(outline)
        polygon = outline_elements(outlines)
        if polygon is None:
            return None
        ring = np.array(shapely.orient_polygons(polygon).exterior.coords)
        ground = np.column_stack([ring, np.full(len(ring), georeference.anchor[2])])
        longitude, latitude, _ = locate(read_matrix(georeference), ground)
        pairs = np.round(np.column_stack([longitude, latitude]), 9)
        return {"type": "Polygon", "coordinates": [pairs.tolist()]}


def _tell_stand_in(element: dict[str, Any], reason: str) -> Problem:
    label = f"{element['ifc_class']} {element['name'] or ''}".strip()
    return Problem(
        element["global_id"],
        Text(
            zh=f"{label} 的几何无法生成({reason}),以其包围盒代替显示",
            en=f"the geometry of {label} could not be made ({reason}); its box is shown in its place",
        ),
        Text(zh="请在源模型中检查该构件的几何。", en="Check this element's geometry in the source model."),
    )


def move_middle(place: dict[str, Any], shapes: ModelShapes) -> bool:
    """Corrects the middle that a sample of points gave, where the meshes turn out to be elsewhere."""
    if not shapes.meshes:
        return False
    middle = np.median([mesh.middle for mesh in shapes.meshes.values()], axis=0)
    if float(np.linalg.norm(middle - place["middle"])) <= ANCHOR_REACH:
        return False
    place["middle"] = middle.tolist()
    if float(np.linalg.norm(middle - place["anchor"])) > ANCHOR_REACH:
        place["anchor"] = np.round(middle).tolist()
    return True


def read_matrix(georeference: Georeference) -> NDArray[np.float64]:
    """The model's own metres to ECEF, (4, 4)."""
    return np.array(georeference.matrix).reshape(4, 4).T
