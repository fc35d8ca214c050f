# SPDX-License-Identifier: Apache-2.0
"""What ties a process to the one that started it, what it has used so far, and what it may use."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1

RESERVE: Final = 64 << 20
"""Bytes that a kernel asks for at once and hardly touches; what is touched, the watcher of memory counts."""

IDLE_FACTOR: Final = 10
"""Wall seconds to one CPU second that a worker may take before it is held to be stuck."""


def die_with_parent(parent: int | None = None) -> None:
    """From now on this process is killed when its parent ends, so that no parser is left behind.

    One whose parent (`parent`: its process id) has ended before that, is killed now.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def read_cpu_seconds(process: int) -> float:
    """CPU seconds that a process has used; 0 when it is gone."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0.0
    # The second field is the program's name in brackets and may hold blanks.
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_memory(process: int | str = "self") -> tuple[int, int]:
    """Bytes that a process has in memory: all of it (code and shared pages too), and what is its data.

    (0, 0) when it is gone.
    """
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()
    except OSError:
        return 0, 0
    resident, shared = int(pages[1]), int(pages[2])
    return resident * resource.getpagesize(), (resident - shared) * resource.getpagesize()


def limit_memory(budget: int) -> None:
    """From now on this process, and every child, gets no more data than fit into `budget` bytes of memory.

    The limit of the kernel counts data that is reserved and never touched: what is reserved now stays on top.
    """
    resident, data = read_memory()
    reserved = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    limit = max(budget - (resident - data), 0) + max(reserved - data, 0) + RESERVE
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
