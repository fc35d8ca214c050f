-- Every block scheme, the governance one first, with how many blocks live at each level.
WITH counted AS (
    SELECT scheme, level, count(*) AS blocks FROM valid_block GROUP BY scheme, level
)
SELECT json_build_object('schemes', coalesce(json_agg(json_build_object(
    'id', listed.scheme,
    'title', coalesce(listed.title, json_build_object('zh', listed.scheme, 'en', listed.scheme)::jsonb),
    'is_governance', listed.is_governance,
    'is_computed', listed.is_computed,
    'is_synthetic', listed.is_synthetic,
    'metric_crs', 'EPSG:' || listed.metric_srid,
    'levels', (
        SELECT json_agg(json_build_object(
                   'level', number, 'width', width, 'name', listed.level_names -> (number - 1)::int,
                   'blocks', CASE WHEN NOT listed.is_computed THEN coalesce(counted.blocks, 0) END) ORDER BY number)
        FROM unnest(listed.level_widths) WITH ORDINALITY AS levels(width, number)
        LEFT JOIN counted ON counted.scheme = listed.scheme AND counted.level = number)
) ORDER BY listed.is_governance DESC, listed.scheme), '[]'))::text
FROM block_scheme AS listed
