# SPDX-License-Identifier: Apache-2.0
"""The demo's models: what each wants of its building, how it is built, and what its second version changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest.demo.district import Scale
from ingest.demo.frame import HOUSE_LON_LAT, METRIC_CRS, to_metres
from ingest.demo.house import write_house
from ingest.demo.models.edits import Edits, apply_edits
from ingest.demo.models.elements import declare_net_areas
from ingest.demo.models.factory import build_factory
from ingest.demo.models.factory_edits import edit_factory
from ingest.demo.models.housing import build_housing
from ingest.demo.models.housing_edits import edit_housing
from ingest.demo.models.plan import ModelPlan, Site
from ingest.demo.models.sites import Wish, find_site
from ingest.demo.models.tower import build_tower
from ingest.demo.models.tower_edits import edit_tower
from ingest.demo.models.writer import write_plan
from twin.database import Connection
from twin.text import Text

VERSIONS: Final = (1, 2)
#: West of the middle of the free plot, which stays free for a model of one's own.
HOUSE_AT: Final = (HOUSE_LON_LAT[0] - 0.0003, HOUSE_LON_LAT[1] + 0.0002)
HOUSE_FILE: Final = "demo-house.ifc"


@dataclass(frozen=True)
class DemoModel:
    """A model in two versions; `usual` is its size where no building decides: length, width, storeys, height.

    `storeys` are the least, best and most of its building, by scale: a small demo is ready within minutes.
    """

    name: str
    title: Text
    wish: Wish
    storeys: Mapping[Scale, tuple[int, int, int]]
    usual: tuple[float, float, int, float]
    build: Callable[[Site], ModelPlan]
    edit: Callable[[ModelPlan], Edits]

    def plan(self, site: Site, version: int = 1) -> ModelPlan:
        """The model on a site, in its first or second version."""
        plan = self.build(site)
        if version == VERSIONS[1]:
            plan = apply_edits(plan, self.edit(plan))
        declare_net_areas(plan)
        return plan

    def find_site(self, connection: Connection, scale: Scale, srid: int, source_id: str) -> Site:
        """The building it stands on. Raises RefusedError where the district has none like that."""
        return find_site(connection, self.wish, self.storeys[scale], srid, source_id)

    def file_name(self, version: int) -> str:
        """`demo-tower-v1.ifc`."""
        return f"demo-{self.name}-v{version}.ifc"

    def usual_site(self, storeys: int | None = None) -> Site:
        """A site in the middle of the demo district, with fewer storeys if wished."""
        east, north = to_metres([HOUSE_LON_LAT])[0].tolist()
        length, width, usual, height = self.usual
        count = storeys or usual
        each = (height - 1.0) / usual
        tall = height if count == usual else round(each * count + 1.0, 2)
        return Site(METRIC_CRS, round(east, 2), round(north, 2), 29.0, length, width, count, tall)


MODELS: Final = {
    model.name: model
    for model in (
        DemoModel(
            "tower", Text("办公塔楼", "office tower"), Wish(("office",), (36.0, 60.0), (28.0, 42.0)),
            {"small": (5, 7, 12), "district": (14, 18, 24)}, (42.5, 35.6, 30, 126.0), build_tower, edit_tower,
        ),
        DemoModel(
            "factory", Text("厂房", "factory"), Wish(("industrial",), (50.0, 95.0), (28.0, 50.0)),
            {"small": (1, 2, 3), "district": (1, 2, 3)}, (64.6, 40.6, 3, 16.5), build_factory, edit_factory,
        ),
        DemoModel(
            "housing", Text("住宅楼", "housing block"), Wish(("residential",), (40.0, 58.0), (12.0, 15.5)),
            {"small": (4, 5, 7), "district": (6, 8, 11)}, (46.6, 12.8, 11, 32.9), build_housing, edit_housing,
        ),
    )
}  # fmt: skip


def write_demo_files(connection: Connection, folder: Path, scale: Scale, srid: int, source_id: str) -> list[Path]:
    """Every model in every version, each on its building, and the house: what `twin demo` loads."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for model in MODELS.values():
        site = model.find_site(connection, scale, srid, source_id)
        for version in VERSIONS:
            written.append(folder / model.file_name(version))
            write_plan(model.plan(site, version), written[-1])
    written.append(folder / HOUSE_FILE)
    write_house(written[-1], lon=HOUSE_AT[0], lat=HOUSE_AT[1])
    return written
