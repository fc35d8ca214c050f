-- Space for rent, survey answers and inspections keep what they were; organisations reach their tasks; exports
-- are on record.

-- Whoever writes says who: set_config('twin.writer_role'), ('twin.writer_token'). Not said: a load, or the owner.
CREATE FUNCTION record_part_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO %I (%s, recorded_to, replaced_role, replaced_token_id)
         SELECT %2$s, now(), nullif(current_setting(''twin.writer_role'', true), ''''),
                nullif(current_setting(''twin.writer_token'', true), '''')::bigint
         FROM %I WHERE recorded_at < now()',
        TG_TABLE_NAME || '_history', recorded_columns(TG_TABLE_NAME),
        CASE TG_OP WHEN 'TRUNCATE' THEN TG_TABLE_NAME ELSE 'old_rows' END);
    RETURN NULL;
END $$;

-- What `keep_history` is for features, for rows that belong to one: they have no block of their own, and who may
-- see one of the past is who may see its object (`reach`). `key_columns` are those by which it is asked for.
CREATE FUNCTION keep_part_history(relation text, key_columns text[], reach text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    history text := relation || '_history';
    columns text := recorded_columns(relation);
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING COMMENTS, recorded_to timestamptz NOT NULL,
                    replaced_role text, replaced_token_id bigint)', history, relation);
    EXECUTE format('CREATE INDEX ON %I (%s)', history,
                   (SELECT string_agg(quote_ident(key), ', ') FROM unnest(key_columns) AS key));
    EXECUTE format('CREATE TRIGGER history_stamp BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION stamp_record()',
                   relation);
    EXECUTE format('CREATE TRIGGER history_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION record_part_history()', relation);
    EXECUTE format('CREATE TRIGGER history_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION record_part_history()', relation);
    EXECUTE format('CREATE TRIGGER history_truncate BEFORE TRUNCATE ON %I
                    FOR EACH STATEMENT EXECUTE FUNCTION record_part_history()', relation);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', history);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', history);
    EXECUTE format('CREATE POLICY reach ON %I FOR SELECT TO twin_reader USING (%s)', history, reach);
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

-- Whether the asker sees a feature, or saw it before it was taken away.
CREATE FUNCTION sees_past_object(object_kind text, object_id bigint) RETURNS boolean LANGUAGE sql STABLE
RETURN sees_object(object_kind, object_id) OR CASE object_kind
    WHEN 'industrial_park' THEN EXISTS (SELECT FROM industrial_park_history WHERE id = object_id)
    WHEN 'urban_village' THEN EXISTS (SELECT FROM urban_village_history WHERE id = object_id)
    WHEN 'building' THEN EXISTS (SELECT FROM building_history WHERE id = object_id)
    ELSE false
END;

ALTER TABLE inspection ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now();
UPDATE inspection SET recorded_at = created_at;

SELECT keep_part_history('rental_space', '{park_id}', 'sees_past_object(''industrial_park'', park_id)');
SELECT keep_part_history('survey_response', '{round_id, object_id}',
                         '(SELECT actor_class()) >= 2 AND sees_past_object(object_kind, object_id)');
SELECT keep_part_history('inspection', '{id}', 'sees_past_object(object_kind, object_id)');

-- What belongs to a park or village goes with it; its history stays, as that of the entry does.
CREATE FUNCTION forget_parts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'industrial_park' THEN
        DELETE FROM rental_space USING old_rows WHERE park_id = old_rows.id;
    END IF;
    DELETE FROM survey_response USING old_rows WHERE object_kind = TG_TABLE_NAME AND object_id = old_rows.id;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_parts AFTER DELETE ON industrial_park REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_parts();
CREATE TRIGGER forget_parts AFTER DELETE ON urban_village REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_parts();

