-- Webhooks, and what the change log needs to be followed by anybody for long: which business layer a change is of,
-- everybody who saw a feature hearing that it went, and an end to what is kept.

-- One table holds all business layers; a change says which of them it is of.
ALTER TABLE change ADD COLUMN layer_code TEXT;
ALTER TABLE layer_kind ADD COLUMN part_column TEXT;
UPDATE layer_kind SET part_column = 'layer_code' WHERE kind = 'business_feature';

-- As before; but a feature that spans blocks and is reclassified is told in each of them under its old class too, or
-- who saw it there would not hear that it is gone.
CREATE OR REPLACE FUNCTION record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    fields text := format('id, %I AS code, access_class AS class, geometry AS shape', TG_ARGV[1]);
    source text := CASE TG_OP WHEN 'DELETE' THEN 'old_rows' ELSE 'new_rows' END;
    part_column text;
    parts text[];
    part text;
    spanning text;
    touched text;
    rows bigint;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO change (layer, op, block_code, access_class) VALUES (TG_ARGV[0], 'truncate', '', 1);
        RETURN NULL;
    END IF;
    SELECT kinds.part_column INTO part_column FROM layer_kind AS kinds WHERE kind = TG_TABLE_NAME;
    IF part_column IS NULL THEN
        parts := ARRAY[NULL];
    ELSE
        fields := fields || format(', %I AS part', part_column);
        EXECUTE format(
            CASE TG_OP WHEN 'UPDATE' THEN
                'SELECT array_agg(part) FROM (SELECT %1$I FROM old_rows UNION SELECT %1$I FROM new_rows) AS told(part)'
            ELSE 'SELECT array_agg(DISTINCT %1$I) FROM %2$I' END, part_column, source) INTO parts;
    END IF;
    touched := format('SELECT %s FROM %I', fields, source);
    -- a row that moved or was reclassified is gone from where it was
    IF TG_OP = 'UPDATE' THEN
        touched := format('SELECT %s FROM old_rows UNION ALL %s', fields, touched);
    END IF;
    IF TG_TABLE_NAME <> 'block' THEN
        spanning := format('SELECT %s FROM %I WHERE spans_blocks', fields, source);
        IF TG_OP = 'UPDATE' THEN
            spanning := format('SELECT %s FROM old_rows WHERE spans_blocks UNION ALL %s', fields, spanning);
        END IF;
        touched := format($statement$
            %s UNION ALL
            SELECT rows.id, meets.block_code, rows.class, rows.shape %s
            FROM (%s) AS rows JOIN feature_block AS meets ON meets.kind = %L AND meets.feature_id = rows.id
            WHERE meets.block_code <> rows.code
        $statement$, touched, CASE WHEN part_column IS NOT NULL THEN ', rows.part' END, spanning, TG_TABLE_NAME);
    END IF;
    EXECUTE format('SELECT count(*) FROM %I', source) INTO rows;
    FOREACH part IN ARRAY coalesce(parts, '{}') LOOP
        EXECUTE format(
            'INSERT INTO change (layer, op, block_code, access_class, envelope, ids, layer_code)
             SELECT told.*, %L FROM (%s) AS told',
            part,
            change_rows(
                TG_ARGV[0], lower(TG_OP),
                CASE WHEN part IS NULL THEN touched
                     ELSE format('SELECT * FROM (%s) AS every WHERE part = %L', touched, part) END,
                rows));
    END LOOP;
    RETURN NULL;
END $$;

-- As before, for any writer's UPDATE and TRUNCATE of these rows as well.
CREATE OR REPLACE FUNCTION record_feature_block() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kinds record;
    touched text := CASE TG_OP
        WHEN 'DELETE' THEN 'SELECT kind, feature_id, block_code FROM old_rows'
        WHEN 'INSERT' THEN 'SELECT kind, feature_id, block_code FROM new_rows'
        -- a share alone is nothing that anybody sees
        ELSE '(SELECT kind, feature_id, block_code FROM old_rows EXCEPT SELECT kind, feature_id, block_code FROM new_rows)
              UNION ALL
              (SELECT kind, feature_id, block_code FROM new_rows EXCEPT SELECT kind, feature_id, block_code FROM old_rows)'
        END;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO change (layer, op, block_code, access_class)
        SELECT layer, 'truncate', '', 1 FROM layer_kind WHERE kind IN (SELECT DISTINCT kind FROM feature_block);
        RETURN NULL;
    END IF;
    FOR kinds IN EXECUTE format(
        'SELECT DISTINCT told.kind, layer, part_column FROM (%s) AS told JOIN layer_kind USING (kind)', touched)
    LOOP
        EXECUTE format($statement$
            INSERT INTO change (layer, op, block_code, access_class, envelope, ids, layer_code)
            SELECT %1$L, 'update', meets.block_code, feature.access_class,
                   ST_SetSRID(ST_Extent(feature.geometry)::geometry, 4490),
                   CASE WHEN count(*) <= 200 THEN array_agg(feature.id) END, %5$s
            FROM (%2$s) AS meets JOIN %3$I AS feature ON feature.id = meets.feature_id
            WHERE meets.kind = %4$L AND meets.block_code <> feature.block_code
            GROUP BY meets.block_code, feature.access_class, %5$s
        $statement$, kinds.layer, touched, kinds.kind, kinds.kind,
            coalesce('feature.' || quote_ident(kinds.part_column), 'NULL::text'));
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER change_update AFTER UPDATE ON feature_block REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_feature_block();
CREATE TRIGGER change_truncate BEFORE TRUNCATE ON feature_block
    FOR EACH STATEMENT EXECUTE FUNCTION record_feature_block();

