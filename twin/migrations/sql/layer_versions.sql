-- Business layers of any geometry, in versions; what a load ended; and a withdrawal that leaves nothing behind.

ALTER TABLE business_layer ADD COLUMN owner_role TEXT;
COMMENT ON COLUMN business_layer.owner_role IS 'the role of its owner, who sees its versions as a steward does';

-- Which kinds of geometry a layer has is asked whenever it has changed, and must not take a scan.
CREATE INDEX business_feature_dimension_idx ON business_feature (layer_code, ST_Dimension(geometry));

CREATE TABLE business_layer_version (
    layer_code TEXT NOT NULL,
    number INTEGER NOT NULL,
    load_id BIGINT,
    withdraws BIGINT,
    file_name TEXT,
    added BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    visible_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT business_layer_version_pkey PRIMARY KEY (layer_code, number),
    CONSTRAINT business_layer_version_layer_code_fkey FOREIGN KEY(layer_code) REFERENCES business_layer (code) ON DELETE CASCADE
);
COMMENT ON COLUMN business_layer_version.withdraws IS 'the load that this version took back';
COMMENT ON COLUMN business_layer_version.rows IS 'how many the layer had then';
COMMENT ON COLUMN business_layer_version.recorded_at IS 'what rows and their history call it';
COMMENT ON COLUMN business_layer_version.visible_from IS 'the moment to ask for it by as_of';
ALTER TABLE business_layer_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE business_layer_version FORCE ROW LEVEL SECURITY;
CREATE POLICY layer ON business_layer_version FOR SELECT TO twin_reader USING (
    EXISTS (SELECT FROM business_layer WHERE code = layer_code));
GRANT SELECT ON business_layer_version TO twin_reader;

-- What was recorded by a transaction is there from its commit on. A version is the last that its transaction
-- writes, so this comes after the changes have been numbered.
CREATE FUNCTION time_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE business_layer_version SET visible_from = clock_timestamp()
    WHERE layer_code = NEW.layer_code AND number = NEW.number;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER time_version AFTER INSERT ON business_layer_version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION time_version();

-- What the transaction of a moment did to a layer's rows, within what the actor may see.
CREATE FUNCTION layer_changes(layer text, moment timestamptz)
RETURNS TABLE (feature_id bigint, source_id text, local_id text, op text) LANGUAGE sql STABLE AS $$
    SELECT coalesce(after.id, before.id), coalesce(after.source_id, before.source_id),
           coalesce(after.local_id, before.local_id),
           CASE WHEN before.id IS NULL THEN 'added' WHEN after.id IS NULL THEN 'ended' ELSE 'changed' END
    FROM (SELECT id, source_id, local_id FROM public.business_feature
          WHERE layer_code = layer AND recorded_at = moment
          UNION ALL
          SELECT id, source_id, local_id FROM public.business_feature_history
          WHERE layer_code = layer AND recorded_at = moment) AS after
    FULL JOIN (SELECT id, source_id, local_id FROM public.business_feature_history
               WHERE layer_code = layer AND recorded_to = moment) AS before ON before.id = after.id
$$;

-- The version that this transaction makes of a layer: the number, or NULL where it changed no row of it.
CREATE FUNCTION make_layer_version(layer text, by_load bigint, taken_back bigint) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    made integer;
BEGIN
    UPDATE business_layer SET updated_at = now(), version = next.number
    FROM (SELECT coalesce(max(number), 0) + 1 AS number FROM business_layer_version WHERE layer_code = layer) AS next
    WHERE code = layer AND EXISTS (SELECT FROM layer_changes(layer, now()))
    RETURNING version INTO made;
    IF made IS NOT NULL THEN
        INSERT INTO business_layer_version (layer_code, number, load_id, withdraws, file_name, added, changed, ended, rows)
        SELECT layer, made, by_load, taken_back, (SELECT file_name FROM load WHERE id = coalesce(by_load, taken_back)),
               count(*) FILTER (WHERE op = 'added'), count(*) FILTER (WHERE op = 'changed'),
               count(*) FILTER (WHERE op = 'ended'), (SELECT count(*) FROM business_feature WHERE layer_code = layer)
        FROM layer_changes(layer, now());
    END IF;
    RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION make_layer_version FROM PUBLIC;

-- The loads of layers that are there already.
INSERT INTO business_layer_version (layer_code, number, load_id, file_name, added, changed, ended, rows, recorded_at,
                                    visible_from)
SELECT layer_code, number, load_id, file_name, inserted, updated, 0,
       sum(inserted) OVER (PARTITION BY layer_code ORDER BY number), started_at, finished_at
FROM (
    SELECT layer_code, load.id AS load_id, file_name, started_at, coalesce(finished_at, started_at) AS finished_at,
           coalesce((report ->> 'inserted')::bigint, 0) AS inserted,
           coalesce((report ->> 'updated')::bigint, 0) AS updated,
           row_number() OVER (PARTITION BY layer_code ORDER BY load.id) AS number
    FROM (SELECT layer_code, load_id FROM business_feature
          UNION SELECT layer_code, load_id FROM business_feature_history) AS made
    JOIN load ON load.id = made.load_id JOIN business_layer ON business_layer.code = made.layer_code
) AS known;
UPDATE business_layer SET version = known.number
FROM (SELECT layer_code, max(number) AS number FROM business_layer_version GROUP BY layer_code) AS known
WHERE known.layer_code = code AND version <> known.number;