-- Steps are added and never changed, and a round only ends: their past is in the rows themselves.
CREATE VIEW as_of.hazard_action WITH (security_invoker = true) AS
SELECT * FROM public.hazard_action
WHERE at <= (SELECT as_of_moment()) AND NOT at = ANY ((SELECT as_of_pending())::timestamptz[]);
GRANT SELECT ON as_of.hazard_action TO twin_reader;

CREATE VIEW as_of.survey_round WITH (security_invoker = true) AS
SELECT id, register, kind, title, title_en, form, required, block_code, organisation, due, created_at,
       CASE WHEN closed_at <= (SELECT as_of_moment()) THEN closed_at END AS closed_at, role, token_id
FROM public.survey_round WHERE created_at <= (SELECT as_of_moment());
GRANT SELECT ON as_of.survey_round TO twin_reader;

-- All of a park's space for rent, in place of what there was: what stays the same is left alone, so that a row's
-- history has its changes and nothing else.
CREATE FUNCTION merge_rental_spaces(of_park bigint, spaces jsonb, by_role text, by_token bigint,
                                    OUT inserted bigint, OUT updated bigint, OUT removed bigint, OUT unchanged bigint)
LANGUAGE plpgsql AS $$
DECLARE
    given_spaces bigint := jsonb_array_length(spaces);
BEGIN
    PERFORM FROM industrial_park WHERE id = of_park FOR UPDATE;
    PERFORM set_config('twin.writer_role', by_role, true),
            set_config('twin.writer_token', coalesce(by_token::text, ''), true);
    CREATE TEMP TABLE given_space ON COMMIT DROP AS
    SELECT building_code COLLATE "C" AS building_code, storey_number, unit_code COLLATE "C" AS unit_code, area, use,
           state, available_from
    FROM jsonb_to_recordset(spaces) AS given(building_code text, storey_number integer, unit_code text, area float8,
                                             use text, state text, available_from date);

    DELETE FROM rental_space AS kept WHERE park_id = of_park AND NOT EXISTS (
        SELECT FROM given_space AS given
        WHERE given.building_code = kept.building_code AND given.storey_number IS NOT DISTINCT FROM kept.storey_number
          AND given.unit_code IS NOT DISTINCT FROM kept.unit_code);
    GET DIAGNOSTICS removed = ROW_COUNT;

    UPDATE rental_space AS kept
    SET area = given.area, use = given.use, state = given.state, available_from = given.available_from,
        role = by_role, token_id = by_token
    FROM given_space AS given
    WHERE kept.park_id = of_park AND given.building_code = kept.building_code
      AND given.storey_number IS NOT DISTINCT FROM kept.storey_number
      AND given.unit_code IS NOT DISTINCT FROM kept.unit_code
      AND (given.area, given.use, given.state, given.available_from)
          IS DISTINCT FROM (kept.area, kept.use, kept.state, kept.available_from);
    GET DIAGNOSTICS updated = ROW_COUNT;

    INSERT INTO rental_space (park_id, building_code, storey_number, unit_code, area, use, state, available_from,
                              role, token_id)
    SELECT of_park, building_code, storey_number, unit_code, area, use, state, available_from, by_role, by_token
    FROM given_space
    ON CONFLICT (park_id, building_code, storey_number, unit_code) DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    unchanged := given_spaces - inserted - updated;
    DROP TABLE given_space;
END $$;

-- What a token reaches beside blocks: what is assigned to an organisation, wherever it lies.
CREATE TABLE organisation_grant (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    token_id BIGINT NOT NULL,
    organisation TEXT NOT NULL,
    CONSTRAINT organisation_grant_pkey PRIMARY KEY (id),
    CONSTRAINT organisation_grant_token_id_key UNIQUE (token_id, organisation),
    CONSTRAINT organisation_grant_organisation_check CHECK (organisation = btrim(organisation) AND organisation <> ''),
    CONSTRAINT organisation_grant_token_id_fkey FOREIGN KEY(token_id) REFERENCES access_token (id) ON DELETE CASCADE
);
ALTER TABLE organisation_grant ENABLE ROW LEVEL SECURITY;
CREATE TRIGGER notify_access AFTER INSERT OR UPDATE OR DELETE ON organisation_grant
    FOR EACH STATEMENT EXECUTE FUNCTION notify_access();

