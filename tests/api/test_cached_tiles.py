# SPDX-License-Identifier: Apache-2.0
"""Kept tiles that are answered before ASGI: the bytes that ASGI would have sent, whatever the request looks like."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from api.app import create_app
from api.command import Server
from tests.api.server import City
from twin.settings import Settings

TILE = "/collections/blocks/tiles/WebMercatorQuad/10/446/836"
EMPTY = "/collections/blocks/tiles/WebMercatorQuad/10/0/0"
END = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@dataclass
class Door:
    """A server: its port, and the paths that came as far as ASGI."""

    port: int
    seen: list[str] = field(default_factory=list[str])

    def ask(self, *parts: bytes) -> bytes:
        """Everything that the server says to these bytes, which it gets piece by piece, until it hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for part in parts:
                try:
                    client.sendall(part)
                except (BrokenPipeError, ConnectionResetError):
                    break
                if len(parts) > 1:
                    time.sleep(0.001)
            return read_all(client)

    def count(self) -> int:
        """How many requests for tiles came as far as ASGI since it was asked last."""
        seen, self.seen[:] = [path for path in self.seen if "/tiles/" in path], []
        return len(seen)


@contextmanager
def open_server(own: Settings, *, is_plain: bool = False, keep_alive_s: int = 5) -> Generator[Door]:
    """The API over a database that is there already; `is_plain`: by uvicorn's own protocol."""
    app = create_app(own)
    door = Door(0)

    async def see(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            door.seen.append(scope["path"])
        await app(scope, receive, send)

    config = uvicorn.Config(
        see, log_level="critical", timeout_graceful_shutdown=5, timeout_keep_alive=keep_alive_s,
        http="httptools" if is_plain else "auto",
    )  # fmt: skip
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        door.port = listener.getsockname()[1]
        server = Server(config, app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.started
        try:
            yield door
        finally:
            server.should_exit = True
            thread.join(20)


def read_all(client: socket.socket) -> bytes:
    data = b""
    try:
        while part := client.recv(1 << 16):
            data += part
    except ConnectionResetError:
        pass
    return data


def write(path: str = TILE, *lines: str, method: str = "GET", version: str = "1.1", body: bytes = b"") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: a", *lines, "", ""]).encode("latin-1") + body


def told(answers: bytes) -> bytes:
    """Without what differs from answer to answer: times, and the id, of which only the form is looked at."""
    dated = re.sub(rb"\r\n(date|ratelimit): [^\r]+", rb"\r\n\1: -", answers)
    return re.sub(rb"\r\nx-request-id: [0-9a-f]{18,}", rb"\r\nx-request-id: -", dated)


def bearer(city: City, name: str) -> str:
    return f"Authorization: Bearer {city.tokens[name]}"


def read_etag(door: Door, *lines: str) -> str:
    found = re.search(rb"\r\netag: ([^\r]+)", door.ask(write(TILE, *lines, "Connection: close")))
    assert found is not None
    return found[1].decode()


@pytest.fixture(scope="module")
def doors(city: City) -> Iterator[tuple[Door, Door]]:
    """One that answers before ASGI, and one that does not."""
    with open_server(city.settings) as short, open_server(city.settings, is_plain=True) as plain:
        for door in (short, plain):
            for name in ("wall", "planner", "west", "east"):
                for path in (TILE, EMPTY):
                    assert door.ask(write(path, bearer(city, name), "Connection: close")).startswith(b"HTTP/1.1 20")
            for path in (TILE, EMPTY):
                door.ask(write(path, "Connection: close"))
            door.count()
        yield short, plain


def list_short(city: City, etag: str) -> list[bytes]:
    """Requests that are answered before ASGI."""
    wall = bearer(city, "wall")
    cookie = f"Cookie: a=b; twin_session={city.tokens['planner']}"
    known = [etag, f"W/{etag}", f'"x", {etag}', f'{etag[:-1]}-gzip"', "*", '"x"', "", etag.strip('"'), f" {etag} "]
    return [
        write(TILE, wall), write(TILE), write(EMPTY, wall), write(EMPTY), write(TILE, cookie),
        write(TILE, bearer(city, "west")), write(TILE, bearer(city, "east")), write(EMPTY, bearer(city, "west")),
        write(TILE, wall, cookie), write(TILE, wall.replace("Bearer", "bEARER")),
        write(TILE, wall.upper()[:13] + wall[13:]),
        write(TILE, wall.replace("Bearer", "Basic")), write(TILE, "Cookie: twin_session=", "Connection: keep-alive"),
        *(write(TILE, wall, f"If-None-Match: {one}") for one in known),
        write(TILE, wall, 'If-None-Match: "x"', f"If-None-Match: {etag}"), write(EMPTY, wall, "If-None-Match: *"),
        write(TILE, wall, "Connection: keep-alive", "Accept: */*", "Accept-Encoding: gzip", "Range: bytes=0-3"),
        write(TILE, wall, "X-Request-Id: mine", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https"),
        write(TILE, wall, "Upgrade: websocket", "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        b"\r\n" + write(TILE, wall),
    ]  # fmt: skip


def list_long(city: City, etag: str) -> list[bytes]:
    """Requests that go through ASGI, or that the parser does not let through."""
    wall, tile = bearer(city, "wall"), TILE.rpartition("/")[0]
    return [
        write(TILE, wall, method="HEAD"), write(TILE, wall, f"If-None-Match: {etag}", method="HEAD"),
        write(f"{TILE}?", wall), write(f"{TILE}?buffer=64", wall), write(f"{TILE}?no=such", wall),
        write(f"{TILE}#part", wall), write(TILE.replace("blocks", "%62locks"), wall), write(f"http://a{TILE}", wall),
        write(f"//a{TILE}", wall), write(f"{TILE}/", wall), write(f"{tile}/836.0", wall), write(f"{tile}/99999", wall),
        write(TILE.replace("blocks", "none"), wall), write(TILE.replace("blocks", "a?b"), wall),
        write(TILE.replace("Mercator", "mercator"), wall), write(f"{tile}/{'0' * 300}", wall),
        write(TILE, "Authorization: Bearer unknown"), write(TILE, "Cookie: twin_session=unknown"),
        write(TILE, wall, "Connection: close"), write(TILE, wall, version="1.0"), write(TILE, wall, version="2.0"),
        write(TILE, wall, "Connection: keep-alive", version="1.0"), write(TILE, wall, "Origin: https://a.example"),
        write(TILE, wall, "Content-Length: 0"), write(TILE, wall, "Content-Length: 2", body=b"ab"),
        write(TILE, wall, "Transfer-Encoding: chunked", body=b"2\r\nab\r\n0\r\nIf-None-Match: *\r\n\r\n"),
        write(TILE, wall, "Content-Length: 0", "Content-Length: 9"), write(TILE, wall, "Expect: 100-continue"),
        write(TILE, wall, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"),
        write(TILE, wall, method="POST"), write(TILE, wall, method="OPTIONS"), write(TILE, wall, method="get"),
        write(TILE, wall, "Bad Name: x"), write(TILE, wall, "Folded: a\r\n b"),
        write(TILE, "Authorization: Bearer \xe9"),
        write("/collections/bl\xf6cke/tiles/WebMercatorQuad/10/446/836", wall), b"nonsense\r\n\r\n", write("*", wall),
    ]  # fmt: skip


def test_both_ways_give_the_same_bytes_to_every_request(city: City, doors: tuple[Door, Door]) -> None:
    short, plain = doors
    etag = read_etag(plain, bearer(city, "wall"))
    requests = [(one, 0) for one in list_short(city, etag)] + [(one, 1) for one in list_long(city, etag)]
    for request, comes_far in requests:
        for door in doors:
            door.count()
        answers = short.ask(request + END)
        assert told(answers) == told(plain.ask(request + END)), request
        assert re.match(rb"HTTP/1.1 \d{3} ", answers), request
        assert plain.count() in (0, 1), request
        assert short.count() <= comes_far, request
        if not comes_far:
            assert re.match(rb"HTTP/1.1 (200|204|304) ", answers), request


def test_requests_that_are_sent_together_are_answered_in_their_order(city: City, doors: tuple[Door, Door]) -> None:
    short, plain = doors
    wall = bearer(city, "wall")
    etag = read_etag(plain, wall)
    kept, known = write(TILE, wall), write(TILE, wall, f"If-None-Match: {etag}")
    late, head = write(f"{TILE}?buffer=8", wall), write(TILE, wall, method="HEAD")
    for together in (
        [kept, known, write(EMPTY, wall)] * 100, [kept, late, known, kept], [late, kept, known],
        [head, known, kept, late],
        [kept, write(TILE, wall, "Connection: close"), known],
        [known, write(TILE, wall, "Content-Length: 40", body=known[:40]), known],
    ):  # fmt: skip
        answers = short.ask(b"".join(together) + END)
        assert told(answers) == told(plain.ask(b"".join(together) + END)), together[:4]
    # What came before nonsense is answered before it is refused; uvicorn alone would refuse and hang up.
    answers = short.ask(known + kept + b"nonsense\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+) ", answers) == [b"304", b"200", b"400"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_it_does_not_matter_where_the_network_cuts_requests(
    city: City, doors: tuple[Door, Door], data: st.DataObject
) -> None:
    short, plain = doors
    etag = '"000000000000000000000000"'
    asked = data.draw(st.lists(st.sampled_from([*list_short(city, etag), *list_long(city, etag)[:2]]), max_size=4))
    sent = b"".join(asked) + END
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=8)))
    parts = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    assert told(short.ask(*parts)) == told(plain.ask(sent))


def test_a_client_that_reads_late_gets_all_of_its_answers(city: City, doors: tuple[Door, Door]) -> None:
    short, _plain = doors
    request = write(TILE, bearer(city, "wall"))
    with socket.create_connection(("127.0.0.1", short.port), timeout=30) as client:
        # More than the buffers of both sides hold, unless the server stops reading.
        writer = threading.Thread(target=client.sendall, args=(request * 4_000 + END,))
        writer.start()
        time.sleep(0.3)
        answers = read_all(client)
        writer.join(30)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 4_001


def test_a_token_that_is_revoked_is_refused_on_a_connection_that_was_answered_before(live_city: City) -> None:
    request = write(TILE, bearer(live_city, "wall"))
    with (
        open_server(live_city.settings) as door,
        socket.create_connection(("127.0.0.1", door.port), timeout=20) as client,
    ):
        deadline = time.monotonic() + 20
        while door.count() or not door.seen:
            # Until it is answered before ASGI.
            client.sendall(request)
            assert client.recv(1 << 20).startswith(b"HTTP/1.1 200")
            if not door.seen:
                break
            assert time.monotonic() < deadline
        live_city.execute("UPDATE access_token SET revoked_at = now() WHERE role = 'wall'")
        status = b"200"
        while status == b"200":
            client.sendall(request)
            status = client.recv(1 << 20).split()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert status == b"401"


def test_an_idle_connection_is_closed_after_kept_answers_as_after_others(city: City) -> None:
    with open_server(city.settings, keep_alive_s=1) as door:
        request = write(TILE, bearer(city, "wall"))
        door.ask(write(TILE, bearer(city, "wall"), "Connection: close"))
        door.count()
        # It ends by itself, and not before there was an answer.
        assert door.ask(request).startswith(b"HTTP/1.1 200")
        assert door.count() == 0


def test_what_operators_ask_to_be_told_of_goes_through_asgi(city: City) -> None:
    with open_server(city.settings.model_copy(update={"log_requests": "all"})) as door:
        for _ in range(3):
            assert door.ask(write(TILE, bearer(city, "wall"), "Connection: keep-alive") + END).startswith(
                b"HTTP/1.1 200"
            )
        assert door.count() == 3
