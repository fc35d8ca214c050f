# SPDX-License-Identifier: Apache-2.0
"""What ties a process to the one that started it, and what it has used so far."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1

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
