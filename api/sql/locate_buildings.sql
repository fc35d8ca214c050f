-- The building on which each point stands, and the standard address it has. %(n)s %(lon)s %(lat)s
SELECT DISTINCT ON (given.n) given.n, building.id, building.code, building.name, place.id, place.code, place.normalised
FROM unnest(%(n)s::int[], %(lon)s::float8[], %(lat)s::float8[]) AS given(n, lon, lat)
CROSS JOIN LATERAL ST_SetSRID(ST_Point(lon, lat), 4490) AS point
JOIN building ON building.geometry && point AND ST_Intersects(building.geometry, point) AND building.valid_to > now()
LEFT JOIN LATERAL (
    SELECT address.id, address.code, address.normalised FROM address
    WHERE address.building_code = building.code AND address.valid_to > now()
    ORDER BY address.room NULLS FIRST, address.unit NULLS FIRST, address.id LIMIT 1
) AS place ON true
ORDER BY given.n, building.id
