# SPDX-License-Identifier: Apache-2.0
"""A read model into the database, and on to the screen: one transaction, one atomic switch of versions."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely
from psycopg.types.json import Jsonb

from ingest.bim.floor_area import find_floor_area
from ingest.bim.records import ModelContent
from ingest.load import finish_load, start_load
from ingest.report import LoadReport
from twin.blocks import BlockIndex
from twin.database import Connection
from twin.errors import Problem
from twin.model.table import OUTSIDE, STORAGE_SRID
from twin.text import Text

MATCH_IOU = 0.5
"""A model is a building's face where intersection over union of their footprints reaches this."""

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
    wkb = _wkb(footprint)
    building_id, score = _match_building(connection, wkb)
    meetings = index.meetings(np.array([footprint], dtype=object), np.array([home], dtype=object))
    row = connection.execute(
        """
        INSERT INTO model (source_id, local_id, name, block_code, spans_blocks, access_class, attributes, load_id,
                           building_id, geometry)
        VALUES (%(source)s, %(local)s, %(name)s, %(home)s, %(spans)s, %(class)s, %(attributes)s, %(load)s,
                %(building)s, %(geometry)s)
        ON CONFLICT (source_id, local_id) DO UPDATE SET name = EXCLUDED.name, block_code = EXCLUDED.block_code,
            spans_blocks = EXCLUDED.spans_blocks, attributes = EXCLUDED.attributes, load_id = EXCLUDED.load_id,
            building_id = EXCLUDED.building_id, geometry = EXCLUDED.geometry, recorded_at = now()
        RETURNING id
        """,
        {
            "source": source_id, "local": local_id, "name": name, "home": home, "spans": bool(meetings),
            "class": MODEL_CLASS, "load": report.load_id, "building": building_id, "geometry": wkb,
            "attributes": Jsonb(
                find_floor_area(content.elements) | ({"building_match_iou": score} if score else {})
            ),
        },
    ).fetchone()  # fmt: skip
    assert row is not None
    model_id = int(row[0])
    _write_blocks(connection, "model", model_id, [(m.code, m.share) for m in meetings])
    version_id, number = _write_version(connection, content, model_id, home, report)
    _write_elements(connection, content, version_id, home)
    tileset_id = None
    if asset:
        tileset_id = _write_tileset(connection, model_id, number, asset, home, wkb, name, bool(meetings), report)
        _write_blocks(connection, "tileset", tileset_id, [(m.code, m.share) for m in meetings])
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


def _wkb(geometry: Any) -> bytes:
    return bytes(shapely.to_wkb(shapely.set_srid(shapely.force_2d(geometry), STORAGE_SRID), include_srid=True))


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


def _match_building(connection: Connection, wkb: bytes) -> tuple[int | None, float | None]:
    row = connection.execute(
        """
        SELECT building.id, ST_Area(ST_Intersection(building.geometry, face.shape))
                            / ST_Area(ST_Union(building.geometry, face.shape))
        FROM building, (SELECT %s::geometry AS shape) AS face
        WHERE building.geometry && face.shape AND ST_Intersects(building.geometry, face.shape)
        ORDER BY 2 DESC LIMIT 1
        """,
        (wkb,),
    ).fetchone()
    if row is None or row[1] < MATCH_IOU:
        return None, None
    return int(row[0]), round(float(row[1]), 4)


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


def _write_elements(connection: Connection, content: ModelContent, version_id: int, home: str) -> None:
    columns = (
        "version_id, global_id, ifc_class, name, parent_global_id, relation, storey_global_id, storey_number, "
        "space_global_id, type_name, is_spatial, materials, property_sets, quantities, envelope, surface_area, "
        "is_meshed, geometry, block_code, access_class"
    )
    with connection.cursor() as cursor, cursor.copy(f"COPY element ({columns}) FROM STDIN") as copy:
        for e in content.elements:
            centre = f"SRID={STORAGE_SRID};POINT Z ({' '.join(map(str, e.centroid))})" if e.centroid else None
            copy.write_row(
                (
                    version_id, e.global_id, e.ifc_class, e.name, e.parent_global_id, e.relation, e.storey_global_id,
                    e.storey_number, e.space_global_id, e.type_name, e.is_spatial, Jsonb(e.materials),
                    Jsonb(e.property_sets), Jsonb(e.quantities), None if e.envelope is None else Jsonb(e.envelope),
                    e.area, e.is_meshed, centre, home, MODEL_CLASS,
                )
            )  # fmt: skip


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
