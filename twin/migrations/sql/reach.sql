-- SPDX-License-Identifier: Apache-2.0
-- Who reaches a row is found faster. The planner takes a comparison with what it cannot know yet, as the asker's class
-- and scope are, for one that leaves a third of the rows, or one in a thousand: both together had it believe that next
-- to nothing is seen, and read and sort a whole block rather than walk along an index to the end of a page. Actors see
-- most of what they ask about. These operators are `<=` and `<@` with other expectations: nearly every row, which is
-- what `neqsel` says of an operator that has no negator.
CREATE OPERATOR <=# (LEFTARG = smallint, RIGHTARG = smallint, FUNCTION = int2le, RESTRICT = neqsel);
CREATE OPERATOR <=# (LEFTARG = integer, RIGHTARG = smallint, FUNCTION = int42le, RESTRICT = neqsel);
CREATE OPERATOR <@# (
    LEFTARG = anyelement, RIGHTARG = anymultirange, FUNCTION = elem_contained_by_multirange, RESTRICT = neqsel
);
COMMENT ON OPERATOR <=# (smallint, smallint) IS 'at most, in policies: the planner expects nearly every row';
COMMENT ON OPERATOR <=# (integer, smallint) IS 'at most, in policies: the planner expects nearly every row';
COMMENT ON OPERATOR <@# (anyelement, anymultirange) IS 'is in, in policies: the planner expects nearly every row';

-- Few rows come to be asked about so: those that span blocks and have their home out of reach. At the usual price of
-- a function every row of a table seemed to cost a hundred comparisons.
ALTER FUNCTION is_seen_from(text, bigint, code_multirange) COST 1;
ALTER FUNCTION was_seen_from(text, bigint, code_multirange) COST 1;

-- Whether the actor reaches every code. Asked once a query; most ask so, and need not have each row's code looked at.
-- Whatever else stands for everything is told by the codes.
CREATE FUNCTION actor_reaches_all() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('twin.scope', true) = '{(,)}', false)
$$;

-- Every policy that there is says what it said: no code is NULL, so everything holds all of them.
DO $$
DECLARE
    policy record;
BEGIN
    FOR policy IN
        SELECT polrelid::regclass AS relation, polname AS name, pg_get_expr(polqual, polrelid) AS condition,
               regexp_replace(regexp_replace(pg_get_expr(polqual, polrelid),
                   '\(access_class <= \( SELECT actor_class\(\)', '(access_class <=# ( SELECT actor_class()', 'g'),
                   '\((block_code|scope_code) <@ (\( SELECT actor_scope\(\) AS actor_scope\))\)',
                   '((SELECT actor_reaches_all()) OR \1 <@# \2)', 'g') AS reckoned
        FROM pg_policy
    LOOP
        IF policy.reckoned <> policy.condition THEN
            EXECUTE format('ALTER POLICY %I ON %s USING (%s)', policy.name, policy.relation, policy.reckoned);
        END IF;
    END LOOP;
END $$;

-- Tables of later migrations.
CREATE OR REPLACE FUNCTION protect_features(kind text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', kind);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', kind);
    EXECUTE format(
        'CREATE POLICY scope ON %1$I FOR SELECT TO twin_reader USING (
             access_class <=# (SELECT actor_class())
             AND ((SELECT actor_reaches_all()) OR block_code <@# (SELECT actor_scope())
                  OR (spans_blocks AND is_seen_from(%1$L, id, (SELECT actor_scope())))))', kind);
    EXECUTE format('GRANT SELECT ON %I TO twin_reader', kind);
END $$;

CREATE OR REPLACE FUNCTION protect_rows(relation text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', relation);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', relation);
    EXECUTE format(
        'CREATE POLICY scope ON %I FOR SELECT TO twin_reader USING (
             access_class <=# (SELECT actor_class())
             AND ((SELECT actor_reaches_all()) OR block_code <@# (SELECT actor_scope())))', relation);
    EXECUTE format('GRANT SELECT ON %I TO twin_reader', relation);
END $$;

-- As it was, but for its policy; there is no copy in Web Mercator any more that could have an index.
CREATE OR REPLACE FUNCTION keep_history(relation text, code_column text DEFAULT 'block_code') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    history text := relation || '_history';
    columns text := recorded_columns(relation);
    has text[] := ARRAY(SELECT attname::text FROM pg_attribute
                        WHERE attrelid = relation::regclass AND attnum > 0 AND NOT attisdropped);
    policy text := '(SELECT actor_reaches_all()) OR scope_code <@# (SELECT actor_scope())';
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
        policy := format('%s OR (spans_blocks AND was_seen_from(%L, id, (SELECT actor_scope())))', policy, relation);
    END IF;
    IF relation = 'block' THEN
        policy := 'true';
    END IF;
    IF 'access_class' = ANY (has) THEN
        policy := format('access_class <=# (SELECT actor_class()) AND (%s)', policy);
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
