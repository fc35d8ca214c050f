# SPDX-License-Identifier: Apache-2.0
"""A read model into the database, and on to the screen: one transaction, one atomic switch of versions."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely
from psycopg.types.json import Jsonb

from ingest.bim.building_match import match_buildings
from ingest.bim.floor_area import find_floor_area
from ingest.bim.meaning import Meaning, interpret, to_ewkb
from ingest.bim.records import ModelContent
from ingest.bim.rules import read_rules
from ingest.bim.store_semantics import VersionWriter, find_homes, write_elements, write_semantics
from ingest.bim.unit_tables import tell_codes
from ingest.load_record import finish_load, start_load
from ingest.report import LoadReport
from twin.blocks import BlockIndex
from twin.database import Connection
from twin.errors import Problem
from twin.home import OUTSIDE
from twin.text import Text

MODEL_CLASS = 2
"""Access class of a model that nobody classified otherwise: internal."""


def store_model(
    connection: Connection,
    content: ModelContent,
    asset: str | None,
    source_id: str,
    report: LoadReport,
    *,
    actor: str,
) -> int:
    """Write the model's next version and publish it; give the model's id.

    `asset` is the tileset's, None for a model without a single shape. The same file at the same place,
    already published, changes nothing.
    """
    index = BlockIndex.read(connection)
    footprint = _footprint(content)
    home = find_home(content, index, report)
    report.load_id = start_load(connection, report, actor)
    local_id = content.project.get("global_id") or content.sha256
    model_id, version = _find_model(connection, source_id, local_id)
    if version and version["sha256"] == content.sha256 and version["asset"] == asset:
        report.unchanged = report.kept
        finish_load(connection, report)
        return model_id or 0
    name = _name(content)
    wkb = to_ewkb(footprint)
    meaning = interpret(content, read_rules(connection), wkb)
    report.problems.extend(meaning.problems)
    meetings = index.meetings(np.array([footprint], dtype=object), np.array([home], dtype=object))
    row = connection.execute(
        """
        INSERT INTO model (source_id, local_id, name, block_code, spans_blocks, access_class, attributes, load_id,
                           geometry)
        VALUES (%(source)s, %(local)s, %(name)s, %(home)s, %(spans)s, %(class)s, %(attributes)s, %(load)s,
                %(geometry)s)
        ON CONFLICT (source_id, local_id) DO UPDATE SET name = EXCLUDED.name, block_code = EXCLUDED.block_code,
            spans_blocks = EXCLUDED.spans_blocks, attributes = EXCLUDED.attributes, load_id = EXCLUDED.load_id,
            geometry = EXCLUDED.geometry, recorded_at = now()
        RETURNING id
        """,
        {
            "source": source_id, "local": local_id, "name": name, "home": home, "spans": bool(meetings),
            "class": MODEL_CLASS, "load": report.load_id, "geometry": wkb,
            "attributes": Jsonb(find_floor_area(content.elements)),
        },
    ).fetchone()  # fmt: skip
    assert row is not None
    model_id = int(row[0])
    _write_blocks(connection, "model", model_id, [(m.code, m.share) for m in meetings])
    version_id, number = _write_version(connection, content, model_id, home, report)
    writer = VersionWriter(connection, version_id, home, MODEL_CLASS)
    write_elements(writer, content.elements, find_homes(content.elements, index if meetings else None, home))
    write_semantics(writer, content, meaning)
    connection.execute("SELECT settle_model_version(%s)", (version_id,))
    _match(connection, content, meaning, model_id, wkb, home, report)
    report.problems.extend(_tell_units(connection, version_id))
    tileset_id = None
    if asset:
        tileset_id = _write_tileset(connection, model_id, number, asset, home, wkb, name, bool(meetings), report)
        _write_blocks(connection, "tileset", tileset_id, [(m.code, m.share) for m in meetings])
    report.model = {**(report.model or {}), "floor_area": [one.as_dict() for one in meaning.comparisons]}
    connection.execute("UPDATE model_version SET report = %s WHERE id = %s", (Jsonb(report.as_dict()), version_id))
    _publish(connection, model_id, version_id, tileset_id)
    report.inserted = report.kept
    finish_load(connection, report)
    return model_id


def find_home(content: ModelContent, index: BlockIndex, report: LoadReport) -> str:
    """The model's home block; a model in no block is reported, since its place may be a mistake."""
    points = shapely.point_on_surface(np.array([_footprint(content)], dtype=object))
    home = str(index.home(points)[0])
    report.outside = int(home == OUTSIDE)
    if report.outside:
        place = f"{content.georeference.longitude:.5f}, {content.georeference.latitude:.5f}"
        report.problems.append(
            Problem(
                content.file_name,
                Text(f"模型位于 {place},不在任何块内", f"the model stands at {place}, in no block"),
                Text("若位置不对,用 --at 经度,纬度 再次载入", "if that is wrong, load it again with --at lon,lat"),
            )
        )
    return home


