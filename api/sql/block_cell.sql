-- The base grids that a box meets, by their share of it. %(west)s, %(south)s, %(east)s, %(north)s in degrees
WITH cell AS (
    SELECT ST_MakeEnvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4490) AS box
), met AS (
    SELECT block.code, ST_Area(ST_Intersection(block.geometry, cell.box)) / ST_Area(cell.box) AS share
    FROM cell, valid_block AS block JOIN block_scheme USING (scheme)
    WHERE is_governance AND level = cardinality(level_widths)
      AND block.geometry && cell.box AND ST_Intersects(block.geometry, cell.box)
)
SELECT coalesce(json_agg(json_build_object('code', code, 'share', share) ORDER BY share DESC, code), '[]')::text
FROM met WHERE share > 0
