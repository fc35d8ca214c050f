-- A page of the quality issues, the worst and newest first, each with the finest block that holds its place.
-- %(kind)s %(severity)s %(state)s %(scope)s %(offset)s %(limit)s
WITH placed AS (
    SELECT issue.*, home.code AS block_code, home.name AS block_name
    FROM quality_issue AS issue
    LEFT JOIN LATERAL (
        SELECT block.code, block.name FROM valid_block AS block
        JOIN block_scheme ON block_scheme.scheme = block.scheme AND block_scheme.is_governance
        WHERE block.geometry && issue.geometry AND ST_Intersects(block.geometry, ST_PointOnSurface(issue.geometry))
        ORDER BY block.level DESC, block.code LIMIT 1
    ) AS home ON issue.geometry IS NOT NULL AND NOT ST_IsEmpty(issue.geometry)
    WHERE (%(kind)s::text IS NULL OR issue.kind = %(kind)s)
      AND (%(severity)s::text IS NULL OR issue.severity = %(severity)s)
      AND CASE %(state)s WHEN 'open' THEN issue.resolved_at IS NULL WHEN 'resolved' THEN issue.resolved_at IS NOT NULL
               ELSE true END
)
SELECT json_build_object(
    'id', id, 'kind', kind, 'severity', severity, 'where', "where", 'message', message, 'load_id', load_id,
    'created_at', created_at, 'resolved_at', resolved_at, 'block', block_code, 'block_name', block_name)::text,
    ST_AsGeoJSON(geometry, 7, 0)
FROM placed
-- a scope of none is every block
WHERE %(scope)s::text[] = '{}' OR EXISTS (
    SELECT FROM unnest(%(scope)s::text[]) AS reached(code) WHERE starts_with(block_code, reached.code))
ORDER BY array_position(ARRAY['error', 'warning', 'notice'], severity), created_at DESC, id DESC
OFFSET %(offset)s LIMIT %(limit)s
