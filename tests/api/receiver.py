# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks on a loopback port, as anybody might write one; and the process that delivers them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from twin.database import database_url
from twin.settings import Settings


@dataclass(frozen=True)
class Message:
    """One request as it arrived."""

    headers: dict[str, str]
    raw: bytes
    status: int

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict:
        return json.loads(self.raw)

    @property
    def events(self) -> list[dict]:
        return self.body["data"]["events"]

    def is_signed(self, secret: str) -> bool:
        """As the specification says it, written without the sender's code."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = self.headers["webhook-id"] + "." + self.headers["webhook-timestamp"] + "." + self.raw.decode()
        expected = base64.b64encode(hmac.new(key, content.encode(), hashlib.sha256).digest()).decode()
        given = [part.split(",", 1) for part in self.headers["webhook-signature"].split(" ")]
        is_recent = abs(time.time() - int(self.headers["webhook-timestamp"])) < 300
        return is_recent and any(version == "v1" and hmac.compare_digest(one, expected) for version, one in given)


@dataclass
class Receiver:
    """What arrived, and what is answered: `answer` is asked for each message's status (and headers)."""

    port: int = 0
    messages: list[Message] = field(default_factory=list)
    answer: Callable[[int], int] = lambda _count: 204
    extra: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    hold: threading.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def accepted(self) -> list[Message]:
        return [message for message in self.messages if 200 <= message.status < 300]

    def ids_of(self, op: str = "insert") -> list[int]:
        """The ids of the features that were told of, in order, each message once."""
        seen = {message.id: message for message in self.accepted}
        return [i for m in seen.values() for event in m.events if event["op"] == op for i in event["ids"] or ()]


def wait_until(holds: Callable[[], object], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@contextmanager
def receive(receiver: Receiver | None = None) -> Iterator[Receiver]:
    """A receiver until the end of the block; one that has a port comes back there."""
    state = receiver or Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            state.asked += 1
            status = state.answer(state.asked)
            headers = {name.lower(): value for name, value in self.headers.items()}
            if state.hold is not None:
                state.messages.append(Message(headers, raw, 0))
                state.hold.wait(30)
            try:
                self.send_response(status)
                for name, value in state.extra.items():
                    self.send_header(name, value)
                self.end_headers()
            except OSError:
                return
            if state.hold is None:
                state.messages.append(Message(headers, raw, status))

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", state.port), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        if state.hold is not None:
            state.hold.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def deliver(settings: Settings, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process that delivers, until the end of the block."""
    known = {
        "TWIN_DATABASE_URL": database_url(settings), "TWIN_WEBHOOK_PRIVATE": "1", "TWIN_WEBHOOK_RETRY_S": "0.05",
        "TWIN_WEBHOOK_TIMEOUT_S": "1.5",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "api.live.delivery"], env={**os.environ, **known, **environment},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
