# SPDX-License-Identifier: Apache-2.0
"""`twin serve`: one process of the API."""

from __future__ import annotations

import socket
from typing import Annotated

import typer
import uvicorn

from api.app import Application, create_app
from twin.database import ensure_database
from twin.errors import SetupError
from twin.settings import Settings
from twin.text import Text

_STOP_S = 3


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
    ensure_database(settings)
    address = (host or settings.host, port or settings.port)
    listener = _listen(*address)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        # An access log would hold the tokens of links.
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_STOP_S,
    )
    url = f"http://{address[0]}:{address[1]}"
    typer.echo(str(Text(f"服务地址 {url},Ctrl-C 停止。", f"Serving at {url}; Ctrl-C stops.")))
    Server(config, app).run(sockets=[listener])


serve.__doc__ = str(Text("提供接口与页面,直到停止。", "Serve the API and the pages until stopped."))


class Server(uvicorn.Server):
    """Ends the streams before it waits for the requests to end; a stream never would by itself."""

    def __init__(self, config: uvicorn.Config, app: Application) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking requests and let the running ones finish."""
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