-- As before; but what one layer's description says is told of that layer.
CREATE OR REPLACE FUNCTION follow_business_layer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own text := 'business.' || coalesce(NEW.code, OLD.code);
BEGIN
    INSERT INTO change (layer, op, block_code, access_class, layer_code) VALUES
        ('business_features', 'truncate', '', 1,
         CASE WHEN coalesce(NEW.code, OLD.code) = coalesce(OLD.code, NEW.code) THEN coalesce(NEW.code, OLD.code) END),
        ('collections', lower(TG_OP), '', least(OLD.access_class, NEW.access_class), NULL);
    IF TG_OP = 'DELETE' OR NEW.withdrawn_at IS NOT NULL THEN
        DELETE FROM measure WHERE code = own;
    ELSE
        INSERT INTO measure (code, kind, title, filter, access_class, position)
        VALUES (own, 'business_feature',
                jsonb_build_object('zh', NEW.title, 'en', coalesce(NEW.title_en, NEW.title)),
                format('layer_code = %L', NEW.code), NEW.access_class, 500)
        ON CONFLICT (code) DO UPDATE SET title = EXCLUDED.title, access_class = EXCLUDED.access_class
        WHERE (measure.title, measure.access_class) IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.access_class);
    END IF;
    RETURN NULL;
END $$;

-- How long a transaction took to be seen is what the past is read by; it is kept when its changes are not.
CREATE TABLE commit_time (
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    committed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT commit_time_pkey PRIMARY KEY (at)
);
ALTER TABLE commit_time ENABLE ROW LEVEL SECURITY;

CREATE OR REPLACE FUNCTION as_of_pending() RETURNS timestamptz[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT at), '{}')
    FROM (SELECT at, committed_at FROM change UNION ALL SELECT at, committed_at FROM commit_time) AS told
    WHERE at <= as_of_moment() AND at > as_of_moment() - interval '1 day' AND committed_at > as_of_moment()
$$;

-- Forgets the changes before a moment, and says how many. The newest always stays: its number is how far the log is.
CREATE FUNCTION purge_changes(before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH horizon AS (
        SELECT seq FROM change
        WHERE committed_at < before AND seq < (SELECT max(seq) FROM change) ORDER BY seq DESC LIMIT 1
    ), gone AS (
        DELETE FROM change USING horizon WHERE change.seq <= horizon.seq RETURNING change.at, change.committed_at
    ), kept AS (
        INSERT INTO commit_time SELECT at, max(committed_at) FROM gone GROUP BY at
        ON CONFLICT (at) DO UPDATE SET committed_at = greatest(commit_time.committed_at, EXCLUDED.committed_at)
    )
    SELECT count(*) FROM gone
$$;
REVOKE EXECUTE ON FUNCTION purge_changes FROM PUBLIC;

CREATE TABLE webhook (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    token_id BIGINT NOT NULL,
    label TEXT,
    url TEXT NOT NULL,
    layers TEXT[] DEFAULT '{}' NOT NULL,
    block_codes TEXT[] DEFAULT '{}' NOT NULL,
    access_class SMALLINT NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    secret BYTEA NOT NULL,
    former_secret BYTEA,
    former_until TIMESTAMP WITH TIME ZONE,
    sent_to BIGINT NOT NULL,
    pending_to BIGINT,
    state TEXT DEFAULT 'ok' NOT NULL,
    problem TEXT,
    status SMALLINT,
    attempts INTEGER DEFAULT 0 NOT NULL,
    messages BIGINT DEFAULT 0 NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    tried_at TIMESTAMP WITH TIME ZONE,
    delivered_at TIMESTAMP WITH TIME ZONE,
    next_attempt_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT webhook_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_state_check CHECK (state IN ('ok', 'failing', 'dead')),
    CONSTRAINT webhook_token_id_fkey FOREIGN KEY(token_id) REFERENCES access_token (id) ON DELETE CASCADE
);
CREATE INDEX webhook_token_id_idx ON webhook (token_id);
ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;

-- What is left of a purged layer in the change log does not say which layer it was.
ALTER FUNCTION purge_business_layer(text, text, text) RENAME TO purge_business_rows;
CREATE FUNCTION purge_business_layer(layer text, who text, why text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    certificate bigint := purge_business_rows(layer, who, why);
BEGIN
    UPDATE change SET layer_code = NULL WHERE change.layer_code = purge_business_layer.layer;
    RETURN certificate;
END $$;
REVOKE EXECUTE ON FUNCTION purge_business_layer FROM PUBLIC;
