-- The storeys of building %(building)s, and what the units on each add up to; highest first. A number that only
-- units or only storeys know is there as well.
WITH mine AS MATERIALIZED (
    -- (A number of its own for what has none: only plain equality joins by hash.)
    SELECT coalesce(storey_number, -32768) AS number, coalesce(use, '') AS use,
           coalesce(occupancy, '') AS state, floor_area, residents
    FROM unit WHERE building_id = %(building)s
), counted AS (
    SELECT number, count(*) AS units, round(sum(floor_area)::numeric, 1)::float AS floor_area,
           coalesce(sum(residents), 0) AS residents, count(residents) AS known
    FROM mine GROUP BY number
), uses AS (
    SELECT number, json_object_agg(use, units ORDER BY use)::text AS uses
    FROM (SELECT number, use, count(*) AS units FROM mine GROUP BY 1, 2) AS cut GROUP BY number
), states AS (
    SELECT number, json_object_agg(state, units ORDER BY state)::text AS states
    FROM (SELECT number, state, count(*) AS units FROM mine GROUP BY 1, 2) AS cut GROUP BY number
), storeys AS (
    SELECT DISTINCT ON (number) * FROM storey WHERE building_id = %(building)s ORDER BY number, id
)
SELECT nullif(coalesce(storeys.number, counted.number), -32768), storeys.id, storeys.name, storeys.use,
       storeys.z_min, storeys.z_max,
       coalesce(storeys.floor_area, counted.floor_area), coalesce(counted.units, 0), coalesce(uses.uses, '{}'),
       coalesce(states.states, '{}'), coalesce(counted.residents, 0), coalesce(counted.known, 0)
FROM storeys FULL JOIN counted ON counted.number = storeys.number
LEFT JOIN uses ON uses.number = counted.number LEFT JOIN states ON states.number = counted.number
ORDER BY 1 DESC NULLS LAST
