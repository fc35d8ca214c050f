# SPDX-License-Identifier: Apache-2.0
"""The instances of a STEP file (ISO 10303-21) as bytes, by number: no schema, no parser's objects.

Made for walks over the whole file, where an object for each instance would cost ten times the time and memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_INSTANCE: Final = re.compile(rb"#(\d+)\s*+=\s*+([A-Za-z0-9_]++)\s*+(\((?:[^';]++|'[^']*+')*+);")
"""A number, a type, its attributes in brackets; a quote within a string is doubled, which reads as two strings.

Nothing is tried twice: a broken file costs no more than a whole one.
"""

_COMMENT: Final = re.compile(rb"('[^']*')|/\*.*?\*/", re.DOTALL)
_REFERENCE: Final = re.compile(rb"'[^']*'|#(\d+)")
_BARE_REFERENCE: Final = re.compile(rb"#(\d+)")
_TOKEN: Final = re.compile(rb"'[^']*'|[(),]")
_SPACE: Final = re.compile(rb"('[^']*')|\s+")

Instance = tuple[bytes, bytes]
"""An upper-case type and the attributes with their brackets."""


def read_instances(text: bytes, *, without: tuple[bytes, ...] = ()) -> dict[int, Instance]:
    """The instances of the data section by number; a number that is given twice means its last one.

    without: beginnings of types that are left out.
    """
    if b"/*" in text:
        text = _COMMENT.sub(lambda found: found[1] or b" ", text)
    return {
        int(found[1]): (kind, found[3].rstrip())
        for found in _INSTANCE.finditer(text)
        if not (kind := found[2].upper()).startswith(without)
    }


def find_references(attributes: bytes) -> list[int]:
    """The numbers that attributes refer to, in order; what looks like one within a string is none."""
    return [int(number) for number in _REFERENCE.findall(attributes) if number]


def cut_references(attributes: bytes) -> tuple[bytes, list[int]]:
    """The attributes with a bare `#` for each reference and no space outside strings, and the references."""
    if b"'" not in attributes:
        # Nearly all of a file is geometry, which has no strings.
        literal = attributes.translate(None, b" \t\r\n")
        if b"#" not in literal:
            return literal, []
        return _BARE_REFERENCE.sub(b"#", literal), [int(number) for number in _BARE_REFERENCE.findall(literal)]
    numbers: list[int] = []

    def note(found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            return found[0]
        numbers.append(int(found[1]))
        return b"#"

    return _SPACE.sub(lambda found: found[1] or b"", _REFERENCE.sub(note, attributes)), numbers


def split_attributes(attributes: bytes) -> list[bytes]:
    """The attributes one by one, stripped.

    >>> split_attributes(b"('a,b',(#1,#2),$)")
    [b"'a,b'", b'(#1,#2)', b'$']
    """
    return list(_walk_attributes(attributes))


def _walk_attributes(attributes: bytes) -> Iterator[bytes]:
    depth, start = 0, 1
    for found in _TOKEN.finditer(attributes):
        token = found[0]
        if token == b"(":
            depth += 1
        elif token == b")":
            depth -= 1
        if (token == b"," and depth == 1) or (token == b")" and depth == 0):
            yield attributes[start : found.start()].strip()
            start = found.end()
