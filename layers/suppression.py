# SPDX-License-Identifier: Apache-2.0
"""Small counts of people are not shown, nor sums that few contribute to, nor what would give either away.

Over a tree of blocks whose counts add up, a count below k is withheld (primary), and then as many others as it
takes (complementary) that nobody can work it out: not from its parent and siblings, not over several levels.
What an outsider can know is computed as they would: each withheld count lies between two bounds, which the sums
of the tree narrow. In a tree one pass up and one down gives the tightest bounds there are.

Sums of amounts (floor area, output) are held to the dominance rule: none is shown of which the two largest
contributors make more than a share, for the second of them would know the first too well. What is withheld besides
leaves whoever knows the own contribution as far from any other one as a sum that just keeps the rule would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from twin.home import OUTSIDE

_NO_BOUND: Final = 2**53
"""More than any count: what is known of a number that was withheld without a reason being given."""

_ROUNDING: Final = 1e-9
"""Sums of shares are not exact to the last digit."""

Counts = npt.NDArray[np.int64]
Amounts = npt.NDArray[np.float64]
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
    levels = _levels(tree.parents)
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


@dataclass(frozen=True)
class Contributions:
    """What one block's sum is made of: how many contribute, and the largest by id, greatest first, at most three."""

    total: float
    contributors: int
    largest: Mapping[int, float]

    @property
    def two_largest(self) -> float:
        """What the two largest contribute together."""
        return sum(list(self.largest.values())[:2])


def withhold_dominated(
    parents: Mapping[str, str | None], known: Mapping[str, Contributions], limit: float
) -> frozenset[str]:  # fmt: skip
    """The codes whose sums are not shown: of which two contributors make more than `limit`, and as many others
    as it takes that nobody, who knows the own contribution, can bound such a sum closer than
    (the two largest) / limit, at which it would have been shown.

    `known` has the blocks in which anything is, and as `<block>~` what lies in a block and in none of its children.
    """
    # A block in which nothing is hides nothing.
    above = {code: parents[code] for code in known if code in parents}
    rests = {code: code.removesuffix(OUTSIDE) for code in known if code.endswith(OUTSIDE)}
    above |= {code: parent for code, parent in rests.items() if parent in above}
    order = sorted(above, key=lambda code: (len(code), code))
    position = {code: number for number, code in enumerate(order)}
    cells = [known[code] for code in order]
    totals = np.array([cell.total for cell in cells], dtype=np.float64)
    needed = np.array([cell.two_largest / limit for cell in cells], dtype=np.float64) * (1 - _ROUNDING)
    tree_parents = np.array([position.get(above[code] or "", -1) for code in order], dtype=np.int64)
    dominated = needed > totals
    withheld = dominated.copy()
    while True:
        most = find_ceilings(totals, tree_parents, withheld)
        exposed = [
            int(number) for number in np.flatnonzero(dominated & np.isfinite(most))
            if most[number] - _known_elsewhere(int(number), cells, tree_parents, withheld) < needed[number]
        ]  # fmt: skip
        around = sorted({int(tree_parents[number]) for number in exposed})
        progress = [_withhold_another(totals, tree_parents, withheld, parent) for parent in around]
        # (Only sums that do not add up could leave one exposed with nothing more to withhold.)
        if not any(progress):
            return frozenset(order[number] for number in np.flatnonzero(withheld))


def find_ceilings(totals: Amounts, parents: Counts, withheld: Flags) -> Amounts:
    """The greatest that each sum can be for whoever sees those that are shown and knows that none is negative."""
    low, high = np.where(withheld, 0, totals), np.where(withheld, np.inf, totals)
    levels = _levels(parents)
    for members in reversed(levels[1:]):
        own = parents[members]
        touched = np.unique(own)
        low[touched] = np.maximum(low[touched], _add_by(own, low[members], len(low))[touched])
        high[touched] = np.minimum(high[touched], _add_by(own, high[members], len(low))[touched])
    for members in levels[1:]:
        own = parents[members]
        is_open = np.isinf(high[members])
        bounded = np.where(is_open, 0, high[members])
        others_open = _add_by(own, is_open, len(low))[own] - is_open
        others_most = np.where(others_open > 0, np.inf, _add_by(own, bounded, len(low))[own] - bounded)
        others_least = _add_by(own, low[members], len(low))[own] - low[members]
        low[members], high[members] = (
            np.maximum(low[members], low[own] - others_most),
            np.minimum(high[members], high[own] - others_least),
        )
    return high


def _known_elsewhere(number: int, cells: Sequence[Contributions], parents: Counts, withheld: Flags) -> float:
    """The most that any one contributor has beside this sum within the sum that bounds it, or a little more."""
    region = int(parents[number])
    while region >= 0 and withheld[region]:
        region = int(parents[region])
    if region < 0:
        return 0
    own, around = cells[number].largest, cells[region]
    beside = [part - own.get(contributor, 0) for contributor, part in around.largest.items()]
    if around.contributors > len(around.largest):
        beside.append(min(around.largest.values()))  # none of the others has more
    return max(beside, default=0)


def _withhold_another(totals: Amounts, parents: Counts, withheld: Flags, parent: int) -> bool:
    """One more of the children of `parent`, the smallest that is something; else the parent; else above.

    With it goes the smallest below it, and so on down, or what is below would add up to it. False: nothing is left.
    """
    while parent >= 0:
        chosen = _find_smallest(totals, parents, withheld, parent)
        if chosen is not None or not withheld[parent]:
            withheld[parent if chosen is None else chosen] = True
            while chosen is not None and not (withheld & (parents == chosen)).any():
                chosen = _find_smallest(totals, parents, withheld, chosen)
                if chosen is not None:
                    withheld[chosen] = True
            return True
        parent = int(parents[parent])
    return False


def _find_smallest(totals: Amounts, parents: Counts, withheld: Flags, parent: int) -> int | None:
    shown = np.flatnonzero((parents == parent) & ~withheld & (totals > 0))
    return int(shown[np.argmin(totals[shown])]) if len(shown) else None


def _levels(parents: Counts) -> list[npt.NDArray[Any]]:
    depth = np.zeros(len(parents), dtype=np.int64)
    for number, parent in enumerate(parents):
        depth[number] = depth[parent] + 1 if parent >= 0 else 0
    return [np.flatnonzero(depth == level) for level in range(int(depth.max(initial=0)) + 1)]


def _sum_by(parents: Counts, values: Counts, size: int) -> Counts:
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, parents, values)
    return total


def _add_by(parents: Counts, values: npt.NDArray[Any], size: int) -> Amounts:
    total = np.zeros(size, dtype=np.float64)
    np.add.at(total, parents, values)
    return total
