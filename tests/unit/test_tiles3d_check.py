# SPDX-License-Identifier: Apache-2.0
"""The checker finds nothing wrong with a sound tileset, and every single thing that is made wrong with it."""

from __future__ import annotations

import gzip
import itertools
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from layers.layer import Style
from layers.solids.declaration import SOLID_LAYERS
from layers.solids.extrude import extrude
from layers.solids.place import make_frame
from layers.solids.plan import MOST_POINTS, Part, SolidBoxes, describe_parts, plan_part
from twin.command.root import main
from twin.gltf.glb import write_glb
from twin.gltf.globe import place_on_globe
from twin.gltf.mesh import MeshPart, PropertyTable
from twin.gltf.tileset import Tile, describe_tileset
from twin.tiles3d.check import check_tileset
from twin.tiles3d.content import check_content
from twin.tiles3d.files import FolderFiles
from twin.tiles3d.finding import TilesetReport
from twin.tiles3d.glb import BrokenGlbError, Glb
from twin.tiles3d.volume import Box, Region, Sphere, reach_beyond

STREET = "990101001"
Document = dict[str, Any]


def write_street(folder: Path, name: str = "buildings") -> None:
    """A tileset of 400 features in one street, as the server gives it."""
    solid = SOLID_LAYERS[name]
    rng = np.random.default_rng(3)
    count = 400
    corner = np.column_stack([rng.uniform(114.0, 114.03, count), rng.uniform(22.5, 22.53, count)])
    boxes = np.column_stack([corner, np.full(count, 2.0), corner + 0.0002, rng.uniform(5, 90, count)])
    codes = [f"{STREET}{1 + i % 2:03d}01" for i in range(count)]
    center = (114.015, 22.515)
    # As many vertices as make it more than one content.
    planned = SolidBoxes(np.arange(count) + 1, codes, boxes, np.arange(count), np.full(count, MOST_POINTS // 350))
    plan = plan_part(solid, STREET, planned, center, (12, 14))
    whole = np.concatenate([boxes[:, :3].min(axis=0), boxes[:, 3:].max(axis=0)])
    (folder / STREET).mkdir(parents=True)
    (folder / "tileset.json").write_text(json.dumps(describe_parts(solid, [Part(STREET, whole, center)])))
    (folder / f"{STREET}.json").write_text(json.dumps(plan.tileset))
    for node, ids in plan.nodes.items():
        rows = []
        for i in ids:
            values = {"id": i, "height": 1.0, "is_estimated": 0, "name": f"楼{i}", "use": "office"}
            box = boxes[i - 1]
            shape = shapely.to_wkb(shapely.box(box[0], box[1], box[3], box[4]))
            rows.append((i, shape, box[2], box[5], 1, *(values.get(column.name) for column in solid.columns)))
        content = extrude(solid, rows, solid.columns, make_frame(center), Style(fill="#808080"))
        (folder / STREET / f"{node}.glb").write_bytes(content)


def check(folder: Path) -> TilesetReport:
    return check_tileset(FolderFiles(folder))


def codes_of(report: TilesetReport) -> set[str]:
    return {finding.code for finding in report.findings}


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("street")
    write_street(folder)
    return folder


def test_a_sound_tileset_has_no_findings_and_is_counted_through(street: Path) -> None:
    report = check(street)
    assert report.findings == []
    assert (report.documents, report.contents, report.features) == (2, 3, 400)
    assert report.triangles == 400 * 10
    assert report.unchecked == {}
    assert 0 < report.largest_content <= 1_000_000


def test_storeys_and_units_are_sound_as_well(tmp_path: Path) -> None:
    for name in ("storeys", "units"):
        write_street(tmp_path / name, name)
        assert check(tmp_path / name).findings == []


def copy_with(street: Path, folder: Path, name: str, change: Callable[[Document], None]) -> Path:
    """The tileset with one of its documents changed; contents are linked."""
    for file in street.rglob("*"):
        if file.is_file():
            target = folder / file.relative_to(street)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    document = json.loads((folder / name).read_text())
    change(document)
    (folder / name).write_text(json.dumps(document))
    return folder


def scale_box(tile: Document, factor: float) -> None:
    tile["boundingVolume"]["box"][3:] = [value * factor for value in tile["boundingVolume"]["box"][3:]]


DOCUMENT_MUTATIONS: dict[str, tuple[str, Callable[[Document], Any], str]] = {
    "a shrunken root": (f"{STREET}.json", lambda d: scale_box(d["root"], 0.9), "volume-outside"),
    "a shrunken leaf": (f"{STREET}.json", lambda d: scale_box(d["root"]["children"][0], 0.9), "content-outside"),
    "a grown leaf": (f"{STREET}.json", lambda d: scale_box(d["root"]["children"][0], 1.2), "volume-outside"),
    "a shrunken district": ("tileset.json", lambda d: scale_box(d["root"], 0.5), "volume-outside"),
    "a street moved away": (
        "tileset.json", lambda d: d["root"]["children"][0]["boundingVolume"]["box"].__setitem__(0, 0), "volume-outside",
    ),
    "a moved frame": (f"{STREET}.json", lambda d: d["root"]["transform"].__setitem__(12, 0), "volume-outside"),
    "no frame": (f"{STREET}.json", lambda d: d["root"].pop("transform"), "volume-outside"),
    "a projective transform": (f"{STREET}.json", lambda d: d["root"]["transform"].__setitem__(3, 1), "transform"),
    "a short transform": (f"{STREET}.json", lambda d: d["root"]["transform"].pop(), "transform"),
    "an error that grows": (
        f"{STREET}.json", lambda d: d["root"]["children"][0].__setitem__("geometricError", 1e9), "geometric-error",
    ),
    "a negative error": (f"{STREET}.json", lambda d: d.__setitem__("geometricError", -1), "geometric-error"),
    "no error": ("tileset.json", lambda d: d["root"].pop("geometricError"), "geometric-error"),
    "a root above its tileset": ("tileset.json", lambda d: d.__setitem__("geometricError", 1.0), "geometric-error"),
    "a missing content": (
        f"{STREET}.json", lambda d: d["root"]["content"].__setitem__("uri", f"{STREET}/none.glb"), "missing",
    ),
    "a content beside the folder": (
        f"{STREET}.json", lambda d: d["root"]["content"].__setitem__("uri", "../../x.glb"), "missing",
    ),
    "a cycle": (f"{STREET}.json", lambda d: d["root"]["content"].__setitem__("uri", "tileset.json"), "cycle"),
    "a version from nowhere": ("tileset.json", lambda d: d["asset"].__setitem__("version", "2.7"), "asset"),
    "no asset": ("tileset.json", lambda d: d.pop("asset"), "asset"),
    "no root": ("tileset.json", lambda d: d.pop("root"), "structure"),
    "no refine": (f"{STREET}.json", lambda d: d["root"].pop("refine"), "refine"),
    "refine in lower case": (f"{STREET}.json", lambda d: d["root"].__setitem__("refine", "add"), "refine"),
    "no volume": (f"{STREET}.json", lambda d: d["root"].__setitem__("boundingVolume", {}), "volume"),
    "eleven numbers": (f"{STREET}.json", lambda d: d["root"]["boundingVolume"]["box"].pop(), "volume"),
    "a number that is text": (
        f"{STREET}.json", lambda d: d["root"]["boundingVolume"]["box"].__setitem__(0, "0"), "volume",
    ),
    "a region upside down": (
        "tileset.json", lambda d: d["root"].__setitem__("boundingVolume", {"region": [1, 1, 2, 0, 0, 1]}), "volume",
    ),
    "a region elsewhere": (
        "tileset.json", lambda d: d["root"].__setitem__("boundingVolume", {"region": [0, 0, 1, 0.1, 0, 100]}),
        "volume-outside",
    ),
    "a small sphere": (
        f"{STREET}.json", lambda d: d["root"].__setitem__("boundingVolume", {"sphere": [0, 0, 0, 500]}),
        "content-outside",
    ),
    "an empty list of children": (f"{STREET}.json", lambda d: d["root"].__setitem__("children", []), "structure"),
    "content and contents": (f"{STREET}.json", lambda d: d["root"].__setitem__("contents", [{"uri": "x"}]), "content"),
    "a uri that is none": (f"{STREET}.json", lambda d: d["root"].__setitem__("content", {"uri": 7}), "content"),
    "an extension out of the blue": ("tileset.json", lambda d: d.__setitem__("extensions", {"X_y": {}}), "extensions"),
    "required and not used": ("tileset.json", lambda d: d.__setitem__("extensionsRequired", ["X_y"]), "extensions"),
    "used twice": ("tileset.json", lambda d: d.__setitem__("extensionsUsed", ["X_y", "X_y"]), "extensions"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENT_MUTATIONS)
def test_what_is_made_wrong_with_a_document_is_found(street: Path, tmp_path: Path, name: str) -> None:
    file, change, code = DOCUMENT_MUTATIONS[name]
    report = check(copy_with(street, tmp_path, file, change))
    assert code in codes_of(report), report.findings
    assert all(finding.where and finding.what.zh and finding.what.en for finding in report.findings)


def test_a_document_that_is_no_json_is_told_by_its_name(street: Path, tmp_path: Path) -> None:
    folder = copy_with(street, tmp_path, "tileset.json", lambda _: None)
    (folder / f"{STREET}.json").write_bytes(b"\xef\xbb\xbf{}")
    assert [(f.where, f.code) for f in check(folder).findings] == [(f"{STREET}.json", "json")]


def test_a_tileset_that_was_stored_packed_is_read(street: Path, tmp_path: Path) -> None:
    folder = copy_with(street, tmp_path, "tileset.json", lambda _: None)
    for file in folder.rglob("*.*"):
        file.write_bytes(gzip.compress(file.read_bytes()))
    assert check(folder).findings == []


def pack(document: Document, chunk: bytes) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-(len(text) + 20) % 8)
    chunk += b"\0" * (-len(chunk) % 8)
    head = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(chunk))
    return head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(chunk), b"BIN\0") + chunk


