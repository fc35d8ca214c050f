-- PostGIS reads a column's SRID out of a CHECK that says nothing else. One that said more as well made every query
-- of geometry_columns fail, and with it every client that looks there which layers there are.
DO $$
DECLARE
    bound record;
BEGIN
    FOR bound IN
        SELECT conrelid::regclass AS relation, conname, relname,
               substring(pg_get_constraintdef(oid) FROM '(?i)st_srid\(geometry\) = (\d+)') AS srid,
               substring(pg_get_constraintdef(oid) FROM '(?i)st_dimension\(geometry\) = (\d+)') AS dimension
        FROM pg_constraint JOIN (SELECT oid AS relation, relname FROM pg_class) AS named ON relation = conrelid
        WHERE contype = 'c' AND conname LIKE '%\_geometry\_check'
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', bound.relation, bound.conname);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (ST_SRID(geometry) = %s)',
                       bound.relation, bound.relname || '_geometry_srid_check', bound.srid);
        IF bound.dimension IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (ST_Dimension(geometry) = %s)',
                           bound.relation, bound.relname || '_geometry_dimension_check', bound.dimension);
        END IF;
    END LOOP;
END $$;
