# SPDX-License-Identifier: Apache-2.0
"""From triangle soup on an integer grid to shaded, indexed vertices."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

CREASE_COSINE: Final = 0.819152
"""Faces that meet at less than 35 degrees are one smooth surface; a wall's corner stays sharp."""

MAX_VALENCE: Final = 64
"""A vertex with more faces than this is a fan's hub: its faces keep their own normals."""


def weld_keys(grid: NDArray[np.int64], feature_ids: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A key for each corner, equal where grid position and feature id are.

    16 bits for each axis and for the id go into one number; where positions reach further than that, equal corners
    are counted through instead.
    """
    if np.abs(grid).max() >= 32768:
        shifted = (grid + 2**31).astype(np.uint64)
        flat = (shifted[:, 0] << np.uint64(32)) | shifted[:, 1]
        upright = (feature_ids.astype(np.uint64) << np.uint64(32)) | shifted[:, 2]
        return index_corners(flat, upright)[1].astype(np.uint64)
    shifted = (grid + 32768).astype(np.uint64)
    key = (shifted[:, 0] << np.uint64(32)) | (shifted[:, 1] << np.uint64(16)) | shifted[:, 2]
    return (feature_ids.astype(np.uint64) << np.uint64(48)) | key


def normal_keys(normals: NDArray[np.int8]) -> NDArray[np.uint64]:
    """One key for each 8-bit normal (n, 3)."""
    shifted = (normals.astype(np.int64) + 128).astype(np.uint64)
    return (shifted[:, 0] << np.uint64(16)) | (shifted[:, 1] << np.uint64(8)) | shifted[:, 2]


def face_normals(triangles: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit normals (m, 3) and twice the areas (m,) of triangles (m, 3, 3); zero where degenerate."""
    cross = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    length = np.linalg.norm(cross, axis=1)
    return cross / np.where(length > 0, length, 1.0)[:, None], length


def corner_angles(triangles: NDArray[np.float64]) -> NDArray[np.float64]:
    """The angles (3m,) in radians at the corners of triangles (m, 3, 3)."""
    ahead = np.roll(triangles, -1, axis=1) - triangles
    back = np.roll(triangles, 1, axis=1) - triangles
    lengths = np.linalg.norm(ahead, axis=2) * np.linalg.norm(back, axis=2)
    cosines = np.einsum("ijk,ijk->ij", ahead, back) / np.where(lengths > 0, lengths, 1.0)
    return np.arccos(np.clip(cosines, -1.0, 1.0)).reshape(-1)


def crease_normals(
    normals: NDArray[np.float64], angles: NDArray[np.float64], corner_keys: NDArray[np.uint64]
) -> NDArray[np.float64]:
    """Normals for each corner (3m, 3): mean of the faces around its vertex that lie within the crease angle.

    normals: (m, 3) of the faces; angles: (3m,) at the corners, their weights, so that how a surface is cut
    into triangles does not show; corner_keys: (3m,) equal where corners meet.
    """
    corners = len(corner_keys)
    own = np.repeat(normals, 3, axis=0)
    order = np.argsort(corner_keys, kind="stable")
    ranked = corner_keys[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    valence = np.diff(np.append(starts, corners))
    shared = np.flatnonzero((valence > 1) & (valence <= MAX_VALENCE))
    # Every ordered pair of corners that meet, group by group.
    sizes = valence[shared]
    pair_counts = sizes * sizes
    group = np.repeat(np.arange(len(shared)), pair_counts)
    within = np.arange(int(pair_counts.sum())) - np.repeat(np.cumsum(pair_counts) - pair_counts, pair_counts)
    base = starts[shared][group]
    first = order[base + within // sizes[group]]
    second = order[base + within % sizes[group]]
    smooth = np.einsum("ij,ij->i", own[first], own[second]) >= CREASE_COSINE
    first, second = first[smooth], second[smooth]
    weighted = own[second] * angles[second][:, None]
    summed = np.column_stack([np.bincount(first, weighted[:, axis], corners) for axis in range(3)])
    length = np.linalg.norm(summed, axis=1)
    usable = length > 0
    return np.where(usable[:, None], summed / np.where(usable, length, 1.0)[:, None], own)


def index_corners(
    *keys: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First corner of each distinct combination of `keys` (3m,), and each corner's place among them (3m,)."""
    order = np.lexsort(keys)
    is_first = np.zeros(len(order), dtype=bool)
    is_first[0] = True
    for key in keys:
        ranked = key[order]
        is_first[1:] |= ranked[1:] != ranked[:-1]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.cumsum(is_first) - 1
    return order[is_first], place
