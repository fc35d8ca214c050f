# SPDX-License-Identifier: Apache-2.0
"""Messages between processes: a JSON head and a block of bytes, each with its length before it."""

from __future__ import annotations

import os
import struct
from typing import Any, Final

import orjson

HEAD: Final = struct.Struct("<IQ")


def pack_message(head: dict[str, Any], block: bytes = b"") -> bytes:
    """The bytes of one message; what JSON cannot say (NaN) becomes null."""
    try:
        text = orjson.dumps(head)
    except TypeError:
        text = b""
    # Broken escapes in a file give lone surrogates, which are no UTF-8, and NUL, which PostgreSQL refuses.
    if not text or b"\\u0000" in text:
        text = orjson.dumps(_clean(head))
    return HEAD.pack(len(text), len(block)) + text + block


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63:
        return float(value) if abs(value) < 1 << 1000 else None
    # In a file that does not fit its schema an entity can stand where a value should.
    return value if value is None or isinstance(value, (bool, int, float)) else None


def send(descriptor: int, head: dict[str, Any], block: bytes = b"") -> None:
    """Writes one message whole."""
    view = memoryview(pack_message(head, block))
    while view:
        view = view[os.write(descriptor, view) :]


class Inbox:
    """Puts messages together out of the pieces a pipe delivers."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, piece: bytes) -> list[tuple[dict[str, Any], bytes]]:
        """The messages that are complete now."""
        self._pending += piece
        complete: list[tuple[dict[str, Any], bytes]] = []
        at = 0
        while len(self._pending) - at >= HEAD.size:
            text_size, block_size = HEAD.unpack_from(self._pending, at)
            end = at + HEAD.size + text_size + block_size
            if len(self._pending) < end:
                break
            middle = at + HEAD.size + text_size
            head = orjson.loads(self._pending[at + HEAD.size : middle])
            complete.append((head, bytes(self._pending[middle:end])))
            at = end
        del self._pending[:at]
        return complete
