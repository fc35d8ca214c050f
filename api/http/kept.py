# SPDX-License-Identifier: Apache-2.0
"""An answer that is kept whole: as ASGI wants it, and as the very bytes of HTTP/1.1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

Header = tuple[bytes, bytes]

SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""What every answer of every route says."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """Status, own headers and body; sent as often as it is asked for, so it is put together once.

    `lines` are the headers as they are sent, those of `SECURITY` with them: from after the server's own (the date) to
    before the request's own (its id), each with its line's end.
    """

    status: int
    headers: tuple[Header, ...]
    body: bytes
    lines: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", write_lines([*self.headers, *SECURITY]))


def write_lines(headers: Sequence[Header]) -> bytes:
    """Headers, whose names are in lower case already, as HTTP/1.1 has them."""
    return b"".join(b"%s: %s\r\n" % header for header in headers)
