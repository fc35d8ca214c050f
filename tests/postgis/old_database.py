# SPDX-License-Identifier: Apache-2.0
"""A district as revision 0019 had it: written in the SQL of its time, since today's models and loaders are of today."""

from __future__ import annotations

from typing import Final

import psycopg

from twin.database import database_url
from twin.settings import Settings

ASSET: Final = "00" * 32

_STATEMENTS: Final = """
    UPDATE calendar SET time_zone = 'Asia/Shanghai';
    INSERT INTO block_scheme VALUES ('governance', '{6,9,12,14}',
        '[{"zh":"区","en":"District"},{"zh":"街道","en":"Street"},{"zh":"社区","en":"Community"},{"zh":"网格","en":"Grid"}]',
        4549, true, true);
    CREATE TEMP TABLE grid AS
    SELECT '999901' || lpad(s::text, 3, '0') AS street,
           '999901' || lpad(s::text, 3, '0') || lpad(c::text, 3, '0') AS community,
           '999901' || lpad(s::text, 3, '0') || lpad(c::text, 3, '0') || lpad(g::text, 2, '0') AS code,
           ST_MakeEnvelope(120 + (s - 1) * 0.02 + (g - 1) * 0.01, 30 + (c - 1) * 0.01,
                           120 + (s - 1) * 0.02 + g * 0.01, 30 + c * 0.01, 4490) AS shape
    FROM generate_series(1, 2) AS s, generate_series(1, 2) AS c, generate_series(1, 2) AS g;
    INSERT INTO block (scheme, code, level, parent_code, name, geometry)
    SELECT 'governance', code, 4, community, '网格' || code, shape FROM grid
    UNION ALL SELECT 'governance', community, 3, street, '社区' || community, ST_Union(shape) FROM grid
        GROUP BY community, street
    UNION ALL SELECT 'governance', street, 2, '999901', '街道' || street, ST_Union(shape) FROM grid GROUP BY street
    UNION ALL SELECT 'governance', '999901', 1, NULL, '旧区', ST_Union(shape) FROM grid;
    INSERT INTO load (kind, source_id, file_name, actor, report) VALUES ('buildings', 'old', 'old.gpkg', 'test', '{}');
    INSERT INTO load_reject (load_id, row, field, reason) SELECT id, 3, 'height', 'not a number' FROM load;
    INSERT INTO building (source_id, local_id, name, use, storeys_above, height, block_code, load_id, geometry)
    SELECT 'old', code, '楼' || code, 'residential', 6, 18, code, load.id,
           ST_MakeEnvelope(ST_XMin(shape) + 0.001, ST_YMin(shape) + 0.001, ST_XMin(shape) + 0.002,
                           ST_YMin(shape) + 0.002, 4490)
    FROM grid, load;
    INSERT INTO event_type (scheme, code, name, name_en) VALUES ('district', 'noise', '噪声', 'Noise');
    INSERT INTO incident (source_id, local_id, event_scheme, event_type, severity, state, occurred_at, block_code,
                          geometry)
    SELECT 'old', code, 'district', 'noise', 4, 'handling', now(), code, ST_PointOnSurface(shape) FROM grid;
    INSERT INTO urban_village (source_id, local_id, name, block_code, spans_blocks, geometry)
    VALUES ('old', 'both', '两街村', '99990100100102', true, ST_MakeEnvelope(120.015, 30.002, 120.025, 30.008, 4490));
    INSERT INTO feature_block (kind, feature_id, block_code, share)
    SELECT 'urban_village', id, met.code, 0.5 FROM urban_village,
        (VALUES ('99990100100102'), ('99990100200101')) AS met(code);
    INSERT INTO road (source_id, local_id, name, block_code, geometry)
    VALUES ('old', 'r1', '一号路', '99990100100101',
            ST_SetSRID(ST_MakeLine(ST_Point(120.001, 30.001), ST_Point(120.009, 30.009)), 4490));
    INSERT INTO model (source_id, local_id, name, block_code, geometry, building_id)
    SELECT 'old', 'house', '示例楼', block_code, geometry, id FROM building WHERE local_id = '99990100100101';
    INSERT INTO tileset (source_id, local_id, name, kind, asset, model_id, is_published, block_code, geometry)
    SELECT 'old', 'house', '示例楼', 'model', repeat('00', 32), id, true, block_code, geometry FROM model;
    INSERT INTO access_token (token_hash, role, access_class, is_limited) VALUES ('\\x01', 'planner', 3, false),
        ('\\x02', 'grid_manager', 3, true);
    INSERT INTO role_grant (token_id, block_code) SELECT id, '999901001' FROM access_token WHERE role = 'grid_manager';
    INSERT INTO job_progress (kind, state, report) VALUES ('buildings', 'done', '{"kept": 8}');
    INSERT INTO upload (id, filename, kind, options, size, job_id)
    SELECT 'old-upload', 'old.gpkg', 'buildings', '{}', 10, id FROM job_progress;
    SELECT fold_facts();
"""

_CHANGED: Final = """
    UPDATE building SET height = 21 WHERE local_id = '99990100100101';
    DELETE FROM incident WHERE local_id = '99990100100101';
    SELECT fold_facts();
"""


def fill_old_database(settings: Settings) -> None:
    """Blocks, features of each dimension, loads, tokens, jobs: in two transactions, so that there is a past."""
    with psycopg.connect(database_url(settings), autocommit=True) as connection:
        for script in (_STATEMENTS, _CHANGED):
            with connection.transaction():
                connection.execute(script.encode())
