-- One hazard with every step of its way. %(id)s
SELECT json_build_object(
    'id', hazard.id, 'name', hazard.name, 'object_kind', object_kind, 'object_id', object_id,
    'hazard_kind', hazard_kind, 'severity', severity, 'state', state, 'description', description,
    'organisation', hazard.organisation, 'due', hazard.due, 'block_code', block_code, 'found_at', found_at,
    'rectified_at', rectified_at, 'verified_at', verified_at, 'inspection_id', inspection_id,
    'geometry', ST_AsGeoJSON(geometry, 7, 0)::json,
    'actions', (
        SELECT json_agg(json_build_object(
            'number', step.number, 'action', step.action, 'from', step.from_state, 'to', step.to_state,
            'note', step.note, 'organisation', step.organisation, 'due', step.due, 'photos', step.photos,
            'role', step.role, 'token_id', step.token_id, 'at', step.at) ORDER BY step.number)
        FROM hazard_action AS step WHERE step.hazard_id = hazard.id)
)::text, state
FROM hazard WHERE hazard.id = %(id)s
