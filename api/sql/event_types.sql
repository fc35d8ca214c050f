-- A page of the types of incidents. %(scheme)s %(q)s %(after)s %(limit)s
SELECT concat(scheme, '|', code), json_build_object(
    'scheme', scheme, 'code', code, 'parent_code', parent_code, 'name', name, 'name_en', name_en,
    'severity', severity, 'is_sensitive', is_sensitive)::text
FROM event_type
WHERE (%(scheme)s::text IS NULL OR scheme = %(scheme)s)
  AND (%(q)s::text IS NULL OR strpos(lower(concat_ws(' ', code, name, name_en)), lower(%(q)s)) > 0)
  AND (%(after)s::text IS NULL OR concat(scheme, '|', code) COLLATE "C" > %(after)s)
ORDER BY concat(scheme, '|', code) COLLATE "C" LIMIT %(limit)s
