# SPDX-License-Identifier: Apache-2.0
"""A client of the stream that reads as a browser does: the last id, whole events, and when each of them came."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Follower:
    """What a stream told, with the moment it did. `last_id` is what a client comes back with."""

    events: list[tuple[str, dict[str, Any], float]] = field(default_factory=list)
    last_id: str | None = None
    is_closed: bool = False
    status: int = 0

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [body for name, body, _ in self.events if name == "change"]

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.events]

    def wait_for(self, count: int, seconds: float = 30.0) -> list[dict[str, Any]]:
        deadline = time.monotonic() + seconds
        while len(self.changes) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.changes

    def wait_closed(self, seconds: float = 30.0) -> bool:
        deadline = time.monotonic() + seconds
        while not self.is_closed and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.is_closed

    def read(self, answer: httpx.Response, ready: threading.Event) -> None:
        """Take whole events only: what is cut off is not told, and its id does not count."""
        name, data, last_id = "", "", self.last_id
        for line in answer.iter_lines():
            kind, _, text = line.partition(": ")
            if kind == "event":
                name = text
            elif kind == "data":
                data = text
            elif kind == "id":
                last_id = text
            elif not line:
                self.last_id = last_id
                if data:
                    self.events.append((name, json.loads(data), time.monotonic()))
                name, data = "", ""
                ready.set()


@contextmanager
def follow(
    url: str, token: str | None, layers: str = "", last: str | int | None = None, *, status: int = 200
) -> Iterator[Follower]:
    """Follow the stream in a thread until the end of the block."""
    follower = Follower(last_id=None if last is None else str(last))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {} if last is None else {"Last-Event-ID": str(last)}
    client = httpx.Client(base_url=url, headers=headers, timeout=httpx.Timeout(20, read=60))
    ready = threading.Event()

    def run() -> None:
        try:
            with client.stream("GET", f"/stream?layers={layers}" if layers else "/stream") as answer:
                follower.status = answer.status_code
                if answer.status_code == 200:
                    follower.read(answer, ready)
        except (httpx.HTTPError, RuntimeError):
            pass
        follower.is_closed = True
        ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(20)
    assert follower.status == status
    try:
        yield follower
    finally:
        client.close()
