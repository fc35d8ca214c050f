# SPDX-License-Identifier: Apache-2.0
"""What a benchmark ran on, and what processes cost in CPU seconds."""

from __future__ import annotations

import os
import platform
import resource
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from twin.database import Connection


@dataclass(frozen=True)
class Machine:
    """The machine of one run; `load` is what it had to do already (1 minute average)."""

    cores: int
    memory_gib: float
    system: str
    python: str
    postgresql: str
    postgis: str
    load: float

    def __str__(self) -> str:
        """One line for a table's head."""
        return (
            f"{self.cores} cores, {self.memory_gib:.0f} GiB, {self.system}, PostgreSQL {self.postgresql}, "
            f"PostGIS {self.postgis}, Python {self.python}, load {self.load:.1f} at the start"
        )


def read_machine(connection: Connection) -> Machine:
    """This machine, with the server that the connection leads to."""
    row = connection.execute("SELECT current_setting('server_version'), postgis_lib_version()").fetchone()
    assert row is not None
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        system=platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        python=platform.python_version(),
        postgresql=str(row[0]).split()[0],
        postgis=str(row[1]),
        load=os.getloadavg()[0],
    )


BACKEND_STAT = "SELECT pg_read_file('/proc/self/stat')"
"""Asks a server process for its own line in /proc; only a superuser may."""


def cpu_of_stat(line: str) -> float:
    """The CPU seconds, user and system, in a line of /proc/<pid>/stat."""
    # The second field is a name in parentheses that may hold anything.
    fields = line.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_of_processes(pids: Iterable[int]) -> dict[int, float]:
    """The CPU seconds of each process of this machine that is there."""
    seconds: dict[int, float] = {}
    for pid in pids:
        try:
            seconds[pid] = cpu_of_stat(Path(f"/proc/{pid}/stat").read_text())
        except FileNotFoundError:
            continue
    return seconds


def cpu_since(before: Mapping[int, float], pids: Iterable[int]) -> float:
    """The CPU seconds of processes since `before`; a new one counts from its start, an ended one nothing."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in cpu_of_processes(pids).items())


def cpu_of_children() -> float:
    """The CPU seconds of this process's children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def find_backends(watcher: Connection) -> set[int]:
    """The processes of the watcher's database, its own aside."""
    rows = watcher.execute(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ).fetchall()
    return {int(row[0]) for row in rows}