-- The rows that a load ended, since its file was the whole list and had them no longer. History has what they
-- were; a review goes with its row and is kept here, so that taking the load back brings both.
CREATE TABLE load_end (
    load_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    feature_id BIGINT NOT NULL,
    review JSONB,
    CONSTRAINT load_end_pkey PRIMARY KEY (load_id, kind, feature_id),
    CONSTRAINT load_end_load_id_fkey FOREIGN KEY(load_id) REFERENCES load (id) ON DELETE CASCADE
);
COMMENT ON COLUMN load_end.kind IS 'the table of the feature';
COMMENT ON COLUMN load_end.review IS 'its placement_review, if it had one';
ALTER TABLE load_end ENABLE ROW LEVEL SECURITY;

-- A review may go before the layer does; what it taught still has to be found.
ALTER TABLE address_alias ADD COLUMN layer_code TEXT;
COMMENT ON COLUMN address_alias.layer_code IS 'the business layer whose row taught it';
UPDATE address_alias SET layer_code = review.layer_code FROM placement_review AS review WHERE review.id = learned_from;
CREATE FUNCTION note_alias_layer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.layer_code := (SELECT review.layer_code FROM placement_review AS review WHERE review.id = NEW.learned_from);
    RETURN NEW;
END $$;
CREATE TRIGGER note_layer BEFORE INSERT OR UPDATE OF learned_from ON address_alias
    FOR EACH ROW EXECUTE FUNCTION note_alias_layer();

-- As before; and whoever may know of the layer hears that the list of layers is another.
CREATE OR REPLACE FUNCTION follow_business_layer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own text := 'business.' || coalesce(NEW.code, OLD.code);
BEGIN
    INSERT INTO change (layer, op, block_code, access_class) VALUES
        ('business_features', 'truncate', '', 1),
        ('collections', lower(TG_OP), '', least(OLD.access_class, NEW.access_class));
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

-- The jobs that told of a layer: their reports name its file, columns and extent.
CREATE FUNCTION layer_jobs(layer text) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM job_progress
    WHERE kind IN ('business', 'points') AND state NOT IN ('queued', 'running')
      AND (report ->> 'source_id' = layer OR starts_with(report ->> 'source_id', layer || '/'))
    UNION
    SELECT job.id FROM job_progress AS job JOIN load ON load.id = (job.report ->> 'load_id')::bigint
    WHERE job.kind = 'withdrawal' AND load.kind IN ('business', 'points')
      AND (load.source_id = layer OR starts_with(load.source_id, layer || '/'))
$$;

-- The uploads that were for a layer. Whoever purges it removes their files as well.
CREATE FUNCTION layer_uploads(layer text) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM upload
    WHERE kind IN ('business', 'points')
      AND (job_id IN (SELECT layer_jobs(layer))
           OR options ->> 'layer_name' = (SELECT title FROM business_layer WHERE code = layer))
      AND NOT EXISTS (SELECT FROM job_progress AS job WHERE job.id = job_id AND job.state IN ('queued', 'running'))
$$;

-- Withdraws a business layer without a trace: features, history, versions, reviews, loads with their rejects, what
-- was learned from them, what is measured of them, the jobs and uploads they came by, and where the change log says
-- they lay. What stays is the certificate.
CREATE OR REPLACE FUNCTION purge_business_layer(layer text, who text, why text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
    past bigint;
    fingerprint text;
    certificate bigint;
    features bigint[];
BEGIN
    PERFORM FROM business_layer WHERE code = layer FOR UPDATE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(feature::text, E'\n' ORDER BY id), ''), 'UTF8')), 'hex')
    INTO gone, fingerprint FROM business_feature AS feature WHERE layer_code = layer;
    SELECT count(*) INTO past FROM business_feature_history WHERE layer_code = layer;
    features := ARRAY(SELECT id FROM business_feature WHERE layer_code = layer
                      UNION SELECT id FROM business_feature_history WHERE layer_code = layer);
    WITH told AS (DELETE FROM upload WHERE id IN (SELECT layer_uploads(layer)) RETURNING job_id)
    DELETE FROM job_progress WHERE id IN (SELECT layer_jobs(layer) UNION SELECT job_id FROM told);
    DELETE FROM address_alias WHERE layer_code = layer;
    DELETE FROM load WHERE id IN (
        SELECT load_id FROM business_feature WHERE layer_code = layer
        UNION SELECT load_id FROM business_feature_history WHERE layer_code = layer
        UNION SELECT load_id FROM placement_review WHERE layer_code = layer
        UNION SELECT load_id FROM business_layer_version WHERE layer_code = layer)
       OR kind IN ('business', 'points') AND (source_id = layer OR starts_with(source_id, layer || '/'));
    DELETE FROM business_feature WHERE layer_code = layer;
    DELETE FROM feature_block_history USING business_feature_history AS former
    WHERE former.layer_code = layer AND kind = 'business_feature' AND feature_id = former.id;
    DELETE FROM business_feature_history WHERE layer_code = layer;
    DELETE FROM target USING measure
    WHERE target.measure = measure.code AND (measure.code = 'business.' || layer OR definition ->> 'layer' = layer);
    DELETE FROM measure WHERE definition ->> 'layer' = layer;
    DELETE FROM business_layer WHERE code = layer;
    -- Everybody is told to forget all business layers, so nobody needs to know where these lay.
    UPDATE change SET envelope = NULL, ids = NULL
    WHERE change.layer = 'business_features' AND (ids && features OR (ids IS NULL AND envelope IS NOT NULL));
    PERFORM fold_facts();
    INSERT INTO purge_record (what, features, versions, digest, reason, actor)
    VALUES ('business layer ' || layer, gone, past, fingerprint, why, who) RETURNING id INTO certificate;
    RETURN certificate;
END $$;
