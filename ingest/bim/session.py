# SPDX-License-Identifier: Apache-2.0
"""The other end of the model process: starts it, hears it out, and explains how it ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from ingest.bim import wire
from ingest.bim.lifeline import IDLE_FACTOR, read_memory
from ingest.bim.spool import Spool
from twin.errors import RefusedError
from twin.text import Text

MEMORY_FLOOR: Final = 200_000_000
"""Bytes in memory: libraries, and a kernel's work on one product."""
MEMORY_PER_BYTE: Final = 8
"""A parsed model takes 5 to 6 times its file."""

LOOK_SECONDS: Final = 0.1
NEARLY: Final = 0.9
"""A process that dies this near to its limit has most likely died of it."""


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

    def __init__(self, text: Spool, limits: SessionLimits) -> None:
        self._limits = limits
        self._open_seconds = limits.open_seconds + limits.open_seconds_per_mb * len(text) / 1e6
        self._memory = MEMORY_FLOOR + MEMORY_PER_BYTE * len(text)
        self._most = 0
        orders = {
            "memory_bytes": self._memory,
            "limits": {
                key: value
                for key, value in asdict(limits).items()
                if key in ("product_seconds", "model_seconds", "workers")
            },
        }
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingest.bim.model_process", text.path, orjson.dumps(orders).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | threads,
            cwd="/",
            pass_fds=(text.fileno(),),
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

    def describe(self) -> tuple[dict[str, Any], dict[str, int]]:
        """The model's facts and the parser's counted remarks. Raises RefusedError when it cannot be read."""
        pieces: dict[str, list[Any]] = {}
        for head, _ in self._messages(self._open_seconds):
            if head["kind"] == "facts":
                pieces.setdefault(head["name"], []).extend(head["piece"])
            if head["kind"] == "described":
                return head["facts"] | pieces, head["log"]
            if head["kind"] == "refused":
                raise _explain(head["reason"], head.get("detail", ""))
        raise _explain("memory" if self._most > NEARLY * self._memory else "crash", "")

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
            ready, _, _ = select.select([descriptor], [], [], LOOK_SECONDS)
            resident, _ = read_memory(self._process.pid)
            self._most = max(self._most, resident)
            if resident > self._memory:
                raise _explain("memory", "")
            if not ready:
                if time.monotonic() > heard_at + seconds:
                    raise _explain("time", "")
                continue
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
            zh="读取该文件需要的内存超过了允许的上限(按文件大小计);请检查文件,或拆分后上传。",
            en="Reading this file takes more memory than a file of its size is allowed; check it, or split it.",
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
