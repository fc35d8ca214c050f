-- One row a street (homes cut to %(width)s digits): its buildings' box, the highest class in it, and the
-- middle of the street's own box, which stays when buildings come and go.
WITH street AS (
    SELECT left(building.block_code, %(width)s) AS code, min(ST_XMin(building.geometry)) AS west,
           min(ST_YMin(building.geometry)) AS south, min(coalesce(building.base_elevation, 0)) AS base,
           max(ST_XMax(building.geometry)) AS east, max(ST_YMax(building.geometry)) AS north,
           max(coalesce(building.base_elevation, 0)
               + coalesce(nullif(building.height, 0), greatest(building.storeys_above, 1) * 3.0, 3.0)) AS top,
           max(building.access_class) AS class
    FROM building
    WHERE building.geometry IS NOT NULL AND NOT ST_IsEmpty(building.geometry)
      AND NOT EXISTS (SELECT FROM model
                      WHERE model.building_id = building.id AND model.published_version_id IS NOT NULL)
    GROUP BY 1
)
SELECT street.code, west, south, base, east, north, top, class,
       (ST_XMin(block.geometry) + ST_XMax(block.geometry)) / 2,
       (ST_YMin(block.geometry) + ST_YMax(block.geometry)) / 2
FROM street
LEFT JOIN (valid_block AS block
           JOIN block_scheme ON block_scheme.scheme = block.scheme AND block_scheme.is_governance)
    ON block.code = street.code AND block.level > 1
ORDER BY street.code
