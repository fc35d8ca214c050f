-- The properties and quantities that a model's published (or newest) version has. %(id)s
WITH version AS (
    SELECT candidate.id FROM model JOIN model_version AS candidate ON candidate.model_id = model.id
    WHERE model.id = %(id)s
    ORDER BY (candidate.id = model.published_version_id) DESC NULLS LAST, candidate.number DESC LIMIT 1
), held AS (
    SELECT one.root, sets.name AS set_name, property.name, jsonb_typeof(property.value) AS kind,
           element.source_units -> sets.name ->> property.name AS source_unit
    FROM element JOIN version ON element.version_id = version.id
    CROSS JOIN LATERAL (VALUES ('property_sets', element.property_sets), ('quantities', element.quantities))
        AS one(root, source)
    CROSS JOIN LATERAL jsonb_each(one.source) AS sets(name, content)
    CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(sets.content) WHEN 'object' THEN sets.content ELSE '{}' END)
        AS property(name, value)
)
SELECT (SELECT count(*) FROM version), coalesce(json_agg(json_build_object(
    'path', root || '.' || replace(set_name, '.', '..') || '.' || replace(name, '.', '..'),
    'root', root, 'set', set_name, 'name', name, 'elements', elements, 'kinds', kinds, 'source_units', source_units)
    ORDER BY root, set_name, name), '[]')::text
FROM (
    SELECT root, set_name, name, count(*) AS elements, array_agg(DISTINCT kind) AS kinds,
           coalesce(array_agg(DISTINCT source_unit) FILTER (WHERE source_unit IS NOT NULL), '{}') AS source_units
    FROM held GROUP BY 1, 2, 3
) AS listed
