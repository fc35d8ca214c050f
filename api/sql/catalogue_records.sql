-- Every record of the catalogue that the actor may know of, as the relation `record`; a statement goes on from here.
-- %(codes)s: the blocks whose figures are told, none within another ('': everything). %(is_unscoped)s.
-- %(declared)s: layers and tilesets that are made of rows. %(kinds)s: titles and topics by kind of dataset.
-- %(language)s: zh or en, in which titles and descriptions are told.
WITH grid AS MATERIALIZED (
    SELECT code FROM valid_block JOIN block_scheme USING (scheme)
    WHERE is_governance AND level = cardinality(level_widths)
), promise AS (
    -- where a dataset promises a part only, coverage is of that
    SELECT DISTINCT dataset.id,
           CASE WHEN dataset.block_code IS NULL OR starts_with(asked.code, dataset.block_code) THEN asked.code
                WHEN starts_with(dataset.block_code, asked.code) THEN dataset.block_code END AS code
    FROM dataset CROSS JOIN unnest(%(codes)s::text[]) AS asked(code)
), size AS (
    SELECT code, (SELECT count(*) FROM grid WHERE starts_with(grid.code, promised.code)) AS grids
    FROM (SELECT DISTINCT code FROM promise WHERE code IS NOT NULL) AS promised
), own_dataset AS MATERIALIZED (
    SELECT dataset.*, seen.*, reached.share
    FROM dataset
    LEFT JOIN LATERAL (
        SELECT count(*) AS parts, sum(own.features)::bigint AS seen_features,
               sum((SELECT sum(value) FROM unnest(own.filled) AS value)) AS seen_filled,
               max(own.access_class) AS seen_class,
               min(own.extent[1]) AS west, min(own.extent[2]) AS south,
               max(own.extent[3]) AS east, max(own.extent[4]) AS north
        FROM unnest(%(codes)s::text[]) AS asked(code)
        CROSS JOIN LATERAL (
            SELECT * FROM dataset_block AS figures
            WHERE figures.dataset_id = dataset.id AND figures.block_code = asked.code
            ORDER BY figures.access_class DESC LIMIT 1
        ) AS own
    ) AS seen ON true
    LEFT JOIN LATERAL (
        SELECT sum(met.grids)::float8 / nullif(sum(size.grids), 0)::float8 AS share
        FROM promise JOIN size USING (code)
        LEFT JOIN LATERAL (
            SELECT figures.grids FROM dataset_block AS figures
            WHERE figures.dataset_id = dataset.id AND figures.block_code = promise.code
            ORDER BY figures.access_class DESC LIMIT 1
        ) AS met ON true
        WHERE promise.id = dataset.id
    ) AS reached ON true
    -- Who has a scope knows of a dataset by what lies in it.
    WHERE %(is_unscoped)s OR seen.parts > 0
), declared AS (
    SELECT * FROM jsonb_to_recordset(%(declared)s) AS declared(
        id text, type text, layer text, title_zh text, title_en text, description_zh text, description_en text,
        keywords text[], topic text, access_class smallint, secrecy_label text, crs text, box float8[],
        time_from timestamptz, time_to timestamptz, kinds text[])
), collected AS (
    SELECT 'dataset-' || dataset.id AS id, 'dataset' AS type,
           coalesce(title ->> 'zh', concat_ws(' · ', kind.zh, dataset.source_id)) AS title_zh,
           coalesce(title ->> 'en', concat_ws(' · ', kind.en, dataset.source_id)) AS title_en,
           note AS description_zh, note AS description_en,
           array_remove(ARRAY[dataset.kind, kind.zh, kind.en], NULL) AS keywords, kind.topic,
           dataset.kind AS scheme, dataset.source_id AS external_id, owner, licence,
           coalesce(nullif(greatest(coalesce(dataset.access_class, 0), coalesce(seen_class, 0)), 0), 2) AS access_class,
           NULL AS secrecy_label, CASE WHEN computed_at IS NOT NULL THEN seen_features END AS features,
           (seen_filled / nullif(seen_features * cardinality(fields), 0))::float8 AS completeness,
           CASE WHEN computed_at IS NOT NULL THEN share END AS coverage, dataset.crs,
           NULL::timestamptz AS created, loaded_at AS updated, NULL::timestamptz AS time_from,
           NULL::timestamptz AS time_to, refresh_days,
           loaded_at + make_interval(days => refresh_days) < now() AS is_overdue,
           CASE WHEN west IS NOT NULL THEN ST_MakeEnvelope(west, south, east, north, 4490) END AS geometry,
           jsonb_build_object('dataset', dataset.id, 'kind', dataset.kind) AS facts
    FROM own_dataset AS dataset
    LEFT JOIN LATERAL (
        SELECT %(kinds)s::jsonb -> dataset.kind ->> 'zh' AS zh, %(kinds)s::jsonb -> dataset.kind ->> 'en' AS en,
               %(kinds)s::jsonb -> dataset.kind ->> 'topic' AS topic
    ) AS kind ON true
    UNION ALL
    SELECT declared.id, type, title_zh, declared.title_en, description_zh, description_en, keywords, topic,
           'collections', layer, described.owner, NULL, declared.access_class, secrecy_label, NULL, NULL, NULL, crs,
           NULL, coalesce(described.updated_at,
                          (SELECT max(loaded_at) FROM own_dataset WHERE own_dataset.kind = ANY (kinds))),
           time_from, time_to, described.refresh_days,
           described.updated_at + make_interval(days => described.refresh_days) < now(),
           CASE WHEN box IS NOT NULL THEN ST_MakeEnvelope(box[1], box[2], box[3], box[4], 4490) END,
           jsonb_build_object('layer', layer)
    FROM declared LEFT JOIN business_layer AS described ON described.code = layer AND described.withdrawn_at IS NULL
    UNION ALL
    SELECT 'model-' || model.id, 'model',
           coalesce(model.name, version.file_name, model.local_id),
           coalesce(model.name, version.file_name, model.local_id),
           format('BIM 模型,共 %%s 版。', version.versions), format('A BIM model; versions: %%s.', version.versions),
           array_remove(ARRAY['BIM', 'IFC', version.ifc_schema], NULL), 'structure', model.source_id, model.local_id,
           source.owner, source.licence, model.access_class, NULL,
           (SELECT count(*) FROM element WHERE element.version_id = version.id AND NOT element.is_spatial), NULL, NULL,
           version.georeference ->> 'crs', version.first_at, coalesce(version.created_at, model.recorded_at),
           model.valid_from, nullif(model.valid_to, 'infinity'), NULL, NULL,
           ST_Envelope(model.geometry),
           jsonb_build_object('model', model.id, 'tileset', tileset.id, 'version', version.number,
                              'state', version.state)
    FROM model
    LEFT JOIN LATERAL (
        SELECT *, min(created_at) OVER () AS first_at, count(*) OVER () AS versions
        FROM model_version AS candidate WHERE candidate.model_id = model.id
        ORDER BY (candidate.id = model.published_version_id) DESC NULLS LAST, candidate.number DESC LIMIT 1
    ) AS version ON true
    LEFT JOIN tileset ON tileset.id = version.tileset_id AND tileset.is_published
    LEFT JOIN own_dataset AS source ON source.kind = 'model' AND source.source_id = model.source_id
    UNION ALL
    SELECT 'tileset-' || tileset.id, 'tileset', coalesce(tileset.name, tileset.local_id),
           coalesce(tileset.name, tileset.local_id), '三维瓦片数据集。', 'A 3D Tiles data set.',
           ARRAY['3D Tiles', tileset.kind], 'structure', tileset.source_id, tileset.local_id, NULL, NULL,
           tileset.access_class, NULL, NULL, NULL, NULL, 'EPSG:4978', tileset.valid_from, tileset.recorded_at,
           tileset.valid_from, nullif(tileset.valid_to, 'infinity'), NULL, NULL, ST_Envelope(tileset.geometry),
           jsonb_build_object('tileset', tileset.id, 'model', tileset.model_id)
    FROM tileset WHERE is_published
), record AS MATERIALIZED (
    SELECT *, CASE %(language)s WHEN 'zh' THEN title_zh ELSE title_en END AS title,
           CASE %(language)s WHEN 'zh' THEN description_zh ELSE description_en END AS description,
           lower(regexp_replace(concat_ws(' ', title_zh, title_en, description_zh, description_en,
                                          array_to_string(keywords, ' '), owner, scheme, external_id),
                                '\s+', ' ', 'g')) AS searched
    FROM collected
)
