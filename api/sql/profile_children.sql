-- The children of block %(code)s with counts by home in the code ranges; a child that the ranges do not
-- reach has none (NULL), which is not the same as 0.
WITH span AS (
    SELECT * FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS bounds(low, high)
), child AS (
    SELECT block.code, block.name, block.name_en, length(block.code) AS width,
           EXISTS (SELECT FROM span WHERE (block.code >= span.low AND block.code < span.high)
                                       OR (span.low >= block.code AND span.low < block.code || '~')) AS is_reached
    FROM block JOIN block_scheme ON block_scheme.scheme = block.scheme
    WHERE block_scheme.is_governance AND block.parent_code = %(code)s
), building_count AS (
    SELECT left(block_code, (SELECT max(width) FROM child)) AS code, count(*) AS count
    FROM span JOIN building ON building.block_code >= span.low AND building.block_code < span.high
    WHERE EXISTS (SELECT FROM child) GROUP BY 1
), incident_count AS (
    SELECT left(block_code, (SELECT max(width) FROM child)) AS code, count(*) AS count
    FROM span JOIN incident ON incident.block_code >= span.low AND incident.block_code < span.high
    WHERE incident.state <> 'closed' AND EXISTS (SELECT FROM child) GROUP BY 1
)
SELECT coalesce(json_agg(json_build_object(
           'code', child.code, 'name', child.name, 'name_en', child.name_en,
           'buildings', CASE WHEN child.is_reached THEN coalesce(building_count.count, 0) END,
           'incidents_open', CASE WHEN child.is_reached THEN coalesce(incident_count.count, 0) END)
           ORDER BY child.code), '[]')::text
FROM child LEFT JOIN building_count USING (code) LEFT JOIN incident_count USING (code)
