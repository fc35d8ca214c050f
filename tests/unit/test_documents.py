# SPDX-License-Identifier: Apache-2.0
"""What the documents say is held to what is there: settings, links, make targets, both languages."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from ingest.source import Options
from layers.registry import check_layer
from twin.errors import RefusedError
from twin.settings import Settings

_ROOT = Path(__file__).parents[2]
_DOCUMENTS = sorted([*_ROOT.glob("*.md"), *(_ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", ["operate.md", "operate.en.md"])
def test_every_setting_is_in_the_operators_guide(name: str) -> None:
    text = (_ROOT / "docs" / name).read_text()
    missing = [field for field in Settings.model_fields if f"`TWIN_{field.upper()}`" not in text]
    assert not missing


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: str(path.relative_to(_ROOT)))
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)|<img[^>]* src=\"([^\"]+)\"", document.read_text())
    inner = [one or other for one, other in targets if "://" not in (one or other)]
    assert [target for target in inner if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: str(path.relative_to(_ROOT)))
def test_every_make_target_that_a_document_names_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (_ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^|=\d+ )make ([a-z-]+)", document.read_text(), re.MULTILINE))
    assert named <= targets


def run_example(document: str, folder: Path) -> ModuleType:
    """The guide's Python example, imported as the file that it would be."""
    found = re.search(r"```python\n(.*?)```", (_ROOT / "docs" / document).read_text(), re.DOTALL)
    assert found is not None
    path = folder / "example.py"
    path.write_text(found[1])
    spec = importlib.util.spec_from_file_location("example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("document", ["add-a-layer.md", "add-a-layer.en.md"])
def test_the_example_of_a_layer_is_a_good_declaration(document: str, tmp_path: Path) -> None:
    assert check_layer(run_example(document, tmp_path).LAYER) == []


@pytest.mark.parametrize("document", ["add-a-source.md", "add-a-source.en.md"])
def test_the_example_of_a_source_reads_rejects_and_refuses(document: str, tmp_path: Path) -> None:
    source = run_example(document, tmp_path).SOURCE
    nowhere = Settings(database_url="postgresql://127.0.0.1:1/none")
    finding = {"no": "P-1", "type": "pothole", "time": "2026-03-01T09:00:00+08:00", "lon": 10.5, "lat": 50.1}
    path = tmp_path / "export.json"
    path.write_text(json.dumps({"findings": [finding, finding | {"no": "P-2", "time": "yesterday?"}]}))
    report = source.check(nowhere, path, Options(crs="EPSG:4326"))
    assert (report.read, report.kept, report.rejects[0].row) == (2, 1, 2)
    path.write_text("[]")
    with pytest.raises(RefusedError, match="no patrol export"):
        source.check(nowhere, path, Options(crs="EPSG:4326"))


def test_every_guide_is_there_in_both_languages() -> None:
    guides = {path.name.partition(".")[0] for path in (_ROOT / "docs").glob("*.md")} - {"status"}
    assert len(guides) > 12
    for guide in ["README", "CONTRIBUTING", *(f"docs/{name}" for name in sorted(guides))]:
        chinese, english = (_ROOT / f"{guide}{suffix}" for suffix in (".md", ".en.md"))
        assert english.name in chinese.read_text(), f"{chinese} does not link to its sibling"
        assert chinese.name in english.read_text(), f"{english} does not link to its sibling"
