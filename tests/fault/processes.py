# SPDX-License-Identifier: Apache-2.0
"""`twin serve` and `twin worker` as an operator starts them: processes of their own, with their settings and logs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from twin.database import database_url
from twin.settings import Settings

_ROOT = Path(__file__).parents[2]
_PATIENCE_S = 240.0


@dataclass
class Running:
    """A process, and where its log is."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str = ""

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop and wait; the way it ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(_PATIENCE_S)


@contextmanager
def running(settings: Settings, log: Path, *arguments: str, **environment: str) -> Generator[Running]:
    """A `twin` command over the database of `settings`; what is left of it at the end is killed."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("TWIN_", "OTEL_"))}
    mine |= {
        "TWIN_DATABASE_URL": database_url(settings), "TWIN_DATA_DIR": str(settings.data_dir), "TWIN_POOL_SIZE": "3",
        "TWIN_VIEWER_DIR": str(settings.data_dir / "viewer"), "TWIN_LOG_FORMAT": "json", "PYTHONUTF8": "1",
        **environment,
    }  # fmt: skip
    # Many are started: what they are compiled to is kept for the next one.
    mine["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / f"twin-test-pycache-{os.getuid()}")
    mine.pop("PYTHONDONTWRITEBYTECODE", None)
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "twin"), *arguments],
            cwd=_ROOT, env=mine, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out,
        )  # fmt: skip
    try:
        yield Running(process, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@contextmanager
def serving(settings: Settings, log: Path, port: int, **environment: str) -> Generator[Running]:
    """`twin serve` on a port, ready."""
    with running(settings, log, "serve", "--port", str(port), **environment) as served:
        served.url = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_ready(served.url), served)
        yield served


def is_ready(url: str) -> bool:
    """What a balancer asks."""
    try:
        return httpx.get(f"{url}/health/ready", timeout=20).status_code == 200
    except httpx.TransportError:
        return False


def wait_until(is_true: Callable[[], bool], process: Running | None = None) -> None:
    """Look again and again, for as long as any machine may need."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_true():
        assert process is None or process.process.poll() is None, process.log.read_text()[-4000:]
        assert time.monotonic() < deadline, process.log.read_text()[-4000:] if process else "it never came true"
        time.sleep(0.1)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
