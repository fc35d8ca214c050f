-- A page of hazards. %(state)s %(hazard_kind)s %(object_kind)s %(object_id)s %(low)s %(high)s %(overdue)s %(after)s %(limit)s
SELECT id, json_build_object(
    'id', id, 'name', name, 'object_kind', object_kind, 'object_id', object_id, 'hazard_kind', hazard_kind,
    'severity', severity, 'state', state, 'description', description, 'organisation', organisation, 'due', due,
    'block_code', block_code, 'found_at', found_at, 'place', ARRAY[ST_X(geometry), ST_Y(geometry)],
    'is_overdue', due < local_day(now()) AND state NOT IN ('verified', 'rejected'))::text
FROM hazard
WHERE id > %(after)s
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(hazard_kind)s::text IS NULL OR hazard_kind = %(hazard_kind)s)
  AND (%(object_kind)s::text IS NULL OR object_kind = %(object_kind)s)
  AND (%(object_id)s::bigint IS NULL OR object_id = %(object_id)s)
  AND (%(low)s::text IS NULL OR (block_code >= %(low)s AND block_code < %(high)s))
  AND (NOT %(overdue)s OR (due < local_day(now()) AND state NOT IN ('verified', 'rejected')))
ORDER BY id LIMIT %(limit)s
