-- A page of matches of models' buildings. %(state)s %(model)s %(after)s %(limit)s
SELECT match.id, json_build_object(
    'id', match.id, 'model_id', match.model_id, 'model', model.name, 'global_id', match.global_id,
    'name', part.name, 'score', round(match.score::numeric, 4), 'parts', match.parts, 'state', match.state,
    'building', json_build_object('id', match.building_id, 'code', building.code, 'name', building.name,
                                  'height', building.height),
    'height', part.height, 'decided_by', match.decided_by, 'decided_at', match.decided_at,
    'created_at', match.created_at)::text
FROM model_match AS match JOIN model ON model.id = match.model_id
LEFT JOIN building ON building.id = match.building_id
LEFT JOIN model_building AS part
    ON part.version_id = model.published_version_id AND part.global_id = match.global_id
WHERE (%(state)s::text IS NULL OR match.state = %(state)s) AND (%(model)s::bigint IS NULL OR match.model_id = %(model)s)
  AND match.id > %(after)s
ORDER BY match.id LIMIT %(limit)s
