# SPDX-License-Identifier: Apache-2.0
"""Values inside a column of JSON: `"property_sets.Pset_WallCommon.FireRating"`.

Dots part the names; a dot within a name is written twice. What kind a value is, is known from what it is held
against: a text as it stands, a number or a truth value where it is one, and unknown where it is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, LiteralString

from psycopg.sql import SQL, Composable

from layers.conditions import name_column
from layers.cql2.operand import Kind, Operand
from layers.cql2.refusal import refuse
from layers.layer import Layer
from twin.text import Text

MAX_NAMES: Final = 8

_DOT: Final = re.compile(r"(?<!\.)\.(?!\.)")
_READINGS: Final[dict[Kind, LiteralString]] = {
    "text": "value_text({}, VARIADIC {})", "number": "value_number({}, VARIADIC {})",
    "boolean": "value_boolean({}, VARIADIC {})",
}  # fmt: skip


def read_path(name: str, layer: Layer, where: str, bind: Callable[[Any, LiteralString], Composable]) -> Operand | None:
    """The value at a path; None where the name begins with no root of the layer. Raises InvalidRequestError."""
    root, *path = (part.replace("..", ".") for part in _DOT.split(name))
    if not any(one.name == root for one in layer.roots):
        return None
    if not path or len(path) > MAX_NAMES or not all(path) or any("\x00" in part for part in path):
        raise refuse(
            where,
            Text(f"“{name[:64]}”不是完整的路径", f"'{name[:64]}' is no whole path"),
            Text(
                f'写作 "{root}.属性集.属性";名称中的点写两次', f'write "{root}.set.property", a dot within a name twice'
            ),
        )
    column, names = name_column(root), bind(path, "text[]")
    readings: dict[Kind, Composable] = {kind: SQL(text).format(column, names) for kind, text in _READINGS.items()}
    return Operand("text", readings["text"], readings=readings)


def list_roots(layer: Layer) -> list[str]:
    """How the paths of a layer are written, for a message."""
    return [f'"{root.name}.…"' for root in layer.roots]
