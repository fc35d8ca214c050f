-- All that the profile of the block %(code)s is made of, in one row: level, the day, facts, incident types,
-- children, measures, pillars, ranks, and what has changed within the last %(days)s days. %(codes)s are the blocks
-- that are counted: the block itself, or those within it that the actor reaches.
WITH own AS (
    SELECT block.code, block.scheme, block.level
    FROM valid_block AS block JOIN block_scheme ON block_scheme.scheme = block.scheme
    WHERE block_scheme.is_governance AND block.code = %(code)s
), today AS (
    SELECT local_day(as_of_moment()) AS day
), fact AS MATERIALIZED (
    SELECT measure, period, dimension, sum(value) AS value
    FROM read_facts(%(codes)s::text[], NULL, (SELECT day - %(since)s::int FROM today)) GROUP BY measure, period, dimension
), changed AS (
    SELECT measure, sum(value) AS value
    FROM read_changes(
        %(codes)s::text[],
        ARRAY(SELECT code FROM measure
              WHERE pillar IS NOT NULL AND period IS NULL AND dimension IS NULL AND series IS NULL),
        (SELECT day - %(days)s::int FROM today))
    GROUP BY measure
), child AS MATERIALIZED (
    SELECT block.code, block.name, block.name_en
    FROM own JOIN valid_block AS block ON block.scheme = own.scheme AND block.parent_code = own.code
), part AS MATERIALIZED (
    -- A child that is reached in part is counted in that part.
    SELECT child.code, CASE WHEN starts_with(child.code, reached.code) THEN child.code ELSE reached.code END AS counted
    FROM child JOIN unnest(%(codes)s::text[]) AS reached(code)
      ON starts_with(child.code, reached.code) OR starts_with(reached.code, child.code)
), child_fact AS (
    SELECT part.code, known.measure, sum(known.value) AS value
    FROM read_facts((SELECT array_agg(counted) FROM part), ARRAY['buildings.count', 'incidents.open']) AS known
    JOIN part ON part.counted = known.block_code
    GROUP BY part.code, known.measure
), by_type AS (
    SELECT split_part(fact.dimension, '|', 2) AS code, event_type.name, event_type.name_en, fact.value
    FROM fact LEFT JOIN event_type ON event_type.scheme = split_part(fact.dimension, '|', 1)
                                  AND event_type.code = split_part(fact.dimension, '|', 2)
    WHERE fact.measure = 'incidents.by_type' ORDER BY fact.value DESC, fact.dimension LIMIT 12
)
SELECT own.level, today.day, json_build_object(
    'facts', (SELECT coalesce(json_agg(json_build_array(
        measure, CASE WHEN period > '-infinity' THEN period END, dimension, value)), '[]')
        FROM fact WHERE measure <> 'incidents.by_type'),
    'types', (SELECT coalesce(json_agg(json_build_object(
        'code', code, 'name', json_build_object('zh', coalesce(name, code), 'en', coalesce(name_en, name, code)),
        'count', value::bigint)), '[]') FROM by_type),
    'children', (SELECT coalesce(json_agg(json_build_object(
        'code', child.code, 'name', child.name, 'name_en', child.name_en,
        'buildings', CASE WHEN reached THEN coalesce(houses.value, 0)::bigint END,
        'incidents_open', CASE WHEN reached THEN coalesce(events.value, 0)::bigint END) ORDER BY child.code), '[]')
        FROM child
        CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM part WHERE part.code = child.code)) AS reach(reached)
        LEFT JOIN child_fact AS houses ON houses.code = child.code AND houses.measure = 'buildings.count'
        LEFT JOIN child_fact AS events ON events.code = child.code AND events.measure = 'incidents.open'),
    'measures', (SELECT json_agg(json_build_object(
        'code', code, 'title', title, 'unit', unit, 'k', k, 'series', series, 'pillar', pillar,
        'access_class', access_class, 'kind', kind, 'expression', measure.value, 'dominance', dominance,
        'is_stock', period IS NULL AND dimension IS NULL AND series IS NULL, 'trend_since', trend_since,
        'threshold', threshold, 'is_indicator', definition IS NOT NULL
        ) ORDER BY position, code)
        FROM measure WHERE pillar IS NOT NULL OR dominance IS NOT NULL),
    'changes', (SELECT coalesce(json_object_agg(measure, value), '{}') FROM changed),
    'recorded_since', recorded_since(%(codes)s::text[]),
    'business', (SELECT coalesce(json_agg(json_build_object(
        'code', layer.code, 'title', json_build_object('zh', layer.title, 'en', coalesce(layer.title_en, layer.title)),
        'count', coalesce((SELECT sum(value)::bigint FROM fact WHERE measure = 'business.' || layer.code), 0))
        ORDER BY layer.code), '[]') FROM business_layer AS layer WHERE layer.withdrawn_at IS NULL),
    'pillars', (SELECT json_agg(json_build_object(
        'code', code, 'title', title, 'is_base', is_base, 'note', note) ORDER BY position)
        FROM pillar WHERE is_enabled),
    'ranks', (SELECT coalesce(json_object_agg(ranked.measure, json_build_array(ranked.rank, ranked.siblings)), '{}')
        FROM rank_block(%(ranked)s) AS ranked)
)::text
FROM own, today
