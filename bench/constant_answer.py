# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.constant_answer PORT FOLDER`: all that a server over httptools and uvloop can reach in Python.

It parses each request, writes the bytes of the file that the path names, made ready at the start, and does nothing
else: nobody is asked who he is, nothing is counted, no connection is ever closed for being idle.
"""

from __future__ import annotations

import asyncio
import sys
import zlib
from pathlib import Path
from typing import Final, cast

import httptools
import uvloop

from bench.servers import HOST

_LINES: Final = b"content-type: application/vnd.mapbox-vector-tile\r\n"


class ConstantAnswer(asyncio.Protocol):
    """One connection; `whole` and `known` are the answers by path and by path and ETag."""

    def __init__(self, whole: dict[bytes, bytes], known: dict[bytes, tuple[bytes, bytes]]) -> None:
        self._whole = whole
        self._known = known
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._url = b""
        self._etag = b""
        self._parts: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        # uvloop's are not of its class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and answer it all at once: each writing costs more than an answer does."""
        assert self._transport is not None
        self._parser.feed_data(data)
        self._transport.write(b"".join(self._parts))
        self._parts.clear()

    def on_url(self, url: bytes) -> None:
        """A request begins."""
        self._url = url
        self._etag = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Only one is looked at."""
        if name == b"If-None-Match":
            self._etag = value

    def on_message_complete(self) -> None:
        """Answer."""
        etag, short = self._known[self._url]
        self._parts.append(short if self._etag == etag else self._whole[self._url])


async def _serve(port: int, folder: Path) -> None:
    whole: dict[bytes, bytes] = {}
    known: dict[bytes, tuple[bytes, bytes]] = {}
    for path in folder.iterdir():
        data = path.read_bytes()
        etag = b'"%x"' % zlib.crc32(data)
        url = f"/{path.name}".encode()
        whole[url] = b"HTTP/1.1 200 OK\r\n%betag: %b\r\ncontent-length: %d\r\n\r\n%b" % (_LINES, etag, len(data), data)
        known[url] = etag, b"HTTP/1.1 304 Not Modified\r\netag: %b\r\n\r\n" % etag
    server = await asyncio.get_running_loop().create_server(lambda: ConstantAnswer(whole, known), HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
