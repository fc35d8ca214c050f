# SPDX-License-Identifier: Apache-2.0
"""Answers what is kept where requests come in: before there is a task, a scope or a message of ASGI.

These cost several times what a kept tile does. So this protocol of uvicorn's asks the application, as soon as the
headers of a request are read, whether it has the answer lying there, and writes it. Everything else, and whatever is
unusual about a request, goes on as it would without this module (decision 014).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import lru_cache
from time import perf_counter
from typing import Any, ClassVar, Final, Protocol

import httptools
from uvicorn import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from api.access.actors import Asker
from api.http.kept import Header, KeptAnswer, write_lines

_PATHS: Final = 16_384
"""Request targets that are remembered taken apart."""
_LONGEST: Final = 200
"""Bytes; what is longer is no tile, and is not remembered."""

_AT_ONCE: Final = 64
"""Answers that one connection gets before the others have their turn; a client that sends on waits as it would for
anything else."""

_ASIDE: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"origin"})
"""Headers of a request that has a body, or whose answer says what a page of another site may do with it."""

log = logging.getLogger("twin.api")


class FindKept(Protocol):
    """Finds the answer to a GET of a path with no query, where nothing has to be waited for, and of which nothing is
    told but a count; None where there is none. The very function that decides so for ASGI.
    """

    def __call__(self, path: str, headers: Sequence[Header], asker: Asker, /) -> KeptAnswer | None:
        """`asker` is the connection's."""
        ...


class NoteKept(Protocol):
    """Counts such an answer by its status and the seconds that it took; gives the id of the request."""

    def __call__(self, status: int, seconds: float, /) -> bytes: ...  # noqa: D102


class Door(HttpToolsProtocol):
    """One connection. The parser is httptools', and of what it says nothing is read differently from uvicorn."""

    find_kept: ClassVar[FindKept]
    note_kept: ClassVar[NoteKept]
    starts: ClassVar[_Starts]

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:  # fmt: skip
        super().__init__(config, server_state, app_state, _loop)
        is_logged = self.access_log and self.access_logger.isEnabledFor(logging.INFO)
        self._may_answer = not (self.root_path or self.limit_concurrency is not None or is_logged)
        self._asker = Asker()
        self._answered = 0
        """Answers to the data that came last."""
        self._is_answered = False
        """Whether the request that is being read has its answer."""
        self._parts: list[bytes] = []
        self._size = 0
        """Answers, and their bytes, that are written together: each time costs more than an answer does."""

    def data_received(self, data: bytes) -> None:
        """Read what came, and wait for more no longer than uvicorn would."""
        self._answered = 0
        super().data_received(data)
        self._flush()
        if (
            self._answered
            and self._is_done()
            and self.timeout_keep_alive_task is None
            and not self.transport.is_closing()
        ):
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_message_begin(self) -> None:
        """A request begins; what only ASGI needs is made when it is known that it is needed."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._is_answered = False

    def on_headers_complete(self) -> None:
        """Answer at once, or hand on."""
        if self._may_answer and self._answer():
            return
        self._flush()
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is at its end."""
        if not self._is_answered:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP; what came before it has its answers."""
        self._flush()
        super().send_400_response(msg)

    def _flush(self) -> None:
        if self._parts:
            parts, self._parts, self._size = self._parts, [], 0
            self.transport.write(b"".join(parts))

    def _is_done(self) -> bool:
        """Whether no request before this one waits for its answer."""
        cycle = self.cycle
        # A connection begins without one.
        return cycle is None or cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison]

    def _answer(self) -> bool:
        began = perf_counter()
        parser = self.parser
        if (
            parser is None
            or parser.get_method() != b"GET"
            or (path := _read_path(self.url)) is None
            or self._answered >= _AT_ONCE
            or not self._is_done()
            or self.flow.write_paused
            or self.transport.is_closing()
            or not parser.should_keep_alive()
            or parser.should_upgrade()
        ):
            return False
        headers = self.headers
        for name, _value in headers:
            # Without this header nothing older than 1.1 is kept alive.
            if name in _ASIDE or (name == b"connection" and parser.get_http_version() != "1.1"):
                return False
        try:
            kept = self.find_kept(path, headers, self._asker)
        except Exception:
            # It fails for ASGI too, where it becomes an answer.
            log.exception("a kept answer could not be looked up")
            return False
        if kept is None:
            return False
        state = self.server_state
        start = self.starts.find(state.default_headers, kept.status)
        request_id = self.note_kept(kept.status, perf_counter() - began)
        self._parts += (start, kept.lines, b"x-request-id: ", request_id, b"\r\n\r\n", kept.body)
        self._size += len(kept.body)
        if self._size > HIGH_WATER_LIMIT:
            self._flush()
        state.total_requests += 1
        self._answered += 1
        self._is_answered = True
        return True


class _Starts:
    """What answers begin with: the status, and the headers that the server makes anew once a second."""

    def __init__(self) -> None:
        self._headers: list[Header] | None = None
        self._lines = b""
        self._written: dict[int, bytes] = {}

    def find(self, headers: list[Header], status: int) -> bytes:
        """For an answer of this status; `headers` are the server's."""
        if headers is not self._headers:
            self._headers = headers
            self._lines = write_lines([(name.lower(), value) for name, value in headers])
            self._written.clear()
        start = self._written.get(status)
        if start is None:
            start = self._written[status] = STATUS_LINE[status] + self._lines
        return start


def make_door(find_kept: FindKept, note_kept: NoteKept) -> type[Door]:
    """The protocol of a server whose application has these; for uvicorn's `http`."""
    own = {"find_kept": staticmethod(find_kept), "note_kept": staticmethod(note_kept), "starts": _Starts()}
    return type("Door", (Door,), own)


@lru_cache(_PATHS)
def _read_path(url: bytes) -> str | None:
    """The path of a request target that is nothing but a plain path which may be kept."""
    if len(url) > _LONGEST or not url.startswith(b"/collections/") or b"%" in url:
        return None
    try:
        parts = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        return None
    return url.decode("ascii") if url.isascii() and parts.path == url else None