-- A token that was ever limited stays so: when its last grant is gone it reaches nothing, and not everything.
ALTER TABLE access_token ADD COLUMN is_limited BOOLEAN DEFAULT false NOT NULL;
UPDATE access_token SET is_limited = true WHERE id IN (SELECT token_id FROM role_grant);
CREATE FUNCTION limit_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE access_token SET is_limited = true
    WHERE NOT is_limited AND id IN (SELECT token_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE TRIGGER limit_token AFTER INSERT ON role_grant REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION limit_token();
CREATE TRIGGER limit_token AFTER INSERT ON organisation_grant REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION limit_token();

-- The asker's organisations; an empty or missing setting is none.
CREATE FUNCTION actor_organisations() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('twin.organisations', true), ''), '{}')::text[]
$$;

CREATE INDEX hazard_organisation_idx ON hazard (organisation);
CREATE INDEX hazard_inspection_id_idx ON hazard (inspection_id);
ALTER POLICY scope ON hazard USING (
    access_class <= (SELECT actor_class())
    AND (block_code <@ (SELECT actor_scope())
         OR (spans_blocks AND is_seen_from('hazard', id, (SELECT actor_scope())))
         OR organisation = ANY ((SELECT actor_organisations())::text[])));
-- Of the past: what was the organisation's then. What it was before it was its own is not its to see.
ALTER POLICY scope ON hazard_history USING (
    access_class <= (SELECT actor_class())
    AND (scope_code <@ (SELECT actor_scope())
         OR (spans_blocks AND was_seen_from('hazard', id, (SELECT actor_scope())))
         OR organisation = ANY ((SELECT actor_organisations())::text[])));
-- The inspection in which the organisation's hazard was found, its photos with it.
ALTER POLICY reach ON inspection USING (
    sees_object(object_kind, object_id) OR EXISTS (
        SELECT FROM hazard WHERE hazard.inspection_id = inspection.id
                             AND hazard.organisation = ANY ((SELECT actor_organisations())::text[])));
ALTER POLICY reach ON inspection_history USING (
    sees_past_object(object_kind, object_id) OR EXISTS (
        SELECT FROM hazard WHERE hazard.inspection_id = inspection_history.id
                             AND hazard.organisation = ANY ((SELECT actor_organisations())::text[])));

CREATE TABLE export_record (
    id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    role TEXT NOT NULL,
    token_id BIGINT,
    layer TEXT NOT NULL,
    form TEXT NOT NULL,
    filter JSONB NOT NULL,
    block_codes TEXT[] NOT NULL,
    area FLOAT,
    rows BIGINT NOT NULL,
    size BIGINT,
    access_class SMALLINT NOT NULL,
    secrecy_label TEXT NOT NULL,
    CONSTRAINT export_record_pkey PRIMARY KEY (id)
);
CREATE INDEX export_record_at_idx ON export_record (at DESC, id DESC);
COMMENT ON COLUMN export_record.id IS 'the mark in the file';
COMMENT ON COLUMN export_record.form IS 'file format';
COMMENT ON COLUMN export_record.filter IS 'what it was narrowed to, without values that people typed';
COMMENT ON COLUMN export_record.block_codes IS 'the blocks it was asked for; none: everything';
COMMENT ON COLUMN export_record.area IS 'km² that were asked for';
COMMENT ON COLUMN export_record.size IS 'bytes';
COMMENT ON COLUMN export_record.access_class IS 'the highest class that could be in it';
ALTER TABLE export_record ENABLE ROW LEVEL SECURITY;
CREATE TRIGGER refuse_rewriting BEFORE UPDATE ON export_record
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- Overdue is a matter of the day on which one asks: open hazards by the day they are due, and whoever asks adds
-- up those before today. What is not yet complete of a village counts as its share.
INSERT INTO measure (code, kind, title, unit, value, filter, dimension, period, by_share, position) VALUES
    ('hazards.open_by_due', 'hazard', '{"zh": "未整改隐患按期限", "en": "Open hazards by due date"}',
     NULL, '1', 'state NOT IN (''verified'', ''rejected'') AND due IS NOT NULL', NULL, 'due', false, 3),
    ('industrial_parks.open_hazards_by_due', 'hazard',
     '{"zh": "园区未整改隐患按期限", "en": "Open hazards of parks by due date"}', NULL, '1',
     'object_kind = ''industrial_park'' AND state NOT IN (''verified'', ''rejected'') AND due IS NOT NULL',
     NULL, 'due', false, 6),
    ('urban_villages.open_hazards_by_due', 'hazard',
     '{"zh": "城中村未整改隐患按期限", "en": "Open hazards of villages by due date"}', NULL, '1',
     'object_kind = ''urban_village'' AND state NOT IN (''verified'', ''rejected'') AND due IS NOT NULL',
     NULL, 'due', false, 5),
    ('urban_villages.surveyed', 'urban_village',
     '{"zh": "已完成摸查(折合村数)", "en": "Surveyed (in whole villages)"}', NULL, 'survey_completeness', NULL, NULL,
     NULL, false, 6);

