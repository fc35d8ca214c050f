# SPDX-License-Identifier: Apache-2.0
"""A table's cells as answers of a form: which column answers which field, and what a cell says. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from ingest.wrong_cell import WrongCellError
from twin.text import Text

FieldPath = tuple[str, ...]
Schemas = Mapping[FieldPath, Mapping[str, Any]]

_BOOLEANS: Final[Mapping[str, bool]] = {
    "true": True, "yes": True, "y": True, "1": True, "是": True, "有": True,
    "false": False, "no": False, "n": False, "0": False, "否": False, "无": False,
}  # fmt: skip

_UNREADABLE: Final[Mapping[str, Text]] = {
    "integer": Text("应为整数", "a whole number belongs here"),
    "number": Text("应为数", "a number belongs here"),
    "boolean": Text("应为“是”或“否”", "yes or no belongs here"),
    "object": Text("应为 JSON", "JSON belongs here"),
    "array": Text("应为 JSON,或以分号隔开", "JSON belongs here, or values with semicolons between"),
}


def walk_fields(schema: Mapping[str, Any], path: FieldPath = ()) -> Iterator[tuple[FieldPath, Mapping[str, Any]]]:
    """The fields of a form by path; of a section, those in it."""
    for name, inner in (schema.get("properties") or {}).items():
        here = (*path, str(name))
        inner = cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else {}
        if inner.get("type") == "object" and inner.get("properties"):
            yield from walk_fields(inner, here)
        else:
            yield here, inner


def match_columns(schemas: Schemas, columns: list[str], given: Mapping[str, str]) -> dict[FieldPath, str]:
    """The column of each field that has one.

    As `given` says by the field's path, else by path (`section.field`), else by the field's own name or title where
    no other field has that.
    """
    by_name = {normalise(column): column for column in reversed(columns)}
    short = {path: {normalise(path[-1]), normalise(str(inner.get("title", "")))} for path, inner in schemas.items()}
    found: dict[FieldPath, str] = {}
    for path, names in short.items():
        own = names - {""} - {name for other, theirs in short.items() if other != path for name in theirs}
        candidates = (given.get(".".join(path)), *(
            by_name.get(name) for name in (normalise(".".join(path)), normalise("/".join(path)), *sorted(own))
        ))  # fmt: skip
        column = next((candidate for candidate in candidates if candidate is not None), None)
        if column is not None:
            found[path] = column
    return found


def normalise(name: str) -> str:
    """A column's name as it is compared: in lower case, with `_` for blanks."""
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def read_cell(cell: str, schema: Mapping[str, Any], name: str) -> Any:
    """The cell as the form's type has it; whether it is allowed is for the form to say. Raises WrongCellError."""
    kinds = schema.get("type")
    tried = [kind for kind in ([kinds] if isinstance(kinds, str) else kinds or ()) if kind != "null"]
    if not tried:
        return next((value for value in schema.get("enum") or () if str(value) == cell), cell)
    for kind in tried:
        try:
            return _convert(cell, str(kind), schema, name)
        except (ValueError, RecursionError):
            continue
    raise WrongCellError(name, _UNREADABLE[str(tried[0])])


def _convert(cell: str, kind: str, schema: Mapping[str, Any], name: str) -> Any:
    match kind:
        case "integer" | "number":
            text = cell.replace(",", "")
            if re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
                return int(text)  # exactly, where a float would round
            value = float(text)
            if not math.isfinite(value) or (kind == "integer" and not value.is_integer()):
                raise ValueError
            return int(value) if value.is_integer() else value
        case "boolean":
            if cell.casefold() not in _BOOLEANS:
                raise ValueError
            return _BOOLEANS[cell.casefold()]
        case "array" if not cell.startswith("["):
            parts = [part.strip() for part in re.split(r"[;；\n]", cell)]
            items = schema.get("items")
            items = cast("Mapping[str, Any]", items) if isinstance(items, Mapping) else {}
            return [read_cell(part, items, name) for part in parts if part]
        case "array" | "object":
            value = json.loads(cell, parse_constant=_refuse_constant)
            json.dumps(value, ensure_ascii=False).encode()  # half a character is no text
            return value
        case _:
            return cell


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def merge_answers(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was answered before with what is given now in its place, section by section."""
    merged = dict(before)
    for name, value in given.items():
        old = merged.get(name)
        merged[name] = merge_answers(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
