# SPDX-License-Identifier: Apache-2.0
"""An attacker with every figure that is shown and knowledge of the rule learns no small count and no big part."""

from __future__ import annotations

import functools
import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.suppression import Contributions, CountTree, bounds, withhold, withhold_dominated

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


LIMIT = 0.85
Parts = dict[str, dict[int, int]]


@st.composite
def shared_out(draw: st.DrawFn) -> tuple[dict[str, str | None], Parts]:
    """Contributors by place over two levels below the root, and what a street or the root itself has beside."""
    parents: dict[str, str | None] = {"1": None}
    places: list[str] = []
    for street in range(draw(st.integers(1, 2))):
        code = f"1{street}"
        parents[code] = "1"
        below = [f"{code}{number}" for number in range(draw(st.integers(0, 3)))]
        parents |= dict.fromkeys(below, code)
        places += [*below, f"{code}~"]
    amounts = st.dictionaries(st.integers(1, 4), st.sampled_from([1, 1, 2, 4]), max_size=3)
    own = {place: draw(amounts) for place in [*places, "1~"] if not place.endswith("~") or draw(st.booleans())}
    return parents, {place: parts for place, parts in own.items() if parts}


def add_up(parents: dict[str, str | None], own: Parts) -> Parts:
    """Who contributes what to each block: by its places, and to all blocks above them."""
    found: Parts = {}
    for place, parts in own.items():
        code: str | None = place
        while code is not None:
            cell = found.setdefault(code, {})
            for contributor, part in parts.items():
                cell[contributor] = cell.get(contributor, 0) + part
            code = code[:-1] if code.endswith("~") else parents[code]
    return found


def most(parents: dict[str, str | None], cells: Parts, withheld: frozenset[str], who: int, asked: str) -> int:
    """By trying all whole numbers: the most that the sum of `asked` can be, for the contributor `who`.

    A set of numbers is an integer with these bits.
    """
    below: dict[str, list[str]] = {}
    for code in cells:
        above = code[:-1] if code.endswith("~") else parents[code]
        if above is not None:
            below.setdefault(above, []).append(code)
    ceiling = sum(cells["1"].values()) + 4
    all_numbers = (1 << (ceiling + 1)) - 1

    def find_ways(code: str, supposed: int) -> int:
        """The sums of the block that agree with what is shown, where `asked` is what is supposed."""
        if code in below:
            found = 1
            for child in below[code]:
                ways = find_ways(child, supposed)
                found = functools.reduce(int.__or__, (found << n for n in range(ceiling + 1) if ways >> n & 1), 0)
                found &= all_numbers
        else:
            found = all_numbers & ~((1 << cells[code].get(who, 0)) - 1)
        if code not in withheld:
            found &= 1 << sum(cells[code].values())
        return found & (1 << supposed) if code == asked else found

    return next(value for value in range(ceiling, -1, -1) if find_ways("1", value))


@given(built=shared_out())
@settings(max_examples=60, deadline=None)
def test_no_contributor_can_bound_another_closer_than_the_rule_allows(
    built: tuple[dict[str, str | None], Parts],
) -> None:
    parents, own = built
    cells = add_up(parents, own)
    known = {
        code: Contributions(
            sum(parts.values()), len(parts), dict(sorted(parts.items(), key=lambda item: (-item[1], item[0]))[:3])
        )
        for code, parts in cells.items()
    }
    withheld = withhold_dominated(parents, known, LIMIT)
    for code, parts in cells.items():
        largest = sorted(parts.values(), reverse=True)
        assert code in withheld or sum(largest[:2]) <= LIMIT * sum(parts.values()) + 1e-9
        for attacker in {who for cell in cells.values() for who in cell} if code in withheld else ():
            victims = [part for who, part in parts.items() if who != attacker]
            if victims:
                reached = most(parents, cells, withheld, attacker, code) - parts.get(attacker, 0)
                assert reached >= max(victims) / LIMIT - 1e-9, (code, attacker, withheld)


def contributions(**parts: list[float]) -> dict[str, Contributions]:
    """By block, written b<code>: parts of the contributors 1, 2, …"""
    return {
        code[1:]: Contributions(sum(own), len(own), dict(enumerate(sorted(own, reverse=True)[:3], start=1)))
        for code, own in parts.items()
    }


def test_a_sum_of_many_alike_is_shown_at_every_level() -> None:
    known = contributions(b1=[10.0] * 8, b11=[10.0] * 4, b12=[10.0] * 4)
    assert withhold_dominated({"1": None, "11": "1", "12": "1"}, known, LIMIT) == frozenset()


def test_a_dominated_sum_takes_another_with_it_or_it_could_be_subtracted() -> None:
    known = contributions(b1=[90, 8, 20, 20, 20, 20, 20, 20, 20], b11=[90, 8], b12=[20.0] * 3, b13=[20.0] * 4)
    withheld = withhold_dominated({"1": None, "11": "1", "12": "1", "13": "1"}, known, LIMIT)
    assert withheld == {"11", "12"}


def test_two_dominated_sums_beside_each_other_do_not_hide_one_another_from_their_owners() -> None:
    # Who owns the one knows it, and would have the other by subtraction: a third goes with them.
    known = {
        "1": Contributions(70, 7, {1: 10, 2: 10, 3: 10}), "11": Contributions(10, 1, {1: 10}),
        "12": Contributions(10, 1, {2: 10}), "13": Contributions(50, 5, {3: 10, 4: 10, 5: 10}),
    }  # fmt: skip
    withheld = withhold_dominated({"1": None, "11": "1", "12": "1", "13": "1"}, known, LIMIT)
    assert withheld == {"11", "12", "13"}
