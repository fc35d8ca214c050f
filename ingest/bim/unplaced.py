# SPDX-License-Identifier: Apache-2.0
"""The refusal of a model that can be read and not placed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ingest.bim.records import Candidate
from twin.errors import Problem, RefusedError
from twin.text import Text

FIX_AT: Final = Text(
    zh="用 --at 经度,纬度[,高程[,朝向]] 指定位置,或用 --crs 指定坐标系。",
    en="Give the place with --at lon,lat[,height[,heading]], or the CRS with --crs.",
)


class UnplacedError(RefusedError):
    """A readable model that cannot be placed; `candidates` are what a person may confirm."""

    def __init__(self, reason: Text, candidates: Sequence[Candidate]) -> None:
        hints_zh = "".join(f"候选:{candidate.what.zh}。" for candidate in candidates)
        hints_en = "".join(f" Candidate: {candidate.what.en}." for candidate in candidates)
        super().__init__(
            Text(
                zh=f"模型无法定位:{reason.zh};请用 --at 经度,纬度 指定。{hints_zh}",
                en=f"The model cannot be placed: {reason.en}; give --at lon,lat.{hints_en}",
            ),
            [Problem("georeference", reason, FIX_AT)],
        )
        self.reason = reason
        self.candidates = tuple(candidates)
        self.report: dict[str, Any] = {}
