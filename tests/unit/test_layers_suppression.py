# SPDX-License-Identifier: Apache-2.0
"""Small counts: an attacker with every figure that is shown and knowledge of the rule learns none of them."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.suppression import CountTree, bounds, withhold

K = 5


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[str], CountTree]:
    """Two levels below the root, with a rest here and there."""
    counts: dict[str, int] = {}
    parents: dict[str, str | None] = {"1": None}
    total = 0
    for street in range(draw(st.integers(1, 3))):
        code = f"1{street}"
        parents[code] = "1"
        below = draw(st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 5, 7, 30]), min_size=0, max_size=4))
        for number, count in enumerate(below):
            counts[f"{code}{number}"] = count
            parents[f"{code}{number}"] = code
        counts[code] = sum(below) + draw(st.sampled_from([0, 0, 2]))
        total += counts[code]
    counts["1"] = total
    return CountTree.build(counts, parents)


def solutions(tree: CountTree, told: np.ndarray, silent: np.ndarray) -> dict[int, set[int]]:
    """By brute force: every way to fill in what is withheld that agrees with the sums."""
    size = len(tree.counts)
    unknown = [n for n in range(size) if told[n] or silent[n]]
    leaves = [n for n in unknown if n not in tree.parents]
    found: dict[int, set[int]] = {n: set() for n in unknown}
    ranges = [range(1, K) if told[n] else range(int(tree.counts[n]) + K) for n in leaves]
    for values in itertools.product(*ranges):
        filled = tree.counts.copy()
        filled[leaves] = values
        agrees = True
        for n in reversed(range(size)):
            children = np.flatnonzero(tree.parents == n)
            if not len(children):
                continue
            total = int(filled[children].sum())
            if n in found:
                agrees = agrees and (1 <= total < K if told[n] else True)
                filled[n] = total
            else:
                agrees = agrees and total == tree.counts[n]
        if agrees:
            for n in unknown:
                found[n].add(int(filled[n]))
    return found


@given(built=trees())
@settings(max_examples=100, deadline=None)
def test_no_small_count_can_be_worked_out(built: tuple[list[str], CountTree]) -> None:
    _, tree = built
    told, silent = withhold(tree, K)
    ways = np.prod([K if told[n] else tree.counts[n] + K for n in np.flatnonzero(told | silent)], dtype=float)
    if ways > 3_000:
        return  # too many to try one by one; the bounds below hold for them as well
    small = (tree.counts > 0) & (tree.counts < K)
    for number, values in solutions(tree, told, silent).items():
        if small[number]:
            assert len(values) > 1, (tree, number)


@given(built=trees())
@settings(max_examples=200, deadline=None)
def test_the_bounds_hold_the_truth_and_leave_every_small_count_open(built: tuple[list[str], CountTree]) -> None:
    _, tree = built
    told, silent = withhold(tree, K)
    small = (tree.counts > 0) & (tree.counts < K)
    assert (small <= (told | silent)).all()
    assert (told <= small).all()
    low, high = bounds(tree, told, told | silent, K)
    assert ((low <= tree.counts) & (tree.counts <= high)).all()
    assert (high - low >= 1)[small].all()


def test_what_is_large_and_gives_nothing_away_is_shown() -> None:
    codes, tree = CountTree.build(
        {"1": 100, "11": 60, "12": 40}, {"1": None, "11": "1", "12": "1"}
    )  # fmt: skip
    told, silent = withhold(tree, K)
    assert codes == ["1", "11", "12"]
    assert not told.any()
    assert not silent.any()


def test_a_single_small_count_takes_its_smallest_sibling_with_it() -> None:
    codes, tree = CountTree.build(
        {"1": 103, "11": 60, "12": 40, "13": 3, "14": 0}, {"1": None, "11": "1", "12": "1", "13": "1", "14": "1"}
    )  # fmt: skip
    told, silent = withhold(tree, K)
    assert [c for c, flag in zip(codes, told, strict=True) if flag] == ["13"]
    assert [c for c, flag in zip(codes, silent, strict=True) if flag] == ["12"]
