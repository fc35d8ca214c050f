# SPDX-License-Identifier: Apache-2.0
"""Unified social credit codes (统一社会信用代码, GB 32100-2015): 18 characters, the last one a check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Digits and letters without I, O, S, V and Z, which are misread."""

LENGTH: Final = 18

_WEIGHTS: Final = np.array([pow(3, position, 31) for position in range(LENGTH - 1)], dtype=np.int64)
_VALUES: Final = np.full(0x110000, -1, dtype=np.int8)
_VALUES[[ord(character) for character in ALPHABET]] = np.arange(len(ALPHABET))


def add_check_characters(bodies: Sequence[str] | NDArray[Any]) -> NDArray[np.str_]:
    """17-character bodies (n,) with their check character behind them, shape (n,).

    >>> add_check_characters(["91350100M000100Y4"]).tolist()
    ['91350100M000100Y43']
    """
    texts = np.asarray(bodies, dtype=f"<U{LENGTH - 1}")
    checks = np.array(list(ALPHABET))[(31 - _values(texts, LENGTH - 1) @ _WEIGHTS % 31) % 31]
    return np.char.add(texts, checks)


def are_valid(codes: Sequence[str] | NDArray[Any]) -> NDArray[np.bool_]:
    """Which of the codes (n,) have 18 characters of the alphabet and the right last one."""
    texts = np.asarray(codes, dtype=np.str_)
    lengths = np.char.str_len(texts)
    values = _values(texts.astype(f"<U{LENGTH}"), LENGTH)
    plain = (lengths == LENGTH) & (values >= 0).all(axis=1)
    return plain & ((np.maximum(values[:, :-1], 0) @ _WEIGHTS + values[:, -1]) % 31 == 0)


def _values(texts: NDArray[np.str_], length: int) -> NDArray[np.int64]:
    """Each character's value, -1 for what is not in the alphabet, shape (n, length)."""
    points = np.ascontiguousarray(texts.astype(f"<U{length}")).view(np.uint32).reshape(len(texts), length)
    return _VALUES[points].astype(np.int64)
