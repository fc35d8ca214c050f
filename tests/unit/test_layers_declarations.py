# SPDX-License-Identifier: Apache-2.0
"""One validator over every layer's declaration."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import layers.catalog
from layers.layer import Layer
from layers.registry import check_layer, load_layers

FILES = sorted(path for path in Path(layers.catalog.__path__[0]).glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_layer_is_one_short_file_with_one_assignment(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 60
    statements = ast.parse(source).body
    assert isinstance(statements[0], ast.Expr), "a docstring comes first"
    assigned = [node for node in statements[1:] if not isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(assigned) == 1 and isinstance(assigned[0], ast.Assign)


@pytest.mark.parametrize("layer", load_layers().values(), ids=lambda layer: layer.id)
def test_a_declaration_is_possible_and_speaks_both_languages(layer: Layer) -> None:
    assert check_layer(layer) == []
    texts = [layer.title, layer.description, *(p.title for p in layer.properties), *(k.title for k in layer.kpis)]
    texts += [text for p in layer.properties for text in (p.values or {}).values()]
    assert all(text.zh.strip() and text.en.strip() for text in texts)
    assert layer.minzoom <= layer.complete_from_zoom <= layer.maxzoom
    complete = [rule for rule in layer.zooms if rule.minzoom >= layer.complete_from_zoom]
    assert complete and all(not (rule.where or rule.cell or rule.smallest) for rule in complete)


def test_layers_are_found_by_their_file_and_listed_in_order() -> None:
    found = load_layers()
    assert set(found) == {path.stem for path in FILES}
    assert {"blocks", "buildings", "industrial_parks", "urban_villages", "incidents", "roads", "models"} <= set(found)
    orders = [layer.order for layer in found.values()]
    assert orders == sorted(orders) and len(set(orders)) == len(orders)


def test_the_text_of_an_incident_is_not_for_the_wall() -> None:
    names = {p.name for p in load_layers()["incidents"].properties_for(2)}
    assert "summary" not in names and "event_type_name" in names
