-- What was recorded when. Every superseded row goes to <relation>_history with the time it was replaced, and
-- as_of.<relation> is the relation as it stood at the moment `twin.as_of`: a query that runs with the search
-- path `as_of, public` answers from the past, whatever it is.

CREATE SCHEMA as_of;
GRANT USAGE ON SCHEMA as_of TO twin_reader;

-- A row carries its transaction's start, but others saw it only when that committed. Who asks for a moment in
-- between must not see it, so the moment of the commit is kept with the change.
ALTER TABLE change ADD COLUMN committed_at timestamptz;
CREATE INDEX change_at_idx ON change (at);

CREATE OR REPLACE FUNCTION number_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('twin.change'));
    UPDATE change SET seq = nextval('change_seq'), committed_at = clock_timestamp() WHERE id = NEW.id;
    PERFORM pg_notify('twin_change', '');
    RETURN NULL;
END $$;

-- The moment asked for; now, where none is.
CREATE FUNCTION as_of_moment() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('twin.as_of', true), '')::timestamptz, now())
$$;

-- The transactions that had begun by then and were not committed: what they recorded was not there yet.
-- No transaction is taken to last longer than a day.
CREATE FUNCTION as_of_pending() RETURNS timestamptz[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT at), '{}') FROM change
    WHERE at <= as_of_moment() AND at > as_of_moment() - interval '1 day' AND committed_at > as_of_moment()
$$;

-- The columns that a relation shares with its history, in order.
CREATE FUNCTION recorded_columns(relation text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = format('public.%I', relation)::regclass AND attnum > 0 AND NOT attisdropped
$$;

-- Whoever writes: the row is recorded now. (What its own transaction wrote and replaced was never seen.)
CREATE FUNCTION stamp_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.recorded_at := now();
    RETURN NEW;
END $$;

-- TG_ARGV: the column that holds the block code. A table about to be emptied is its own list of old rows.
CREATE FUNCTION record_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO %I (%s, recorded_to, scope_code) SELECT %2$s, now(), %I FROM %I WHERE recorded_at < now()',
        TG_TABLE_NAME || '_history', recorded_columns(TG_TABLE_NAME), TG_ARGV[0],
        CASE TG_OP WHEN 'TRUNCATE' THEN TG_TABLE_NAME ELSE 'old_rows' END);
    RETURN NULL;
END $$;

-- Gives a relation its history: table, triggers, policy and view. `scope_code` is the block code as it would
-- be today, which lineage rewrites; who may see a row of the past is decided by the blocks of today.
CREATE FUNCTION keep_history(relation text, code_column text DEFAULT 'block_code') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    history text := relation || '_history';
    columns text := recorded_columns(relation);
    has text[] := ARRAY(SELECT attname::text FROM pg_attribute
                        WHERE attrelid = relation::regclass AND attnum > 0 AND NOT attisdropped);
    policy text := 'scope_code <@ (SELECT actor_scope())';
    index_name text;
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING COMMENTS, recorded_to timestamptz NOT NULL,
                    scope_code text COLLATE "C" NOT NULL)', history, relation);
    EXECUTE format('CREATE INDEX ON %I (recorded_to)', history);
    EXECUTE format('CREATE INDEX ON %I (scope_code)', history);
    EXECUTE format('CREATE INDEX ON %I (%I)', history, code_column);
    EXECUTE format('CREATE INDEX ON %I (%s)', history, CASE WHEN 'id' = ANY (has) THEN 'id' ELSE 'feature_id' END);
    IF 'geometry' = ANY (has) THEN
        EXECUTE format('CREATE INDEX ON %I USING gist (geometry)', history);
        EXECUTE format('CREATE INDEX ON %I USING gist (geometry_3857)', history);
    END IF;

    EXECUTE format('CREATE TRIGGER history_stamp BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION stamp_record()',
                   relation);
    EXECUTE format('CREATE TRIGGER history_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION record_history(%L)', relation, code_column);
    EXECUTE format('CREATE TRIGGER history_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION record_history(%L)', relation, code_column);
    EXECUTE format('CREATE TRIGGER history_truncate BEFORE TRUNCATE ON %I
                    FOR EACH STATEMENT EXECUTE FUNCTION record_history(%L)', relation, code_column);

    IF 'spans_blocks' = ANY (has) THEN
        policy := format('(%s OR (spans_blocks AND was_seen_from(%L, id, (SELECT actor_scope()))))', policy, relation);
    END IF;
    IF relation = 'block' THEN
        policy := 'true';
    END IF;
    IF 'access_class' = ANY (has) THEN
        policy := 'access_class <= (SELECT actor_class()) AND ' || policy;
    END IF;
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', history);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', history);
    EXECUTE format('CREATE POLICY scope ON %I FOR SELECT TO twin_reader USING (%s)', history, policy);
    EXECUTE format('GRANT SELECT ON %I TO twin_reader', history);

    EXECUTE format(
        'CREATE VIEW as_of.%1$I WITH (security_invoker = true) AS
         SELECT %3$s FROM public.%1$I
         WHERE recorded_at <= (SELECT as_of_moment()) AND NOT recorded_at = ANY ((SELECT as_of_pending())::timestamptz[])
         UNION ALL
         SELECT %3$s FROM public.%2$I
         WHERE recorded_at <= (SELECT as_of_moment()) AND NOT recorded_at = ANY ((SELECT as_of_pending())::timestamptz[])
           AND (recorded_to > (SELECT as_of_moment())
                OR recorded_to = ANY ((SELECT as_of_pending())::timestamptz[]))',
        relation, history, columns);
    EXECUTE format('GRANT SELECT ON as_of.%I TO twin_reader', relation);
END $$;

ALTER TABLE feature_block ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now();

SELECT keep_history('feature_block');

-- A feature that lay in several blocks was seen from each of them.
CREATE FUNCTION was_seen_from(feature_kind text, feature bigint, scope code_multirange) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT is_seen_from(feature_kind, feature, scope) OR EXISTS (
        SELECT FROM feature_block_history
        WHERE kind = feature_kind AND feature_id = feature AND scope_code <@ scope
          AND recorded_at <= as_of_moment() AND recorded_to > as_of_moment())
$$;

SELECT keep_history(relation)
FROM unnest(ARRAY['building', 'industrial_park', 'urban_village', 'road', 'incident', 'model',
                  'tileset']) AS relation;
