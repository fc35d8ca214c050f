-- What a stock (buildings, addresses, people: what has no days of its own) came to on an earlier day: today's
-- value less what has changed since. Whatever is folded into the facts also adds its net change by the day it was
-- recorded. And the dominance rule: which measures have sums that the largest contributors must not stand out of.

CREATE TABLE block_fact_change (
    block_code text COLLATE "C" NOT NULL, 
    measure TEXT NOT NULL, 
    day DATE NOT NULL, 
    access_class SMALLINT NOT NULL, 
    value FLOAT NOT NULL, 
    CONSTRAINT block_fact_change_pkey PRIMARY KEY (block_code, measure, day, access_class)
);
COMMENT ON COLUMN block_fact_change.day IS 'when it was recorded, where the district is';
COMMENT ON COLUMN block_fact_change.value IS 'what that day added, less what it took away';
SELECT protect_rows('block_fact_change');
ALTER TABLE block_fact_change SET (fillfactor = 80);

ALTER TABLE block_fact_delta ADD COLUMN recorded_at timestamptz DEFAULT now();
COMMENT ON COLUMN block_fact_delta.recorded_at IS 'NULL: counted anew or under another code, nothing has changed';

ALTER TABLE measure ADD COLUMN trend_since date NOT NULL DEFAULT local_day(now());
COMMENT ON COLUMN measure.trend_since IS 'the first day whose end is known; before it was not counted, or otherwise';
ALTER TABLE measure ADD COLUMN dominance float8;
COMMENT ON COLUMN measure.dominance IS 'no sum is shown of which the two largest contributors make a greater share';
ALTER TABLE measure ADD CONSTRAINT measure_dominance_check CHECK (
    dominance IS NULL
    OR (dominance > 0 AND dominance < 1 AND k IS NULL AND dimension IS NULL AND period IS NULL));
UPDATE measure SET dominance = 0.85
WHERE code IN ('industrial_parks.floor_area', 'industrial_parks.vacant_area', 'industrial_parks.firms');

-- Brings what was appended into the facts of every level, and its net change into the changes of its day. Two
-- never fold at once: the second has nothing to do.
CREATE OR REPLACE FUNCTION fold_facts() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('twin.facts')) THEN
        RETURN;
    END IF;
    WITH taken AS (
        DELETE FROM block_fact_delta RETURNING *
    ), summed AS MATERIALIZED (
        SELECT left(block_code, width) AS code, measure, period, dimension, access_class,
               (recorded_at AT TIME ZONE calendar.time_zone)::date AS day, sum(value) AS value, sum(rows) AS rows
        FROM taken, calendar, block_scheme, unnest(level_widths) AS width
        WHERE is_governance AND length(block_code) >= width
        GROUP BY 1, 2, 3, 4, 5, 6
    ), changed AS (
        INSERT INTO block_fact_change AS kept (block_code, measure, day, access_class, value)
        SELECT summed.code, summed.measure, summed.day, summed.access_class, summed.value
        FROM summed JOIN measure ON measure.code = summed.measure
        -- What is cut by day says itself what it was; what is cut otherwise is in no trend.
        WHERE measure.period IS NULL AND measure.dimension IS NULL AND summed.day IS NOT NULL AND summed.value <> 0
        ON CONFLICT (block_code, measure, day, access_class) DO UPDATE SET value = kept.value + EXCLUDED.value
    )
    INSERT INTO block_fact AS kept (block_code, measure, period, dimension, access_class, value, rows)
    SELECT code, measure, period, dimension, access_class, sum(value), sum(rows)
    FROM summed GROUP BY 1, 2, 3, 4, 5
    HAVING sum(value) <> 0 OR sum(rows) <> 0
    ON CONFLICT (block_code, measure, period, dimension, access_class)
    DO UPDATE SET value = kept.value + EXCLUDED.value, rows = kept.rows + EXCLUDED.rows;
    DELETE FROM block_fact WHERE rows = 0;
END $$;