def _footprint(content: ModelContent) -> Any:
    if content.footprint:
        return shapely.from_geojson(json.dumps(content.footprint))
    # A model without a single shape stands at its anchor, as a square of a millimetre.
    place = content.georeference
    return shapely.box(place.longitude - 5e-9, place.latitude - 5e-9, place.longitude + 5e-9, place.latitude + 5e-9)


def _name(content: ModelContent) -> str:
    for candidate in [*(b.get("name") for b in content.buildings), content.project.get("name")]:
        if candidate and str(candidate).strip():
            return str(candidate).strip()
    return content.file_name.rsplit(".", 1)[0]


def _find_model(connection: Connection, source_id: str, local_id: str) -> tuple[int | None, dict[str, Any] | None]:
    row = connection.execute(
        """
        SELECT model.id, version.sha256, tileset.asset
        FROM model LEFT JOIN model_version AS version ON version.id = model.published_version_id
        LEFT JOIN tileset ON tileset.id = version.tileset_id
        WHERE model.source_id = %s AND model.local_id = %s
        """,
        (source_id, local_id),
    ).fetchone()
    if row is None:
        return None, None
    return int(row[0]), {"sha256": row[1], "asset": row[2]} if row[1] else None


def _match(
    connection: Connection, content: ModelContent, meaning: Meaning, model_id: int, wkb: bytes, home: str,
    report: LoadReport,
) -> None:  # fmt: skip
    """Match the model's buildings, and let units have their codes."""
    modelled = meaning.list_modelled(content, wkb)
    matches, problems = match_buildings(connection, model_id, modelled, home, MODEL_CLASS)
    report.problems.extend(problems)
    best = max((one.overlap for one in matches if one.state == "confirmed"), default=None)
    if best is not None:
        connection.execute(
            "UPDATE model SET attributes = attributes || %s WHERE id = %s",
            (Jsonb({"building_match_iou": round(best, 4)}), model_id),
        )
    connection.execute("SELECT face_model(%s)", (model_id,))


def _tell_units(connection: Connection, version_id: int) -> list[Problem]:
    rows = connection.execute(
        "SELECT code_from, count(*), min(number) FROM model_unit WHERE version_id = %s AND code IS NULL "
        "GROUP BY code_from ORDER BY code_from",
        (version_id,),
    ).fetchall()
    return tell_codes(rows)


def _write_blocks(connection: Connection, kind: str, feature_id: int, meetings: list[tuple[str, float]]) -> None:
    connection.execute("DELETE FROM feature_block WHERE kind = %s AND feature_id = %s", (kind, feature_id))
    for code, share in meetings:
        connection.execute(
            "INSERT INTO feature_block (kind, feature_id, block_code, share) VALUES (%s, %s, %s, %s)",
            (kind, feature_id, code, share),
        )


def _write_version(
    connection: Connection, content: ModelContent, model_id: int, home: str, report: LoadReport
) -> tuple[int, int]:
    row = connection.execute(
        """
        INSERT INTO model_version (model_id, number, state, file_name, sha256, ifc_schema, georeference, storeys,
                                   report, block_code, access_class, load_id)
        VALUES (%(model)s, (SELECT coalesce(max(number), 0) + 1 FROM model_version WHERE model_id = %(model)s),
                'checked', %(file)s, %(sha256)s, %(schema)s, %(georeference)s, %(storeys)s, %(report)s, %(home)s,
                %(class)s, %(load)s)
        RETURNING id, number
        """,
        {
            "model": model_id, "file": content.file_name, "sha256": content.sha256, "schema": content.schema,
            "georeference": Jsonb(content.georeference.as_dict()),
            "storeys": Jsonb([asdict(storey) for storey in content.storeys]),
            "report": Jsonb(report.as_dict()), "home": home, "class": MODEL_CLASS, "load": report.load_id,
        },
    ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0]), int(row[1])


def _write_tileset(
    connection: Connection, model_id: int, number: int, asset: str, home: str, wkb: bytes, name: str, spans: bool,
    report: LoadReport,
) -> int:  # fmt: skip
    row = connection.execute(
        """
        INSERT INTO tileset (source_id, local_id, name, block_code, spans_blocks, access_class, load_id, kind,
                             singulation, asset, model_id, geometry)
        VALUES ('model', %s, %s, %s, %s, %s, %s, 'model', 'feature_id', %s, %s, %s) RETURNING id
        """,
        (
            f"{model_id}/{number}", name, home, spans, MODEL_CLASS, report.load_id, asset,
            model_id, wkb,
        ),
    ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])


def _publish(connection: Connection, model_id: int, version_id: int, tileset_id: int | None) -> None:
    connection.execute(
        "UPDATE model_version SET state = 'withdrawn' WHERE model_id = %s AND state = 'published'",
        (model_id,),
    )
    connection.execute(
        "UPDATE model_version SET state = 'published', tileset_id = %s WHERE id = %s",
        (tileset_id, version_id),
    )
    connection.execute(
        "UPDATE tileset SET is_published = NOT is_published WHERE model_id = %s "
        "AND is_published <> (id IS NOT DISTINCT FROM %s)",
        (model_id, tileset_id),
    )
    connection.execute("UPDATE model SET published_version_id = %s WHERE id = %s", (version_id, model_id))
