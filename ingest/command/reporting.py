# SPDX-License-Identifier: Apache-2.0
"""How a command that loads tells how far it is and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ingest.progress import OnProgress
from ingest.report import LoadReport
from ingest.show import show_report
from ingest.source import RefusedLoadError
from twin.errors import TwinError
from twin.text import Text

_ERR = Console(stderr=True)


def run_and_report(work: Callable[[], LoadReport], kind: str, *, as_json: bool) -> None:
    """Exit 0 with the report, or 2 with the reason; as JSON the report goes to standard output either way."""
    try:
        report = work()
    except TwinError as error:
        report = error.report if isinstance(error, RefusedLoadError) else LoadReport(kind, "")
        if as_json:
            _print_json(report.as_dict() | {"refused": str(error.text), "refused_i18n": error.text.as_dict()})
        elif isinstance(error, RefusedLoadError):
            show_report(report)
        raise
    if as_json:
        _print_json(report.as_dict())
    else:
        show_report(report)


def _print_json(report: dict[str, Any]) -> None:
    typer.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())


class progress_bar:  # noqa: N801 (reads as the context it is)
    """A progress bar on standard error; silent where nobody looks."""

    def __init__(self, *, is_shown: bool) -> None:
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
            console=_ERR, disable=not is_shown, transient=_ERR.is_terminal,
        )  # fmt: skip
        self._last = ""

    def __enter__(self) -> OnProgress:
        self._progress.__enter__()
        task = self._progress.add_task("…", total=1.0)

        def note(step: Text, fraction: float) -> None:
            self._progress.update(task, description=str(step), completed=fraction)
            if not _ERR.is_terminal and str(step) != self._last:
                self._last = str(step)
                self._progress.console.print(f"  {step}", highlight=False)

        return note

    def __exit__(self, *error: Any) -> None:
        self._progress.__exit__(*error)
