-- Filling an empty table with very many rows: its indexes are made once instead of row by row, and the change
-- log and the facts are told of the whole instead of being handed a copy of every row. Both calls belong into
-- one transaction, so nobody ever meets the table without its indexes.

-- How a statement's touched features (id, code, class, shape) are told: one row per block and class, cut to the
-- second level where they lie in more than 400 blocks; ids where they are few.
CREATE FUNCTION change_rows(layer text, op text, touched text, rows bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format($query$
        WITH by_block AS (
            SELECT code, class, ST_Extent(shape) AS box, count(*) AS touches,
                   array_agg(DISTINCT id) FILTER (WHERE %3$L::boolean) AS ids
            FROM (%4$s) AS touched GROUP BY code, class
        ),
        width AS (
            SELECT CASE WHEN (SELECT count(*) FROM by_block) > 400 THEN
                (SELECT level_widths[2] FROM block_scheme WHERE is_governance) END AS digits
        )
        SELECT %1$L AS layer, %2$L AS op, cut AS block_code, class AS access_class,
               ST_SetSRID(ST_Extent(box::geometry)::geometry, 4490) AS envelope,
               CASE WHEN %3$L::boolean AND sum(cardinality(ids)) <= 200 THEN array_concat(ids) END AS ids
        FROM by_block, width, left(code, coalesce(digits, length(code))) AS cut
        GROUP BY cut, class
    $query$, layer, op, rows <= 20000, touched)
$$;

CREATE OR REPLACE FUNCTION record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    fields text := format('id, %I AS code, access_class AS class, geometry AS shape', TG_ARGV[1]);
    source text := CASE TG_OP WHEN 'DELETE' THEN 'old_rows' ELSE 'new_rows' END;
    touched text;
    rows bigint;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO change (layer, op, block_code, access_class) VALUES (TG_ARGV[0], 'truncate', '', 1);
        RETURN NULL;
    END IF;
    touched := format('SELECT %s FROM %I', fields, source);
    IF TG_OP = 'UPDATE' THEN
        -- a row that moved or was reclassified is gone from where it was
        touched := format('SELECT %s FROM old_rows UNION ALL %s', fields, touched);
    END IF;
    IF TG_TABLE_NAME <> 'block' THEN
        touched := format($statement$
            %1$s UNION ALL
            SELECT rows.id, meets.block_code, rows.access_class, rows.geometry
            FROM %2$s AS rows JOIN feature_block AS meets ON meets.kind = %3$L AND meets.feature_id = rows.id
            WHERE rows.spans_blocks AND meets.block_code <> rows.block_code
        $statement$, touched, source, TG_TABLE_NAME);
    END IF;
    EXECUTE format('SELECT count(*) FROM %I', source) INTO rows;
    EXECUTE 'INSERT INTO change (layer, op, block_code, access_class, envelope, ids) '
        || change_rows(TG_ARGV[0], lower(TG_OP), touched, rows);
    RETURN NULL;
END $$;

-- Readies an empty table for very many rows; false where it is not empty, where somebody is at it for longer than
-- a moment, or where the role that loads is under row-level security itself. What goes now comes back by end_bulk.
CREATE FUNCTION begin_bulk(relation text) RETURNS boolean
LANGUAGE plpgsql SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    has_rows boolean;
    target regclass := relation::regclass;
    part record;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO has_rows;
    IF has_rows OR row_security_active(target) THEN
        RETURN false;
    END IF;
    BEGIN
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', target);
    EXCEPTION WHEN lock_not_available THEN
        RETURN false;
    END;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO has_rows;
    IF has_rows THEN
        RETURN false;
    END IF;
    CREATE TEMP TABLE bulk_part ON COMMIT DROP AS
        SELECT CASE WHEN by.oid IS NULL THEN format('DROP INDEX %s', entry.indexrelid::regclass)
                    ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', target, by.conname) END AS gone,
               CASE WHEN by.oid IS NULL THEN pg_get_indexdef(entry.indexrelid)
                    ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', target, by.conname,
                                pg_get_constraintdef(by.oid)) END AS back
        FROM pg_index AS entry LEFT JOIN pg_constraint AS by ON by.conindid = entry.indexrelid AND by.conrelid = target
        WHERE entry.indrelid = target AND NOT entry.indisprimary
        UNION ALL
        SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', target, tgname),
               format('ALTER TABLE %s ENABLE TRIGGER %I', target, tgname)
        FROM pg_trigger
        WHERE tgrelid = target AND tgname IN ('change_insert', 'facts_insert');
    FOR part IN SELECT gone FROM bulk_part LOOP
        EXECUTE part.gone;
    END LOOP;
    RETURN true;
END $$;

-- Brings everything back, and tells the change log and the facts what the triggers would have told them. (A query
-- that makes a table may use more than one process, one that inserts may not.)
CREATE FUNCTION end_bulk(relation text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    target regclass := relation::regclass;
    part record;
    told text[];
    sums text;
BEGIN
    FOR part IN SELECT back FROM bulk_part LOOP
        EXECUTE part.back;
    END LOOP;
    EXECUTE format('ANALYZE %s', target);

    SELECT string_to_array(encode(tgargs, 'escape'), '\000') INTO STRICT told
    FROM pg_trigger WHERE tgrelid = target AND tgname = 'change_insert';
    EXECUTE 'CREATE TEMP TABLE bulk_change ON COMMIT DROP AS ' || change_rows(
        told[1], 'insert',
        format('SELECT id, %I AS code, access_class AS class, geometry AS shape FROM %s', told[2], target),
        (SELECT reltuples::bigint FROM pg_class WHERE oid = target));
    INSERT INTO change (layer, op, block_code, access_class, envelope, ids) SELECT * FROM bulk_change;

    sums := fact_sums(relation, fact_rows(relation, format('SELECT *, 1 AS fact_sign FROM %s', target)));
    IF sums IS NOT NULL THEN
        EXECUTE format(
            'CREATE TEMP TABLE bulk_fact(block_code, measure, period, dimension, access_class, value, rows)
             ON COMMIT DROP AS %s', sums);
        INSERT INTO block_fact_delta (block_code, measure, period, dimension, access_class, value, rows)
        SELECT * FROM bulk_fact WHERE value <> 0 OR rows <> 0;
    END IF;
    DROP TABLE bulk_part, bulk_change;
    DROP TABLE IF EXISTS bulk_fact;
END $$;

REVOKE EXECUTE ON FUNCTION begin_bulk(text), end_bulk(text) FROM PUBLIC;
