# SPDX-License-Identifier: Apache-2.0
"""What became of blocks, told by how their areas lie over each other: candidates for a person to confirm."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import shapely

from ingest.report import MOST_PROBLEMS, LoadReport
from twin.blocks import Scheme
from twin.crs import geometries_to_metric
from twin.errors import Problem, RefusedError
from twin.text import Text

ChangeKind = Literal["split", "merge", "renumber"]

_LEAST_SHARE: Final = 0.02
"""Areas that have less than this of either block in common are borders drawn another way."""

_ROUNDING: Final = 1e-3

_WORDS: Final[dict[ChangeKind, Text]] = {
    "split": Text("拆分", "split"),
    "merge": Text("合并", "merge"),
    "renumber": Text("改码", "renumber"),
}


@dataclass(frozen=True)
class Succession:
    """That `new` follows `old` with `share` of the old block's area (0 to 1)."""

    old: str
    new: str
    kind: ChangeKind
    share: float

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        return {"old": self.old, "new": self.new, "kind": self.kind, "share": round(self.share, 6)}

    def __str__(self) -> str:
        return f"{self.old} → {self.new} ({_WORDS[self.kind]}, {self.share:.1%})"


def find_successions(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, scheme: Scheme) -> list[Succession]:
    """How the blocks `new` follow the blocks `old` (code and geometry in the storage CRS), level by level.

    Blocks that keep their code and follow nothing else are left out. A pair's kind is that of the old block's
    fate: into several, split; one of several, merge; else renumber.
    """
    found: list[Succession] = []
    for width in scheme.level_widths:
        before = old[old["code"].astype(str).str.len() == width]
        after = new[new["code"].astype(str).str.len() == width]
        if len(before) and len(after):
            found += _level_successions(before, after, scheme)
    return found


def name_kinds(pairs: list[tuple[str, str, float]]) -> list[Succession]:
    """The kind of each pair (old, new, share) by how many follow and how many are followed."""
    heirs = Counter(pair[0] for pair in pairs)
    forebears = Counter(pair[1] for pair in pairs)
    named: list[Succession] = []
    for old, new, share in pairs:
        kind: ChangeKind = "split" if heirs[old] > 1 else "merge" if forebears[new] > 1 else "renumber"
        named.append(Succession(old, new, kind, min(1.0, share)))
    return named


def measure_overlaps(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, scheme: Scheme) -> list[tuple[str, str, float]]:
    """Pairs of codes with the share of the old block's area that lies in the new one, borders left aside."""
    before = geometries_to_metric(np.asarray(old.geometry.array), scheme.metric_srid)
    after = geometries_to_metric(np.asarray(new.geometry.array), scheme.metric_srid)
    mine, theirs = shapely.STRtree(after).query(before, predicate="intersects")
    if not len(mine):
        return []
    shared = shapely.area(shapely.intersection(before[mine], after[theirs]))
    of_old, of_new = shared / shapely.area(before)[mine], shared / shapely.area(after)[theirs]
    old_codes, new_codes = old["code"].astype(str).to_numpy(), new["code"].astype(str).to_numpy()
    keep = np.maximum(of_old, of_new) >= _LEAST_SHARE
    pairs = [
        (str(old_codes[a]), str(new_codes[b]), float(share))
        for a, b, share in zip(mine[keep], theirs[keep], of_old[keep], strict=True)
        if share > 0
    ]
    totals: dict[str, float] = {}
    for code, _, share in pairs:
        totals[code] = totals.get(code, 0.0) + share
    # A cut border is not quite the same line in metres: what is whole within a thousandth is whole.
    whole = {code for code, total in totals.items() if abs(total - 1) < _ROUNDING}
    return [
        (old_code, code, share / totals[old_code] if old_code in whole else share) for old_code, code, share in pairs
    ]


def refuse_replacements(frame: gpd.GeoDataFrame, known: gpd.GeoDataFrame, scheme: Scheme, report: LoadReport) -> None:
    """Raises RefusedError where blocks with new codes lie where blocks are that go by others.

    That is a new version of the tree, and what became of what is for a person to confirm.
    """
    codes, known_codes = frame["code"].astype(str), set(known["code"].astype(str))
    arriving = frame[~codes.isin(known_codes)]
    if not len(arriving):
        return
    found = find_successions(known, arriving, scheme)
    if not found:
        return
    whole = find_successions(known, frame, scheme)
    touched = {pair.old for pair in found}
    candidates = [pair for pair in whole if pair.old in touched] or found
    report.details["candidates"] = [pair.as_dict() for pair in candidates]
    fix = Text(
        "核对后用 twin blocks update --confirm 载入为新版本,或用 twin blocks split、merge、renumber 逐项变更",
        "look it over and load it as a new version with `twin blocks update --confirm`, or change blocks one by one "
        "with `twin blocks split`, `merge` and `renumber`",
    )
    problems = [
        Problem(
            f"code {pair.old}",
            Text(
                f"像是{_WORDS[pair.kind].zh}:{pair.old} → {pair.new}({pair.share:.1%})",
                f"looks like a {_WORDS[pair.kind].en}: {pair.old} → {pair.new} ({pair.share:.1%})",
            ),
            fix,
        )
        for pair in candidates[:MOST_PROBLEMS]
    ]
    raise RefusedError(
        Text(
            f"{len(arriving)} 个新编码的块与现有块重叠:像是块的拆分、合并或改码,共 {len(candidates)} 项,未载入。",
            f"{len(arriving)} blocks with new codes lie over blocks that there are: {len(candidates)} candidates of a "
            "split, merge or renumbering; nothing was loaded.",
        ),
        problems,
    )


def _level_successions(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, scheme: Scheme) -> list[Succession]:
    pairs = measure_overlaps(old, new, scheme)
    # A border that moved between two blocks which both stay is a correction, not a succession.
    stay = {(a, b) for a, b, _ in pairs if a == b}
    kept = {a for a, _ in stay}
    pairs = [(a, b, share) for a, b, share in pairs if a == b or not (a in kept and b in kept)]
    named = name_kinds(pairs)
    trivial = {pair.old for pair in named if pair.kind == "renumber" and pair.old == pair.new}
    return [pair for pair in named if pair.old not in trivial]
