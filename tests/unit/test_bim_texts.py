# SPDX-License-Identifier: Apache-2.0
"""Texts in other codings and packings: read as what they are, or refused by name; nothing stays behind."""

from __future__ import annotations

import bz2
import gzip
import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.bim.charset import escape_pieces, find_charset
from ingest.bim.container import read_container
from ingest.bim.read import read_model
from ingest.bim.records import Placement
from ingest.bim.schema import prepare_text
from ingest.bim.spool import Spool
from tests.unit.bim_authoring import house
from twin.errors import RefusedError

HERE = Placement(113.9, 22.5)
HEAD = b"ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('','',(''),(''),'','','');\n"
START = HEAD + b"FILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n#1=IFCLABEL('"
END = b"');\nENDSEC;\nEND-ISO-10303-21;\n"
NAME = "二层地面,150 厚"
ESCAPED = rb"\X2\4E8C5C425730976 2\X0\,150 \X2\539A\X0\ ".replace(b"976 2", b"9762").rstrip()


def read_text(data: bytes) -> tuple[bytes, list[str]]:
    text = prepare_text(Spool(data))
    return text.data.read(), [problem.what.en for problem in text.problems]


@pytest.mark.parametrize("coding", ["utf-8", "gb18030"])
def test_chinese_that_is_not_escaped_is_kept_and_told(coding: str) -> None:
    data, said = read_text(START + NAME.encode(coding) + END)
    assert data == START + ESCAPED + END
    assert "Texts are not escaped" in said[0]


def test_a_chinese_letter_that_ends_in_a_backslash_breaks_nothing() -> None:
    data, _ = read_text(START + "洁净区域漒河".encode("gb18030") + END)
    assert data == START + rb"\X2\6D0151C0533A57DF6F126CB3\X0" + b"\\" + END


def test_western_letters_stay_western() -> None:
    data, said = read_text(START + "Wände für Büros".encode("latin-1") + END)
    assert data == START + rb"W\X2\00E4\X0\nde f\X2\00FC\X0\r B\X2\00FC\X0\ros" + END
    assert "ISO 8859-1" in said[0]


def test_letters_beyond_the_first_plane_take_eight_digits() -> None:
    data, _ = read_text(START + "𠮷野".encode() + END)
    assert data == START + rb"\X4\00020BB7000091CE\X0" + b"\\" + END


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n  ", b"\0\0"])
def test_what_stands_before_the_text_is_left_out_without_a_word(before: bytes) -> None:
    assert read_text(before + START + b"a" + END) == (START + b"a" + END, [])


def test_a_text_filled_up_with_zeros_has_its_end() -> None:
    data, _ = read_text(START + b"a" + END + b"\0" * 20_000)
    assert data.startswith(START + b"a" + END)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=40), st.integers(1, 9))
def test_any_chinese_comes_through_any_cut(name: str, size: int) -> None:
    raw = name.encode("utf-8")
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    hexed = "".join(b"".join(escape_pieces(pieces, "utf-8")).decode().replace("\\X0\\", "").split("\\X2\\"))
    assert bytes.fromhex(hexed).decode("utf-16-be") == name
    assert find_charset(Spool(raw)) == "utf-8"


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le"])
def test_a_text_that_an_editor_saved_in_two_bytes_a_letter_is_read(tmp_path: Path, coding: str) -> None:
    path = tmp_path / "a.ifc"
    path.write_bytes((START + NAME.encode() + END).decode().encode(coding))
    assert read_container(path, max_bytes=1 << 30).data.read() == START + ESCAPED + END


def test_names_survive_the_whole_way(tmp_path: Path) -> None:
    author = house()
    author.building.Name = "PLACE"
    path = author.write(tmp_path / "house.ifc")
    path.write_bytes(path.read_bytes().replace(b"PLACE", "一号厂房".encode("gb18030")))
    content = read_model(path, override=HERE, mesh=False)
    assert content.buildings[0]["name"] == "一号厂房"
    assert any("GB 18030" in problem.what.en for problem in content.problems)


def test_a_gzipped_model_is_the_model_and_a_gzipped_flood_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.ifc.gz"
    path.write_bytes(gzip.compress(START + b"a" + END))
    assert read_container(path, max_bytes=1 << 30).data.read() == START + b"a" + END
    path.write_bytes(gzip.compress(b"ISO-10303-21;" + b" " * (24 << 20), 9))
    with pytest.raises(RefusedError, match="unreasonable size"):
        read_container(path, max_bytes=1 << 30)
    path.write_bytes(gzip.compress(START + b"a" + END)[:40])
    with pytest.raises(RefusedError, match=r"cut off|damaged"):
        read_container(path, max_bytes=1 << 30)


