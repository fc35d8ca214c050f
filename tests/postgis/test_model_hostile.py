# SPDX-License-Identifier: Apache-2.0
"""Hostile models against the whole road: refused with the reason, and no row, file or process left of them."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from ingest.demo.house import write_house
from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import load_toy, point_in
from twin.database import connect
from twin.settings import Settings

HEAD = b"ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('','',(''),(''),'','','');\n"
IFC4 = HEAD + b"FILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n"
END = b"ENDSEC;\nEND-ISO-10303-21;\n"
PROJECT = b"#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,$,$);\n"

HOSTILE = {
    "zeros": (b"\0" * 4096, "blanks or zero bytes"),
    "a schema of long ago": (HEAD + b"FILE_SCHEMA(('IFC2X2_FINAL'));\nENDSEC;\nDATA;\n" + END, "IFC2X2_FINAL"),
    "nothing in it": (IFC4 + END, "no IfcProject"),
    "no number": (IFC4 + PROJECT + b"#2=IFCCARTESIANPOINT((1.#INF,0.,0.));\n" + END, "STEP syntax"),
    "a string without end": (IFC4 + PROJECT + b"#2=IFCLABEL('x);\n" + END, "STEP syntax|no product|cannot be placed"),
    "a flood of brackets": (
        IFC4 + PROJECT + b"#2=IFCWALL(" + b"(" * 200_000 + END, "STEP syntax|crashes|memory|cannot be placed",
    ),
    "a whole made of itself": (
        IFC4 + PROJECT + b"#2=IFCWALL('1YvctVUKr0kugbFTf53O9L',$,'W',$,$,#3,$,$,$);\n"
        b"#3=IFCLOCALPLACEMENT(#3,#3);\n#4=IFCRELAGGREGATES('2YvctVUKr0kugbFTf53O9L',$,$,$,#2,(#2));\n" + END,
        "cannot be placed",
    ),
}  # fmt: skip


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


def count_processes() -> int:
    found = 0
    for path in Path("/proc").iterdir():
        try:
            status = (path / "stat").read_text().rpartition(")")[2].split() if path.name.isdigit() else []
        except OSError:
            continue
        found += bool(status) and int(status[1]) == os.getpid()
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_is_refused_and_nothing_of_it_stays(city: Settings, tmp_path: Path, name: str) -> None:
    content, reason = HOSTILE[name]
    path = tmp_path / "hostile.ifc"
    path.write_bytes(content)
    before, descriptors = count_processes(), len(os.listdir("/proc/self/fd"))
    with pytest.raises(RefusedLoadError, match=reason) as refusal:
        find_source("model").load(city, path, Options())
    assert refusal.value.report.as_dict()["problems"]
    assert count_processes() == before
    # The refusal's own traceback holds what was open.
    del refusal
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= descriptors
    with connect(city) as connection:
        for table in ("model", "model_version", "element", "tileset"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    assert not [path for path in city.assets_dir.rglob("*") if path.is_file()]


def test_after_all_of_them_a_good_model_goes_in(city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "house.ifc"
    for content, _ in HOSTILE.values():
        path.write_bytes(content)
        with pytest.raises(RefusedLoadError):
            find_source("model").load(city, path, Options())
    write_house(path, lon=113.883, lat=22.555)
    point = point_in(0.5, 0.5)
    report = find_source("model").load(city, path, Options(at=f"{point.x},{point.y}"))
    assert report.as_dict()["meshed"] > 50
