-- km² that an export asks for: of the blocks %(codes)s (NULL: the uppermost ones), as far as they lie within %(box)s
-- (WKB, NULL: no box), in the district's metric CRS.
SELECT coalesce(sum(ST_Area(ST_Transform(
           CASE WHEN asked.box IS NULL THEN block.geometry
                ELSE ST_CollectionExtract(ST_Intersection(block.geometry, asked.box), 3) END,
           block_scheme.metric_srid))), 0) / 1e6
FROM (SELECT ST_GeomFromWKB(%(box)s::bytea, 4490) AS box) AS asked
CROSS JOIN valid_block AS block JOIN block_scheme ON block_scheme.scheme = block.scheme AND block_scheme.is_governance
WHERE CASE WHEN %(codes)s::text[] IS NULL THEN block.level = 1 ELSE block.code = ANY (%(codes)s) END
  AND (asked.box IS NULL OR (block.geometry && asked.box AND ST_Intersects(block.geometry, asked.box)))
