# SPDX-License-Identifier: Apache-2.0
"""The demo's models into the database: both versions of each, the second published; the house at the end."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from ingest.demo.district import Scale
from ingest.demo.models.catalogue import HOUSE_FILE, MODELS, VERSIONS, write_demo_files
from ingest.progress import OnProgress
from ingest.report import LoadReport
from ingest.source import Options, find_source
from twin.database import Connection, transaction
from twin.settings import Settings
from twin.text import Text

_FROM: Final = 0.86
_SHARE: Final = 0.11
#: A model is meshed in a process of its own, so two at a time keep two cores busy.
_AT_ONCE: Final = 2


def load_models(
    settings: Settings, scale: Scale, source_id: str, actor: str, on_progress: OnProgress
) -> Iterator[LoadReport]:
    """Write the files and load them through the model source, as an upload would; the reports, in the files' order.

    A model's versions follow each other; different models go in side by side. The house comes last: whoever finds
    it loaded knows that the rest is.
    """
    on_progress(Text("建造示范模型", "building the demo models"), _FROM)
    with tempfile.TemporaryDirectory() as folder:
        with transaction(settings) as connection:
            files = write_demo_files(connection, Path(folder), scale, settings.metric_srid, source_id)
        told = _Counter(len(files), on_progress)

        def load(versions: Sequence[Path]) -> list[LoadReport]:
            return [_load_one(settings, path, source_id, actor, told) for path in versions]

        # The highest first, so that it is not what everything waits for at the end.
        chains = [
            files[place : place + len(VERSIONS)] for place in range(0, len(MODELS) * len(VERSIONS), len(VERSIONS))
        ]
        with ThreadPoolExecutor(_AT_ONCE, "demo-model") as pool:
            for reports in pool.map(load, chains):
                yield from reports
        yield from load([path for path in files if path.name == HOUSE_FILE])


def is_loaded(connection: Connection, source_id: str, actor: str) -> bool:
    """Whether the demo's last model is in, and so all of them."""
    row = connection.execute(
        "SELECT 1 FROM load WHERE source_id = %s AND kind = 'model' AND actor = %s AND file_name = %s",
        (source_id, actor, HOUSE_FILE),
    ).fetchone()
    return row is not None


class _Counter:
    """How many of the files are in; told by several threads, in an order that only grows."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self._total, self._on_progress = total, on_progress
        self._done = 0
        self._lock = threading.Lock()

    def add(self, path: Path) -> None:
        with self._lock:
            self._done += 1
            step = Text(
                f"已载入模型 {path.name}({self._done} / {self._total})",
                f"loaded the model {path.name} ({self._done} of {self._total})",
            )
            self._on_progress(step, _FROM + _SHARE * self._done / self._total)


def _load_one(settings: Settings, path: Path, source_id: str, actor: str, told: _Counter) -> LoadReport:
    report = find_source("model").load(settings, path, Options(source_id=source_id, actor=actor))
    told.add(path)
    return report
