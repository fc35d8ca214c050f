-- A page of datasets with their figures in each of the blocks %(codes)s that the actor reaches ('': everything).
-- %(kind)s %(id)s %(after)s %(limit)s. Figures are those counted last; nothing is counted here but base grids.
WITH page AS (
    SELECT * FROM dataset
    WHERE id > %(after)s AND (%(kind)s::text IS NULL OR kind = %(kind)s) AND (%(id)s::bigint IS NULL OR id = %(id)s)
    ORDER BY id LIMIT %(limit)s
), grid AS MATERIALIZED (
    SELECT code FROM valid_block JOIN block_scheme USING (scheme)
    WHERE is_governance AND level = cardinality(level_widths)
), asked AS (
    SELECT page.id, asked.code,
           -- where a dataset promises a part only, coverage is of that
           CASE WHEN page.block_code IS NULL OR starts_with(asked.code, page.block_code) THEN asked.code
                WHEN starts_with(page.block_code, asked.code) THEN page.block_code END AS promised
    FROM page CROSS JOIN unnest(%(codes)s::text[]) AS asked(code)
), size AS (
    SELECT promised, (SELECT count(*) FROM grid WHERE starts_with(grid.code, promised)) AS grids
    FROM (SELECT DISTINCT promised FROM asked WHERE promised IS NOT NULL) AS distinct_
)
SELECT page.id, page.kind, page.source_id, page.title, page.owner, page.steward, page.licence, page.note,
       page.refresh_days, page.access_class, page.block_code, page.crs, page.last_load_id, page.loaded_at,
       page.loaded_at + make_interval(days => page.refresh_days) < now(), page.rows_read, page.rows_rejected,
       page.features IS NOT NULL, page.fields, page.computed_at, page.stale_since IS NOT NULL,
       own.features, own.filled, own.extent, own.access_class, size.grids, met.grids
FROM page LEFT JOIN asked USING (id)
LEFT JOIN size USING (promised)
LEFT JOIN LATERAL (
    SELECT * FROM dataset_block AS figures
    WHERE figures.dataset_id = page.id AND figures.block_code = asked.code
    ORDER BY figures.access_class DESC LIMIT 1
) AS own ON true
LEFT JOIN LATERAL (
    SELECT figures.grids FROM dataset_block AS figures
    WHERE figures.dataset_id = page.id AND figures.block_code = asked.promised
    ORDER BY figures.access_class DESC LIMIT 1
) AS met ON true
ORDER BY page.id, asked.code
