-- What STAC tells as items, as the relation `item`; a statement goes on from here. Models with the version that is
-- published, or the newest; tilesets that are stored and published.
-- %(live)s: tilesets made of rows: id, title, box, kinds of datasets. They show what is there now: their moment is that of
-- the last load that the actor may know of, or today where nothing was loaded.
WITH live AS (
    SELECT * FROM jsonb_to_recordset(%(live)s) AS live(id text, title text, box float8[], kinds text[])
), item AS MATERIALIZED (
    SELECT 'models' AS collection, model.id::text AS id, coalesce(model.name, version.file_name, model.local_id) AS title,
           ST_Envelope(model.geometry) AS geometry, coalesce(version.created_at, model.recorded_at) AS moment,
           version.created_at AS created, version.created_at AS updated,
           version.georeference ->> 'crs' AS crs, tileset.id::text AS tileset, tileset.asset, model.id AS model,
           version.number AS version, version.state, version.ifc_schema, model.block_code,
           (version.georeference ->> 'height')::float8 AS height, model.access_class
    FROM model
    JOIN LATERAL (
        SELECT * FROM model_version AS candidate WHERE candidate.model_id = model.id
        ORDER BY (candidate.id = model.published_version_id) DESC NULLS LAST, candidate.number DESC LIMIT 1
    ) AS version ON true
    LEFT JOIN tileset ON tileset.id = version.tileset_id AND tileset.is_published
    UNION ALL
    SELECT 'tilesets', tileset.id::text, coalesce(tileset.name, tileset.local_id), ST_Envelope(tileset.geometry),
           tileset.valid_from, tileset.valid_from, tileset.recorded_at, NULL, tileset.id::text, tileset.asset,
           tileset.model_id, NULL, NULL, NULL, tileset.block_code, tileset.height_offset, tileset.access_class
    FROM tileset WHERE is_published
    UNION ALL
    SELECT 'tilesets', live.id, live.title, ST_MakeEnvelope(box[1], box[2], box[3], box[4], 4490),
           coalesce((SELECT max(loaded_at) FROM dataset WHERE kind = ANY (kinds)
                     AND EXISTS (SELECT FROM dataset_block WHERE dataset_id = dataset.id)), date_trunc('day', now())),
           NULL, NULL, NULL, live.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1
    FROM live
)
