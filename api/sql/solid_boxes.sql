-- The buildings whose home lies in [%(low)s, %(high)s) as boxes. A building with a published model that the
-- actor sees is left out: one building, one face.
SELECT building.id, building.block_code, ST_XMin(building.geometry), ST_YMin(building.geometry),
       coalesce(building.base_elevation, 0), ST_XMax(building.geometry), ST_YMax(building.geometry),
       coalesce(building.base_elevation, 0)
           + coalesce(nullif(building.height, 0), greatest(building.storeys_above, 1) * 3.0, 3.0),
       building.access_class
FROM building
WHERE building.block_code >= %(low)s AND building.block_code < %(high)s
  AND building.geometry IS NOT NULL AND NOT ST_IsEmpty(building.geometry)
  AND NOT EXISTS (SELECT FROM model
                  WHERE model.building_id = building.id AND model.published_version_id IS NOT NULL)
ORDER BY building.id
