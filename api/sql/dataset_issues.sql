-- How many open quality issues there are of each of the datasets %(ids)s; with a scope %(scope)s (empty: everything)
-- those that lie in its blocks.
SELECT issue.dataset_id, count(*)
FROM dataset_issue AS issue
WHERE issue.dataset_id = ANY (%(ids)s) AND issue.resolved_at IS NULL AND (%(scope)s::text[] = '{}' OR EXISTS (
    SELECT FROM valid_block AS block JOIN block_scheme USING (scheme)
    WHERE is_governance AND block.code = ANY (%(scope)s) AND block.geometry && issue.geometry
      AND ST_Intersects(block.geometry, ST_PointOnSurface(issue.geometry))))
GROUP BY issue.dataset_id
