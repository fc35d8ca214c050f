# SPDX-License-Identifier: Apache-2.0
"""What is no model, or no longer one, is refused by its kind, and the process lives on."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ingest.bim import session
from ingest.bim.container import read_container
from ingest.bim.read import read_model
from ingest.bim.records import Placement, parse_placement
from ingest.bim.schema import prepare_text
from ingest.bim.spool import Spool
from tests.unit.bim_authoring import house
from twin.errors import InvalidRequestError, RefusedError

HERE = Placement(113.9, 22.5)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.ifc", b"", "empty"),
        ("a.ifc", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "Git-LFS"),
        ("a.ifc", b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        ("a.ifcxml", b'<?xml version="1.0"?><ifcXML/>', "ifcXML"),
        ("a.rvt", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 64, "Revit; export it as IFC4"),
        ("a.dwg", b"AC1032" + b"\0" * 64, "AutoCAD"),
        ("a.skp", b"\xff\xfe\xff\x0eS\0k\0e\0t\0c\0h\0", "SketchUp"),
        ("a.ifc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 64, "own binary format"),
        ("a.ifc", b'{"type":"CityJSON"}', "JSON"),
        ("a.ifc", b"hello", "does not begin with ISO-10303-21"),
        ("a.ifc", b"ISO-10303-21;HEADER;ENDSEC;DATA;ENDSEC;END-ISO-10303-21;", "no FILE_SCHEMA"),
        (
            "a.ifc",
            b"ISO-10303-21;HEADER;FILE_SCHEMA(('AUTOMOTIVE_DESIGN'));ENDSEC;END-ISO-10303-21;",
            "AUTOMOTIVE_DESIGN",
        ),
        ("a.ifczip", b"PK\x03\x04 not really", "damaged"),
    ],
)
def test_what_is_no_model_is_refused_by_its_kind(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RefusedError, match=reason) as refusal:
        read_model(path, override=HERE)
    assert refusal.value.text.zh


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.ifc", tmp_path):
        with pytest.raises(RefusedError):
            read_model(path)


def test_a_zipped_model_is_the_model(tmp_path: Path) -> None:
    model = house().write(tmp_path / "house.ifc")
    with zipfile.ZipFile(tmp_path / "house.ifczip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(model, "folder/house.ifc")
    packed = read_container(tmp_path / "house.ifczip", max_bytes=1 << 30)
    assert packed.data.read() == model.read_bytes()


def test_a_zip_bomb_is_stopped_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.ifczip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("a.ifc", b"ISO-10303-21;" + b" " * (64 << 20))
    with pytest.raises(RefusedError, match="unreasonable size"):
        read_container(path, max_bytes=1 << 30)


def test_a_file_above_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="more than the limit"):
        read_model(house().write(tmp_path / "house.ifc"), max_bytes=1000)


@pytest.mark.parametrize(
    ("declared", "read_as"),
    [
        ("IFC4X3", "IFC4X3_ADD2"),
        ("IFC4X3_RC2", "IFC4X3_ADD2"),
        ("IFC4X3_ADD1", "IFC4X3_ADD2"),
        ("IFC4X1", "IFC4X3_ADD2"),
        ("IFC2X3_FINAL", "IFC2X3"),
    ],
)
def test_a_near_relative_is_read_as_its_nearest_schema_with_a_remark(declared: str, read_as: str) -> None:
    text = prepare_text(Spool(f"ISO-10303-21;HEADER;FILE_SCHEMA (( '{declared}' ));END-ISO-10303-21;".encode()))
    assert text.read_as == read_as
    assert f"'{read_as}'".encode() in text.data.read()
    assert declared in text.problems[0].what.en


def test_an_escape_without_its_end_is_mended() -> None:
    start = b"ISO-10303-21;HEADER;FILE_SCHEMA(('IFC4'));DATA;#1=IFCLABEL('"
    text = prepare_text(Spool(start + rb"\X2\697C677F\X0:\X2\5E3889C4\X0\ 150');" + b"END-ISO-10303-21;"))
    assert text.data.read() == start + rb"\X2\697C677F\X0\:\X2\5E3889C4\X0\ 150');" + b"END-ISO-10303-21;"
    assert "1 escapes" in text.problems[0].what.en


def test_a_model_cut_off_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = house().write(tmp_path / "house.ifc")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(RefusedError, match="cut off"):
        read_model(path, override=HERE)


def test_a_file_without_project_or_products_is_refused(tmp_path: Path) -> None:
    head = "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('','',(''),(''),'','','');\n"
    path = tmp_path / "empty.ifc"
    path.write_text(head + "FILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\nENDSEC;\nEND-ISO-10303-21;\n")
    with pytest.raises(RefusedError, match="no IfcProject"):
        read_model(path, override=HERE)
    project = "#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,$,$);\n"
    path.write_text(head + f"FILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n{project}ENDSEC;\nEND-ISO-10303-21;\n")
    with pytest.raises(RefusedError, match="no product"):
        read_model(path, override=HERE)


def test_a_reader_that_dies_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MEMORY_FLOOR", 60 << 20)
    with pytest.raises(RefusedError, match=r"crashes the parser|memory"):
        read_model(house().write(tmp_path / "house.ifc"), override=HERE)


def test_a_reader_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    limits = session.SessionLimits(open_seconds=0.01, open_seconds_per_mb=0.0)
    with pytest.raises(RefusedError, match="longer than is allowed"):
        read_model(house().write(tmp_path / "house.ifc"), override=HERE, limits=limits)


def test_products_that_hang_are_reported_and_the_rest_is_kept(tmp_path: Path) -> None:
    limits = session.SessionLimits(product_seconds=0.0, workers=2)
    content = read_model(house().write(tmp_path / "house.ifc"), override=HERE, limits=limits)
    assert content.report["products"] == 20
    meshed = sum(element.is_meshed for element in content.elements)
    reported = {problem.where for problem in content.problems}
    missing = {
        element.global_id for element in content.elements if element.ifc_class == "IfcWall" and not element.is_meshed
    }
    assert missing <= reported
    assert meshed + len(missing) == 12


@pytest.mark.parametrize("text", ["", "113.9", "x,y", "1,2,3,4,5", "22.5,113.9", "nan,1"])
def test_a_position_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        parse_placement(text)


def test_a_position_is_lon_lat_height_heading() -> None:
    assert parse_placement("113.9, 22.5, 12, 30") == Placement(113.9, 22.5, 12.0, 30.0)
    assert parse_placement("113.9,22.5").heading_deg is None
