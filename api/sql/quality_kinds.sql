-- How many quality issues of each kind and severity are open.
SELECT coalesce(json_agg(json_build_object('kind', kind, 'severity', severity, 'open', issues)
                         ORDER BY kind, severity), '[]')::text
FROM (
    SELECT kind, severity, count(*) AS issues FROM quality_issue WHERE resolved_at IS NULL GROUP BY kind, severity
) AS counted
