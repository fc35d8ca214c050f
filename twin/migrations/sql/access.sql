-- Who sees which row. The server says in one statement of the request's transaction who asks:
--   set_config('role', 'twin_reader'), 'twin.scope' (a multirange of codes), 'twin.access_class'.
-- What is not said, or was reset to '' after a transaction, yields no row at all.

CREATE TYPE code_range AS RANGE (subtype = text, collation = "C");

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'twin_reader') THEN
        CREATE ROLE twin_reader NOLOGIN;
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO twin_reader;

-- The codes that the actor reaches; an empty or missing setting reaches none.
CREATE FUNCTION actor_scope() RETURNS code_multirange
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('twin.scope', true), ''), '{}')::code_multirange
$$;

-- The highest access class that the actor may read; 0 reads nothing.
CREATE FUNCTION actor_class() RETURNS smallint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('twin.access_class', true), ''), '0')::smallint
$$;

-- A feature that lies in several blocks is seen from each of them. The owner reads feature_block here,
-- so that the policy of that table need not be evaluated once more for every row.
CREATE FUNCTION is_seen_from(feature_kind text, feature bigint, scope code_multirange) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM feature_block
        WHERE kind = feature_kind AND feature_id = feature AND block_code <@ scope
    )
$$;

-- One policy for every feature table: class and scope, by home or by any block the feature meets.
CREATE FUNCTION protect_features(kind text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', kind);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', kind);
    EXECUTE format(
        'CREATE POLICY scope ON %1$I FOR SELECT TO twin_reader USING (
             access_class <= (SELECT actor_class())
             AND (block_code <@ (SELECT actor_scope())
                  OR (spans_blocks AND is_seen_from(%1$L, id, (SELECT actor_scope())))))', kind);
    EXECUTE format('GRANT SELECT ON %I TO twin_reader', kind);
END $$;

-- The same for tables without a life of their own (elements, versions, changes): home and class.
CREATE FUNCTION protect_rows(relation text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', relation);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', relation);
    EXECUTE format(
        'CREATE POLICY scope ON %I FOR SELECT TO twin_reader USING (
             access_class <= (SELECT actor_class()) AND block_code <@ (SELECT actor_scope()))', relation);
    EXECUTE format('GRANT SELECT ON %I TO twin_reader', relation);
END $$;

SELECT protect_features(kind)
FROM unnest(ARRAY['building', 'industrial_park', 'urban_village', 'road', 'incident', 'model', 'tileset']) AS kind;

SELECT protect_rows(relation) FROM unnest(ARRAY['model_version', 'element', 'change']) AS relation;

-- Names, codes and boundaries of blocks are public, and so are the lists of codes.
ALTER TABLE block ENABLE ROW LEVEL SECURITY;
ALTER TABLE block FORCE ROW LEVEL SECURITY;
CREATE POLICY class ON block FOR SELECT TO twin_reader USING (access_class <= (SELECT actor_class()));
GRANT SELECT ON block, block_scheme, event_type TO twin_reader;

-- Which blocks a feature meets is as much as the feature's place: only those in scope.
ALTER TABLE feature_block ENABLE ROW LEVEL SECURITY;
ALTER TABLE feature_block FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON feature_block FOR SELECT TO twin_reader USING (block_code <@ (SELECT actor_scope()));
GRANT SELECT ON feature_block TO twin_reader;

-- Everything else is for the owner alone: fail closed should a grant ever slip in.
DO $$
DECLARE relation text;
BEGIN
    FOREACH relation IN ARRAY ARRAY['access_token', 'role_grant', 'load', 'load_reject', 'upload', 'job_progress']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', relation);
    END LOOP;
END $$;
