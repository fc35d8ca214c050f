# SPDX-License-Identifier: Apache-2.0
"""Servers under test: each a uvicorn process of its own with one worker, on a free loopback port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from fastapi import FastAPI

from api.app import Application, create_app
from twin.settings import Settings

HOST: Final = "127.0.0.1"

_START_S: Final = 60.0
_STOP_S: Final = 10.0


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int


def twin_app() -> Application:
    """Ours, with settings from the environment."""
    return create_app(Settings())


def tipg_app() -> FastAPI:
    """The peer's, with settings from the environment."""
    from tipg.main import app

    return app


@contextmanager
def serve(app: str, environment: Mapping[str, str], health: str, log: Path) -> Generator[Server]:
    """The application that function `app` of this module gives, until the end of the block.

    `health` is a path that answers 200 once it is ready. Raises RuntimeError with the end of `log` when it
    does not come up.
    """
    port = _find_port()
    command = [
        sys.executable, "-m", "uvicorn", "--factory", f"bench.servers:{app}", "--host", HOST, "--port", str(port),
        "--workers", "1", "--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "2",
    ]  # fmt: skip
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        _wait(process, f"http://{HOST}:{port}{health}", log)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _find_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{process.args} did not come up:\n{log.read_text()[-2000:]}")
