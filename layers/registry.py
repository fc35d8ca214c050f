# SPDX-License-Identifier: Apache-2.0
"""Finds the layers: every module of `layers/catalog/` is one, and its stem is the layer's id."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from types import MappingProxyType

import layers.catalog
from layers.layer import Layer
from twin.errors import DeclarationError, NotFoundError
from twin.text import Text


@cache
def load_layers() -> Mapping[str, Layer]:
    """Every layer by id, in the order in which people see them.

    Raises DeclarationError for a file that declares no layer or an impossible one.
    """
    found = [_load(info.name) for info in pkgutil.iter_modules(layers.catalog.__path__)]
    return MappingProxyType({layer.id: layer for layer in sorted(found, key=lambda layer: layer.order)})


def find_layer(layer_id: str) -> Layer:
    """The layer with this id. Raises NotFoundError."""
    layer = load_layers().get(layer_id)
    if layer is None:
        raise NotFoundError(Text(f"没有图层“{layer_id}”。", f"There is no layer '{layer_id}'."))
    return layer


def _load(stem: str) -> Layer:
    module = importlib.import_module(f"layers.catalog.{stem}")
    layer: object = getattr(module, "LAYER", None)
    if not isinstance(layer, Layer):
        raise DeclarationError(Text(f"{stem}.py 没有声明 LAYER。", f"{stem}.py declares no LAYER."))
    named = replace(layer, id=stem)
    problems = check_layer(named)
    if problems:
        listed = "; ".join(problems)
        raise DeclarationError(Text(f"图层 {stem} 的声明有误:{listed}", f"Layer {stem} is declared wrongly: {listed}"))
    return named


def check_layer(layer: Layer) -> list[str]:
    """What is impossible about a declaration, as far as it can be told without a database."""
    problems: list[str] = []
    names = [p.name for p in layer.properties]
    problems += [f"property {name!r} is no plain name" for name in names if not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
    if len(set(names)) != len(names):
        problems.append("a property is declared twice")
    rules = sorted(layer.zooms, key=lambda rule: rule.minzoom)
    for lower, upper in pairwise(rules):
        if upper.minzoom != lower.maxzoom + 1:
            problems.append(f"zooms {lower.maxzoom} and {upper.minzoom} leave a gap or overlap")
    by = layer.style.by
    for named in filter(None, (by and by[0], layer.style.extrude)):
        if named not in names:
            problems.append(f"the style names {named!r}, which is no property")
    if layer.newest_first and layer.time_column is None:
        problems.append("newest_first needs a time_column")
    if "%" in layer.sql:
        problems.append("the SELECT holds a percent sign, which is kept for bound values")
    return problems
