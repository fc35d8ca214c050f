# SPDX-License-Identifier: Apache-2.0
"""Bytes that wait on disk and not in memory, in a file without a name: gone with the process, however it ends."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from typing import Final

PIECE: Final = 1 << 20


class Spool:
    """A growing run of bytes on disk; whoever opens `path` in a child must be given `fileno()`."""

    def __init__(self, data: bytes = b"") -> None:
        with tempfile.TemporaryFile(prefix="twin-model-") as file:
            self._descriptor = os.dup(file.fileno())
        # The disk is given back with the last reference, or by hand before.
        self._close = weakref.finalize(self, os.close, self._descriptor)
        self._size = 0
        if data:
            self.write(data)

    def __len__(self) -> int:
        """How many bytes it holds."""
        return self._size

    def write(self, data: bytes) -> int:
        """Puts `data` at the end; gives where it begins."""
        at, view = self._size, memoryview(data)
        while view:
            view = view[os.pwrite(self.fileno(), view, self._size + len(data) - len(view)) :]
        self._size += len(data)
        return at

    def read(self, at: int = 0, size: int | None = None) -> bytes:
        """`size` bytes from `at` on (all that follow, when it is None)."""
        wanted = max(0, self._size - at) if size is None else min(size, max(0, self._size - at))
        pieces: list[bytes] = []
        while wanted and (piece := os.pread(self.fileno(), wanted, at)):
            pieces.append(piece)
            at, wanted = at + len(piece), wanted - len(piece)
        return b"".join(pieces) if len(pieces) != 1 else pieces[0]

    def pieces(self, at: int = 0) -> Iterator[bytes]:
        """All from `at` on, a piece at a time."""
        while piece := self.read(at, PIECE):
            at += len(piece)
            yield piece

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    @property
    def path(self) -> str:
        """Where this process, and a child that inherits the descriptor, can open it."""
        return f"/proc/self/fd/{self.fileno()}"

    def close(self) -> None:
        """Gives the disk back now."""
        self._close()