def pack(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "members",
    [
        {"a/b/c/House.IFC": START + b"a" + END},
        {"house.ifc": START + b"a" + END, "readme.txt": b"x", "picture.jpg": b"y"},
        {"house.ifc": START + b"a" + END, "__MACOSX/._house.ifc": b"z"},
        {"house.dat": START + b"a" + END},
    ],
)
def test_the_only_model_of_an_archive_is_found(tmp_path: Path, members: dict[str, bytes]) -> None:
    path = pack(tmp_path / "a.ifczip", members)
    assert read_container(path, max_bytes=1 << 30).data.read() == START + b"a" + END


@pytest.mark.parametrize(
    ("members", "compression", "reason"),
    [
        ({"a.ifc": START + END, "b.ifc": START + END}, zipfile.ZIP_DEFLATED, "holds 2 .ifc files"),
        ({"a.ifcxml": b"<ifcXML/>"}, zipfile.ZIP_DEFLATED, "ifcXML"),
        ({"a.txt": b"x", "b.txt": b"y"}, zipfile.ZIP_DEFLATED, "holds 2 files and no .ifc"),
        ({}, zipfile.ZIP_DEFLATED, "holds 0 files and no .ifc"),
        ({"a.ifc": b"PK\x03\x04"}, zipfile.ZIP_DEFLATED, "another archive"),
        ({"a.ifc": b"ISO-10303-21;" + b" " * (16 << 20)}, zipfile.ZIP_BZIP2, "plain zip"),
        ({"a.ifc": b"ISO-10303-21;" + b" " * (16 << 20)}, zipfile.ZIP_LZMA, "plain zip"),
        ({f"{n}": b"" for n in range(24_000)}, zipfile.ZIP_STORED, "unreasonable number of files"),
    ],
)
def test_an_archive_that_is_no_packed_model_is_refused_by_what_it_is(
    tmp_path: Path, members: dict[str, bytes], compression: int, reason: str
) -> None:
    with pytest.raises(RefusedError, match=reason):
        read_container(pack(tmp_path / "a.ifczip", members, compression), max_bytes=1 << 30)


def test_an_encrypted_archive_is_refused_by_that(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.ifczip", {"a.ifc": START + END})
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    struct.pack_into("<H", data, at + 8, 1)
    struct.pack_into("<H", data, 6, 1)
    path.write_bytes(data)
    with pytest.raises(RefusedError, match="encrypted"):
        read_container(path, max_bytes=1 << 30)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.ifcx", b'{"header":{"version":"ifcx_alpha"}}', "IFC5"),
        ("a.ifc", b'{"header":{"id":"x","ifcxVersion":"ifcx_alpha"}}', "IFC5"),
        ("a.ifc", b"7z\xbc\xaf\x27\x1c" + b"\0" * 40, "7z archive"),
        ("a.ifc", b"Rar!\x1a\x07\x01" + b"\0" * 40, "RAR archive"),
        ("a.ifc", bz2.compress(START + END), "bzip2 archive"),
        ("a.ifc", b"\0" * 5000, "blanks or zero bytes"),
        ("a.ifc", b'<?xml version="1.0"?><kml/>', "XML, not IFC"),
        ("a.ifc", b'<?xml version="1.0"?><ifc:ifcXML/>', "ifcXML"),
        ("a.rvt", START + b"a" + END[:-5], "cut off"),
        ("a.ifc", START.replace(b"IFC4", b"IFC2X_FINAL") + END, "IFC2X_FINAL cannot be read"),
        ("a.ifc", START.replace(b"IFC4", b"IFC2X2_FINAL") + END, "IFC2X2_FINAL cannot be read"),
        ("a.ifc", START.replace(b"IFC4", b"IFC5_DEV") + END, "IFC5_DEV cannot be read"),
        ("a.ifc", START.replace(b"'IFC4'", b"''IFC4X3'_ADD2'") + END, "no FILE_SCHEMA that can be read"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_name(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RefusedError, match=reason) as refusal:
        read_model(path, override=HERE)
    assert refusal.value.text.zh


def test_a_spool_has_no_name_and_gives_its_descriptor_back() -> None:
    before = len(os.listdir("/proc/self/fd"))
    spool = Spool(b"abc")
    assert spool.write(b"def") == 3
    assert (spool.read(2, 3), spool.read(), len(spool), b"".join(spool.pieces(4))) == (b"cde", b"abcdef", 6, b"ef")
    assert os.readlink(spool.path).endswith("(deleted)")
    del spool
    assert len(os.listdir("/proc/self/fd")) == before
