-- A page of the review queue. %(status)s %(layer)s %(after)s %(limit)s
SELECT id, json_build_object(
    'id', id, 'layer', layer_code, 'feature_id', feature_id, 'row', row, 'given', given, 'parts', parts,
    'reason', reason, 'match_level', match_level, 'confidence', confidence, 'candidates', candidates,
    'status', status, 'decision', decision, 'decided_by', decided_by, 'decided_at', decided_at,
    'created_at', created_at)::text
FROM placement_review
WHERE status = %(status)s AND (%(layer)s::text IS NULL OR layer_code = %(layer)s) AND id > %(after)s
ORDER BY id LIMIT %(limit)s
