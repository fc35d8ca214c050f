-- The end of a bulk load. The change log and the facts are told from one reading of the table, in which a measure is
-- a sum beside others; an index of few rows stays where it is; what nobody would hear is not said row by row.

-- Which rows count at home: those that the measure's filter takes, and of what is shared out those in one block.
CREATE FUNCTION bulk_filter(filter text, by_share boolean) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('coalesce((%s)::boolean, false)', coalesce(filter, 'true'))
        || CASE WHEN by_share THEN ' AND NOT feature.spans_blocks' ELSE '' END
$$;

-- What a table's rows add up to by home and class, in one reading that several processes may share: `box` and `touches`
-- for the change log, and for each measure that is cut by nothing a `value_<n>` and its `rows_<n>`. The measures come
-- in the order of their codes.
CREATE FUNCTION bulk_homes(relation text) RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT format(
        'SELECT feature.block_code AS code, feature.access_class AS class, ST_Extent(feature.geometry) AS box,
                count(*) AS touches%s
         FROM %I AS feature GROUP BY feature.block_code, feature.access_class',
        coalesce(string_agg(format(
            ', sum((%1$s)::float8) FILTER (WHERE %2$s) AS value_%3$s, count((%1$s)::float8) FILTER (WHERE %2$s) AS rows_%3$s',
            value, bulk_filter(filter, by_share), number), '' ORDER BY number), ''),
        relation)
    FROM (SELECT row_number() OVER (ORDER BY code) AS number, * FROM measure
          WHERE kind = relation AND period IS NULL AND dimension IS NULL) AS plain
$$;

