-- The published tilesets in reach.
SELECT coalesce(json_agg(json_build_object(
    'id', tileset.id::text,
    'title', json_build_object('zh', coalesce(tileset.name, tileset.local_id),
                               'en', coalesce(tileset.name, tileset.local_id)),
    'kind', tileset.kind,
    'singulation', tileset.singulation,
    'url', '/tilesets/' || tileset.id || '/tileset.json',
    'coverage', ST_AsGeoJSON(tileset.geometry, 7, 0)::json,
    'height_offset', tileset.height_offset,
    'model_id', tileset.model_id
) ORDER BY tileset.id), '[]')::text
FROM tileset
WHERE tileset.is_published
