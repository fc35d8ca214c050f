-- Units in reach after id %(after)s, narrowed to building %(building)s, to the codes from %(low)s to %(high)s, or to
-- one id %(id)s; NULL narrows nothing.
SELECT unit.id, row_to_json(shown)::text
FROM unit CROSS JOIN LATERAL (
    SELECT unit.id, unit.code, unit.estate_code, unit.building_id, unit.building_code, unit.storey_number, unit.room,
           unit.use, unit.floor_area, unit.z_min, unit.z_max, unit.occupancy,
           shown_residents(unit.residents) AS residents, unit.block_code) AS shown
WHERE unit.id > %(after)s
  AND (%(building)s::bigint IS NULL OR unit.building_id = %(building)s)
  AND (%(low)s::text IS NULL OR unit.block_code >= %(low)s AND unit.block_code < %(high)s)
  AND (%(id)s::bigint IS NULL OR unit.id = %(id)s)
ORDER BY unit.id
LIMIT %(limit)s
