# SPDX-License-Identifier: Apache-2.0
"""A small district made in SQL: two streets, two communities in each, four base grids in each of those."""

from __future__ import annotations

import json
from typing import Final

from twin.access import create_token
from twin.assets import new_asset, store_asset
from twin.database import transaction
from twin.settings import Settings

DISTRICT: Final = "990101"
WEST: Final = "990101001"
EAST: Final = "990101002"
COMMUNITY: Final = "990101001001"

GRIDS: Final = 16

_BLOCKS = """
    INSERT INTO block_scheme VALUES ('governance', '{6,9,12,14}', %(names)s, 4547, true, true);
    CREATE TEMP TABLE grid AS
    SELECT '990101' || lpad(s::text, 3, '0') AS street,
           '990101' || lpad(s::text, 3, '0') || lpad(c::text, 3, '0') AS community,
           '990101' || lpad(s::text, 3, '0') || lpad(c::text, 3, '0') || lpad(g::text, 2, '0') AS code,
           ST_MakeEnvelope(west, south, west + 0.02, south + 0.01, 4490) AS shape
    FROM generate_series(1, 2) AS s, generate_series(1, 2) AS c, generate_series(1, 4) AS g,
         LATERAL (SELECT 114 + (s - 1) * 0.04 + ((g - 1) % 2) * 0.02 AS west,
                         22.5 + (c - 1) * 0.02 + ((g - 1) / 2) * 0.01 AS south) AS corner;
    INSERT INTO block (scheme, code, level, parent_code, name, name_en, geometry)
    SELECT 'governance', code, 4, community, '网格 ' || code, 'Grid ' || code, shape FROM grid
    UNION ALL SELECT 'governance', community, 3, street, '社区 ' || community, 'Community ' || community,
           ST_Union(shape) FROM grid GROUP BY community, street
    UNION ALL SELECT 'governance', street, 2, '990101', '街道 ' || street, 'Street ' || street, ST_Union(shape)
           FROM grid GROUP BY street
    UNION ALL SELECT 'governance', '990101', 1, NULL, '测试区', 'Test district', ST_Union(shape) FROM grid;
"""

_FEATURES = """
    INSERT INTO building (source_id, local_id, name, use, storeys_above, height, gross_floor_area, block_code,
                          access_class, geometry)
    SELECT 'test', code, '楼 ' || code, 'residential', 6, 18, 1000, code, 2,
           ST_MakeEnvelope(x, y, x + 0.0003, y + 0.0002, 4490)
    FROM grid, LATERAL (SELECT ST_XMin(shape) + 0.01 AS x, ST_YMin(shape) + 0.005 AS y) AS corner;
    INSERT INTO building (source_id, local_id, name, use, height, block_code, access_class, geometry)
    SELECT 'test', 'public', '图书馆', 'public', 12, '99010100100101', 1,
           ST_MakeEnvelope(114.003, 22.503, 114.0034, 22.5033, 4490);
    INSERT INTO event_type (scheme, code, name, name_en) VALUES ('district', 'noise', '噪声', 'Noise');
    INSERT INTO incident (source_id, local_id, event_scheme, event_type, severity, state, summary, occurred_at,
                          block_code, access_class, geometry)
    SELECT 'test', code, 'district', 'noise', 4, CASE WHEN right(code, 1) = '4' THEN 'closed' ELSE 'handling' END,
           'told in confidence', now() - interval '1 hour' * row_number() OVER (ORDER BY code), code, 2,
           ST_PointOnSurface(shape)
    FROM grid;
    INSERT INTO incident (source_id, local_id, severity, block_code, access_class, geometry)
    VALUES ('test', 'restricted', 1, '99010100100101', 3, ST_SetSRID(ST_Point(114.001, 22.501), 4490));
    INSERT INTO urban_village (source_id, local_id, name, rental_units, block_code, spans_blocks, geometry)
    VALUES ('test', 'both', '两街村', 100, '99010100100102', true,
            ST_MakeEnvelope(114.03, 22.502, 114.06, 22.508, 4490));
    INSERT INTO feature_block (kind, feature_id, block_code, share)
    SELECT 'urban_village', id, met.code, met.share FROM urban_village,
        (VALUES ('99010100100102', 0.3333), ('99010100200101', 0.6667)) AS met(code, share);
    INSERT INTO industrial_park (source_id, local_id, name, land_area, firms, block_code, geometry)
    VALUES ('test', 'park', '东园', 5000, 7, '99010100200204', ST_MakeEnvelope(114.065, 22.533, 114.07, 22.537, 4490));
    INSERT INTO model (source_id, local_id, name, block_code, geometry, building_id)
    SELECT 'test', 'house', '示例楼', '99010100200101', geometry, id FROM building WHERE local_id = '99010100200101';
"""

_VERSION = """
    INSERT INTO tileset (source_id, local_id, name, kind, asset, model_id, is_published, block_code, geometry)
    SELECT 'test', 'house', '示例楼', 'model', %(asset)s, id, true, block_code, geometry FROM model;
    INSERT INTO model_version (model_id, number, state, file_name, sha256, ifc_schema, georeference, storeys, report,
                               tileset_id, block_code, access_class)
    SELECT model.id, 1, 'published', 'house.ifc', repeat('0', 64), 'IFC4',
           '{"longitude": 114.05, "latitude": 22.505, "height": 3.5, "heading_deg": 12}',
           '[{"number": 1, "name": "EG", "elevation": 0, "elements": 1}]', '{}', tileset.id, model.block_code, 2
    FROM model, tileset;
    INSERT INTO element (version_id, global_id, ifc_class, name, parent_global_id, relation, storey_global_id,
                         storey_number, is_spatial, materials, property_sets, quantities, is_meshed, block_code,
                         access_class)
    SELECT id, 'storey', 'IfcBuildingStorey', 'EG', NULL, NULL, NULL, 1, true, '[]'::jsonb, '{}'::jsonb, '{}'::jsonb,
           false, block_code, 2 FROM model_version
    UNION ALL SELECT id, 'wall', 'IfcWall', 'W1', 'storey', 'contains', 'storey', 1, false, '["Brick"]',
           '{"Pset_WallCommon": {"IsExternal": true}}', '{"Qto_Wall": {"Length": 4.2}}', true, block_code, 2
    FROM model_version;
    UPDATE model SET published_version_id = (SELECT id FROM model_version);
"""


def build_district(settings: Settings) -> dict[str, str]:
    """Make everything, and give tokens by name: wall, planner, admin, west and east (a street's grid manager each)."""
    levels = [("区", "District"), ("街道", "Street"), ("社区", "Community"), ("基础网格", "Grid")]
    names = json.dumps([{"zh": zh, "en": en} for zh, en in levels])
    with new_asset(settings) as folder:
        (folder / "tileset.json").write_text('{"asset":{"version":"1.1"}}')
        (folder / "content.glb").write_bytes(bytes(range(256)) * 8)
        asset = store_asset(settings, folder)
    with transaction(settings) as connection:
        for script in (
            _BLOCKS.replace("%(names)s", f"'{names}'"),
            _FEATURES,
            _VERSION.replace("%(asset)s", f"'{asset}'"),
        ):
            connection.execute(script.encode())
        return {
            "wall": create_token(connection, "wall"),
            "planner": create_token(connection, "planner"),
            "admin": create_token(connection, "admin"),
            "west": create_token(connection, "grid_manager", scope=[WEST]),
            "east": create_token(connection, "grid_manager", scope=[EAST]),
        }
