# SPDX-License-Identifier: Apache-2.0
"""Tessellation of one batch of products, in a process that nobody will miss."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import ifcopenshell.geom
import numpy as np
from ifcopenshell.util.unit import calculate_unit_scale
from numpy.typing import NDArray

from ingest.bim.placements import PlacementReader, is_local
from ingest.bim.stand_in import BOX_TRIANGLES, find_box

KERNELS: tuple[Any, Any] = ("hybrid-cgal-simple-opencascade", "opencascade")
"""The first agrees with the second in box and area on every real element tried, at 2.5 times its speed."""

BOX_ATTEMPT: Final = 3
ATTEMPTS: Final = BOX_ATTEMPT + 1
"""Two kernels, one without openings, and a box without any kernel."""

DEFAULT_COLOUR: Final = (0.78, 0.78, 0.76, 1.0)
STAND_IN_COLOUR: Final = (0.95, 0.6, 0.2, 0.4)
LARGEST_COORDINATE: Final = 1e8
SMALLEST_AREA: Final = 1e-9
"""Square metres: what is smaller has no triangle left when it is written."""
CHUNK: Final = 100_000
"""Triangles that are measured at a time."""

Deliver = Callable[[dict[str, Any], bytes], None]


def make_settings(*, with_openings: bool = True) -> Any:
    """Metres, triangles, no normals: those are made from the quantised mesh later."""
    settings = ifcopenshell.geom.settings()
    settings.set("no-normals", True)
    if not with_openings:
        settings.set("disable-opening-subtractions", True)
    return settings


def mesh_batch(model: Any, step_ids: Sequence[int], alike: Mapping[int, int], deliver: Deliver) -> None:
    """All products of a batch through one iterator, so that what is shared is made once.

    alike: the group of products that are known to have one shape; one of each is made, and stands for the others
    where they stand.
    """
    copies: dict[int, list[int]] = {}
    first: dict[int, int] = {}
    for step_id in step_ids:
        maker = first.setdefault(alike[step_id], step_id) if step_id in alike else step_id
        copies.setdefault(maker, []).append(step_id)
    iterator = ifcopenshell.geom.iterator(
        make_settings(),
        model,
        1,
        include=[model.by_id(step_id) for step_id in copies],
        geometry_library=KERNELS[0],
    )
    if not iterator.initialize():
        return
    placements = PlacementReader(calculate_unit_scale(model))
    while True:
        shape: Any = iterator.get()
        deliver(*describe_shape(shape, shape.id))
        _deliver_copies(model, shape, copies[shape.id][1:], placements, deliver)
        if not iterator.next():
            break


def _deliver_copies(
    model: Any, shape: Any, step_ids: Sequence[int], placements: PlacementReader, deliver: Deliver
) -> None:
    """The same shape elsewhere. Where the kernel sees a placement otherwise than we do, nothing: each is made alone."""
    if not step_ids or not _stands_as_read(shape, model.by_id(shape.id), placements):
        return
    for step_id in step_ids:
        placement = model.by_id(step_id).ObjectPlacement
        if is_local(placement):
            deliver(*describe_shape(shape, step_id, placements.read(placement).T))


def _stands_as_read(shape: Any, product: Any, placements: PlacementReader) -> bool:
    matrix = np.frombuffer(shape.transformation_buffer, dtype=np.float64).reshape(4, 4)
    return is_local(product.ObjectPlacement) and np.allclose(
        matrix, placements.read(product.ObjectPlacement).T, rtol=1e-9, atol=1e-6
    )


def mesh_one(model: Any, step_id: int, attempt: int, reason: str, deliver: Deliver) -> None:
    """One product that a batch lost: with the other kernel, then without its openings, at last as its box.

    reason: why the attempts before this one came to nothing.
    """
    product = model.by_id(step_id)
    reason = reason or "no shape came out"
    for number, (kernel, with_openings) in enumerate(((KERNELS[0], True), (KERNELS[1], True), (KERNELS[0], False))):
        if number < attempt:
            continue
        deliver({"kind": "trying", "step_id": step_id, "attempt": number}, b"")
        try:
            shape = ifcopenshell.geom.create_shape(
                make_settings(with_openings=with_openings), product, geometry_library=kernel
            )
        except Exception as error:
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            continue
        head, block = describe_shape(shape, step_id)
        if head["kind"] == "mesh":
            head["is_stand_in"] = not with_openings
            deliver(head, block)
            return
        reason = str(head["reason"])
    deliver({"kind": "trying", "step_id": step_id, "attempt": BOX_ATTEMPT}, b"")
    deliver(*describe_box(model, product, reason))


def describe_box(model: Any, product: Any, reason: str) -> tuple[dict[str, Any], bytes]:
    """A mesh message with the box around a product that no kernel can shape (`stand_in`: why), else `failed`."""
    metres = calculate_unit_scale(model)
    corners = find_box(product, metres)
    failed = {"kind": "failed", "step_id": product.id(), "reason": reason}
    if corners is None or not np.isfinite(corners).all() or float(np.abs(corners).max()) > LARGEST_COORDINATE:
        return failed, b""
    low, high = corners.min(axis=0), corners.max(axis=0)
    head = {
        "kind": "mesh",
        "step_id": product.id(),
        "envelope": [*low.tolist(), *high.tolist()],
        "area": 0.0,
        "parts": [{"colour": STAND_IN_COLOUR, "points": len(corners), "triangles": len(BOX_TRIANGLES)}],
        "stand_in": reason,
    }
    return head, (corners - low).astype("<f4").tobytes() + BOX_TRIANGLES.astype("<u4").tobytes()


def describe_shape(shape: Any, step_id: int, matrix: NDArray[np.float64] | None = None) -> tuple[dict[str, Any], bytes]:
    """A mesh message: parts by colour, positions as float32 from the envelope's corner in model metres.

    matrix: (4, 4), rows are the axes and the origin, where it stands; None: where the kernel has it.
    """
    geometry = shape.geometry
    points = np.frombuffer(geometry.verts_buffer, dtype=np.float64).reshape(-1, 3)
    faces = np.frombuffer(geometry.faces_buffer, dtype=np.int32).reshape(-1, 3)
    if not len(points) or not len(faces):
        return {"kind": "failed", "step_id": step_id, "reason": "the shape has no surface"}, b""
    if matrix is None:
        # The buffer is column-major: its rows are the axes, its last row the origin.
        matrix = np.frombuffer(shape.transformation_buffer, dtype=np.float64).reshape(4, 4)
    world = points @ matrix[:3, :3] + matrix[3, :3]
    if not np.isfinite(world).all() or float(np.abs(world).max()) > LARGEST_COORDINATE:
        return {"kind": "failed", "step_id": step_id, "reason": "its coordinates are impossible"}, b""
    if np.linalg.det(matrix[:3, :3]) < 0:
        faces = faces[:, ::-1]
    used = world[np.unique(faces)]
    low, high = used.min(axis=0), used.max(axis=0)
    del points, used
    area = sum(_measure_area(world, faces[at : at + CHUNK]) for at in range(0, len(faces), CHUNK))
    if not area > SMALLEST_AREA:
        return {"kind": "failed", "step_id": step_id, "reason": "the shape has no surface"}, b""
    world -= low
    parts, blocks = _split_by_colour(geometry, world, faces)
    head = {
        "kind": "mesh",
        "step_id": step_id,
        "envelope": [*low.tolist(), *high.tolist()],
        "area": area,
        "parts": parts,
    }
    return head, b"".join(blocks)


def _measure_area(points: NDArray[np.float64], faces: NDArray[np.int32]) -> float:
    corners = points[faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return float(np.linalg.norm(cross, axis=1).sum() / 2)


def _split_by_colour(
    geometry: Any, points: NDArray[np.float64], faces: NDArray[np.int32]
) -> tuple[list[dict[str, Any]], list[bytes]]:
    colours = [_read_colour(material) for material in geometry.materials]
    styles = np.frombuffer(geometry.material_ids_buffer, dtype=np.int32)
    if len(styles) != len(faces):
        styles = np.full(len(faces), -1, dtype=np.int32)
    grouped: dict[tuple[float, ...], list[int]] = {}
    for style in np.unique(styles).tolist():
        colour = colours[style] if 0 <= style < len(colours) else DEFAULT_COLOUR
        grouped.setdefault(colour, []).append(style)
    parts: list[dict[str, Any]] = []
    blocks: list[bytes] = []
    for colour, members in grouped.items():
        chosen = faces[np.isin(styles, members)]
        used, indices = np.unique(chosen, return_inverse=True)
        parts.append({"colour": colour, "points": len(used), "triangles": len(chosen)})
        blocks.append(points[used].astype("<f4").tobytes())
        blocks.append(indices.reshape(-1).astype("<u4").tobytes())
    return parts, blocks


def _read_colour(material: Any) -> tuple[float, float, float, float]:
    channels = [float(value) for value in material.diffuse.components]
    if len(channels) != 3 or not all(math.isfinite(value) and 0 <= value <= 1 for value in channels):
        return DEFAULT_COLOUR
    transparency = float(material.transparency)
    clear = transparency if math.isfinite(transparency) and 0 < transparency <= 1 else 0.0
    # What is wholly clear in the file is meant to be seen as glass, and must be seen to be picked.
    red, green, blue = (round(value, 3) for value in channels)
    return red, green, blue, round(max(1 - clear, 0.1), 3)