-- What has changed in blocks after a day, whatever is folded.
CREATE FUNCTION read_changes(codes text[], wanted text[], after date)
RETURNS TABLE (block_code text, measure text, day date, value float8)
LANGUAGE sql STABLE AS $$
    SELECT change.block_code, change.measure, change.day, change.value
    FROM block_fact_change AS change
    WHERE change.block_code = ANY (codes) AND change.measure = ANY (wanted) AND change.day > after
    UNION ALL
    SELECT asked.code, delta.measure, recorded.day, delta.value
    FROM unnest(codes) AS asked(code) JOIN block_fact_delta AS delta
      ON delta.block_code >= asked.code AND delta.block_code < asked.code || '~',
    LATERAL (SELECT (delta.recorded_at AT TIME ZONE (SELECT time_zone FROM calendar))::date AS day) AS recorded
    WHERE delta.measure = ANY (wanted) AND delta.period = '-infinity' AND delta.dimension = ''
      AND recorded.day > after
$$;

-- The first day at whose end all of these blocks were recorded, under whatever code. What a split or a merge made
-- begins with it: nobody knows what lay there before.
CREATE FUNCTION recorded_since(codes text[]) RETURNS date
-- (One plan for all: to make it costs ten times what it takes to run.)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (
    WITH RECURSIVE life AS (
        SELECT block.code AS asked, block.id, block.scheme, block.code, block.valid_from
        FROM public.block JOIN public.block_scheme ON block_scheme.scheme = block.scheme AND is_governance
        WHERE block.code = ANY (codes) AND block.valid_to = 'infinity'
        UNION
        SELECT life.asked, earlier.id, earlier.scheme, earlier.code, earlier.valid_from
        FROM life
        JOIN public.block_lineage AS step ON step.scheme = life.scheme AND step.new_code = life.code
            AND step.kind = 'renumber' AND step.effective_at = life.valid_from
        JOIN public.block AS earlier ON earlier.scheme = step.scheme AND earlier.code = step.old_code
            AND earlier.valid_to = step.effective_at
    )
    SELECT max(local_day(born)) FROM (
        SELECT life.asked, min(known.recorded_at) AS born
        FROM life, LATERAL (
            SELECT recorded_at FROM public.block WHERE id = life.id
            UNION ALL SELECT recorded_at FROM public.block_history WHERE id = life.id
        ) AS known
        GROUP BY life.asked
    ) AS each);
END $$;

