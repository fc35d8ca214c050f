# SPDX-License-Identifier: Apache-2.0
"""Which building of the city a building of a model is: by code, else by overlap and height; scored, never guessed.

What a person decided stays; what is not clear waits for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from psycopg.types.json import Jsonb

from twin.database import Connection
from twin.errors import Problem
from twin.text import Text

MATCH_SCORE: Final = 0.5
"""A model is a building's face from this score on."""

MATCH_MARGIN: Final = 0.15
"""By so much the best has to be ahead of the next."""

LEAST_OVERLAP: Final = 0.05
"""Intersection over union below which neighbours are no candidates."""

HEIGHT_WEIGHT: Final = 0.2


@dataclass(frozen=True)
class ModelledBuilding:
    """A building of a model: its outline as EWKB (EPSG:4490), height in metres."""

    global_id: str
    name: str | None
    code: str | None
    outline: bytes
    height: float | None


@dataclass(frozen=True)
class BuildingMatch:
    """A candidate. overlap: intersection over union of the outlines; height: the lower's share of the higher."""

    global_id: str
    building_id: int
    overlap: float
    height: float | None
    has_code: bool
    is_other_code: bool
    state: str = "proposed"
    reason: str | None = None

    @property
    def score(self) -> float:
        """0 to 1."""
        if self.has_code:
            return 1.0 if self.overlap >= LEAST_OVERLAP else 0.5
        if self.height is None:
            return self.overlap
        return (1 - HEIGHT_WEIGHT) * self.overlap + HEIGHT_WEIGHT * self.height

    def parts(self) -> dict[str, Any]:
        """What the score is made of, and why it is not settled: apart, other_code, low or ambiguous."""
        return {
            "code": self.has_code, "overlap": round(self.overlap, 4),
            "height": None if self.height is None else round(self.height, 4), "reason": self.reason,
        }  # fmt: skip


def match_buildings(
    connection: Connection, model_id: int, buildings: Sequence[ModelledBuilding], home: str, access_class: int
) -> tuple[list[BuildingMatch], list[Problem]]:
    """Write the matches of a model's buildings; give them, and what a person should look at."""
    decided = {
        (global_id, building_id): state
        for global_id, building_id, state in connection.execute(
            "SELECT global_id, building_id, state FROM model_match JOIN building ON building.id = building_id "
            "WHERE model_id = %s AND decided_by IS NOT NULL",
            (model_id,),
        ).fetchall()
    }
    connection.execute("DELETE FROM model_match WHERE model_id = %s AND decided_by IS NULL", (model_id,))
    confirmed = {global_id for (global_id, _), state in decided.items() if state == "confirmed"}
    written: list[BuildingMatch] = []
    problems: list[Problem] = []
    for building in buildings:
        if building.global_id in confirmed:
            continue
        found = [
            one for one in _find_candidates(connection, building) if (one.global_id, one.building_id) not in decided
        ]
        settled = settle(found)
        for one in settled:
            connection.execute(
                "INSERT INTO model_match (model_id, global_id, building_id, score, parts, state, block_code, "
                "access_class) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    model_id, one.global_id, one.building_id, one.score, Jsonb(one.parts()), one.state, home,
                    access_class,
                ),
            )  # fmt: skip
        written += settled
        if settled and settled[0].state == "proposed":
            problems.append(_tell_open(building, settled))
    return written, problems


def settle(candidates: Sequence[BuildingMatch]) -> list[BuildingMatch]:
    """The candidates, best first; the first is confirmed where nothing speaks against it."""
    ranked = sorted(candidates, key=lambda one: (-one.score, one.building_id))
    if not ranked:
        return []
    best = ranked[0]
    reason = None
    if best.has_code:
        reason = "apart" if best.overlap < LEAST_OVERLAP else None
        if sum(one.has_code for one in ranked) > 1:
            reason = "ambiguous"
    elif best.is_other_code:
        reason = "other_code"
    elif best.score < MATCH_SCORE:
        reason = "low"
    elif len(ranked) > 1 and best.score - ranked[1].score < MATCH_MARGIN:
        reason = "ambiguous"
    first = replace(best, state="proposed" if reason else "confirmed", reason=reason)
    return [first, *(replace(one, reason=reason) for one in ranked[1:])]


def _find_candidates(connection: Connection, building: ModelledBuilding) -> list[BuildingMatch]:
    rows = connection.execute(
        """
        SELECT building.id, coalesce(ST_Area(ST_Intersection(building.geometry, face.shape))
                   / nullif(ST_Area(ST_Union(building.geometry, face.shape)), 0), 0) AS overlap,
               building.height, building.code
        FROM building, (SELECT %(shape)s::geometry AS shape) AS face
        WHERE (building.geometry && face.shape AND ST_Intersects(building.geometry, face.shape))
           OR building.code = %(code)s
        ORDER BY overlap DESC, building.id LIMIT 20
        """,
        {"shape": building.outline, "code": building.code},
    ).fetchall()
    found: list[BuildingMatch] = []
    for building_id, overlap, height, code in rows:
        has_code = building.code is not None and code == building.code
        if overlap < LEAST_OVERLAP and not has_code:
            continue
        likeness = None
        if height and building.height and height > 0 and building.height > 0:
            likeness = min(height, building.height) / max(height, building.height)
        is_other = building.code is not None and code is not None and code != building.code
        found.append(BuildingMatch(building.global_id, building_id, overlap, likeness, has_code, is_other))
    return found


_REASONS: Final = {
    "apart": Text("编码相同,位置却不在一处", "the code is the same, the place is not"),
    "other_code": Text("模型中的编码与其下的楼栋不同", "the building under it has another code than the model says"),
    "low": Text("轮廓与高度相差较大", "outline and height differ much"),
    "ambiguous": Text("有几栋相近的楼", "several buildings fit about as well"),
}


def _tell_open(building: ModelledBuilding, matches: Sequence[BuildingMatch]) -> Problem:
    why = _REASONS[matches[0].reason or "low"]
    label = building.name or building.global_id
    return Problem(
        building.global_id,
        Text(
            f"建筑“{label}”有 {len(matches)} 个候选楼栋,待人工确认:{why.zh}",
            f"the building '{label}' has {len(matches)} candidates that wait for review: {why.en}",
        ),
        Text("请在建筑对应(/model-matches)中确认或拒绝。", "Confirm or reject it among /model-matches."),
    )
