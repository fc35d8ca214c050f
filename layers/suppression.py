# SPDX-License-Identifier: Apache-2.0
"""Small counts of people are not shown, nor what would give them away.

Over a tree of blocks whose counts add up, a count below k is withheld (primary), and then as many others as it
takes (complementary) that nobody can work it out: not from its parent and siblings, not over several levels.
What an outsider can know is computed as they would: each withheld count lies between two bounds, which the sums
of the tree narrow. In a tree one pass up and one down gives the tightest bounds there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from twin.model.table import OUTSIDE

_NO_BOUND: Final = 2**53
"""More than any count: what is known of a number that was withheld without a reason being given."""

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CountTree:
    """Counts by block. `parents` are positions (-1: none), and a parent stands before its children."""

    counts: Counts
    parents: Counts

    @classmethod
    def build(cls, counts: Mapping[str, int], parents: Mapping[str, str | None]) -> tuple[list[str], CountTree]:
        """The tree of codes with their counts (0 where there is none), and the order of its codes.

        What a block has beside its children (people in none of them) is nowhere shown, and yet the difference:
        it is one more child, with the code `<block>~`.
        """
        below: dict[str, int] = dict.fromkeys((parent for parent in parents.values() if parent), 0)
        for code, parent in parents.items():
            if parent:
                below[parent] += counts.get(code, 0)
        rests = {code + OUTSIDE: (code, counts.get(code, 0) - total) for code, total in below.items()}
        rests = {code: rest for code, rest in rests.items() if rest[1]}
        all_counts = {**counts, **{code: count for code, (_, count) in rests.items()}}
        all_parents = {**parents, **{code: parent for code, (parent, _) in rests.items()}}
        order = sorted(all_parents, key=lambda code: (len(code), code))
        position = {code: number for number, code in enumerate(order)}
        return order, cls(
            np.array([all_counts.get(code, 0) for code in order], dtype=np.int64),
            np.array([position.get(all_parents[code] or "", -1) for code in order], dtype=np.int64),
        )


def withhold(tree: CountTree, k: int) -> tuple[Flags, Flags]:
    """Which counts are shown as "<k" (0 is shown as it is), and which not at all, lest one of those be given away.

    A small count itself may have to be among the latter: four that are "<5" and not 0 within a fifth that is
    "<5" as well are 1 each.
    """
    primary = (tree.counts > 0) & (tree.counts < k)
    withheld, told = primary.copy(), primary.copy()
    # Each round withholds one more or says less of one, so there is an end; a handful of rounds is usual.
    while True:
        low, high = bounds(tree, told, withheld, k)
        exposed = np.flatnonzero(primary & (high - low < min(2, k - 2)))
        if not len(exposed):
            return told, withheld & ~told
        for parent in np.unique(tree.parents[exposed]):
            if not _withhold_more(tree, withheld, told, int(parent)):
                told[exposed[tree.parents[exposed] == parent]] = False


def bounds(tree: CountTree, told: Flags, withheld: Flags, k: int) -> tuple[Counts, Counts]:
    """The least and the greatest that each count can be, for whoever sees what is shown and knows the rule."""
    low = np.where(withheld, 0, tree.counts)
    high = np.where(withheld, _NO_BOUND, tree.counts)
    low, high = np.where(told, 1, low), np.where(told, k - 1, high)
    levels = _levels(tree)
    for members in reversed(levels[1:]):
        parents = tree.parents[members]
        least, most = _sum_by(parents, low[members], len(low)), _sum_by(parents, high[members], len(low))
        touched = np.unique(parents)
        low[touched] = np.maximum(low[touched], least[touched])
        high[touched] = np.minimum(high[touched], most[touched])
    for members in levels[1:]:
        parents = tree.parents[members]
        least, most = _sum_by(parents, low[members], len(low)), _sum_by(parents, high[members], len(low))
        others_least = least[parents] - low[members]
        others_most = most[parents] - high[members]
        low[members], high[members] = (
            np.maximum(low[members], low[parents] - others_most),
            np.minimum(high[members], high[parents] - others_least),
        )
    return low, high


def _withhold_more(tree: CountTree, withheld: Flags, told: Flags, parent: int) -> bool:
    """One more of the children of `parent`: the smallest that is shown, zeros last; else the parent; else above.

    False where nothing is left to withhold.
    """
    while parent >= 0:
        shown = np.flatnonzero((tree.parents == parent) & ~withheld)
        if len(shown):
            counts = tree.counts[shown]
            withheld[shown[np.lexsort((counts, counts == 0))[0]]] = True
            return True
        if not withheld[parent] or told[parent]:
            withheld[parent], told[parent] = True, False
            return True
        parent = int(tree.parents[parent])
    return False


def _levels(tree: CountTree) -> list[npt.NDArray[Any]]:
    depth = np.zeros(len(tree.parents), dtype=np.int64)
    for number, parent in enumerate(tree.parents):
        depth[number] = depth[parent] + 1 if parent >= 0 else 0
    return [np.flatnonzero(depth == level) for level in range(int(depth.max(initial=0)) + 1)]


def _sum_by(parents: Counts, values: Counts, size: int) -> Counts:
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, parents, values)
    return total
