# SPDX-License-Identifier: Apache-2.0
"""What a second version changes, as data: so it can be applied, listed and checked against what a comparison finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.demo.models.plan import ModelPlan, Part, Point, Product


@dataclass(frozen=True)
class Edits:
    """Changes of a plan, by the products' keys; a place is given by how far it moves (m)."""

    added: tuple[Product, ...] = ()
    removed: tuple[str, ...] = ()
    moved: Mapping[str, Point] = field(default_factory=dict[str, Point])
    reshaped: Mapping[str, tuple[Part, ...]] = field(default_factory=dict[str, "tuple[Part, ...]"])
    #: Product to (set, property, value).
    properties: Mapping[str, tuple[str, str, Any]] = field(default_factory=dict[str, "tuple[str, str, Any]"])
    #: Product to quantities that follow from its new shape.
    quantities: Mapping[str, tuple[str, Mapping[str, float]]] = field(
        default_factory=dict[str, "tuple[str, Mapping[str, float]]"]
    )


def apply_edits(plan: ModelPlan, edits: Edits) -> ModelPlan:
    """A plan with the changes made; a host's openings and their fillings go with it. KeyError for an unknown key."""
    gone = set(edits.removed)
    for key in edits.removed:
        plan.products[key]  # pyright: ignore[reportUnusedExpression]
    while True:
        more = {
            key
            for key, product in plan.products.items()
            if key not in gone
            and (product.fills in gone or (product.relation != "contains" and product.parent in gone))
        }
        if not more:
            break
        gone |= more
    products = {key: product for key, product in plan.products.items() if key not in gone}
    for key, (x, y, z) in edits.moved.items():
        at = products[key].at
        products[key] = replace(products[key], at=(at[0] + x, at[1] + y, at[2] + z))
    for key, shape in edits.reshaped.items():
        products[key] = replace(products[key], shape=shape)
    for key, (name, entry, value) in edits.properties.items():
        sets = products[key].sets
        products[key] = replace(products[key], sets={**sets, name: {**sets.get(name, {}), entry: value}})
    for key, (name, values) in edits.quantities.items():
        known = products[key].quantities
        products[key] = replace(products[key], quantities={**known, name: {**known.get(name, {}), **values}})
    for product in edits.added:
        products[product.key] = product
    groups = [
        replace(group, members=tuple(member for member in group.members if member in products)) for group in plan.groups
    ]
    connections = [pair for pair in plan.connections if pair[0][0] in products and pair[1][0] in products]
    return ModelPlan(plan.code, plan.title, plan.site, plan.types, products, groups, connections)
