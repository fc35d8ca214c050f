# SPDX-License-Identifier: Apache-2.0
"""Where products stand in the model's own metres, without making any geometry."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from ifcopenshell.util.placement import get_axis2placement
from numpy.typing import NDArray

MAX_CHAIN: Final = 256
SAMPLED: Final = 40


class PlacementReader:
    """Object placements as (4, 4) matrices in metres, each chain followed once."""

    def __init__(self, metres_per_unit: float) -> None:
        self._metres_per_unit = metres_per_unit
        self._known: dict[int, NDArray[np.float64]] = {}

    def read(self, placement: Any) -> NDArray[np.float64]:
        """The matrix of an IfcObjectPlacement; identity where it has none or is of a kind not followed."""
        chain: list[Any] = []
        while placement is not None and placement.id() not in self._known and len(chain) < MAX_CHAIN:
            chain.append(placement)
            placement = getattr(placement, "PlacementRelTo", None)
        matrix = self._known.get(placement.id(), np.eye(4)) if placement is not None else np.eye(4)
        for link in reversed(chain):
            matrix = matrix @ self._read_relative(link)
            self._known[link.id()] = matrix
        return matrix

    def read_origin(self, product: Any) -> NDArray[np.float64]:
        """The product's origin (3,) in metres."""
        return self.read(getattr(product, "ObjectPlacement", None))[:3, 3]

    def _read_relative(self, link: Any) -> NDArray[np.float64]:
        if not link.is_a("IfcLocalPlacement") or link.RelativePlacement is None:
            return np.eye(4)
        try:
            matrix = np.array(get_axis2placement(link.RelativePlacement), dtype=np.float64)
        except Exception:
            return np.eye(4)
        if not np.isfinite(matrix).all():
            return np.eye(4)
        matrix[:3, 3] *= self._metres_per_unit
        return matrix


def is_local(placement: Any) -> bool:
    """Whether an object placement, None among them, is one that is followed to its end: local ones all the way."""
    for _ in range(MAX_CHAIN):
        if placement is None:
            return True
        if not placement.is_a("IfcLocalPlacement") or placement.RelativePlacement is None:
            return False
        placement = placement.PlacementRelTo
    return False


def find_middle(products: list[Any], placements: PlacementReader, metres_per_unit: float) -> NDArray[np.float64]:
    """Roughly the model's middle (3,) in metres: the median of a point each from a sample of products.

    Placements alone do not tell: some exporters leave them all at zero and write world coordinates into the
    geometry itself.
    """
    shown = [product for product in products if getattr(product, "Representation", None) is not None]
    step = max(1, len(shown) // SAMPLED)
    points = [_find_point(product, placements, metres_per_unit) for product in shown[::step]]
    if not points:
        points = [placements.read_origin(product) for product in products]
    finite = [point for point in points if np.isfinite(point).all()]
    return np.median(np.array(finite), axis=0) if finite else np.zeros(3)


def _find_point(product: Any, placements: PlacementReader, metres_per_unit: float) -> NDArray[np.float64]:
    matrix = placements.read(product.ObjectPlacement)
    local = np.zeros(3)
    for shape in product.Representation.Representations or ():
        if shape.RepresentationIdentifier not in ("Body", "Facetation", None):
            continue
        item = (shape.Items or (None,))[0]
        found = None if item is None else _first_coordinates(item, 0)
        if found is not None:
            local = np.array(found, dtype=np.float64) * metres_per_unit
            break
    return matrix[:3, :3] @ local + matrix[:3, 3]


def _first_coordinates(entity: Any, depth: int) -> tuple[float, float, float] | None:
    """The first 3D point below an entity, depth first and not deep."""
    if entity.is_a("IfcCartesianPoint"):
        values = entity.Coordinates
        return (values[0], values[1], values[2]) if len(values) == 3 else None
    if entity.is_a("IfcCartesianPointList3D"):
        values = (entity.CoordList or (None,))[0]
        return (values[0], values[1], values[2]) if values and len(values) == 3 else None
    if depth > 8 or entity.is_a("IfcMappedItem"):
        return None
    for value in entity:
        parts = value if isinstance(value, tuple) else (value,)
        for part in parts[:1]:
            if hasattr(part, "is_a"):
                found = _first_coordinates(part, depth + 1)
                if found is not None:
                    return found
    return None
