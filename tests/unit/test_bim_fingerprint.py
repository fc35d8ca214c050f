# SPDX-License-Identifier: Apache-2.0
"""Shapes known by their digests: blind to how a file is written, awake to everything that makes a mesh."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.bim.fingerprint import Digest, fingerprint_products
from ingest.bim.step import cut_references, find_references, read_instances, split_attributes
from ingest.demo.house import write_house

_REFERENCE = re.compile(rb"'[^']*'|#(\d+)")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("house") / "house.ifc"
    write_house(path)
    return path.read_bytes()


def by_name(text: bytes) -> dict[bytes, Digest]:
    """Digests by GlobalId."""
    instances = read_instances(text)
    return {split_attributes(instances[number][1])[0]: digest for number, digest in fingerprint_products(text).items()}


def write(instances: dict[int, tuple[bytes, bytes]], between: bytes = b"") -> bytes:
    lines = (b"#%d=%s%s%s;" % (number, kind, between, rest) for number, (kind, rest) in instances.items())
    return b"ISO-10303-21;\nDATA;\n" + b"\n".join(lines) + b"\nENDSEC;\n"


@given(seed=st.integers(0, 10**6))
@settings(max_examples=5)
def test_numbers_order_and_white_space_do_not_count(house: bytes, seed: int) -> None:
    instances = read_instances(house)
    chance = random.Random(seed)
    numbers = list(instances)
    new = dict(zip(numbers, chance.sample(range(1, 10 * len(numbers)), len(numbers)), strict=True))

    def renumber(found: re.Match[bytes]) -> bytes:
        return b"#%d" % new[int(found[1])] if found[1] else found[0]

    chance.shuffle(numbers)
    moved = {
        new[number]: (kind.lower(), _REFERENCE.sub(renumber, rest).replace(b",(", b", ("))
        for number, (kind, rest) in ((number, instances[number]) for number in numbers)
    }
    assert by_name(write(moved, b" ")) == by_name(house)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25)
def test_any_number_that_changes_below_a_shape_changes_the_digests_of_those_it_belongs_to(
    house: bytes, seed: int
) -> None:
    instances = read_instances(house)
    users = find_users(instances)
    chance = random.Random(seed)
    point = chance.choice(
        [number for number, (kind, _) in instances.items() if kind == b"IFCCARTESIANPOINT" and users.get(number)]
    )
    kind, attributes = instances[point]
    changed = instances | {point: (kind, attributes.replace(b"((", b"((7", 1))}
    before, after = fingerprint_products(house), fingerprint_products(write(changed))
    assert {number for number in before if before[number] != after[number]} >= users[point]


def find_users(instances: dict[int, tuple[bytes, bytes]]) -> dict[int, set[int]]:
    """The products whose own bodies an instance is a part of."""
    users: dict[int, set[int]] = {}
    for product in fingerprint_products(write(instances)):
        shape = split_attributes(instances[product][1])[6]
        bodies = [
            number
            for number in find_references(instances[int(shape[1:])][1])
            if split_attributes(instances[number][1])[1] == b"'Body'"
        ]
        waiting, seen = list(bodies), set[int]()
        while waiting:
            at = waiting.pop()
            if at not in seen:
                seen.add(at)
                waiting += find_references(instances[at][1])
        for number in seen:
            users.setdefault(number, set()).add(product)
    return users


def test_a_window_that_moves_changes_its_wall_and_nothing_else(house: bytes) -> None:
    instances = read_instances(house)
    relation = next(rest for kind, rest in instances.values() if kind == b"IFCRELVOIDSELEMENT")
    wall, opening = find_references(relation)[-2:]
    placement = instances[int(split_attributes(instances[opening][1])[5][1:])]
    axes = find_references(placement[1])[1]
    point = find_references(instances[axes][1])[0]
    moved = max(instances) + 1
    instances |= {
        moved: (b"IFCCARTESIANPOINT", b"((0.123,0.,0.9))"),
        axes: (instances[axes][0], instances[axes][1].replace(b"#%d" % point, b"#%d" % moved, 1)),
    }
    before, after = fingerprint_products(house), fingerprint_products(write(instances))
    assert {number for number in before if before[number] != after[number]} == {wall}
    assert opening in before


def test_what_stands_elsewhere_or_is_named_otherwise_has_the_same_shape(house: bytes) -> None:
    instances = read_instances(house)
    wall = next(number for number, (kind, _) in instances.items() if kind == b"IFCWALL")
    fields = split_attributes(instances[wall][1])
    fields[2] = "'另一个名字, #1'".encode()
    fields[5] = b"$"
    before = fingerprint_products(house)
    after = fingerprint_products(write(instances | {wall: (b"IFCWALL", b"(" + b",".join(fields) + b")")}))
    bare = [number for number in before if not has_openings(instances, number)]
    assert {number: before[number] for number in bare} == {number: after[number] for number in bare}


def has_openings(instances: dict[int, tuple[bytes, bytes]], number: int) -> bool:
    return any(
        kind == b"IFCRELVOIDSELEMENT" and find_references(rest)[-2] == number for kind, rest in instances.values()
    )


def test_a_colour_and_a_unit_are_part_of_a_shape(house: bytes) -> None:
    before = fingerprint_products(house)
    painted = fingerprint_products(re.sub(rb"IFCCOLOURRGB\(\$,[\d.]+", b"IFCCOLOURRGB($,0.111", house))
    assert any(painted[number] != digest for number, digest in before.items())
    scaled = fingerprint_products(house.replace(b".LENGTHUNIT.,$,.METRE.", b".LENGTHUNIT.,.MILLI.,.METRE."))
    assert not set(scaled.values()) & set(before.values())


def test_shapes_that_are_written_twice_are_known_as_one(house: bytes) -> None:
    instances = read_instances(house)
    top = max(instances)
    shift = {number: number + top for number in instances}

    def renumber(found: re.Match[bytes]) -> bytes:
        return b"#%d" % shift[int(found[1])] if found[1] else found[0]

    twice = instances | {
        shift[number]: (kind, _REFERENCE.sub(renumber, rest))
        for number, (kind, rest) in instances.items() if kind != b"IFCUNITASSIGNMENT"
    }  # fmt: skip
    before, after = fingerprint_products(house), fingerprint_products(write(twice))
    assert len(after) == 2 * len(before) and len(set(after.values())) == len(set(before.values()))
    assert len(set(before.values())) < len(before)


def test_broken_files_and_circles_come_to_an_end() -> None:
    open_string = b"DATA;\n" + b"".join(b"#%d=IFCWALL('a,(#1,#2,'b',$);\n" % number for number in range(2_000))
    fingerprint_products(open_string)
    circle = (
        b"#1=IFCWALL('g',$,$,$,$,$,#2);#2=IFCPRODUCTDEFINITIONSHAPE($,$,(#3));#3=IFCSHAPEREPRESENTATION(#9,#3,(#2));"
    )
    assert list(fingerprint_products(circle)) == [1]
    long = b"#1=IFCWALL('g',$,$,$,$,$,#2);#2=IFCPRODUCTDEFINITIONSHAPE($,$,(#3));" + b"".join(
        b"#%d=IFCBOOLEANRESULT(.UNION.,#%d,$);" % (number, number + 1) for number in range(3, 50_000)
    )
    assert list(fingerprint_products(long)) == [1]


def test_strings_comments_and_lists_are_read_as_the_standard_says() -> None:
    text = b"/* #1=IFCWALL($); */ #2 = IFCTEXT ('it''s; #7 /*no*/', (#3,\n#4)) ;"
    assert read_instances(text) == {2: (b"IFCTEXT", b"('it''s; #7 /*no*/', (#3,\n#4))")}
    attributes = read_instances(text)[2][1]
    assert find_references(attributes) == [3, 4]
    assert cut_references(attributes) == (b"('it''s; #7 /*no*/',(#,#))", [3, 4])
    assert split_attributes(attributes) == [b"'it''s; #7 /*no*/'", b"(#3,\n#4)"]
    assert cut_references(b"(1., 2.,\n 3.)") == (b"(1.,2.,3.)", [])


def test_real_shapes_with_one_digest_have_one_mesh(real_data: Path) -> None:
    import ifcopenshell
    import ifcopenshell.geom

    from ingest.bim.meshing import KERNELS, describe_shape, make_settings

    for name, at_least in (("web_duplex.ifc", 1.4), ("whale_TallBuilding.ifc", 1.5)):
        path = real_data / "ifc" / name
        digests = fingerprint_products(path.read_bytes())
        model = ifcopenshell.open(path)
        iterator = ifcopenshell.geom.iterator(
            make_settings(), model, 1, geometry_library=KERNELS[0],
            exclude=["IfcOpeningElement", "IfcSpace"],
        )  # fmt: skip
        assert iterator.initialize()
        meshes: dict[Digest, str] = {}
        shapes = Counter[Digest]()
        while True:
            shape: Any = iterator.get()
            digest = digests[shape.id]
            head, _ = describe_shape(shape, 0)
            # Area and parts do not depend on where it stands; the points do in the last digits only.
            mesh = f"{head.get('parts')} {head.get('area', 0):.3f}"
            assert meshes.setdefault(digest, mesh) == mesh
            shapes[digest] += 1
            if not iterator.next():
                break
        assert shapes.total() / len(shapes) > at_least
