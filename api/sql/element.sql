-- One element of a model's published (or newest) version, with what it is part of, outermost last.
WITH RECURSIVE version AS (
    SELECT candidate.id FROM model JOIN model_version AS candidate ON candidate.model_id = model.id
    WHERE model.id = %(id)s
    ORDER BY (candidate.id = model.published_version_id) DESC NULLS LAST, candidate.number DESC LIMIT 1
), chain AS (
    SELECT element.*, 0 AS depth FROM element JOIN version ON element.version_id = version.id
    WHERE element.global_id = %(global_id)s
    UNION ALL
    SELECT parent.*, chain.depth + 1 FROM chain JOIN element AS parent
        ON parent.version_id = chain.version_id AND parent.global_id = chain.parent_global_id
    WHERE chain.depth < 32
)
SELECT json_build_object(
    'global_id', own.global_id,
    'ifc_class', own.ifc_class,
    'name', own.name,
    'storey', coalesce(storey.name, own.storey_number::text),
    'storey_number', own.storey_number,
    'space', coalesce(space.name, own.space_global_id),
    'type_name', own.type_name,
    'material', own.materials,
    'property_sets', own.property_sets,
    'quantities', own.quantities,
    'surface_area', own.surface_area,
    'parents', (
        SELECT coalesce(json_agg(json_build_object(
                   'global_id', chain.global_id, 'ifc_class', chain.ifc_class, 'name', chain.name)
                   ORDER BY chain.depth), '[]')
        FROM chain WHERE chain.depth > 0)
)::text
FROM chain AS own
LEFT JOIN element AS storey ON storey.version_id = own.version_id AND storey.global_id = own.storey_global_id
LEFT JOIN element AS space ON space.version_id = own.version_id AND space.global_id = own.space_global_id
WHERE own.depth = 0
