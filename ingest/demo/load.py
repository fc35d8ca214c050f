# SPDX-License-Identifier: Apache-2.0
"""The demo district into the database, through the same pipeline as everybody's data, and its tokens."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import geopandas as gpd
import psycopg

from ingest.blocks import SchemeDeclaration, load_blocks
from ingest.demo.district import DemoDistrict, Scale, generate
from ingest.demo.frame import HOUSE_LON_LAT
from ingest.demo.house import write_house
from ingest.kind import KINDS
from ingest.load import OnProgress, load_frames
from ingest.report import LoadReport
from ingest.show import show_report
from ingest.source import Options, find_source
from twin.access import Role, create_token, hash_token
from twin.crs import parse_crs
from twin.database import Connection, transaction
from twin.model.table import STORAGE_SRID
from twin.settings import Settings
from twin.text import Text

SOURCE_ID: Final = "demo"

_BATCH_ROWS: Final = 60_000

_ROLES: Final[tuple[Role, ...]] = (
    "admin", "wall", "leader", "grid_manager", "handler", "planner", "dispatcher", "steward", "auditor",
)  # fmt: skip


def load_demo(settings: Settings, scale: Scale, on_progress: OnProgress) -> dict[str, str]:
    """Load the demo at `scale` unless it is there; write its tokens to `tokens.json` and give them, by role.

    The district goes in whole, in one transaction; the house follows as a model of its own.
    """
    if not _is_loaded(settings, scale):
        on_progress(Text("生成合成城区", "generating the synthetic district"), 0.02)
        # The year of incidents ends now: a demo whose "today" is empty would show nothing of today.
        district = generate(scale, now=datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
        with transaction(settings) as connection:
            for report in _load_district(connection, district, settings, on_progress):
                show_report(report)
        on_progress(Text("建造示范房屋", "building the demo house"), 0.9)
        show_report(_load_house(settings))
    on_progress(Text("令牌", "tokens"), 0.98)
    tokens = write_tokens(settings)
    on_progress(Text("示范区就绪", "the demo district is ready"), 1.0)
    return tokens


def _is_loaded(settings: Settings, scale: Scale) -> bool:
    with transaction(settings) as connection:
        row = connection.execute(
            "SELECT 1 FROM load WHERE source_id = %s AND kind = 'model' AND actor = %s",
            (SOURCE_ID, _actor(scale)),
        ).fetchone()
    return row is not None


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
        "parks": district.industrial_parks,
        "villages": district.urban_villages,
        "incidents": district.incidents.assign(event_scheme=SOURCE_ID),
    }
    for position, (name, frame) in enumerate(frames.items()):
        kind = KINDS[name]
        on_progress(
            Text(f"载入{kind.title.zh}({len(frame):,})", f"loading {kind.title.en} ({len(frame):,})"),
            0.35 + 0.5 * position / len(frames),
        )
        # Not the pipeline's own notes: within the demo a whole kind is one step.
        yield load_frames(
            connection,
            _batches(frame),
            kind,
            parse_crs(f"EPSG:{STORAGE_SRID}"),
            LoadReport(name, SOURCE_ID),
            actor=actor,
        )
        connection.execute("DROP TABLE staging, staging_block")
    connection.execute("ANALYZE")


def _batches(frame: gpd.GeoDataFrame) -> Iterator[gpd.GeoDataFrame]:
    frame = frame.set_axis(range(1, len(frame) + 1), axis="index")
    for start in range(0, len(frame), _BATCH_ROWS):
        yield frame.iloc[start : start + _BATCH_ROWS]


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


def _load_house(settings: Settings) -> LoadReport:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo-house.ifc"
        # West of the middle of the free plot, which stays free for a model of one's own.
        write_house(path, lon=HOUSE_LON_LAT[0] - 0.0003, lat=HOUSE_LON_LAT[1] + 0.0002)
        with transaction(settings) as connection:
            row = connection.execute("SELECT actor FROM load WHERE kind = 'roads' ORDER BY id DESC LIMIT 1").fetchone()
        assert row is not None
        return find_source("model").load(settings, path, Options(source_id=SOURCE_ID, actor=row[0]))


def write_tokens(settings: Settings) -> dict[str, str]:
    """A token of each role in `tokens.json`, the grid manager's limited to the first street; kept if they hold."""
    path = settings.tokens_path
    with transaction(settings) as connection:
        tokens = _read_tokens(connection, path)
        if not tokens:
            street = connection.execute("SELECT min(code) FROM block WHERE level = 2").fetchone()
            assert street is not None
            scopes: dict[Role, list[str]] = {"grid_manager": [street[0]]}
            tokens = {r: create_token(connection, r, scope=scopes.get(r, ()), label="demo") for r in _ROLES}
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
