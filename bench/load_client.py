# SPDX-License-Identifier: Apache-2.0
"""Many small requests at once, cheaply enough that servers are the limit: wrk where it is installed, else processes.

Every connection is kept alive and asks for the next of a list of requests as soon as it has its answer. Processes of
our own ask for several at once on each connection (pipelining), which wrk does as well.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench.machine import cpu_of_children
from bench.servers import HOST

CONNECTIONS: Final = 16
_PROCESSES: Final = 2
_DEPTH: Final = 8
"""Requests that are on their way at once on a connection."""

_SCRIPT: Final = """
local texts, number = {}, 0
function init(args)
  for path, headers in io.open(args[1]):read("*a"):gmatch("([^\\t\\n]+)\\t([^\\n]*)\\n") do
    local own = {}
    for name, value in headers:gmatch("([^\\t]+)\\t([^\\t]+)") do own[name] = value end
    texts[#texts + 1] = wrk.format("GET", path, own)
  end
end
function request()
  local batch = {}
  for place = 1, DEPTH do
    number = number % #texts + 1
    batch[place] = texts[number]
  end
  return table.concat(batch)
end
"""


@dataclass(frozen=True)
class Request:
    """A GET."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Load:
    """What a server answered in some time; `client_cpu`: seconds that asking cost."""

    rate: float
    answers: int
    client_cpu: float


def find_wrk() -> str | None:
    """The program, where it is on the PATH."""
    return shutil.which("wrk")


def put_under_load(port: int, requests: Sequence[Request], seconds: int, status: int, folder: Path) -> Load:
    """Ask one server for so many seconds. Raises RuntimeError where it answers anything but `status`."""
    before = cpu_of_children()
    wrk = find_wrk()
    load = _run_wrk(wrk, port, requests, seconds, status, folder) if wrk else _run(port, requests, seconds, status)
    return Load(load.rate, load.answers, cpu_of_children() - before)


def _run_wrk(wrk: str, port: int, requests: Sequence[Request], seconds: int, status: int, folder: Path) -> Load:
    script, listed = folder / "ask.lua", folder / "requests.txt"
    script.write_text(_SCRIPT.replace("DEPTH", str(_DEPTH)), encoding="utf-8")
    listed.write_text("".join(
        "\t".join([one.path, *(part for pair in one.headers.items() for part in pair)]) + "\t\n" for one in requests
    ), encoding="utf-8")  # fmt: skip
    command = [wrk, "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", str(script),
               f"http://{HOST}:{port}/", "--", str(listed)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    count = re.search(r"(\d+) requests in", done.stdout)
    # wrk counts what is not 2xx or 3xx.
    if done.returncode != 0 or rate is None or count is None or "Non-2xx" in done.stdout or "Socket" in done.stdout:
        raise RuntimeError(f"wrk failed, or not every answer was {status}:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return Load(float(rate[1]), int(count[1]), 0.0)


def _run(port: int, requests: Sequence[Request], seconds: int, status: int) -> Load:
    texts = [_write(one, port) for one in requests]
    # Forked: a fresh interpreter would spend longer on its imports than on asking.
    with ProcessPoolExecutor(_PROCESSES, get_context("fork")) as pool:
        parts = [
            pool.submit(_ask, port, texts[number::_PROCESSES], seconds, status) for number in range(_PROCESSES)
        ]  # fmt: skip
        answers, taken = zip(*(part.result() for part in parts), strict=True)
    return Load(sum(count / spent for count, spent in zip(answers, taken, strict=True)), sum(answers), 0.0)


def _ask(port: int, texts: Sequence[bytes], seconds: int, status: int) -> tuple[int, float]:
    """In a process of its own: how many answers came in how many seconds."""
    connections = [socket.create_connection((HOST, port)) for _ in range(CONNECTIONS // _PROCESSES)]
    batches = [b"".join(texts[(start + i) % len(texts)] for i in range(_DEPTH)) for start in range(len(texts))]
    left = {connection.fileno(): b"" for connection in connections}
    began, answers, number = time.perf_counter(), 0, 0
    while time.perf_counter() - began < seconds:
        # All of them have work on their way while one is read.
        for connection in connections:
            number = (number + 1) % len(batches)
            connection.sendall(batches[number])
        for connection in connections:
            left[connection.fileno()] = _read(connection, left[connection.fileno()], status)
            answers += _DEPTH
    for connection in connections:
        connection.close()
    return answers, time.perf_counter() - began


def _read(connection: socket.socket, data: bytes, status: int) -> bytes:
    """Read as many answers as are on their way; gives what came after them."""
    for _ in range(_DEPTH):
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += _receive(connection)
        head = data[:end].lower()
        if not head.startswith(b"http/1.1 %d" % status):
            raise RuntimeError(f"a request failed: {head[:200]!r}")
        length = re.search(rb"\ncontent-length: *(\d+)", head)
        size = end + 4 + (int(length[1]) if length and status != 304 else 0)
        while len(data) < size:
            data += _receive(connection)
        data = data[size:]
    return data


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 20)
    if not data:
        raise RuntimeError("the server hung up")
    return data


def _write(request: Request, port: int) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"{HOST}:{port}", **request.headers}.items())
    return f"GET {request.path} HTTP/1.1\r\n{lines}\r\n".encode()


def describe_client() -> str:
    """For the account: who asked."""
    asks = "wrk, one thread" if find_wrk() else f"{_PROCESSES} processes of our own"
    return f"{asks}, {CONNECTIONS} connections, {_DEPTH} requests at once on each, {len(os.sched_getaffinity(0))} cores"
