-- Extensions, and the one PostGIS operator that row-level security must not keep from its index.
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Under row-level security the planner uses an index only for leakproof operators, and PostGIS
-- marks none. Overlap of two boxes tells nothing through errors; docs/operate.md says what this means.
ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;

-- The stored copy that tiles are cut from. Web Mercator ends at 85.06 degrees; what lies beyond has none.
CREATE OR REPLACE FUNCTION tile_geometry(source geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN ST_YMin(source) >= -85.06 AND ST_YMax(source) <= 85.06
                THEN ST_ForcePolygonCCW(ST_Force2D(ST_Transform(source, 3857))) END
$$;
