-- The finest block that holds each point; on a border, the one with the lowest code, as loads do it.
-- %(n)s %(lon)s %(lat)s: arrays of one length, storage CRS
WITH asked AS MATERIALIZED (
    SELECT n, ST_SetSRID(ST_Point(lon, lat), 4490) AS point
    FROM unnest(%(n)s::int[], %(lon)s::float8[], %(lat)s::float8[]) AS given(n, lon, lat)
),
governed AS MATERIALIZED (
    SELECT scheme, cardinality(level_widths) AS finest FROM block_scheme WHERE is_governance
),
home AS MATERIALIZED (
    SELECT DISTINCT ON (n) n, code
    FROM asked CROSS JOIN governed
    JOIN valid_block AS block ON block.scheme = governed.scheme AND block.level = finest
        AND block.geometry && point AND ST_Intersects(block.geometry, point)
    ORDER BY n, code
),
coarser AS (
    -- Few points lie in the district and in none of its finest blocks.
    SELECT DISTINCT ON (n) n, code
    FROM asked CROSS JOIN governed
    JOIN valid_block AS block ON block.scheme = governed.scheme AND block.level < finest
        AND block.geometry && point AND ST_Intersects(block.geometry, point)
    WHERE NOT EXISTS (SELECT FROM home WHERE home.n = asked.n)
    ORDER BY n, level DESC, code
)
SELECT n, code FROM home UNION ALL SELECT n, code FROM coarser