-- Of measures that are counted anew the earlier days are no longer known.
CREATE FUNCTION forget_trends(wanted text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM block_fact_change WHERE measure = ANY (wanted);
    UPDATE block_fact_delta SET recorded_at = NULL WHERE measure = ANY (wanted) AND recorded_at IS NOT NULL;
    UPDATE measure SET trend_since = local_day(now()) WHERE code = ANY (wanted) AND trend_since <> local_day(now());
$$;

-- Counts measures anew: when one is defined or changed, or when the days are another time zone's.
CREATE OR REPLACE FUNCTION refill_facts(wanted text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kinds record;
BEGIN
    -- Nobody may write meanwhile, or what they add would be counted twice.
    FOR kinds IN SELECT DISTINCT kind FROM measure WHERE code = ANY (wanted) ORDER BY kind LOOP
        EXECUTE format('LOCK TABLE %I IN SHARE MODE', kinds.kind);
    END LOOP;
    LOCK TABLE feature_block IN SHARE MODE;
    DELETE FROM block_fact WHERE measure = ANY (wanted);
    DELETE FROM block_fact_delta WHERE measure = ANY (wanted);
    PERFORM forget_trends(wanted);
    INSERT INTO block_fact_delta (block_code, measure, period, dimension, access_class, value, rows, recorded_at)
    SELECT counted.*, NULL FROM count_facts('', '~', wanted) AS counted;
    PERFORM fold_facts();
END $$;

-- A measure that is written as it was has nothing to be counted anew.
CREATE OR REPLACE FUNCTION refill_measure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND
       (OLD.code, OLD.kind, OLD.value, OLD.filter, OLD.dimension, OLD.period, OLD.by_share, OLD.access_class)
       IS NOT DISTINCT FROM
       (NEW.code, NEW.kind, NEW.value, NEW.filter, NEW.dimension, NEW.period, NEW.by_share, NEW.access_class) THEN
        RETURN NULL;
    END IF;
    PERFORM refill_facts(ARRAY[coalesce(OLD.code, NEW.code), coalesce(NEW.code, OLD.code)]);
    RETURN NULL;
END $$;

-- An emptied table tells no old rows, and one command may empty several: what is left is counted, and the
-- difference to what was known is what this day has changed.
CREATE OR REPLACE FUNCTION forget_facts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wanted text[] := ARRAY(
        SELECT code FROM measure
        WHERE CASE TG_TABLE_NAME WHEN 'feature_block' THEN by_share ELSE kind = TG_TABLE_NAME END);
    kinds record;
BEGIN
    FOR kinds IN SELECT DISTINCT kind FROM measure WHERE code = ANY (wanted) ORDER BY kind LOOP
        EXECUTE format('LOCK TABLE %I IN SHARE MODE', kinds.kind);
    END LOOP;
    LOCK TABLE feature_block IN SHARE MODE;
    INSERT INTO block_fact_delta (block_code, measure, period, dimension, access_class, value, rows)
    SELECT known.block_code, known.measure, known.period, known.dimension, known.access_class,
           sum(known.value), sum(known.rows)
    FROM (
        SELECT * FROM count_facts('', '~', wanted)
        UNION ALL
        SELECT delta.block_code, delta.measure, delta.period, delta.dimension, delta.access_class,
               -delta.value, -delta.rows
        FROM block_fact_delta AS delta WHERE delta.measure = ANY (wanted)
        UNION ALL
        -- A block's own is what its children do not have.
        SELECT place.code, fact.measure, fact.period, fact.dimension, fact.access_class,
               place.sign * fact.value, place.sign * fact.rows
        FROM block_fact AS fact,
        LATERAL (
            SELECT fact.block_code, -1
            UNION ALL
            SELECT left(fact.block_code, max(width)), 1
            FROM block_scheme, unnest(level_widths) AS width
            WHERE is_governance AND width < length(fact.block_code) HAVING max(width) IS NOT NULL
        ) AS place(code, sign)
        WHERE fact.measure = ANY (wanted)
    ) AS known
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(known.rows) <> 0 OR abs(sum(known.value)) > 1e-6;
    RETURN NULL;
END $$;

-- Folds whatever there is, and nobody else folds until this transaction ends.
CREATE FUNCTION settle_facts() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('twin.facts'));
    PERFORM fold_facts();
END $$;

-- Has the changes follow a renumbering of blocks, given as (old, new) in the temporary table block_renamed: what
-- was recorded under an old code is the new one's, and what rewriting the codes has appended since
-- settle_facts() has changed nothing.
CREATE FUNCTION rename_changes() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE block_fact_delta SET recorded_at = NULL WHERE recorded_at = now();
    -- Taken out and put in again: two blocks may have changed their codes with each other.
    CREATE TEMP TABLE change_renamed ON COMMIT DROP AS
        SELECT renamed.old, renamed.new, change.measure, change.day, change.access_class, change.value
        FROM block_fact_change AS change JOIN block_renamed AS renamed ON renamed.old = change.block_code;
    DELETE FROM block_fact_change AS change USING block_renamed AS renamed WHERE renamed.old = change.block_code;
    INSERT INTO block_fact_change AS kept (block_code, measure, day, access_class, value)
    SELECT code, measure, day, access_class, sum(value)
    FROM (
        SELECT moved.new AS code, measure, day, access_class, value FROM change_renamed AS moved
        UNION ALL
        -- What goes below another parent takes its past along, from the blocks above the one (as they are called
        -- now) to those above the other.
        SELECT above.code, measure, day, access_class, above.sign * value
        FROM change_renamed AS moved,
        LATERAL (
            SELECT coalesce(renamed.new, former.code) AS code
            FROM (SELECT left(moved.old, max(width)) AS code FROM block_scheme, unnest(level_widths) AS width
                  WHERE is_governance AND width < length(moved.old)) AS former
            LEFT JOIN block_renamed AS renamed ON renamed.old = former.code
        ) AS parent,
        LATERAL (
            SELECT side.code, side.sign FROM block_scheme, unnest(level_widths) AS width,
                LATERAL (VALUES (left(parent.code, width), -1), (left(moved.new, width), 1)) AS side(code, sign)
            WHERE is_governance AND width < length(moved.new) AND left(parent.code, width) <> left(moved.new, width)
        ) AS above
    ) AS placed
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (block_code, measure, day, access_class) DO UPDATE SET value = kept.value + EXCLUDED.value;
    DROP TABLE change_renamed;
END $$;

-- A business layer goes without a trace: nor does any indicator tell what it had counted of it.
CREATE FUNCTION forget_business_trends() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM forget_trends(ARRAY(
        SELECT measure.code FROM measure
        WHERE measure.kind = 'business_feature' AND NOT EXISTS (
            SELECT FROM business_layer AS other WHERE measure.code = 'business.' || other.code)));
    RETURN NULL;
END $$;
CREATE TRIGGER forget_trends AFTER DELETE ON business_layer
    FOR EACH STATEMENT EXECUTE FUNCTION forget_business_trends();

-- Blocks that are taken out (not ended: that is history) take their changes with them.
CREATE FUNCTION forget_block_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM block_fact_change AS change USING old_rows
    WHERE change.block_code = old_rows.code AND NOT EXISTS (
        SELECT FROM block JOIN block_scheme ON block_scheme.scheme = block.scheme
        WHERE is_governance AND block.code = change.block_code);
    RETURN NULL;
END $$;
CREATE TRIGGER forget_changes AFTER DELETE ON block REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_block_changes();

-- Who makes up the sums of a measure in every block: the sum, how many contribute, and the three largest. What
-- lies in a block and in none of its children is one more place, `<block>~`. Runs as whoever asks, of the moment
-- that is asked for.
CREATE FUNCTION read_contributors(wanted text)
RETURNS TABLE (code text, total float8, contributors bigint, ids bigint[], parts float8[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
    of_kind text := (SELECT measure.kind FROM measure WHERE measure.code = wanted);
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT place, sum(part), count(*), (array_agg(id ORDER BY part DESC, id))[1:3],
               (array_agg(part ORDER BY part DESC, id))[1:3]
        FROM (
            SELECT cell.place, feature.id, abs(sum(feature.fact_share * counted.value)) AS part
            FROM (%s) AS feature,
            LATERAL (VALUES %s) AS counted(measure, class, period, dimension, value, by_share, is_counted),
            LATERAL (
                SELECT left(feature.fact_at, width) FROM block_scheme, unnest(level_widths) AS width
                WHERE is_governance AND length(feature.fact_at) >= width
                UNION ALL
                SELECT feature.fact_at || '~'
                WHERE length(feature.fact_at) < (SELECT max(width) FROM block_scheme, unnest(level_widths) AS width
                                                 WHERE is_governance)
            ) AS cell(place)
            WHERE counted.is_counted AND counted.value IS NOT NULL AND feature.fact_at <> '~'
              AND counted.class <= (SELECT actor_class())
              AND (counted.by_share AND feature.spans_blocks) = feature.fact_is_part
            GROUP BY 1, 2
        ) AS contributed WHERE part > 0 GROUP BY place
    $query$, fact_rows(of_kind, format('SELECT *, 1 AS fact_sign FROM %I', of_kind)),
        fact_values(of_kind, ARRAY[wanted]));
END $$;

-- As before; a rank would tell more of a sum that may not be shown.
CREATE OR REPLACE FUNCTION rank_block(ranked text) RETURNS TABLE (measure text, rank bigint, siblings bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH sibling AS MATERIALIZED (
        SELECT other.code
        FROM valid_block AS own JOIN block_scheme ON block_scheme.scheme = own.scheme AND is_governance
        JOIN valid_block AS other ON other.scheme = own.scheme AND other.parent_code = own.parent_code
        WHERE own.code = ranked
    ), known AS (
        SELECT fact.block_code, fact.measure, sum(fact.value) AS value
        FROM block_fact AS fact
        WHERE fact.block_code = ANY (ARRAY(SELECT code FROM sibling))
          AND fact.measure = ANY (ARRAY(
              SELECT code FROM measure WHERE pillar IS NOT NULL AND k IS NULL AND dominance IS NULL))
          AND fact.period = '-infinity'
          AND fact.dimension = '' AND fact.access_class <= actor_class()
        GROUP BY fact.block_code, fact.measure
    )
    SELECT listed.code,
           (SELECT count(*) FROM known AS other WHERE other.measure = listed.code AND other.value > coalesce(
               (SELECT value FROM known AS own WHERE own.measure = listed.code AND own.block_code = ranked), 0)) + 1,
           (SELECT count(*) FROM sibling)
    FROM measure AS listed
    WHERE listed.pillar IS NOT NULL AND listed.k IS NULL AND listed.dominance IS NULL AND EXISTS (SELECT FROM sibling)
      AND coalesce(current_setting('twin.as_of', true), '') = ''
$$;
