-- A feature is kept in degrees and in nothing else. The copy in Web Mercator that tiles were cut from goes: a small
-- tile is a linear map of degrees, and the large ones transform what they draw.
DO $$
DECLARE
    view record;
    owner regclass;
BEGIN
    -- The views that show the copy, those first that others stand on. They come back without it.
    CREATE TEMP TABLE copied_view ON COMMIT DROP AS
    WITH RECURSIVE stands_on(view, on_relation) AS (
        SELECT DISTINCT rule.ev_class, link.refobjid
        FROM pg_depend AS link JOIN pg_rewrite AS rule ON rule.oid = link.objid
        WHERE link.classid = 'pg_rewrite'::regclass AND link.refclassid = 'pg_class'::regclass
          AND link.deptype = 'n' AND rule.ev_class <> link.refobjid
    ), reached(view, depth) AS (
        SELECT stands_on.view, 1
        FROM stands_on JOIN pg_attribute ON attrelid = on_relation AND attname = 'geometry_3857' AND NOT attisdropped
        JOIN pg_class ON pg_class.oid = on_relation AND relkind = 'r'
        UNION
        SELECT stands_on.view, depth + 1 FROM reached JOIN stands_on ON stands_on.on_relation = reached.view
    )
    SELECT reached.view::regclass::text AS name, max(depth) AS depth, array_to_string(reloptions, ', ') AS options,
           regexp_replace(pg_get_viewdef(reached.view, true), '\s*[a-z_".]*geometry_3857,|,\s*[a-z_".]*geometry_3857', '',
                          'g') AS body,
           has_table_privilege('twin_reader', reached.view, 'SELECT') AS is_read
    FROM reached JOIN pg_class ON pg_class.oid = reached.view
    GROUP BY reached.view, reloptions;

    FOR view IN SELECT * FROM copied_view ORDER BY depth DESC LOOP
        EXECUTE format('DROP VIEW IF EXISTS %s', view.name);
    END LOOP;
    FOR owner IN
        SELECT attrelid::regclass FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid AND relkind = 'r' AND relnamespace = 'public'::regnamespace
        WHERE attname = 'geometry_3857' AND NOT attisdropped
    LOOP
        EXECUTE format('ALTER TABLE %s DROP COLUMN geometry_3857', owner);
    END LOOP;
    FOR view IN SELECT * FROM copied_view ORDER BY depth LOOP
        EXECUTE format('CREATE VIEW %s %s AS %s', view.name, 'WITH (' || nullif(view.options, '') || ')', view.body);
        IF view.is_read THEN
            EXECUTE format('GRANT SELECT ON %s TO twin_reader', view.name);
        END IF;
    END LOOP;
END $$;

DROP FUNCTION tile_geometry(geometry);
