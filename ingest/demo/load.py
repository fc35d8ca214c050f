# SPDX-License-Identifier: Apache-2.0
"""The demo district into the database, through the same pipeline as everybody's data, and its tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import geopandas as gpd
import psycopg

from ingest.blocks.load import SchemeDeclaration, load_blocks
from ingest.demo.addresses import build_addresses
from ingest.demo.district import DemoDistrict, Scale, generate
from ingest.demo.models.load import is_loaded, load_models
from ingest.demo.register_work import HANDLER, load_register_work
from ingest.demo.targets import load_targets
from ingest.kind import KINDS, Kind
from ingest.load import load_frames
from ingest.progress import OnProgress
from ingest.report import LoadReport
from ingest.show import show_report
from twin.access import Role, create_token, hash_token
from twin.crs import parse_crs
from twin.database import Connection, transaction
from twin.model.table import STORAGE_SRID
from twin.settings import Settings
from twin.text import Text

SOURCE_ID: Final = "demo"

_BATCH_ROWS: Final = 60_000

_MERGES_FROM: Final = 0.8
"""The pipeline's fraction from which on it merges."""

_ROLES: Final[tuple[Role, ...]] = (
    "admin", "wall", "leader", "grid_manager", "handler", "planner", "dispatcher", "steward", "auditor",
)  # fmt: skip


