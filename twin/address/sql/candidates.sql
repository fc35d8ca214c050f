-- The addresses on a road or in a quarter, those with the wanted building, unit and room first.
-- %(n)s %(road)s %(number)s %(quarter)s %(building)s %(unit)s %(room)s: arrays of one length
SELECT asked.n, place.id, place.code, place.building_code, place.block_code,
       ST_X(place.geometry), ST_Y(place.geometry), place.province, place.city, place.county, place.town,
       place.community, place.grid, place.road, place.number, place.residential_quarters, place.building,
       place.unit, place.storey, place.room
FROM unnest(%(n)s::int[], %(road)s::text[], %(number)s::text[], %(quarter)s::text[], %(building)s::text[],
            %(unit)s::text[], %(room)s::text[]) AS asked(n, road, number, quarter, building, unit, room)
CROSS JOIN LATERAL (
    (SELECT * FROM address
     WHERE address.road = asked.road AND address.number = asked.number AND valid_to > now()
     ORDER BY address.building IS NOT DISTINCT FROM asked.building DESC,
              address.unit IS NOT DISTINCT FROM asked.unit DESC,
              address.room IS NOT DISTINCT FROM asked.room DESC, address.id
     LIMIT 6)
    UNION ALL
    (SELECT * FROM address
     WHERE asked.number IS NULL AND address.road = asked.road AND valid_to > now()
     ORDER BY address.building IS NOT DISTINCT FROM asked.building DESC, address.number NULLS FIRST, address.id
     LIMIT 6)
    UNION ALL
    (SELECT * FROM address
     WHERE address.residential_quarters = asked.quarter AND valid_to > now()
       -- what the others give is not given twice
       AND (asked.road IS NULL OR address.road IS DISTINCT FROM asked.road
            OR (asked.number IS NOT NULL AND address.number IS DISTINCT FROM asked.number))
     ORDER BY address.building IS NOT DISTINCT FROM asked.building DESC,
              address.unit IS NOT DISTINCT FROM asked.unit DESC,
              address.room IS NOT DISTINCT FROM asked.room DESC, address.id
     LIMIT 6)
) AS place
