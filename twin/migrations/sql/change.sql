-- The change log: statement triggers write what was touched, whoever wrote it; commit order numbers it.

CREATE SEQUENCE change_seq;

-- TG_ARGV: the layer, and the column that holds the block code. One row per block and class; a feature
-- that spans blocks is told in each of them; when a statement meets more than 400 blocks their codes are
-- cut to the second level, so that a load of the whole district is told in a few rows.
CREATE FUNCTION record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    fields text := format('id, %I AS code, access_class AS class, geometry AS shape', TG_ARGV[1]);
    touched text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO change (layer, op, block_code, access_class) VALUES (TG_ARGV[0], 'truncate', '', 1);
        RETURN NULL;
    END IF;
    touched := CASE TG_OP
        WHEN 'INSERT' THEN format('SELECT %s FROM new_rows', fields)
        WHEN 'DELETE' THEN format('SELECT %s FROM old_rows', fields)
        -- a row that moved or was reclassified is gone from where it was
        ELSE format('SELECT %1$s FROM old_rows UNION ALL SELECT %1$s FROM new_rows', fields) END;
    IF TG_TABLE_NAME <> 'block' THEN
        touched := format($statement$
            %1$s UNION ALL
            SELECT rows.id, meets.block_code, rows.access_class, rows.geometry
            FROM %2$s AS rows JOIN feature_block AS meets ON meets.kind = %3$L AND meets.feature_id = rows.id
            WHERE rows.spans_blocks AND meets.block_code <> rows.block_code
        $statement$, touched, CASE TG_OP WHEN 'DELETE' THEN 'old_rows' ELSE 'new_rows' END, TG_TABLE_NAME);
    END IF;
    EXECUTE format($statement$
        WITH touched AS (%s),
        by_block AS (
            SELECT code, class, ST_Extent(shape) AS box, array_agg(DISTINCT id) AS ids
            FROM touched GROUP BY code, class
        ),
        width AS (
            SELECT CASE WHEN (SELECT count(*) FROM by_block) > 400 THEN
                (SELECT level_widths[2] FROM block_scheme WHERE is_governance) END AS digits
        )
        INSERT INTO change (layer, op, block_code, access_class, envelope, ids)
        SELECT %L, %L, cut, class, ST_SetSRID(ST_Extent(box::geometry)::geometry, 4490),
               CASE WHEN sum(cardinality(ids)) <= 200 THEN array_concat(ids) END
        FROM by_block, width, left(code, coalesce(digits, length(code))) AS cut
        GROUP BY cut, class
    $statement$, touched, TG_ARGV[0], lower(TG_OP));
    RETURN NULL;
END $$;

CREATE AGGREGATE array_concat(bigint[]) (sfunc = array_cat, stype = bigint[]);

-- A feature that meets several blocks has changed in each of them. TG_ARGV of the feature's own trigger
-- cannot know, since these rows follow it.
CREATE FUNCTION record_feature_block() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kinds record;
    touched text := CASE TG_OP WHEN 'DELETE' THEN 'old_rows' ELSE 'new_rows' END;
BEGIN
    FOR kinds IN EXECUTE format('SELECT DISTINCT kind FROM %I', touched) LOOP
        EXECUTE format($statement$
            INSERT INTO change (layer, op, block_code, access_class, envelope, ids)
            SELECT (SELECT layer FROM layer_kind WHERE kind = %2$L), 'update', meets.block_code,
                   feature.access_class, ST_SetSRID(ST_Extent(feature.geometry)::geometry, 4490),
                   CASE WHEN count(*) <= 200 THEN array_agg(feature.id) END
            FROM %1$I AS meets JOIN %2$I AS feature ON feature.id = meets.feature_id
            WHERE meets.kind = %2$L AND meets.block_code <> feature.block_code
            GROUP BY meets.block_code, feature.access_class
        $statement$, touched, kinds.kind);
    END LOOP;
    RETURN NULL;
END $$;

-- A feature that is gone meets nothing any more. (By name this trigger follows the one that tells of it.)
CREATE FUNCTION forget_feature_blocks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM feature_block USING old_rows WHERE kind = TG_TABLE_NAME AND feature_id = old_rows.id;
    RETURN NULL;
END $$;

-- Numbered at commit, under one lock, so that a reader who has seen n never misses what came before n:
-- a sequence drawn earlier would let a slow transaction appear behind a reader's back.
CREATE FUNCTION number_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('twin.change'));
    UPDATE change SET seq = nextval('change_seq') WHERE id = NEW.id;
    PERFORM pg_notify('twin_change', '');
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER number_change AFTER INSERT ON change
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION number_change();

CREATE FUNCTION watch_changes(layer text, kind text, code_column text DEFAULT 'block_code') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    event record;
BEGIN
    INSERT INTO layer_kind VALUES (layer, kind);
    FOR event IN SELECT * FROM (VALUES
        ('insert', 'REFERENCING NEW TABLE AS new_rows'),
        ('update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
        ('delete', 'REFERENCING OLD TABLE AS old_rows'),
        ('truncate', '')) AS events(name, tables)
    LOOP
        EXECUTE format(
            'CREATE TRIGGER %I AFTER %s ON %I %s FOR EACH STATEMENT EXECUTE FUNCTION record_change(%L, %L)',
            'change_' || event.name, event.name, kind, event.tables, layer, code_column);
    END LOOP;
END $$;

SELECT watch_changes(layer, kind) FROM (VALUES
    ('buildings', 'building'),
    ('industrial_parks', 'industrial_park'),
    ('urban_villages', 'urban_village'),
    ('roads', 'road'),
    ('incidents', 'incident'),
    ('models', 'model'),
    ('tilesets', 'tileset')) AS layers(layer, kind);
SELECT watch_changes('blocks', 'block', 'code');

DO $$
DECLARE feature_kind text;
BEGIN
    FOR feature_kind IN SELECT kind FROM layer_kind WHERE kind <> 'block' LOOP
        EXECUTE format(
            'CREATE TRIGGER forget_blocks AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
             FOR EACH STATEMENT EXECUTE FUNCTION forget_feature_blocks()', feature_kind);
    END LOOP;
END $$;

CREATE TRIGGER change_insert AFTER INSERT ON feature_block REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_feature_block();
CREATE TRIGGER change_delete AFTER DELETE ON feature_block REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_feature_block();

-- A token that changes drops what every process remembers of it.
CREATE FUNCTION notify_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('twin_access', '');
    RETURN NULL;
END $$;
CREATE TRIGGER notify_access AFTER INSERT OR UPDATE OR DELETE ON access_token
    FOR EACH STATEMENT EXECUTE FUNCTION notify_access();
CREATE TRIGGER notify_access AFTER INSERT OR UPDATE OR DELETE ON role_grant
    FOR EACH STATEMENT EXECUTE FUNCTION notify_access();