-- Puts one feature into the blocks of today, as a load would. A boundary that lies in one grid and touches its
-- neighbours is listed with what it meets, as a load lists it.
CREATE OR REPLACE FUNCTION place_feature(of_kind text, feature bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    shape geometry;
    point geometry;
    home text;
    metric integer;
    finest integer;
    met text[];
    shares float8[];
BEGIN
    EXECUTE format('SELECT geometry FROM %I WHERE id = $1', of_kind) INTO shape USING feature;
    point := CASE WHEN ST_Dimension(shape) = 0 THEN shape ELSE ST_PointOnSurface(shape) END;
    SELECT metric_srid, (SELECT max(width) FROM unnest(level_widths) AS width) INTO metric, finest
    FROM block_scheme WHERE is_governance;
    home := coalesce((
        SELECT code FROM valid_block JOIN block_scheme USING (scheme)
        WHERE is_governance AND geometry && point AND ST_Intersects(geometry, point)
        ORDER BY length(code) DESC, code LIMIT 1), '~');
    IF ST_Dimension(shape) = 2 THEN
        WITH part AS (
            SELECT code, ST_Covers(geometry, shape) AS is_all,
                   ST_Area(ST_Transform(ST_CollectionExtract(ST_Intersection(geometry, shape), 3), metric))
                       / ST_Area(ST_Transform(shape, metric)) AS share
            FROM valid_block JOIN block_scheme USING (scheme)
            WHERE is_governance AND length(code) = finest AND geometry && shape AND ST_Intersects(geometry, shape)
        )
        SELECT array_agg(code ORDER BY code), array_agg(least(share, 1) ORDER BY code) INTO met, shares
        FROM part WHERE (share > 1e-9 OR code = home) AND NOT (SELECT bool_and(is_all) FROM part);
    END IF;
    EXECUTE format('UPDATE %I SET block_code = $1, spans_blocks = $2 WHERE id = $3', of_kind)
        USING home, met IS NOT NULL, feature;
    DELETE FROM feature_block AS old
    WHERE old.kind = of_kind AND old.feature_id = feature AND NOT old.block_code = ANY (coalesce(met, '{}'));
    INSERT INTO feature_block AS kept (kind, feature_id, block_code, share)
    SELECT of_kind, feature, code, share FROM unnest(met, shares) AS meets(code, share)
    ON CONFLICT (kind, feature_id, block_code) DO UPDATE SET share = EXCLUDED.share
    WHERE kept.share IS DISTINCT FROM EXCLUDED.share;
    RETURN home;
END $$;
