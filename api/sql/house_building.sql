-- A building in reach by its id %(id)s or its code %(code)s, with the blocks it stands in.
SELECT building.id, json_build_object(
    'id', building.id, 'code', building.code, 'name', building.name, 'use', building.use,
    'storeys_above', building.storeys_above, 'storeys_below', building.storeys_below,
    'height', building.height, 'gross_floor_area', building.gross_floor_area, 'block_code', building.block_code)::text,
    building.block_code, building.code
FROM building
WHERE building.id = %(id)s OR building.code = %(code)s
ORDER BY building.id = %(id)s DESC NULLS LAST, building.id
LIMIT 2
