-- The buildings of a node, as they are extruded. %(ids)s
SELECT building.id, ST_AsBinary(building.geometry), coalesce(building.base_elevation, 0),
       coalesce(building.base_elevation, 0)
           + coalesce(nullif(building.height, 0), greatest(building.storeys_above, 1) * 3.0, 3.0),
       building.storeys_above, building.use, building.access_class
FROM building
WHERE building.id = ANY (%(ids)s)
ORDER BY building.id
