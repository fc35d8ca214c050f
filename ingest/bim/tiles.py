# SPDX-License-Identifier: Apache-2.0
"""One tileset for a model version: a tile a storey, cut further where a tile would be too heavy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from ingest.bim.records import NO_STOREY, Georeference
from ingest.bim.spool import Spool
from twin.gltf.glb import GlbContent, write_glb
from twin.gltf.globe import place_on_globe
from twin.gltf.mesh import Colour, MeshPart, PropertyTable
from twin.gltf.tileset import Tile, describe_tileset, enclose

MAX_FEATURES: Final = 4_000
MAX_BYTES: Final = 1_500_000
MAX_TRIANGLES: Final = 40_000
"""Writing a content takes 1.7 kB of memory a triangle; what is heavier than the limit when written is cut again."""


@dataclass(frozen=True)
class ElementPart:
    """Triangles of one colour, which wait in a spool: the meshes of a model are many times its file."""

    colour: Colour
    point_count: int
    triangle_count: int
    spool: Spool
    at: int

    @property
    def size(self) -> int:
        """Bytes in the spool: points, then triangles."""
        return 12 * (self.point_count + self.triangle_count)

    @property
    def points(self) -> NDArray[np.float32]:
        """(n, 3) from the mesh's corner, read anew each time."""
        return np.frombuffer(self.spool.read(self.at, 12 * self.point_count), "<f4").reshape(-1, 3)

    @property
    def triangles(self) -> NDArray[np.uint32]:
        """(m, 3), read anew each time."""
        at = self.at + 12 * self.point_count
        return np.frombuffer(self.spool.read(at, 12 * self.triangle_count), "<u4").reshape(-1, 3)


@dataclass(frozen=True)
class ElementMesh:
    """An element's triangles. corner: the envelope's minimum in model metres; middle: its centre."""

    global_id: str
    ifc_class: str
    name: str
    storey_number: int | None
    corner: NDArray[np.float64]
    middle: NDArray[np.float64]
    parts: tuple[ElementPart, ...]

    @property
    def triangles(self) -> int:
        """How many triangles it has."""
        return sum(part.triangle_count for part in self.parts)


def write_model_tiles(
    meshes: Sequence[ElementMesh],
    georeference: Georeference,
    folder: Path,
    report: Callable[[float], None] = lambda _: None,
) -> dict[str, Any]:
    """Writes tileset.json and its contents into `folder`; returns counts. Needs at least one mesh."""
    folder.mkdir(parents=True, exist_ok=True)
    by_storey: dict[int, list[ElementMesh]] = {}
    for mesh in meshes:
        number = NO_STOREY if mesh.storey_number is None else mesh.storey_number
        by_storey.setdefault(number, []).append(mesh)
    anchor = np.array(georeference.anchor)
    children: list[Tile] = []
    size = written = 0
    for number in sorted(by_storey):
        stem = "site" if number == NO_STOREY else f"storey{number}"
        leaves: list[Tile] = []
        for content in _write_contents(by_storey[number], anchor):
            name = f"{stem}-{len(leaves)}.glb"
            (folder / name).write_bytes(content.data)
            size += len(content.data)
            written += content.features
            report(written / len(meshes))
            leaves.append(Tile(content.minimum, content.maximum, 0.0, name))
        if len(leaves) == 1:
            children += leaves
        elif leaves:
            low, high = enclose([(leaf.minimum, leaf.maximum) for leaf in leaves])
            children.append(Tile(low, high, _diagonal(low, high) / 4, children=leaves))
    low, high = enclose([(child.minimum, child.maximum) for child in children])
    frame = place_on_globe(georeference.longitude, georeference.latitude, georeference.height, georeference.heading_deg)
    frame[:3, :3] *= georeference.scale
    root = Tile(low, high, _diagonal(low, high), children=children, transform=frame)
    document = describe_tileset(root, geometric_error=2 * _diagonal(low, high))
    (folder / "tileset.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return {"contents": len(list(folder.glob("*.glb"))), "bytes": size, "features": written}


def _diagonal(low: Any, high: Any) -> float:
    return float(np.linalg.norm(np.subtract(high, low)))


def _write_contents(meshes: list[ElementMesh], anchor: NDArray[np.float64]) -> Iterator[GlbContent]:
    """Contents within the limits; an element too heavy on its own stays whole."""
    if not meshes:
        return
    triangles = sum(mesh.triangles for mesh in meshes)
    if len(meshes) > 1 and (len(meshes) > MAX_FEATURES or triangles > MAX_TRIANGLES):
        for half in _halve(meshes):
            yield from _write_contents(half, anchor)
        return
    content = _write_content(meshes, anchor)
    if len(content.data) > MAX_BYTES and len(meshes) > 1:
        for half in _halve(meshes):
            yield from _write_contents(half, anchor)
        return
    yield content


def _halve(meshes: list[ElementMesh]) -> tuple[list[ElementMesh], list[ElementMesh]]:
    """Two halves along the longer side, so that each is compact."""
    middles = np.array([mesh.middle for mesh in meshes])
    axis = int(np.argmax(middles.max(axis=0) - middles.min(axis=0)))
    order = np.argsort(middles[:, axis], kind="stable")
    cut = len(meshes) // 2
    return [meshes[at] for at in order[:cut]], [meshes[at] for at in order[cut:]]


def _write_content(meshes: list[ElementMesh], anchor: NDArray[np.float64]) -> GlbContent:
    parts = [
        MeshPart(
            positions=part.points.astype(np.float64) + (mesh.corner - anchor),
            indices=part.triangles,
            feature_ids=np.full(part.point_count, row, dtype=np.uint16),
            colour=part.colour,
            # Exporters turn faces either way; a wall that is missing from one side is worse than a slow one.
            double_sided=True,
        )
        for row, mesh in enumerate(meshes)
        for part in mesh.parts
    ]
    table = PropertyTable(
        class_name="element",
        count=len(meshes),
        columns={
            "global_id": [mesh.global_id for mesh in meshes],
            "ifc_class": [mesh.ifc_class for mesh in meshes],
            "name": [mesh.name for mesh in meshes],
            "storey": np.array(
                [NO_STOREY if mesh.storey_number is None else mesh.storey_number for mesh in meshes],
                dtype=np.int16,
            ),
        },
        no_data={"storey": NO_STOREY},
    )
    return write_glb(parts, table)