def load_demo(settings: Settings, scale: Scale, on_progress: OnProgress) -> dict[str, str]:
    """Load the demo at `scale` unless it is there; write its tokens to `tokens.json` and give them, by role.

    Beside a district of somebody's own (`twin init`) it does nothing and gives no tokens.

    The district goes in whole, in one transaction; its models follow, each version as a load of its own.
    """
    if _has_own_district(settings):
        on_progress(Text("已有自己的城区,不载入演示数据", "a district of your own is there; no demo is loaded"), 1.0)
        return {}
    if not _is_loaded(settings, scale):
        on_progress(Text("生成合成城区", "generating the synthetic district"), 0.02)
        # The year of incidents ends now: a demo whose "today" is empty would show nothing of today.
        district = generate(scale, now=datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
        with transaction(settings) as connection:
            for report in _load_district(connection, district, settings, on_progress):
                show_report(report)
            load_register_work(connection, SOURCE_ID, district.seed, district.now)
            load_targets(connection)
        for report in load_models(settings, scale, SOURCE_ID, _actor(scale), on_progress):
            show_report(report)
    on_progress(Text("令牌", "tokens"), 0.98)
    tokens = write_tokens(settings)
    on_progress(Text("示范区就绪", "the demo district is ready"), 1.0)
    return tokens


def _has_own_district(settings: Settings) -> bool:
    with transaction(settings) as connection:
        row = connection.execute("SELECT is_synthetic FROM block_scheme WHERE is_governance").fetchone()
    return row is not None and not row[0]


def _is_loaded(settings: Settings, scale: Scale) -> bool:
    with transaction(settings) as connection:
        return is_loaded(connection, SOURCE_ID, _actor(scale))


def _actor(scale: Scale) -> str:
    return f"demo {scale}"


def _load_district(
    connection: Connection, district: DemoDistrict, settings: Settings, on_progress: OnProgress
) -> Iterator[LoadReport]:
    actor = _actor(district.scale)
    on_progress(Text("载入块", "loading blocks"), 0.3)
    declaration = SchemeDeclaration(metric_srid=settings.metric_srid, is_synthetic=True)
    yield load_blocks(connection, district.blocks, declaration, LoadReport("blocks", SOURCE_ID), actor=actor)
    _load_event_types(connection, district)
    frames = {
        "roads": district.roads,
        "buildings": district.buildings,
        "storeys": district.storeys,
        "units": district.units,
        "addresses": build_addresses(district),
        "parks": district.industrial_parks,
        "villages": district.urban_villages,
        "parcels": district.parcels,
        "height_limits": district.height_limits,
        "components": district.components,
        "entities": district.legal_entities,
        "incidents": district.incidents.assign(event_scheme=SOURCE_ID),
    }
    total, before = sum(map(len, frames.values())), 0
    for name, frame in frames.items():
        kind = KINDS[name]
        told = _ProgressOfKind(kind, len(frame), before / total, len(frame) / total, on_progress)
        yield load_frames(
            connection,
            _batches(_link_buildings(connection, kind, frame), told),
            kind,
            parse_crs(f"EPSG:{STORAGE_SRID}"),
            LoadReport(name, SOURCE_ID),
            actor=actor,
            on_progress=told.note,
        )
        before += len(frame)
    connection.execute("ANALYZE")


@dataclass(frozen=True)
class _ProgressOfKind:
    """How far the load of one kind is, as a part of all (its share from `start`)."""

    kind: Kind
    rows: int
    start: float
    share: float
    on_progress: OnProgress

    def tell(self, done: int) -> None:
        """That `done` of its rows are on their way."""
        title, rows = self.kind.title, self.rows
        self.on_progress(
            Text(f"载入{title.zh}({done:,} / {rows:,})", f"loading {title.en} ({done:,} of {rows:,})"),
            0.35 + 0.5 * (self.start + self.share * 0.7 * done / max(rows, 1)),
        )

    def note(self, _step: Text, fraction: float) -> None:
        """Of the pipeline's own notes only that it merges, which takes a while and has no batches."""
        if fraction >= _MERGES_FROM:
            title = self.kind.title
            self.on_progress(
                Text(f"合并{title.zh}({self.rows:,})", f"merging {title.en} ({self.rows:,})"),
                0.35 + 0.5 * (self.start + self.share * 0.7),
            )


def _batches(frame: gpd.GeoDataFrame, progress: _ProgressOfKind) -> Iterator[gpd.GeoDataFrame]:
    frame = frame.set_axis(range(1, len(frame) + 1), axis="index")
    for start in range(0, len(frame), _BATCH_ROWS):
        part = frame.iloc[start : start + _BATCH_ROWS]
        progress.tell(start + len(part))
        yield part


def _link_buildings(connection: Connection, kind: Kind, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """With the ids of the demo's buildings, where the kind lies within buildings."""
    if "building_id" not in {column.name for column in kind.columns}:
        return frame
    rows = connection.execute("SELECT code, id FROM building WHERE source_id = %s", (SOURCE_ID,)).fetchall()
    return frame.assign(building_id=frame["building_code"].map({row[0]: row[1] for row in rows}).astype("Int64"))


def _load_event_types(connection: Connection, district: DemoDistrict) -> None:
    rows = [{str(name): value for name, value in row.items()} for row in district.event_types.to_dict("records")]
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO event_type (scheme, code, parent_code, name, name_en, severity, is_sensitive)
            VALUES (%(scheme)s, %(code)s, %(parent_code)s, %(name)s, %(name_en)s, %(severity)s, %(sensitive)s)
            ON CONFLICT (scheme, code) DO UPDATE SET name = EXCLUDED.name, name_en = EXCLUDED.name_en
            """,
            [{**row, "scheme": SOURCE_ID} for row in rows],
        )


def write_tokens(settings: Settings) -> dict[str, str]:
    """A token of each role in `tokens.json`, the grid manager's limited to the first street; kept if they hold.

    The handler's reaches what is assigned to its organisation.
    """
    path = settings.tokens_path
    with transaction(settings) as connection:
        tokens = _read_tokens(connection, path)
        if not tokens:
            street = connection.execute(
                "SELECT min(code) FROM valid_block JOIN block_scheme USING (scheme) WHERE is_governance AND level = 2"
            ).fetchone()
            assert street is not None
            scopes: dict[Role, list[str]] = {"grid_manager": [street[0]]}
            # Whoever does the work sees the tasks of its own organisation, and those wherever they lie.
            acts_for: dict[Role, list[str]] = {"handler": [HANDLER]}
            tokens = {
                role: create_token(
                    connection, role, scope=scopes.get(role, ()), organisations=acts_for.get(role, ()), label="demo"
                )
                for role in _ROLES
            }  # fmt: skip
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(json.dumps(tokens, indent=2) + "\n", encoding="utf-8")
    return tokens


def _read_tokens(connection: psycopg.Connection, path: Path) -> dict[str, str]:
    try:
        tokens = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
    hashes = [hash_token(token) for token in tokens.values()]
    row = connection.execute(
        "SELECT count(*) FROM access_token WHERE token_hash = ANY(%s) AND revoked_at IS NULL", (hashes,)
    ).fetchone()
    return tokens if row and row[0] == len(_ROLES) and set(tokens) == set(_ROLES) else {}
