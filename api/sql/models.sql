-- The models in reach with the version that is published, or the newest; %(id)s NULL lists all.
SELECT coalesce(json_agg(json_build_object(
    'id', model.id,
    'name', coalesce(model.name, version.file_name, model.local_id),
    'state', coalesce(version.state, 'empty'),
    'version', CASE WHEN %(id)s::bigint IS NULL THEN to_json(version.number) ELSE
        CASE WHEN version.id IS NOT NULL THEN json_build_object(
            'number', version.number, 'schema', version.ifc_schema, 'file_name', version.file_name,
            'sha256', version.sha256, 'georeference', version.georeference, 'report', version.report,
            'created_at', version.created_at) END END,
    'versions', (SELECT count(*) FROM model_version WHERE model_version.model_id = model.id),
    'tileset_id', version.tileset_id::text,
    'building_id', model.building_id,
    'block_code', model.block_code,
    'position', json_build_array(
        round(coalesce((version.georeference ->> 'longitude')::numeric, ST_X(centre.point)::numeric), 8),
        round(coalesce((version.georeference ->> 'latitude')::numeric, ST_Y(centre.point)::numeric), 8),
        round(coalesce((version.georeference ->> 'height')::numeric, 0), 3)),
    'heading_deg', coalesce((version.georeference ->> 'heading_deg')::float, 0),
    'bbox', CASE WHEN model.geometry IS NOT NULL THEN json_build_array(
        ST_XMin(model.geometry), ST_YMin(model.geometry), ST_XMax(model.geometry), ST_YMax(model.geometry)) END,
    'storeys', CASE WHEN %(id)s::bigint IS NULL
        THEN to_jsonb(coalesce(jsonb_array_length(version.storeys), 0)) ELSE coalesce(version.storeys, '[]') END,
    'elements', (SELECT count(*) FROM element WHERE element.version_id = version.id AND NOT element.is_spatial),
    'created_at', coalesce(version.created_at, model.recorded_at)
) ORDER BY model.id), '[]')::text, count(*)
FROM model
LEFT JOIN LATERAL (
    SELECT * FROM model_version AS candidate WHERE candidate.model_id = model.id
    ORDER BY (candidate.id = model.published_version_id) DESC NULLS LAST, candidate.number DESC LIMIT 1
) AS version ON true
CROSS JOIN LATERAL (SELECT ST_Centroid(model.geometry) AS point) AS centre
WHERE %(id)s::bigint IS NULL OR model.id = %(id)s::bigint
