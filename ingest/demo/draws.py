# SPDX-License-Identifier: Apache-2.0
"""Random numbers that belong to a thing, not to an order: the same at every scale, in any selection."""

from __future__ import annotations

import numpy as np

from ingest.demo.frame import FloatArray, IntArray


def draw_uniform(seed: int, salt: int, *keys: IntArray) -> FloatArray:
    """Uniform numbers in (0, 1), shape (n,), from integer keys of shape (n,) each (SplitMix64)."""
    mixed = np.full(np.broadcast(*keys).shape, np.uint64(seed * 1_000_003 + salt), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for key in keys:
            mixed = _mix(mixed ^ np.asarray(key, dtype=np.int64).astype(np.uint64))
    return ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def _mix(state: np.ndarray[tuple[int, ...], np.dtype[np.uint64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
