# SPDX-License-Identifier: Apache-2.0
"""A small HTTP client for benchmarks: keeps a fixed number of connections busy with a list of paths."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_PATIENCE_S = 120.0


@dataclass(frozen=True)
class Run:
    """What became of a list of requests; `seconds` is the wall time of all, `latencies` of each (s)."""

    seconds: float
    latencies: tuple[float, ...]
    statuses: Mapping[int, int]
    received: int
    """Bytes of all bodies."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    def quantile_ms(self, part: float) -> float:
        """The latency that `part` of the requests (0 to 1) did not exceed, in milliseconds."""
        return float(np.quantile(self.latencies, part)) * 1000


def fetch_all(
    host: str, port: int, paths: Sequence[str], connections: int, headers: Mapping[str, str] | None = None
) -> Run:
    """GET every path once over that many connections that are kept alive.

    Raises ConnectionError where a server hangs up.
    """
    return asyncio.run(asyncio.wait_for(_fetch_all(host, port, paths, connections, headers or {}), _PATIENCE_S))


async def _fetch_all(host: str, port: int, paths: Sequence[str], connections: int, headers: Mapping[str, str]) -> Run:
    waiting = iter(paths)
    fixed = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"{host}:{port}", **headers}.items())
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    received = 0

    async def work(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        nonlocal received
        reader, writer = streams
        for path in waiting:
            asked = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\n{fixed}\r\n".encode())
            status, size = await _read_answer(reader)
            latencies.append(time.perf_counter() - asked)
            statuses[status] = statuses.get(status, 0) + 1
            received += size
        writer.close()

    opened = await asyncio.gather(*(asyncio.open_connection(host, port) for _ in range(connections)))
    started = time.perf_counter()
    await asyncio.gather(*(work(streams) for streams in opened))
    return Run(time.perf_counter() - started, tuple(latencies), statuses, received)


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, int]:
    """The status of an answer and the size of its body, which is read and let go."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("the server hung up") from error
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ", 2)[1])
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if "content-length" in fields:
        size = int(fields["content-length"])
        await reader.readexactly(size)
        return status, size
    if status in (204, 304):
        return status, 0
    if fields.get("transfer-encoding") != "chunked":
        raise ConnectionError("an answer without a length")
    total = 0
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
        total += size
    await reader.readline()
    return status, total
