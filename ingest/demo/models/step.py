# SPDX-License-Identifier: Apache-2.0
"""IFC4 as STEP text: attributes in the order of IfcOpenShell's schema, the same bytes for the same calls.

Tens of thousands of elements are hundreds of thousands of entities: as text they take a second, one by one
through the toolkit's objects a quarter of a minute.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ifcopenshell.ifcopenshell_wrapper as wrapper

SCHEMA: Final = "IFC4"
_WRITTEN_AT: Final = "2026-01-01T00:00:00"
_WIDE: Final = re.compile(r"[^\x20-\x7e]+")


class Ref(int):
    """The number of an entity in the file."""


class Enum(str):
    """A value of an enumeration."""

    __slots__ = ()


@dataclass(frozen=True)
class Typed:
    """A value with its defined type, as selects want it."""

    ifc_type: str
    value: object


class StepFile:
    """Entities in the order in which they are added."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._known: dict[str, Ref] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, ifc_class: str, *values: object, **attributes: object) -> Ref:
        """An entity; `values` are its first attributes in order, `attributes` further ones by name."""
        self._lines.append(_write_entity(ifc_class, values, attributes))
        return Ref(len(self._lines))

    def once(self, ifc_class: str, *values: object) -> Ref:
        """An entity that is written once, however often it is asked for: points, directions, profiles."""
        text = _write_entity(ifc_class, values, {})
        known = self._known.get(text)
        if known is None:
            self._lines.append(text)
            known = self._known[text] = Ref(len(self._lines))
        return known

    def write(self, path: Path, description: str) -> None:
        """The whole file, with a header that never changes."""
        with path.open("w", encoding="ascii", newline="\n") as out:
            out.write("ISO-10303-21;\nHEADER;\n")
            out.write(f"FILE_DESCRIPTION(('ViewDefinition [ReferenceView_V1.2]',{_quote(description)}),'2;1');\n")
            out.write(
                f"FILE_NAME({_quote(path.name)},'{_WRITTEN_AT}',('Blocktwin demo'),('Blocktwin'),'Blocktwin',"
                "'Blocktwin','');\n"
            )
            out.write(f"FILE_SCHEMA(('{SCHEMA}'));\nENDSEC;\nDATA;\n")
            out.writelines(f"#{number}={line};\n" for number, line in enumerate(self._lines, start=1))
            out.write("ENDSEC;\nEND-ISO-10303-21;\n")


@functools.cache
def _read_attributes(ifc_class: str) -> tuple[str, tuple[str, ...], tuple[bool, ...], bool]:
    """The class' keyword, its attributes in order, and which of them are derived."""
    schema: Any = wrapper.schema_by_name(SCHEMA)
    entity = schema.declaration_by_name(ifc_class).as_entity()
    names = tuple(str(attribute.name()) for attribute in entity.all_attributes())
    derived = tuple(bool(flag) for flag in entity.derived())
    return ifc_class.upper(), names, derived, any(derived)


def _write_entity(ifc_class: str, values: tuple[object, ...], attributes: dict[str, object]) -> str:
    keyword, names, derived, any_derived = _read_attributes(ifc_class)
    if len(values) > len(names) or (attributes and not attributes.keys() <= set(names[len(values) :])):
        raise ValueError(f"{ifc_class} has the attributes {', '.join(names)}; given {values}, {attributes}")
    if len(values) == len(names) and not any_derived:
        return f"{keyword}({','.join([_write(value) for value in values])})"
    written = [*values, *(attributes.get(name) for name in names[len(values) :])]
    return f"{keyword}({','.join(['*' if d else _write(v) for v, d in zip(written, derived, strict=True)])})"


def _write(value: object) -> str:
    writer = _WRITERS.get(type(value))
    if writer is None:
        raise TypeError(f"{value!r} has no place in a STEP file")
    return writer(value)


@functools.lru_cache(maxsize=100_000)
def _write_real(value: float) -> str:
    text = repr(round(value, 9) + 0.0)
    mantissa, _, exponent = text.partition("e")
    if "." not in mantissa:
        mantissa += "."
    mantissa = mantissa[:-1] if mantissa.endswith(".0") else mantissa
    return f"{mantissa}E{exponent}" if exponent else mantissa


@functools.lru_cache(maxsize=100_000)
def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return "'" + _WIDE.sub(lambda run: f"\\X2\\{run[0].encode('utf-16-be').hex().upper()}\\X0\\", escaped) + "'"


def _write_all(values: Any) -> str:
    return f"({','.join([_write(value) for value in values])})"


#: By exact type: this is where the time goes.
_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    type(None): lambda _value: "$",
    Ref: lambda value: f"#{int(value)}",
    bool: lambda value: ".T." if value else ".F.",
    int: str,
    float: _write_real,
    str: _quote,
    Enum: lambda value: f".{value}.",
    Typed: lambda value: f"{value.ifc_type.upper()}({_write(value.value)})",
    tuple: _write_all,
    list: _write_all,
}
