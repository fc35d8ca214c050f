# SPDX-License-Identifier: Apache-2.0
"""The harness of the benchmarks: whose turn it is, medians, and ratios taken within a round."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import shapely

from bench.city import City, make_blocks, make_buildings
from bench.harness import Contender, Metric, Sample, Spread, compare, write_json
from bench.machine import Machine, cpu_of_processes, cpu_of_stat, cpu_since

METRICS = (Metric("rate", "rows/s", is_rate=True), Metric("seconds", "s"))


def gives(*samples: Sample) -> Callable[[], Sample]:
    waiting: Iterator[Sample] = iter(samples)
    return lambda: next(waiting)


def test_a_ratio_is_the_median_of_the_rounds_and_not_of_the_medians() -> None:
    ours = gives({"rate": 10, "seconds": 2.0}, {"rate": 40, "seconds": 1.0}, {"rate": 20, "seconds": 1.0})
    peer = gives({"rate": 10, "seconds": 4.0}, {"rate": 10, "seconds": 3.0}, {"rate": 40, "seconds": 5.0})
    result = compare("t", METRICS, [Contender("we", ours, is_ours=True), Contender("they", peer)], 3)
    # Each round's own: 1, 4, 0.5 for the rate; 2, 3, 5 for the time, where less is better.
    assert result.find_ratio("they", "rate") == Spread(1.0, 0.5, 4.0)
    assert result.find_ratio("they", "seconds") == Spread(3.0, 2.0, 5.0)
    assert {line.name: line.metrics["rate"].median for line in result.lines} == {"we": 20, "they": 10}


def test_contenders_take_turns_and_each_round_begins_at_the_other_end() -> None:
    turns: list[str] = []

    def contender(name: str) -> Contender:
        def run() -> Sample:
            turns.append(name)
            return {"rate": 1.0}

        return Contender(name, run, lambda: turns.append("ready"), is_ours=name == "we")

    compare("t", METRICS, [contender("we"), contender("a"), contender("b")], 2)
    assert turns == [word for name in ("we", "a", "b", "b", "a", "we") for word in ("ready", name)]


def test_what_was_not_measured_has_no_ratio() -> None:
    ours = gives({"rate": 10, "seconds": 0.0})
    peer = gives({"rate": 5, "seconds": 2.0})
    result = compare(
        "t", [*METRICS, Metric("CPU", "s")], [Contender("we", ours, is_ours=True), Contender("p", peer)], 1
    )
    assert set(result.lines[1].ratios) == {"rate"}
    assert "CPU" not in result.lines[0].metrics


def test_a_comparison_without_us_or_without_rounds_is_refused() -> None:
    peer = Contender("p", gives({"rate": 1}))
    with pytest.raises(ValueError, match="one contender of ours"):
        compare("t", METRICS, [peer], 1)
    with pytest.raises(ValueError, match="one contender of ours"):
        compare("t", METRICS, [peer, Contender("we", gives({"rate": 1}), is_ours=True)], 0)


def test_the_result_file_names_the_machine_and_every_ratio(tmp_path: Path) -> None:
    ours, peer = gives({"rate": 6}), gives({"rate": 3})
    result = compare("t", METRICS, [Contender("we", ours, is_ours=True), Contender("p", peer)], 1)
    machine = Machine(2, 24.0, "Debian", "3.11", "15", "3.3", 0.5)
    write_json(tmp_path / "new" / "t.json", machine, [result], {"seed": 7})
    written = json.loads((tmp_path / "new" / "t.json").read_text())
    assert written["machine"]["cores"] == 2
    assert written["facts"] == {"seed": 7}
    assert written["comparisons"][0]["lines"][1]["ratios"]["rate"] == {"median": 2.0, "least": 2.0, "most": 2.0}


def test_cpu_seconds_are_read_past_a_name_that_holds_spaces_and_parentheses() -> None:
    fields = ["S", *["0"] * 10, "150", "50", *["0"] * 30]
    assert cpu_of_stat("17 (postgres: a) b) " + " ".join(fields)) == pytest.approx(2.0, rel=0.01)


def test_a_process_that_ended_takes_nothing_from_the_others() -> None:
    own = os.getpid()
    ended = 2**22 + 1  # above the highest pid that Linux gives
    assert set(cpu_of_processes([own, ended])) == {own}
    assert 0 <= cpu_since({own: 0.0, ended: 1_000.0}, [own, ended]) < 1_000
    assert cpu_since(cpu_of_processes([own]), [own]) < 1


def test_the_made_up_city_is_seamless_and_the_same_every_time() -> None:
    city = City.for_buildings(2_000)
    blocks = make_blocks(city)
    widths = blocks["code"].str.len()
    assert widths.value_counts().to_dict() == {14: 256, 12: 256, 9: 16, 6: 1}
    grids = blocks.geometry[widths == 14].to_numpy()
    assert shapely.coverage_is_valid(grids)
    assert shapely.coverage_union_all(grids).normalize() == blocks.geometry[widths == 6].iloc[0].normalize()
    first, second = make_buildings(city), make_buildings(city)
    assert first.equals(second)
    assert first.index.tolist() == list(range(1, 2_001))
    assert first["local_id"].is_unique and first["local_id"].notna().all()
    assert 0 < (~first.geometry.is_valid).sum() < 20
