-- Where unit %(id)s is: its storey, its building, its addresses; each only if it is in reach.
SELECT unit.block_code, unit.building_code,
    (SELECT json_build_object('id', storey.id, 'number', storey.number, 'name', storey.name, 'use', storey.use,
                              'z_min', storey.z_min, 'z_max', storey.z_max)::text
     FROM storey WHERE storey.building_id = unit.building_id AND storey.number = unit.storey_number
     ORDER BY storey.id LIMIT 1),
    (SELECT json_build_object(
         'id', building.id, 'code', building.code, 'name', building.name, 'use', building.use,
         'storeys_above', building.storeys_above, 'storeys_below', building.storeys_below,
         'height', building.height, 'gross_floor_area', building.gross_floor_area,
         'block_code', building.block_code)::text
     FROM building WHERE building.id = unit.building_id),
    (SELECT coalesce(json_agg(json_build_object('id', address.id, 'code', address.code, 'text', address.normalised,
                                                'is_of', CASE WHEN address.code = unit.code THEN 'unit'
                                                              ELSE 'building' END)
                              ORDER BY address.code = unit.code DESC NULLS LAST, address.id), '[]')::text
     FROM address
     WHERE address.code = unit.code
        OR (address.building_code = unit.building_code AND address.unit IS NULL AND address.room IS NULL)),
    unit.storey_number, unit.occupancy, unit.residents
FROM unit WHERE unit.id = %(id)s
