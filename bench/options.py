# SPDX-License-Identifier: Apache-2.0
"""The options that every benchmark has, and where its account goes."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.city import SEED
from twin.settings import Settings

SCALES: Final = {"full": 1_000_000, "middle": 100_000, "small": 2_000}
"""Buildings in the district, by the name of the scale."""


@dataclass(frozen=True)
class Options:
    """What a person asked for. `peers` are the slow ones, which run only when named."""

    rounds: int
    scale: str
    seed: int
    json: Path
    peers: tuple[str, ...] = ()

    @property
    def buildings(self) -> int:
        """How many buildings the district gets."""
        return SCALES[self.scale]


def parse_options(name: str, about: str, arguments: list[str] | None, *, peers: tuple[str, ...] = ()) -> Options:
    """The command line of one benchmark; None: that of this process."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=about)
    parser.add_argument("--rounds", type=int, default=5, help="轮数 rounds (5)")
    parser.add_argument("--scale", choices=SCALES, default="full", help="规模 scale: " + ", ".join(
        f"{scale} = {count:,}" for scale, count in SCALES.items()))  # fmt: skip
    parser.add_argument("--seed", type=int, default=SEED, help=f"随机种子 random seed ({SEED})")
    parser.add_argument("--out", type=Path, help="JSON 结果的目录 folder of the JSON results (.twin/bench)")
    for peer in peers:
        parser.add_argument(f"--{peer}", action="store_true", help=f"同时与 {peer} 比较 compare with {peer} too")
    given = parser.parse_args(arguments)
    path = (given.out or Settings().data_dir / "bench") / f"{name}.json"
    chosen = tuple(peer for peer in peers if getattr(given, peer.replace("-", "_")))
    return Options(given.rounds, given.scale, given.seed, path, chosen)
