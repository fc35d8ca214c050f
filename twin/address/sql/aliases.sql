-- What texts have been learned to mean. %(keys)s
SELECT alias.alias, alias.target_code, place.id, place.code, place.building_code, place.block_code,
       ST_X(place.geometry), ST_Y(place.geometry), place.province, place.city, place.county, place.town,
       place.community, place.grid, place.road, place.number, place.residential_quarters, place.building,
       place.unit, place.storey, place.room
FROM address_alias AS alias LEFT JOIN address AS place ON place.id = alias.address_id
WHERE alias.alias = ANY (%(keys)s) AND (alias.target_code IS NOT NULL OR place.id IS NOT NULL)
