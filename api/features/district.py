# SPDX-License-Identifier: Apache-2.0
"""The district that this installation is of: the root of the governance scheme of blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString

from api.pool import as_owner
from api.services import Services
from layers.tile import Box

READ_DISTRICT: LiteralString = """
    SELECT block.code, block.name, block.name_en, ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box),
           block_scheme.is_synthetic, block_scheme.level_widths, block_scheme.level_names
    FROM block_scheme JOIN valid_block AS block ON block.scheme = block_scheme.scheme,
         LATERAL Box2D(block.geometry) AS box
    WHERE block_scheme.is_governance AND block.level = 1
    ORDER BY block.code LIMIT 1
"""


@dataclass(frozen=True)
class District:
    """The root block and its scheme. Names and boundaries of blocks are public."""

    code: str
    name: str
    name_en: str | None
    bbox: Box
    is_synthetic: bool
    level_widths: tuple[int, ...]
    level_names: tuple[dict[str, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """As `/session` gives it; bbox and center in degrees, lon/lat."""
        west, south, east, north = self.bbox
        return {
            "code": self.code,
            "name": self.name,
            "name_en": self.name_en or self.name,
            "bbox": [west, south, east, north],
            "center": [round((west + east) / 2, 7), round((south + north) / 2, 7)],
        }


async def read_district(services: Services) -> District | None:
    """The district, or None before any blocks are loaded."""
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(READ_DISTRICT)).fetchone()
    if row is None:
        return None
    box = (row[3], row[4], row[5], row[6])
    return District(row[0], row[1], row[2], box, row[7], tuple(row[8]), tuple(row[9]))
