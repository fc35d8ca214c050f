# SPDX-License-Identifier: Apache-2.0
"""`twin serve`: one process of the API."""

from __future__ import annotations

import signal
import socket
import time
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from api.app import Application, create_app
from twin import tracing
from twin.database import ensure_database
from twin.errors import SetupError
from twin.logs import set_up_logs
from twin.settings import Settings
from twin.text import Text


def serve(
    host: Annotated[
        str | None, typer.Option(help=str(Text("监听地址(TWIN_HOST)。", "Address to listen on (TWIN_HOST).")))
    ] = None,
    port: Annotated[
        int | None, typer.Option(help=str(Text("端口(TWIN_PORT)。", "Port to listen on (TWIN_PORT).")))
    ] = None,
) -> None:
    """Serve until stopped. Raises SetupError where the port is taken."""
    settings = Settings()
    set_up_logs(settings)
    tracing.start_tracing(settings, "twin-api")
    ensure_database(settings)
    address = (host or settings.host, port or settings.port)
    listener = _listen(*address)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        # An access log would hold the tokens of links; ours names routes.
        access_log=False,
        log_config=None,
        server_header=False,
        # Anybody else could claim any address, and so get round the limits.
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=max(1, round(settings.stop_wait_s)),
    )
    url = f"http://{address[0]}:{address[1]}"
    typer.echo(str(Text(f"服务地址 {url},Ctrl-C 停止。", f"Serving at {url}; Ctrl-C stops.")))
    server = Server(config, app)
    try:
        server.run(sockets=[listener])
    finally:
        tracing.stop_tracing()
    if not server.started:
        # Why not is in the log.
        raise typer.Exit(1)


serve.__doc__ = str(Text("提供接口与页面,直到停止。", "Serve the API and the pages until stopped."))


class Server(uvicorn.Server):
    """Answers what is kept before ASGI (`api/http/door.py`), and stops without losing a request.

    Told to stop, it is not ready any more and goes on for the time that a balancer needs to notice, closing each
    connection after its answer. Then it takes no new ones, ends the streams, since a stream never would by itself,
    and waits for the requests that run. Told again by SIGINT, it waits no longer.
    """

    def __init__(self, config: uvicorn.Config, app: Application) -> None:
        if config.http == "auto":
            config.http = app.make_door()
        super().__init__(config)
        self._app = app
        self._told_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note a signal. It is not raised again at the end: that would kill the process before the last traces are
        sent, and to have stopped as one was told is no failure.
        """
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Whether it is time to stop."""
        is_told = await super().on_tick(counter)
        if not is_told or self.force_exit:
            return is_told
        if self._told_at is None:
            self._told_at = time.monotonic()
            self._app.services.lifecycle.stop()
        return time.monotonic() - self._told_at >= self._app.services.settings.stop_grace_s

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking requests and let the running ones finish."""
        self._app.services.lifecycle.stop()
        self._app.services.feed.close()
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SetupError(
            Text(
                f"不能在 {host}:{port} 上监听({error.strerror})。端口可能被占用:请设置 TWIN_PORT。",
                f"Cannot listen on {host}:{port} ({error.strerror}). The port may be taken: set TWIN_PORT.",
            )
        ) from error
