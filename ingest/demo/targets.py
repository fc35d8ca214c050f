# SPDX-License-Identifier: Apache-2.0
"""The demo's targets: the reference district's own, as its annual report names them."""

from __future__ import annotations

from typing import Final

from psycopg.types.json import Jsonb

from twin.database import Connection
from twin.text import Text

_TARGETS: Final = (
    ("bim_floor_area", Text("BIM 建模面积", "BIM floor area"), "models.floor_area", "m²", 1.0, 6_000_000.0),
    ("mesh_area", Text("倾斜实景三维覆盖", "Oblique mesh coverage"), "tilesets.mesh_area", "km²", 1e-6, 367.0),
    ("fine_area", Text("精细化三维覆盖", "Fine model coverage"), "tilesets.fine_area", "km²", 1e-6, 26.0),
    (
        "storey_buildings",
        Text("分层分户建筑", "Buildings with storeys and units"),
        "storeys.buildings",
        None,
        1.0,
        9_600.0,
    ),
)


def load_targets(connection: Connection) -> None:
    """Set the targets; one that a steward has changed stays as it is."""
    for position, (code, title, measure, unit, factor, goal) in enumerate(_TARGETS):
        connection.execute(
            "INSERT INTO target (code, title, measure, unit, factor, goal, due_date, position) "
            "VALUES (%s, %s, %s, %s, %s, %s, '2027-12-31', %s) ON CONFLICT (code) DO NOTHING",
            (code, Jsonb(title.as_dict()), measure, unit, factor, goal, position),
        )