-- The facts at home, as fact_sums gives them: the plain measures out of `homes` (a table made by bulk_homes), each of
-- the others by a reading of its own. NULL where nothing is measured.
CREATE FUNCTION bulk_facts(relation text, homes text) RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
    SELECT string_agg(
        CASE WHEN number IS NOT NULL THEN format(
            'SELECT code, %L::text, ''-infinity''::date, ''''::text, greatest(%s, class)::smallint, value_%s, rows_%3$s
             FROM %s WHERE rows_%3$s > 0 AND code <> ''~''', code, access_class, number, homes)
        ELSE format(
            'SELECT feature.block_code, %L::text, coalesce((%s)::date, ''-infinity'') AS period,
                    coalesce((%s)::text, '''') AS dimension, greatest(%s, feature.access_class)::smallint AS class,
                    sum((%s)::float8), count(*)
             FROM %I AS feature
             WHERE %s AND (%5$s)::float8 IS NOT NULL AND feature.block_code <> ''~''
             GROUP BY feature.block_code, 3, 4, 5',
            code, coalesce(period, 'NULL'), coalesce(dimension, 'NULL'), access_class, value, relation,
            bulk_filter(filter, by_share))
        END, ' UNION ALL ')
    FROM (SELECT CASE WHEN period IS NULL AND dimension IS NULL
                      THEN row_number() OVER (PARTITION BY period IS NULL AND dimension IS NULL ORDER BY code) END AS number, *
          FROM measure WHERE kind = relation) AS measures
$$;

-- Readies an empty table for very many rows; false where it is not empty, where somebody is at it for longer than
-- a moment, or where the role that loads is under row-level security itself. What goes now comes back by end_bulk. A
-- table of which feature_block still has rows is not empty either: the new rows' own meet nothing there.
CREATE OR REPLACE FUNCTION begin_bulk(relation text) RETURNS boolean
LANGUAGE plpgsql SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    has_rows boolean;
    target regclass := relation::regclass;
    occupied text := format(
        'SELECT EXISTS (SELECT FROM %s) OR EXISTS (SELECT FROM feature_block WHERE kind = %L)', target, relation);
    silent text[] := '{change_insert, facts_insert}';
    part record;
BEGIN
    EXECUTE occupied INTO has_rows;
    IF has_rows OR row_security_active(target) THEN
        RETURN false;
    END IF;
    BEGIN
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', target);
    EXCEPTION WHEN lock_not_available THEN
        RETURN false;
    END;
    EXECUTE occupied INTO has_rows;
    IF has_rows THEN
        RETURN false;
    END IF;
    -- Where nothing waits for its building, none has to be told of each new one. Whoever looks for one now waits for
    -- the lock and finds all of them.
    IF relation = 'building'
       AND NOT EXISTS (SELECT FROM storey WHERE building_id IS NULL AND building_code IS NOT NULL)
       AND NOT EXISTS (SELECT FROM unit WHERE building_id IS NULL AND building_code IS NOT NULL)
       AND NOT EXISTS (SELECT FROM legal_entity WHERE building_id IS NULL AND building_code IS NOT NULL) THEN
        silent := silent || '{follow_insert}'::text[];
    END IF;
    -- An index of some rows alone has few of them: to keep it costs less than to read the table for it.
    CREATE TEMP TABLE bulk_part ON COMMIT DROP AS
        SELECT CASE WHEN by.oid IS NULL THEN format('DROP INDEX %s', entry.indexrelid::regclass)
                    ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', target, by.conname) END AS gone,
               CASE WHEN by.oid IS NULL THEN pg_get_indexdef(entry.indexrelid)
                    ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', target, by.conname,
                                pg_get_constraintdef(by.oid)) END AS back
        FROM pg_index AS entry LEFT JOIN pg_constraint AS by ON by.conindid = entry.indexrelid AND by.conrelid = target
        WHERE entry.indrelid = target AND NOT entry.indisprimary AND entry.indpred IS NULL
        UNION ALL
        SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', target, tgname),
               format('ALTER TABLE %s ENABLE TRIGGER %I', target, tgname)
        FROM pg_trigger
        WHERE tgrelid = target AND tgname = ANY (silent);
    FOR part IN SELECT gone FROM bulk_part LOOP
        EXECUTE part.gone;
    END LOOP;
    RETURN true;
END $$;

-- Brings everything back, and tells the change log and the facts what the triggers would have told them: the homes.
-- What lies in several blocks is told when its rows of feature_block come, by their triggers. (A query that makes a
-- table may use more than one process, one that inserts may not.) The rows may have brought ids of their own; the
-- sequence goes on after them. Statistics are of a small sample: autovacuum looks at so many new rows by itself.
CREATE OR REPLACE FUNCTION end_bulk(relation text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET default_statistics_target = 30 AS $$
DECLARE
    target regclass := relation::regclass;
    numbers regclass := pg_get_serial_sequence(relation, 'id')::regclass;
    part record;
    layer text;
    rows bigint;
    facts text;
BEGIN
    FOR part IN SELECT back FROM bulk_part LOOP
        EXECUTE part.back;
    END LOOP;
    EXECUTE format('ANALYZE %s', target);
    EXECUTE format('SELECT setval(%L, greatest(max(id), (SELECT last_value FROM %s))) FROM %s HAVING max(id) IS NOT NULL',
                   numbers, numbers, target);

    EXECUTE 'CREATE TEMP TABLE bulk_home ON COMMIT DROP AS ' || bulk_homes(relation);
    SELECT coalesce(sum(touches), 0) FROM bulk_home INTO rows;
    SELECT split_part(encode(tgargs, 'escape'), '\000', 1) INTO STRICT layer
    FROM pg_trigger WHERE tgrelid = target AND tgname = 'change_insert';
    EXECUTE 'INSERT INTO change (layer, op, block_code, access_class, envelope, ids) ' || change_rows(
        layer, 'insert',
        CASE WHEN rows <= 20000
             THEN format('SELECT id, block_code AS code, access_class AS class, geometry AS shape FROM %s', target)
             ELSE 'SELECT NULL::bigint AS id, code, class, box::geometry AS shape FROM bulk_home' END,
        rows);

    facts := bulk_facts(relation, 'bulk_home');
    IF facts IS NOT NULL THEN
        EXECUTE format(
            'CREATE TEMP TABLE bulk_fact(block_code, measure, period, dimension, access_class, value, rows)
             ON COMMIT DROP AS %s', facts);
        INSERT INTO block_fact_delta (block_code, measure, period, dimension, access_class, value, rows)
        SELECT * FROM bulk_fact;
    END IF;
    DROP TABLE bulk_part, bulk_home;
    DROP TABLE IF EXISTS bulk_fact;
END $$;

REVOKE EXECUTE ON FUNCTION bulk_homes(text), bulk_filter(text, boolean), bulk_facts(text, text) FROM PUBLIC;
