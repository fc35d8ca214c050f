-- Buildings, units and addresses by code, and the building that a longer code begins with. %(codes)s
SELECT 'address' AS kind, code, id, building_code, block_code, ST_X(geometry), ST_Y(geometry), normalised
FROM address WHERE code = ANY (%(codes)s) AND valid_to > now()
UNION ALL
SELECT 'building', code, id, code, block_code, ST_X(place), ST_Y(place), name
FROM building, LATERAL ST_PointOnSurface(geometry) AS place WHERE code = ANY (%(codes)s) AND valid_to > now()
UNION ALL
SELECT 'unit', code, id, building_code, block_code, ST_X(place), ST_Y(place), concat_ws(' ', name, room)
FROM unit, LATERAL ST_PointOnSurface(geometry) AS place WHERE code = ANY (%(codes)s) AND valid_to > now()
