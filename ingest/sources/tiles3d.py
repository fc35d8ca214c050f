# SPDX-License-Identifier: Apache-2.0
"""A 3D Tiles tileset, in a folder or behind a URL: checked through; it is not loaded yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest.progress import OnProgress, ignore_progress
from ingest.report import MOST_PROBLEMS, LoadReport
from ingest.source import Options, refusals_reported
from twin.errors import Problem, RefusedError
from twin.settings import Settings
from twin.text import Text
from twin.tiles3d.check import check_tileset
from twin.tiles3d.files import FolderFiles, HttpFiles
from twin.tiles3d.finding import TilesetReport

_URL: Final = re.compile(r"(https?):/+(.+)")
_FIX: Final = Text("在生成该瓦片集的工具中修正", "mend it in the tool that made the tileset")


@dataclass(frozen=True)
class TilesetSource:
    """Tilesets that somebody else made, or that a server makes: `twin check tiles3d URL|DIR`."""

    title: Text = Text("三维瓦片", "3D Tiles")  # noqa: RUF009 (frozen)

    def check(self, settings: Settings, path: Path, options: Options) -> LoadReport:
        """Every document, tile and content; `read` counts contents. Raises RefusedError where something is wrong."""
        report = LoadReport("tiles3d", options.source_id or path.stem, options.file_name or path.name)
        report.outside = None
        with refusals_reported(report):
            found = _walk(path)
            report.read = report.kept = found.contents
            report.details = {
                "documents": found.documents, "tiles": found.tiles, "contents": found.contents, "bytes": found.bytes,
                "largest_content": found.largest_content, "triangles": found.triangles, "features": found.features,
                "unchecked": found.unchecked,
            }  # fmt: skip
            if found.findings:
                report.details["findings"] = len(found.findings)
                problems = [Problem(f.where, f.what, _FIX) for f in found.findings[:MOST_PROBLEMS]]
                count = len(found.findings)
                text = Text(f"瓦片集有 {count} 处问题。", f"The tileset has {count} problems.")
                raise RefusedError(text, problems)
        return report

    def load(
        self, settings: Settings, path: Path, options: Options, on_progress: OnProgress = ignore_progress
    ) -> LoadReport:
        """Raises RefusedError: there is no place for them yet."""
        raise RefusedError(
            Text(
                "暂不支持载入三维瓦片;可用 twin check tiles3d 检查。",
                "3D Tiles cannot be loaded yet; `twin check tiles3d` checks them.",
            )
        )


def _walk(path: Path) -> TilesetReport:
    # A path is where slashes that follow each other are one.
    url = _URL.fullmatch(str(path))
    if url:
        with HttpFiles(f"{url[1]}://{url[2]}") as files:
            return check_tileset(files)
    if not path.exists():
        raise RefusedError(Text(f"没有 {path}。", f"There is no {path}."))
    return check_tileset(FolderFiles(path))


SOURCE = TilesetSource()
