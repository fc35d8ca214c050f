# SPDX-License-Identifier: Apache-2.0
"""Reading a model takes no process more than 200 MB and eight times the file, and leaves none behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.bim.lifeline import read_memory
from ingest.bim.read import read_model
from ingest.bim.records import Placement
from ingest.bim.schema import prepare_text
from ingest.bim.session import ModelSession, SessionLimits
from ingest.bim.spool import Spool
from tests.unit.bim_tower import PER_STOREY, write_tower
from twin.errors import RefusedError

ROOT = Path(__file__).resolve().parents[2]
FLOOR, PER_BYTE = 200_000_000, 8
READ = """
import sys, tempfile
from pathlib import Path
from ingest.bim.read import read_model
from ingest.bim.records import Placement
with tempfile.TemporaryDirectory() as folder:
    content = read_model(Path(sys.argv[1]), override=Placement(113.9, 22.5), tiles_dir=Path(folder) / "tiles")
    print(content.report["meshed"])
"""


def list_family(process: int) -> list[int]:
    """A process and all that it has started, and they."""
    family, children = [process], dict[int, list[int]]()
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(path.name))
    for member in family:
        family += children.get(member, [])
    return family


def read_peak(process: int) -> int:
    """Bytes that a process has ever had in memory at once (VmHWM); 0 when it is gone."""
    try:
        lines = (Path("/proc") / str(process) / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def read_watched(path: Path) -> tuple[str, dict[int, int]]:
    """What a reader in a process of its own prints, and the peak of each process that it took."""
    peaks: dict[int, int] = {}
    with subprocess.Popen(
        [sys.executable, "-c", READ, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        while child.poll() is None:
            for process in list_family(child.pid):
                peaks[process] = max(peaks.get(process, 0), read_peak(process))
            time.sleep(0.1)
        said = child.communicate()[0]
    return said.strip(), peaks


def check_memory(folder: Path, storeys: int) -> None:
    path = write_tower(folder / "tower.ifc", storeys)
    said, peaks = read_watched(path)
    assert said == str(storeys * PER_STOREY)
    assert len(peaks) >= 3, "a reader, the process of the model, meshers"
    assert max(peaks.values()) <= FLOOR + PER_BYTE * path.stat().st_size
    assert not [process for process in peaks if Path(f"/proc/{process}/cmdline").exists()]


def test_a_tower_is_read_within_its_memory(tmp_path: Path) -> None:
    check_memory(tmp_path, 2)


@pytest.mark.timeout(1800)
@pytest.mark.skipif(not os.environ.get("TWIN_SLOW_TESTS"), reason="TWIN_SLOW_TESTS is not set")
def test_a_tower_of_twenty_thousand_elements_is_read_within_its_memory(tmp_path: Path) -> None:
    check_memory(tmp_path, 200)


def test_a_parser_that_wants_more_than_its_file_allows_is_ended_with_that_reason(tmp_path: Path) -> None:
    # A list of one number takes a parser twenty times its text: what fits the disk need not fit the memory.
    head = b"ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('','',(''),(''),'','','');\n"
    head += b"FILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,$,$);\n"
    lists = b"#2=IFCCARTESIANPOINTLIST3D((" + b"(1)," * 6_000_000 + b"(1)));\n"
    path = tmp_path / "big.ifc"
    path.write_bytes(head + lists + b"ENDSEC;\nEND-ISO-10303-21;\n")
    with pytest.raises(RefusedError, match="more memory than a file of its size is allowed"):
        read_model(path, override=Placement(113.9, 22.5))


def test_the_process_of_a_model_ends_with_its_session_and_leaves_no_file(tmp_path: Path) -> None:
    text = prepare_text(Spool(write_tower(tmp_path / "tower.ifc", 1).read_bytes()))
    before = set(os.listdir("/tmp"))
    with ModelSession(text.data, SessionLimits()) as session:
        facts, _ = session.describe()
        (process,) = (one for one in list_family(os.getpid()) if b"model_process" in read_command(one))
        assert 0 < read_memory(process)[0] < FLOOR
        next(session.mesh())
        family = list_family(process)
    assert facts["products"] == 113
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{one}").exists() for one in family) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [one for one in family if Path(f"/proc/{one}").exists()]
    assert not [name for name in set(os.listdir("/tmp")) - before if name.startswith("twin-model")]


def read_command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def test_the_process_of_an_upload_holds_nothing_that_only_tables_need() -> None:
    program = (
        "import sys, ingest.upload; from ingest.source import find_source; find_source('model'); "
        "print({'pandas', 'geopandas', 'pyarrow', 'pgpq', 'pyogrio', 'ifcopenshell'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "set()"
