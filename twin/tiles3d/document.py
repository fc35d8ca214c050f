# SPDX-License-Identifier: Apache-2.0
"""What the JSON of a tileset must be, taken by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from twin.tiles3d.volume import explain_volume, is_number

VERSIONS: Final = ("1.0", "1.1")
_LISTS: Final = ("extensionsUsed", "extensionsRequired")

Trouble = tuple[str, str, str]
"""Where in the document, code, what."""


def check_document(document: Any) -> Iterator[Trouble]:
    """What is wrong with a tileset's document beside its tiles."""
    if not isinstance(document, Mapping):
        yield "", "structure", "the document is no object"
        return
    asset = document.get("asset")
    if not isinstance(asset, Mapping) or asset.get("version") not in VERSIONS:
        yield "asset", "asset", "asset.version is neither 1.0 nor 1.1"
    elif not isinstance(asset.get("tilesetVersion", ""), str):
        yield "asset", "asset", "asset.tilesetVersion is no text"
    yield from _check_error(document, "")
    for name in _LISTS:
        listed = document.get(name)
        if listed is not None and not _is_list_of_names(listed):
            yield name, "extensions", "it is no list of different names"
    required, used = document.get("extensionsRequired"), document.get("extensionsUsed")
    if isinstance(required, list) and not all(name in (used or []) for name in required):
        yield "extensionsRequired", "extensions", "it requires an extension that it does not use"
    extensions = document.get("extensions")
    if extensions is not None and not isinstance(extensions, Mapping):
        yield "extensions", "extensions", "it is no object"
    elif extensions:
        yield from (
            ("extensions", "extensions", f"{name} is used and not declared")
            for name in extensions if name not in (used or [])
        )  # fmt: skip
    if "schema" in document and "schemaUri" in document:
        yield "schema", "schema", "there are both schema and schemaUri"
    if not isinstance(document.get("root"), Mapping):
        yield "root", "structure", "there is no root"
    elif "refine" not in document["root"]:
        yield "root", "refine", "the root says not how it is refined"


def check_tile(tile: Any, where: str) -> Iterator[Trouble]:
    """What is wrong with one tile, its children aside."""
    if not isinstance(tile, Mapping):
        yield where, "structure", "the tile is no object"
        return
    problem = explain_volume(tile.get("boundingVolume"))
    if problem:
        yield f"{where}/boundingVolume", "volume", problem
    yield from _check_error(tile, where)
    if tile.get("refine", "ADD") not in ("ADD", "REPLACE"):
        yield where, "refine", "refine is neither ADD nor REPLACE"
    transform = tile.get("transform")
    if transform is not None:
        is_matrix = isinstance(transform, list) and len(transform) == 16 and all(map(is_number, transform))
        if not is_matrix or transform[3::4] != [0, 0, 0, 1]:
            yield f"{where}/transform", "transform", "it is no affine matrix of 16 numbers"
    if "content" in tile and "contents" in tile:
        yield where, "content", "there are both content and contents"
    contents = list_contents(tile)
    if "contents" in tile and not contents:
        yield f"{where}/contents", "content", "it is no list of contents"
    for content in contents:
        if not isinstance(content, Mapping) or not isinstance(content.get("uri", content.get("url")), str):
            yield f"{where}/content", "content", "its uri is no text"
        elif "boundingVolume" in content and (problem := explain_volume(content["boundingVolume"])):
            yield f"{where}/content/boundingVolume", "volume", problem
    children = tile.get("children")
    if children is not None and (not isinstance(children, list) or not children):
        yield f"{where}/children", "structure", "it is no list with a child in it"


def list_contents(tile: Mapping[str, Any]) -> list[Any]:
    """A tile's contents, one or several."""
    if "contents" in tile:
        return list(tile["contents"]) if isinstance(tile["contents"], list) else []
    return [tile["content"]] if "content" in tile else []


def _check_error(holder: Mapping[str, Any], where: str) -> Iterator[Trouble]:
    error = holder.get("geometricError")
    if not is_number(error) or float(str(error)) < 0:
        yield where or "geometricError", "geometric-error", "geometricError is no number from 0 up"


def _is_list_of_names(listed: Any) -> bool:
    if not isinstance(listed, list) or not listed or not all(isinstance(name, str) for name in listed):
        return False
    return len(set(listed)) == len(listed)
