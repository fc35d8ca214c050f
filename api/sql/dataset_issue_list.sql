-- The open quality issues of dataset %(id)s after %(after)s, at most %(limit)s; see dataset_issues.sql for %(scope)s.
SELECT issue.id, json_build_object('type', 'Feature', 'id', issue.id,
    'geometry', ST_AsGeoJSON(issue.geometry, 7, 0)::json,
    'properties', json_build_object('kind', issue.kind, 'severity', issue.severity, 'where', issue."where",
        'message', issue.message, 'load_id', issue.load_id, 'created_at', issue.created_at))::text
FROM dataset_issue AS issue
WHERE issue.dataset_id = %(id)s AND issue.resolved_at IS NULL AND issue.id > %(after)s
  AND (%(scope)s::text[] = '{}' OR EXISTS (
    SELECT FROM valid_block AS block JOIN block_scheme USING (scheme)
    WHERE is_governance AND block.code = ANY (%(scope)s) AND block.geometry && issue.geometry
      AND ST_Intersects(block.geometry, ST_PointOnSurface(issue.geometry))))
ORDER BY issue.id LIMIT %(limit)s