def unpack(content: bytes) -> tuple[Document, bytes]:
    (size,) = struct.unpack_from("<I", content, 12)
    return json.loads(content[20 : 20 + size]), content[28 + size :]


def decompress(content: bytes) -> tuple[Document, bytearray]:
    """The same content without compression, so that single values can be changed."""
    glb = Glb(content)
    document, _ = unpack(content)
    chunk = bytearray()
    views: list[Document] = []
    for number, view in enumerate(document["bufferViews"]):
        data = glb.read_view(number, "view")
        chunk += b"\0" * (-len(chunk) % 8)
        kept = {name: value for name, value in view.items() if name in ("byteStride", "target")}
        views.append({"buffer": 0, "byteOffset": len(chunk), "byteLength": len(data), **kept})
        chunk += data
    document["bufferViews"] = views
    document["buffers"] = [{"byteLength": len(chunk)}]
    for name in ("extensionsUsed", "extensionsRequired"):
        document[name] = [extension for extension in document[name] if extension != "EXT_meshopt_compression"]
    return document, chunk


@pytest.fixture(scope="module")
def content(street: Path) -> bytes:
    return (street / STREET / f"{STREET}.glb").read_bytes()


def metadata(document: Document) -> Document:
    return document["extensions"]["EXT_structural_metadata"]


