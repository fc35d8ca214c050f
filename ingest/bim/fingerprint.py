# SPDX-License-Identifier: Apache-2.0
"""What makes a product's shape, as one digest: equal digests, equal meshes, before any kernel has run.

A Merkle hash of the part of the STEP file that a representation consists of. Numbers of instances, their order and
white space do not count; every literal does, and so do the precision of the context, units, styles, the openings
with the way they stand to the product, and the materials, which may carry the colour. Exporters repeat geometry
without saying so, and most of a model is the same in its next version: neither needs to be made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from ingest.bim.step import Instance, cut_references, find_references, read_instances, split_attributes

Digest = bytes

_SIZE: Final = 16
_PLACEMENT, _REPRESENTATION = 5, 6
"""Attributes of every IfcProduct."""

_BODY: Final = (b"'Body'", b"'Body-FallBack'", b"'Facetation'", b"'Tessellation'")
_NO_BODY: Final = (b"'Axis'", b"'Box'", b"'FootPrint'", b"'Annotation'", b"'Plan'", b"'Profile'", b"'CoG'", b"'Survey'")
_NO_SHAPE: Final = (b"IFCPROPERTY", b"IFCQUANTITY", b"IFCELEMENTQUANTITY", b"IFCRELDEFINESBYPROPERTIES")
"""Often half of a file; nothing of a shape refers to it."""
_NO_PRODUCT: Final = (b"IFCREL", b"IFCMATERIAL", b"IFCCOMPLEXPROPERTY")
_UNKNOWN: Final = b"?"
"""Stands for an instance that is not there, or that refers to itself."""


def fingerprint_products(text: bytes) -> dict[int, Digest]:
    """The digest (16 bytes) of every product that has a shape, by STEP number; `text` is a whole STEP file."""
    return _Fingerprints(read_instances(text, without=_NO_SHAPE)).read()


class _Fingerprints:
    """One file's digests, each made once."""

    def __init__(self, instances: Mapping[int, Instance]) -> None:
        self._instances = instances
        self._known: dict[int, Digest] = {}
        self._shapes: set[int] = set()
        self._styles: dict[int, list[int]] = {}
        self._openings: dict[int, list[int]] = {}
        self._wholes: dict[int, int] = {}
        self._materials: dict[int, list[int]] = {}
        self._pictures: dict[int, list[int]] = {}
        self._units = b""
        self._note_relations()

    def read(self) -> dict[int, Digest]:
        """Digests by product."""
        found: dict[int, Digest] = {}
        for number, (kind, attributes) in self._instances.items():
            # What begins with a string is rooted, or a property; a look at the type spares the splitting.
            if not attributes.startswith(b"('") or kind.startswith(_NO_PRODUCT):
                continue
            fields = split_attributes(attributes)
            shape = _read_reference(fields, _REPRESENTATION)
            if shape in self._shapes:
                found[number] = self._join(
                    self._units, *self._list_bodies(shape), *self._list_openings(number, fields),
                    *self._list_looks(number),
                )  # fmt: skip
        return found

    def _note_relations(self) -> None:
        units: list[int] = []
        for number, (kind, attributes) in self._instances.items():
            if kind == b"IFCPRODUCTDEFINITIONSHAPE":
                self._shapes.add(number)
            elif kind == b"IFCSTYLEDITEM":
                item = _read_reference(split_attributes(attributes), 0)
                if item:
                    self._styles.setdefault(item, []).append(number)
            elif kind == b"IFCRELVOIDSELEMENT":
                *_, host, opening = find_references(attributes) or [0, 0]
                self._openings.setdefault(host, []).append(opening)
            elif kind == b"IFCRELAGGREGATES":
                fields = split_attributes(attributes)
                whole = _read_reference(fields, 4)
                self._wholes |= dict.fromkeys(find_references(b"".join(fields[5:])), whole)
            elif kind == b"IFCRELASSOCIATESMATERIAL":
                fields = split_attributes(attributes)
                material = _read_reference(fields, 5)
                for product in find_references(b"".join(fields[4:5])):
                    self._materials.setdefault(product, []).append(material)
            elif kind == b"IFCRELDEFINESBYTYPE":
                fields = split_attributes(attributes)
                of_type = _read_reference(fields, 5)
                for product in find_references(b"".join(fields[4:5])):
                    # A type's material is an occurrence's; looked up when all are known.
                    self._materials.setdefault(product, []).append(-of_type)
            elif kind == b"IFCMATERIALDEFINITIONREPRESENTATION":
                fields = split_attributes(attributes)
                self._pictures.setdefault(_read_reference(fields, 3), []).append(number)
            elif kind == b"IFCUNITASSIGNMENT":
                units.append(number)
        self._units = self._join(*(self._digest(number) for number in units))

    def _list_bodies(self, shape: int) -> list[Digest]:
        """The representations that are drawn, in their order; not axes, boxes and the like beside them."""
        listed = [
            (number, split_attributes(self._instances[number][1]))
            for number in find_references(self._instances[shape][1])
            if number in self._instances
        ]
        bodies = [number for number, fields in listed if len(fields) > 1 and fields[1] in _BODY]
        others = [number for number, fields in listed if len(fields) < 2 or fields[1] not in _NO_BODY]
        return [self._digest(number) for number in bodies or others]

    def _list_openings(self, product: int, fields: list[bytes]) -> list[Digest]:
        """The openings of a product and of what it is a part of, each with the way to it. Their order is no matter."""
        own = _read_reference(fields, _PLACEMENT)
        found: list[Digest] = []
        host, seen = product, set[int]()
        while host and host not in seen:
            seen.add(host)
            for opening in self._openings.get(host, ()):
                if opening in self._instances:
                    theirs = split_attributes(self._instances[opening][1])
                    shape = _read_reference(theirs, _REPRESENTATION)
                    bodies = self._list_bodies(shape) if shape in self._instances else []
                    found.append(self._join(self._find_way(_read_reference(theirs, _PLACEMENT), own), *bodies))
            host = self._wholes.get(host, 0)
        return sorted(found)

    def _find_way(self, placement: int, to: int) -> Digest:
        """How an opening stands to a product: relative where it is said so, else where the two are in the world."""
        kind, attributes = self._instances.get(placement, (b"", b"()"))
        fields = split_attributes(attributes)
        if kind == b"IFCLOCALPLACEMENT" and to and _read_reference(fields, 0) == to:
            return self._digest(_read_reference(fields, 1))
        return self._join(self._digest(placement), self._digest(to))

    def _list_looks(self, product: int) -> list[Digest]:
        """The materials of a product, its own or its type's, with the styles that they carry."""
        listed = self._materials.get(product, [])
        numbers = [number for number in listed if number > 0]
        for of_type in (-number for number in listed if number < 0):
            numbers += [number for number in self._materials.get(of_type, ()) if number > 0]
        return sorted({self._digest(number) for number in numbers})

    def _digest(self, number: int) -> Digest:
        """What stands for an instance and all that it refers to; without recursion, for chains may be long."""
        known, styles = self._known, self._styles
        cut: dict[int, tuple[bytes, list[int]]] = {}
        waiting = [number]
        while waiting:
            at = waiting[-1]
            if at in known:
                waiting.pop()
                continue
            if at not in cut:
                literal, references = self._cut(at)
                if not references and at not in styles:
                    # Short as it is, a leaf stands for itself.
                    known[at] = literal
                    waiting.pop()
                    continue
                cut[at] = literal, references
                below = references + styles[at] if at in styles else references
                # Who is in `cut` is on the way here: met again only where a file goes round in a circle.
                below = [other for other in below if other not in known and other not in cut]
                if below:
                    waiting += below
                    continue
            literal, references = cut[at]
            digests = [known.get(other, _UNKNOWN) for other in references]
            if at in styles:
                digests += sorted(known.get(style, _UNKNOWN) for style in styles[at])
            known[at] = self._join(literal, *digests)
            waiting.pop()
        return known[number]

    def _cut(self, number: int) -> tuple[bytes, list[int]]:
        """Type and literals of an instance, and what it refers to."""
        kind, attributes = self._instances.get(number, (_UNKNOWN, b"()"))
        literal, references = cut_references(attributes)
        if kind == b"IFCSTYLEDITEM" and literal.startswith(b"(#"):
            # The item that it colours is about to take it in.
            references = references[1:]
        elif kind == b"IFCMATERIAL":
            references = references + self._pictures.get(number, [])
        return kind + literal, references

    @staticmethod
    def _join(*parts: bytes) -> Digest:
        return blake2b(b"\0".join(parts), digest_size=_SIZE).digest()


def _read_reference(fields: list[bytes], at: int) -> int:
    """The instance that an attribute refers to; 0 for none."""
    return int(fields[at][1:]) if len(fields) > at and fields[at][:1] == b"#" and fields[at][1:].isdigit() else 0
