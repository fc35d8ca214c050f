# SPDX-License-Identifier: Apache-2.0
"""A real server on a free loopback port, for as long as a test needs it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psycopg
import uvicorn

from api.app import create_app
from api.command import Server
from twin.database import database_url
from twin.settings import Settings


@dataclass(frozen=True)
class City:
    """A served district: its address, its tokens by name, and the settings that lead to its database."""

    url: str
    tokens: dict[str, str]
    settings: Settings

    def client(self, name: str | None = None) -> httpx.Client:
        """A client that shows the token of `name`; none: the public."""
        headers = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {self.tokens[name]}"} if name else {})
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)

    def execute(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Run SQL as the owner on a connection of its own, committed, as any other program might."""
        with psycopg.connect(database_url(self.settings), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def serve(settings: Settings, tokens: dict[str, str]) -> Iterator[City]:
    """The API over `settings` until the end of the block."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = create_app(settings)
    config = uvicorn.Config(
        app, log_level="error", timeout_graceful_shutdown=5, forwarded_allow_ips=settings.trusted_proxies
    )  # fmt: skip
    server = Server(config, app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.started
        yield City(f"http://127.0.0.1:{listener.getsockname()[1]}", tokens, settings)
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
