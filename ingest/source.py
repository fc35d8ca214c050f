# SPDX-License-Identifier: Apache-2.0
"""What a source is: one file in `sources/`, whose stem is the KIND of `twin ingest KIND PATH`."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ingest.sources
from ingest.kind import check_update
from ingest.progress import OnProgress, ignore_progress
from ingest.report import LoadReport
from twin.blocks import BlockIndex
from twin.database import connect
from twin.errors import NotFoundError, Problem, RefusedError, SetupError
from twin.settings import Settings
from twin.text import Text


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person says beside the path."""

    crs: str | None = None
    is_crs_forced: bool = False
    mapping: str | None = None
    source_id: str | None = None
    layer: str | None = None
    at: str | None = None
    time_zone: str = "UTC"
    actor: str = "command"
    file_name: str | None = None
    layer_name: str | None = None
    """The business layer that points belong to."""
    further: tuple[Path, ...] = ()
    """More files of the same load (blocks: one a level)."""
    scheme: str | None = None
    """The block scheme: a declaration file, or the id of one."""
    only: tuple[str, ...] = ()
    """Only the blocks of these codes and what is below them."""
    derives_parents: bool = False
    """Whether coarser blocks without a boundary are made of those below them."""
    update: str = "part"
    """`whole`: the file is the whole list, and what it no longer has ends; `part`: it adds and updates."""


class Source(Protocol):
    """Something that can be checked and loaded from a path."""

    @property
    def title(self) -> Text:
        """What people call it."""
        ...

    def check(self, settings: Settings, path: Path, options: Options) -> LoadReport:
        """The report of a load that does not happen."""
        ...

    def load(
        self, settings: Settings, path: Path, options: Options, on_progress: OnProgress = ignore_progress
    ) -> LoadReport:
        """Load it, in one transaction."""
        ...


class RefusedLoadError(RefusedError):
    """A refusal together with the report as far as it came."""

    def __init__(self, error: RefusedError, report: LoadReport) -> None:
        super().__init__(error.text, error.problems)
        self.report = report


_TRY_AGAIN = Text("按提示修正后再试", "mend this and try again")


class refusals_reported:  # noqa: N801 (reads as the context it is)
    """Lets a refusal leave with the report as far as it came."""

    def __init__(self, report: LoadReport) -> None:
        self._report = report

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, RefusedError) and not isinstance(error, RefusedLoadError):
            known = self._report.problems
            known.extend(problem for problem in error.problems if problem not in known)
            if not known:
                known.append(Problem(self._report.file_name or self._report.kind, error.text, _TRY_AGAIN))
            raise RefusedLoadError(error, self._report) from error


def read_index(settings: Settings) -> BlockIndex | None:
    """The blocks, or None where there are none to ask: a check works without a database."""
    try:
        with connect(settings) as connection:
            return BlockIndex.read(connection)
    except SetupError:
        return None


def hash_file(path: Path) -> str:
    """The file's SHA-256.

    Raises RefusedError when there is no such file.
    """
    if not path.exists():
        raise RefusedError(Text(f"没有文件 {path}。", f"There is no file {path}."))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_source(kind: str) -> Source:
    """The source of a KIND.

    Raises NotFoundError naming the kinds there are.
    """
    kinds = list_kinds()
    if kind not in kinds:
        raise NotFoundError(
            Text(
                f"没有种类“{kind}”。可选:{', '.join(kinds)}。",
                f"There is no kind '{kind}'. Choose one of {', '.join(kinds)}.",
            )
        )
    return importlib.import_module(f"ingest.sources.{kind}").SOURCE


def check_options(source: Source, options: Options) -> None:
    """Raises RefusedError for options that the source would not heed."""
    check_update(options.update, getattr(source, "replaces", None))


def list_kinds() -> list[str]:
    """Every KIND there is: the modules of `sources/`."""
    return sorted(module.name for module in pkgutil.iter_modules(ingest.sources.__path__))
