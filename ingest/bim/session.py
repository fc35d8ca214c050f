# SPDX-License-Identifier: Apache-2.0
"""The other end of the model process: starts it, hears it out, and explains how it ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from ingest.bim import wire
from ingest.bim.lifeline import IDLE_FACTOR
from twin.errors import RefusedError
from twin.text import Text

MEMORY_FLOOR: Final = 4 << 30
"""Address space, most of it libraries; a parsed model takes 5 to 10 times its file."""
MEMORY_PER_BYTE: Final = 40


@dataclass(frozen=True)
class SessionLimits:
    """Seconds to open and describe a model (plus what its size adds), and the meshing's own."""

    open_seconds: float = 60.0
    open_seconds_per_mb: float = 2.0
    product_seconds: float = 20.0
    model_seconds: float = 1800.0
    workers: int = field(default_factory=lambda: min(4, os.cpu_count() or 1))


class ModelSession:
    """A model that is open in a process of its own. Use as a context: its end is the process' end."""

    def __init__(self, text: bytes, limits: SessionLimits) -> None:
        self._limits = limits
        self._open_seconds = limits.open_seconds + limits.open_seconds_per_mb * len(text) / 1e6
        self._folder = tempfile.TemporaryDirectory(prefix="twin-model-")
        path = Path(self._folder.name) / "model.ifc"
        path.write_bytes(text)
        orders = {
            "memory_bytes": MEMORY_FLOOR + MEMORY_PER_BYTE * len(text),
            "limits": {
                key: value
                for key, value in asdict(limits).items()
                if key in ("product_seconds", "model_seconds", "workers")
            },
        }
        self._errors = (Path(self._folder.name) / "errors").open("wb")
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingest.bim.model_process", str(path), orjson.dumps(orders).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | threads,
            cwd=self._folder.name,
            start_new_session=True,
        )
        self._inbox = wire.Inbox()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The group holds the disposable workers too.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._errors.close()
        self._folder.cleanup()

    def describe(self) -> tuple[dict[str, Any], dict[str, int]]:
        """The model's facts and the parser's counted remarks. Raises RefusedError when it cannot be read."""
        for head, _ in self._messages(self._open_seconds):
            if head["kind"] == "described":
                return head["facts"], head["log"]
            if head["kind"] == "refused":
                raise _explain(head["reason"], head.get("detail", ""))
        raise _explain("crash", "")

    def mesh(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """`mesh` and `failed` messages for the meshable products; ends early if the process dies."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"mesh\n")
            self._process.stdin.flush()
        for head, block in self._messages(2 * IDLE_FACTOR * self._limits.product_seconds + 60):
            if head["kind"] == "done":
                return
            yield head, block

    def _messages(self, seconds: float) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Messages until the pipe ends; RefusedError when nothing is heard for `seconds`."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        heard_at = time.monotonic()
        while True:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, heard_at + seconds - time.monotonic()))
            if not ready:
                raise _explain("time", "")
            piece = os.read(descriptor, 1 << 20)
            if not piece:
                return
            heard_at = time.monotonic()
            yield from self._inbox.feed(piece)


def _explain(reason: str, detail: str) -> RefusedError:
    texts = {
        "syntax": Text(
            zh=f"文件的 STEP 语法有错,无法读取:{detail}。请重新导出。",
            en=f"The file's STEP syntax is broken and it cannot be read: {detail}. Export it again.",
        ),
        "structure": Text(
            zh=f"文件内部互相矛盾,无法读取({detail})。请重新导出。",
            en=f"The file contradicts its own schema and cannot be read ({detail}). Export it again.",
        ),
        "memory": Text(
            zh="读取该文件需要的内存超过了允许的上限。",
            en="Reading this file takes more memory than is allowed.",
        ),
        "time": Text(
            zh="读取该文件的时间超过了上限,已停止。",
            en="Reading this file took longer than is allowed and was stopped.",
        ),
        "crash": Text(
            zh="该文件使解析器崩溃;文件已损坏或格式异常。",
            en="This file crashes the parser: it is damaged or malformed.",
        ),
    }
    return RefusedError(texts[reason])
