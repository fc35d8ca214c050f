-- What bears a name that was found, as far as the asker may see it: kind, id, code, name, home (the lowest and
-- the highest for what has many places), lon, lat. %(blocks)s codes; %(parks)s %(villages)s %(buildings)s ids;
-- %(roads)s %(quarters)s names
SELECT 'block', NULL::bigint, code, name, code, code, ST_X(place), ST_Y(place)
FROM valid_block AS block JOIN block_scheme USING (scheme), LATERAL ST_PointOnSurface(geometry) AS place
WHERE is_governance AND code = ANY (%(blocks)s)
UNION ALL
SELECT 'industrial_park', id, code, name, block_code, block_code, ST_X(place), ST_Y(place)
FROM industrial_park, LATERAL ST_PointOnSurface(geometry) AS place WHERE id = ANY (%(parks)s)
UNION ALL
SELECT 'urban_village', id, code, name, block_code, block_code, ST_X(place), ST_Y(place)
FROM urban_village, LATERAL ST_PointOnSurface(geometry) AS place WHERE id = ANY (%(villages)s)
UNION ALL
SELECT 'building', id, code, name, block_code, block_code, ST_X(place), ST_Y(place)
FROM building, LATERAL ST_PointOnSurface(geometry) AS place WHERE id = ANY (%(buildings)s)
UNION ALL
SELECT 'road', NULL, NULL, road, min(block_code), max(block_code), NULL, NULL
FROM address WHERE road = ANY (%(roads)s) AND block_code <> '~' GROUP BY road
UNION ALL
SELECT 'quarter', NULL, NULL, residential_quarters, min(block_code), max(block_code),
       avg(ST_X(geometry)), avg(ST_Y(geometry))
FROM address WHERE residential_quarters = ANY (%(quarters)s) AND block_code <> '~' GROUP BY residential_quarters
