# SPDX-License-Identifier: Apache-2.0
"""Servers under test: each a uvicorn process of its own with one worker, on a free loopback port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from fastapi import FastAPI
from psycopg.conninfo import conninfo_to_dict
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import Application, create_app
from twin.database import database_url
from twin.settings import Settings

HOST: Final = "127.0.0.1"

_START_S: Final = 60.0
_STOP_S: Final = 10.0


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int


def twin_app() -> Application:
    """Ours, with settings from the environment."""
    return create_app(Settings())


def tipg_app() -> FastAPI:
    """The peer's, with settings from the environment."""
    from tipg.main import app

    return app


def bytes_app() -> ASGIApp:
    """The files of the folder that BENCH_TILES names, with ETags, out of memory: the least that an application does."""
    files = {f"/{path.name}": path.read_bytes() for path in Path(os.environ["BENCH_TILES"]).iterdir()}
    heads = {
        path: [(b"content-length", str(len(data)).encode()), (b"etag", b'"%x"' % zlib.crc32(data))]
        for path, data in files.items()
    }

    async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        head = heads[path]
        is_known = any(name == b"if-none-match" and value == head[1][1] for name, value in scope["headers"])
        await send({
            "type": "http.response.start", "status": 304 if is_known else 200, "headers": head[is_known:],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": b"" if is_known else files[path]})

    return answer


def twin_environment(settings: Settings, folder: Path, **more: str) -> dict[str, str]:
    """The environment of `twin_app`, with its files in `folder`; `more` are settings by their names in capitals."""
    return {
        "TWIN_DATABASE_URL": database_url(settings),
        "TWIN_DATA_DIR": str(folder / "data"),
        "TWIN_STATEMENT_TIMEOUT_MS": "60000",
        # It is looked at for every request all the same.
        "TWIN_RATE_LIMIT_TOKEN": "1000000000",
        **{f"TWIN_{name}": value for name, value in more.items()},
    }


def tipg_environment(settings: Settings, connections: int, **more: str) -> dict[str, str]:
    """The environment of `tipg_app` over the schema `bench`; `more` are settings by their names in capitals."""
    parts = conninfo_to_dict(database_url(settings))
    host = str(parts["host"]).replace("/", "%2F")
    return {
        "DATABASE_URL": f"postgresql://{parts['user']}@{host}:{parts['port']}/{parts['dbname']}",
        "DB_MIN_CONN_SIZE": str(connections),
        "DB_MAX_CONN_SIZE": str(connections),
        "TIPG_DB_SCHEMAS": '["bench"]',
        "TIPG_CATALOG_TTL": "0",
        **{f"TIPG_{name}": value for name, value in more.items()},
    }


@contextmanager
def serve(app: str, environment: Mapping[str, str], health: str, log: Path) -> Generator[Server]:
    """The application that function `app` of this module gives, until the end of the block.

    `health` is a path that answers 200 once it is ready. Raises RuntimeError with the end of `log` when it
    does not come up.
    """
    port = find_port()
    command = [
        sys.executable, "-m", "uvicorn", "--factory", f"bench.servers:{app}", "--host", HOST, "--port", str(port),
        "--workers", "1", "--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "2",
    ]  # fmt: skip
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        wait_until_up(process, f"http://{HOST}:{port}{health}", log)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def find_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Until `url` answers 200. Raises RuntimeError with the end of `log`."""
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{process.args} did not come up:\n{log.read_text()[-2000:]}")