def primitive(document: Document) -> Document:
    return document["meshes"][0]["primitives"][0]


def feature_set(document: Document) -> Document:
    return primitive(document)["extensions"]["EXT_mesh_features"]["featureIds"][0]


GLB_MUTATIONS: dict[str, tuple[Callable[[Document], Any], str]] = {
    "a table with a row more": (lambda d: metadata(d)["propertyTables"][0].update(count=351), "table-size"),
    "a table with a row less": (lambda d: metadata(d)["propertyTables"][0].update(count=349), "table-size"),
    "a table without rows": (lambda d: metadata(d)["propertyTables"][0].update(count=0), "table-count"),
    "a table of no class": (lambda d: metadata(d)["propertyTables"][0].update({"class": "x"}), "table-class"),
    "a column that is not declared": (
        lambda d: metadata(d)["schema"]["classes"]["building"]["properties"].pop("name"), "table-column",
    ),
    "a required column that is gone": (
        lambda d: metadata(d)["propertyTables"][0]["properties"].pop("id"), "table-column",
    ),
    "a column of another type": (
        lambda d: metadata(d)["schema"]["classes"]["building"]["properties"]["id"].update(componentType="UINT64"),
        "table-size",
    ),
    "offsets of another type": (
        lambda d: metadata(d)["propertyTables"][0]["properties"]["name"].update(stringOffsetType="UINT16"),
        "table-size",
    ),
    "a column out of nowhere": (
        lambda d: metadata(d)["propertyTables"][0]["properties"]["name"].update(values=99), "reference",
    ),
    "fewer features than ids": (lambda d: feature_set(d).update(featureCount=3), "feature-count"),
    "no features": (lambda d: feature_set(d).update(featureCount=0), "feature-count"),
    "another attribute": (lambda d: feature_set(d).update(attribute=1), "feature-attribute"),
    "another table": (lambda d: feature_set(d).update(propertyTable=1), "feature-table"),
    "more vertices than there are": (lambda d: d["accessors"][0].update(count=10**6), "accessor-bounds"),
    "fewer normals than vertices": (lambda d: d["accessors"][1].update(count=10), "primitive"),
    "positions of another range": (lambda d: d["accessors"][0]["max"].__setitem__(0, 1), "accessor-range"),
    "positions without a range": (lambda d: d["accessors"][0].pop("max"), "accessor-range"),
    "an accessor that is not aligned": (lambda d: d["accessors"][0].update(byteOffset=1), "accessor"),
    "an accessor of no type": (lambda d: d["accessors"][0].update(type="VEC7"), "accessor"),
    "a view behind its buffer": (lambda d: d["bufferViews"][-1].update(byteOffset=10**7), "view-bounds"),
    "indices out of nowhere": (lambda d: primitive(d).update(indices=99), "reference"),
    "a mesh out of nowhere": (lambda d: d["nodes"][0].update(mesh=4), "reference"),
    "a material out of nowhere": (lambda d: primitive(d).update(material=9), "reference"),
    "a node that is its own child": (lambda d: d["nodes"][0].update(children=[0]), "nodes"),
    "another glTF": (lambda d: d["asset"].update(version="1.0"), "asset"),
    "an extension that is not declared": (lambda d: d.update(extensionsUsed=[], extensionsRequired=[]), "extensions"),
    "no positions": (lambda d: primitive(d)["attributes"].pop("POSITION"), "primitive"),
    "corners that are no triangles": (lambda d: d["accessors"][3].update(count=8), "index"),
    "a stream of another length": (
        lambda d: d["bufferViews"][0]["extensions"]["EXT_meshopt_compression"].update(count=3), "compression",
    ),
    "a stream of another mode": (
        lambda d: d["bufferViews"][0]["extensions"]["EXT_meshopt_compression"].update(mode="INDICES"), "compression",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GLB_MUTATIONS)
def test_what_is_made_wrong_with_a_content_is_found(content: bytes, name: str) -> None:
    change, code = GLB_MUTATIONS[name]
    document, chunk = unpack(content)
    change(document)
    with pytest.raises(BrokenGlbError) as found:
        check_content(pack(document, chunk))
    assert found.value.code == code, str(found.value)


def write_values(document: Document, chunk: bytearray, accessor: int, row: int, values: bytes) -> None:
    described = document["accessors"][accessor]
    view = document["bufferViews"][described["bufferView"]]
    size = {5120: 1, 5122: 2, 5123: 2, 5125: 4}[described["componentType"]]
    start = view["byteOffset"] + described["byteOffset"] + row * view.get("byteStride", size)
    chunk[start : start + len(values)] = values


VALUE_MUTATIONS: dict[str, tuple[int, bytes, str]] = {
    "an index behind the last vertex": (3, struct.pack("<H", 60_000), "index"),
    "an index that restarts": (3, struct.pack("<H", 65_535), "index"),
    "a normal that is too short": (1, struct.pack("<3b", 64, 0, 0), "normal"),
    "no normal at all": (1, bytes(3), "normal"),
    "a feature without a row": (2, struct.pack("<H", 350), "feature-count"),
    "a vertex elsewhere": (0, struct.pack("<3h", 32767, -32768, 5), "accessor-range"),
}


@pytest.mark.parametrize("name", VALUE_MUTATIONS)
def test_a_single_wrong_value_is_found(content: bytes, name: str) -> None:
    accessor, value, code = VALUE_MUTATIONS[name]
    document, chunk = decompress(content)
    assert check_content(pack(document, bytes(chunk))).features == 350
    if document["accessors"][0]["componentType"] == 5126 and accessor == 0:
        value = struct.pack("<3f", 1e6, 0, 0)
        view = document["bufferViews"][0]
        chunk[view["byteOffset"] : view["byteOffset"] + 12] = value
    else:
        write_values(document, chunk, accessor, 0, value)
    with pytest.raises(BrokenGlbError) as found:
        check_content(pack(document, bytes(chunk)))
    assert found.value.code == code, str(found.value)


def test_a_feature_id_behind_the_table_is_found_even_where_the_count_allows_it(content: bytes) -> None:
    document, chunk = decompress(content)
    feature_set(document)["featureCount"] = 351
    write_values(document, chunk, 2, 0, struct.pack("<H", 350))
    with pytest.raises(BrokenGlbError, match="no row"):
        check_content(pack(document, bytes(chunk)))


def test_strings_that_overlap_or_are_no_text_are_found(content: bytes) -> None:
    for column, value, code in (
        ("stringOffsets", struct.pack("<I", 9), "table-offsets"),
        ("values", b"\xff", "table-text"),
    ):
        document, chunk = decompress(content)
        view = document["bufferViews"][metadata(document)["propertyTables"][0]["properties"]["name"][column]]
        chunk[view["byteOffset"] : view["byteOffset"] + len(value)] = value
        with pytest.raises(BrokenGlbError) as found:
            check_content(pack(document, bytes(chunk)))
        assert found.value.code == code


@pytest.mark.parametrize("damage", [
    lambda c: c[:-8], lambda c: b"glTX" + c[4:], lambda c: c[:30], lambda c: c[:12] + b"\xff\xff\xff\x7f" + c[16:],
    lambda c: c[:20] + b"]" + c[21:], lambda c: c + bytes(8),
], ids=["cut", "another magic", "a stump", "an endless chunk", "no JSON", "longer than it says"])  # fmt: skip
def test_a_damaged_file_is_told_and_does_not_raise_anything_else(
    content: bytes, damage: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(BrokenGlbError):
        check_content(damage(content))


def test_any_damaged_byte_is_a_finding_or_harmless(street: Path, tmp_path: Path, content: bytes) -> None:
    folder = copy_with(street, tmp_path, "tileset.json", lambda _: None)
    rng = np.random.default_rng(11)
    for _ in range(40):
        damaged = bytearray(content)
        damaged[int(rng.integers(0, 3_000))] ^= int(rng.integers(1, 255))
        (folder / STREET / f"{STREET}.glb").write_bytes(bytes(damaged))
        check(folder)


def test_volumes_hold_each_other_whatever_their_kinds() -> None:
    here = place_on_globe(114.0, 22.5, 0)
    box = Box(here[:3, 3], here[:3, :3].T * 100)
    wide = Sphere(here[:3, 3], 200.0)
    lam, phi = np.radians(114.0), np.radians(22.5)
    region = Region(np.array([lam - 1e-3, phi - 1e-3, lam + 1e-3, phi + 1e-3, -300, 300]))
    across = Region(np.array([np.pi - 1e-3, phi - 1e-3, -np.pi + 1e-3, phi + 1e-3, -300, 300]))
    for outer, inner in itertools.permutations((box, wide, region), 2):
        is_held = (outer, inner) in ((wide, box), (region, box), (region, wide))
        assert (reach_beyond(outer, inner) < 0.01) == is_held
    beyond = place_on_globe(-179.99, 22.5, 0)
    assert across.excess(beyond[None, :3, 3]) == 0
    assert across.excess(here[None, :3, 3]) > 1_000_000


def test_a_stored_models_tileset_is_sound(tmp_path: Path) -> None:
    corners = np.array([[x, y, z] for z in (0, 3) for y in (0, 1) for x in (0, 1)], dtype=float)
    faces = np.array([[0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6]])
    part = MeshPart(corners, faces, np.zeros(8, dtype=int), (0.5, 0.5, 0.5, 1.0), double_sided=True)
    written = write_glb([part], PropertyTable("element", 1, {"global_id": ["x"]}))
    (tmp_path / "storey0.glb").write_bytes(written.data)
    leaf = Tile(written.minimum, written.maximum, 0.0, "storey0.glb")
    frame = place_on_globe(114.0, 22.5, 10.0, 30.0)
    root = Tile(written.minimum, written.maximum, 3.0, children=[leaf], transform=frame)
    (tmp_path / "tileset.json").write_text(json.dumps(describe_tileset(root)))
    report = check(tmp_path)
    assert report.findings == [] and report.contents == 1
    leaf_too_small = Tile((0.2, 0.2, 0.2), (0.8, 0.8, 0.8), 0.0, "storey0.glb")
    root = Tile(written.minimum, written.maximum, 3.0, children=[leaf_too_small], transform=frame)
    (tmp_path / "tileset.json").write_text(json.dumps(describe_tileset(root)))
    assert codes_of(check(tmp_path)) == {"content-outside"}


def test_the_command_tells_what_it_counted_and_refuses_what_is_wrong(
    street: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(path: Path) -> tuple[int, Document]:
        monkeypatch.setattr("sys.argv", ["twin", "check", "tiles3d", str(path), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(str(ended.value.code or 0)), json.loads(capsys.readouterr().out)

    code, report = run(street)
    assert code == 0
    assert (report["read"], report["kept"], report["rejected"], report["features"]) == (3, 3, 0, 400)
    broken = copy_with(street, tmp_path, f"{STREET}.json", lambda d: scale_box(d["root"]["children"][0], 0.9))
    code, report = run(broken)
    assert code == 2
    assert report["findings"] >= 1 and report["problems"][0]["where"].startswith(STREET)
    assert run(tmp_path / "nowhere")[0] == 2
