# SPDX-License-Identifier: Apache-2.0
"""Room on the disk: how much there is, and one error for whoever runs out of it, whichever library noticed."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from twin.errors import StorageFullError
from twin.settings import Settings
from twin.text import Text

MB: Final = 1_000_000

FULL: Final = Text(
    "磁盘空间不足,没有写入任何内容。请清理磁盘或稍后再试。",
    "The disk has no room left; nothing was written. Free some space, or try again later.",
)

_NUMBERS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

_WORDS: Final = ("no space left on device", "disk is full", "disk full", "disk quota exceeded")
"""What libraries below Python say of it, which have no error numbers."""


def measure_free(path: Path) -> int:
    """Bytes that are free where `path` is, or will be."""
    place = path.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def is_short(settings: Settings) -> bool:
    """Whether less is free where data is kept than the settings keep free."""
    return measure_free(settings.data_dir) < settings.min_free_mb * MB


def check_room(settings: Settings, size: int) -> None:
    """Raises StorageFullError where `size` more bytes would leave less than the settings keep free."""
    if measure_free(settings.data_dir) - size < settings.min_free_mb * MB:
        raise StorageFullError(FULL)


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that it came of, is a disk without room: ours or the database's."""
    while error is not None:
        if isinstance(error, StorageFullError | psycopg.errors.DiskFull):
            return True
        if isinstance(error, OSError) and error.errno in _NUMBERS:
            return True
        if not isinstance(error, psycopg.Error) and any(words in str(error).lower() for words in _WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def full_told() -> Generator[None]:
    """Within it, any error that comes of a full disk is a StorageFullError."""
    try:
        yield
    except StorageFullError:
        raise
    except Exception as error:
        if is_full(error):
            raise StorageFullError(FULL) from error
        raise
