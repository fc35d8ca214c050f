# SPDX-License-Identifier: Apache-2.0
"""Runs peers and us alternately and says how we compare: medians, ratios, spread, machine.

A machine is never quiet, so a ratio is taken within each round, where both met the same noise, and the
median of these ratios is what counts. A ratio above 1 always means that we did better.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from bench.machine import Machine

Sample = Mapping[str, float]
"""What one run gave, by metric; a metric that could not be measured is not in it."""


@dataclass(frozen=True)
class Metric:
    """Something measured. `is_rate`: more is better; otherwise less is."""

    name: str
    unit: str
    is_rate: bool = False

    def compare(self, ours: float, theirs: float) -> float:
        """How many times better ours is; neither may be 0."""
        return ours / theirs if self.is_rate else theirs / ours


@dataclass(frozen=True)
class Contender:
    """Somebody who does the work; `prepare` makes the ground even before each run, untimed."""

    name: str
    run: Callable[[], Sample]
    prepare: Callable[[], None] = lambda: None
    is_ours: bool = False
    note: str = ""


@dataclass(frozen=True)
class Spread:
    """The median of a few numbers, the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """Of at least one number."""
        return cls(median(numbers), min(numbers), max(numbers))


@dataclass(frozen=True)
class Line:
    """One contender's account: a spread for each metric, and for a peer what ours is times it."""

    name: str
    is_ours: bool
    note: str
    metrics: dict[str, Spread]
    ratios: dict[str, Spread]


@dataclass(frozen=True)
class Comparison:
    """The account of one run of all rounds."""

    title: str
    rounds: int
    metrics: tuple[Metric, ...]
    lines: tuple[Line, ...]

    def find_ratio(self, peer: str, metric: str) -> Spread:
        """What ours is times a peer's. Raises KeyError for a peer or a metric that was not measured."""
        ratios = {line.name: line.ratios for line in self.lines}
        return ratios[peer][metric]


def compare(
    title: str,
    metrics: Sequence[Metric],
    contenders: Sequence[Contender],
    rounds: int,
    *,
    on_run: Callable[[int, Contender, Sample], None] = lambda _round, _contender, _sample: None,
) -> Comparison:
    """Let all contenders run once a round, in an order that turns each round.

    Exactly one contender is ours. Raises ValueError otherwise, or for less than one round.
    """
    ours = [contender.name for contender in contenders if contender.is_ours]
    if len(ours) != 1 or rounds < 1:
        raise ValueError("a comparison needs one contender of ours and at least one round")
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            contender.prepare()
            sample = contender.run()
            samples[contender.name].append(sample)
            on_run(number, contender, sample)
    return summarise(title, metrics, contenders, samples)


def summarise(
    title: str, metrics: Sequence[Metric], contenders: Sequence[Contender], samples: Mapping[str, Sequence[Sample]]
) -> Comparison:
    """Medians of each contender, and the ratios of ours to each peer, round by round."""
    own = samples[next(contender.name for contender in contenders if contender.is_ours)]
    lines: list[Line] = []
    for contender in contenders:
        measured: dict[str, Spread] = {}
        ratios: dict[str, Spread] = {}
        for metric in metrics:
            theirs = [sample[metric.name] for sample in samples[contender.name] if metric.name in sample]
            if theirs:
                measured[metric.name] = Spread.of(theirs)
            pairs = [
                metric.compare(mine[metric.name], their[metric.name])
                for mine, their in zip(own, samples[contender.name], strict=True)
                # What the clock was too coarse for cannot be compared.
                if mine.get(metric.name) and their.get(metric.name)
            ]
            if pairs and not contender.is_ours:
                ratios[metric.name] = Spread.of(pairs)
        lines.append(Line(contender.name, contender.is_ours, contender.note, measured, ratios))
    return Comparison(title, len(own), tuple(metrics), tuple(lines))


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """A readable table: median (least–most) of each metric, and ours ÷ peer."""
    # A log or a pipe has no width of its own; a table cut there would be of no use.
    console = console or Console()
    if not console.is_terminal:
        console = Console(file=console.file, width=max(console.width, 150))
    table = Table(title=f"{comparison.title} · {comparison.rounds} rounds", box=box.SIMPLE, title_justify="left")
    table.add_column("")
    for metric in comparison.metrics:
        table.add_column(f"{metric.name}\n{metric.unit}", justify="right")
    for line in comparison.lines:
        name = f"{line.name} (ours)" if line.is_ours else line.name
        table.add_row(name, *(_write(line.metrics.get(metric.name)) for metric in comparison.metrics))
        if line.ratios:
            cells = (_write(line.ratios.get(metric.name), "×") for metric in comparison.metrics)
            table.add_row("  ours is better by", *cells, style="bold")
    console.print(table)
    for line in comparison.lines:
        if line.note:
            console.print(f"  {line.name}: {line.note}")


def write_json(path: Path, machine: Machine, comparisons: Sequence[Comparison], facts: Mapping[str, object]) -> None:
    """Everything that was measured, for a program to read; `facts` say what it was measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": asdict(machine),
        "facts": dict(facts),
        "comparisons": [asdict(comparison) for comparison in comparisons],
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _write(spread: Spread | None, sign: str = "") -> str:
    if spread is None:
        return "–"
    low, high = _round(spread.least), _round(spread.most)
    return _round(spread.median) + sign + (f" ({low}–{high})" if low != high else "")


def _round(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
