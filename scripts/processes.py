# SPDX-License-Identifier: Apache-2.0
"""One long-running `twin` process: started in the background, found again later, ended.

A pid file also holds when its process began, so no stranger who got the number later is ever ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twin.errors import SetupError
from twin.text import Text

ROOT: Final = Path(__file__).resolve().parent.parent
_STOP_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Service:
    """One long-running `twin` command of this checkout."""

    name: str
    data_dir: Path

    @property
    def pid_path(self) -> Path:
        """Holds three lines: the process id, when it began, the fingerprint it was started with."""
        return self.data_dir / f"{self.name}.pid"

    @property
    def log_path(self) -> Path:
        """What the process prints; the run before is kept as `.log.1`."""
        return self.data_dir / f"{self.name}.log"


def find_running(service: Service) -> tuple[int, str] | None:
    """The process id and fingerprint of `service`, if the process of its pid file still lives."""
    try:
        pid, began, fingerprint = service.pid_path.read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    if not pid.isdigit() or read_beginning(int(pid)) != began:
        return None
    return int(pid), fingerprint


def read_beginning(pid: int) -> str | None:
    """When a process began: this boot's id and the clock ticks since; None where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may itself hold spaces; the state and 19 further fields follow it.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else f"{boot}:{fields[19]}"


def start_service(service: Service, fingerprint: str) -> bool:
    """Start `service` unless it runs already with the same program and settings; True if it was started."""
    running = find_running(service)
    if running and running[1] == fingerprint:
        return False
    if running:
        say(
            Text(
                f"程序或设置有变,重启 {service.name}",
                f"program or settings changed: restarting {service.name}",
            )
        )
        stop_service(service)
    if service.log_path.exists():
        service.log_path.replace(service.log_path.with_suffix(".log.1"))
    with service.log_path.open("w") as log:
        # A session of its own: it outlives the terminal, and its children can be found by it.
        process = subprocess.Popen(
            [Path(sys.executable).parent / "twin", service.name],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True, env={**os.environ, "PYTHONUTF8": "1"},
        )  # fmt: skip
    service.pid_path.write_text(f"{process.pid}\n{read_beginning(process.pid) or '-'}\n{fingerprint}\n")
    return True


def stop_service(service: Service) -> bool:
    """End `service` and wait for it; False if it was not running."""
    running = find_running(service)
    if running:
        pid = running[0]
        began = read_beginning(pid)
        try:
            os.kill(pid, signal.SIGTERM)
            if not wait_until(lambda: read_beginning(pid) != began, _STOP_SECONDS):
                os.killpg(pid, signal.SIGKILL)
                wait_until(lambda: read_beginning(pid) != began, _STOP_SECONDS)
        except ProcessLookupError:
            pass  # it ended by itself just now
        except PermissionError as error:
            raise SetupError(
                Text(
                    f"twin {service.name}(进程 {pid})属于另一个用户,请以该用户停止它。",
                    f"twin {service.name} (process {pid}) belongs to another user: stop it as that user.",
                )
            ) from error
    service.pid_path.unlink(missing_ok=True)
    return running is not None


def wait_until(is_true: Callable[[], bool], seconds: float) -> bool:
    """Look every tenth of a second; False if it did not come true in time."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def tail(service: Service) -> str:
    """The last lines of a service's log, and where the rest is."""
    lines = service.log_path.read_text(errors="replace").splitlines()[-15:]
    return "\n".join([*lines, f"({service.log_path})"])


def say(text: Text) -> None:
    """One fact, in both languages."""
    print(f"    {text.zh} · {text.en}", flush=True)
