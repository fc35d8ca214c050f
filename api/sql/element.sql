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
    'space_from', own.space_from,
    'building', building.name,
    'type_name', own.type_name,
    'type_global_id', own.type_global_id,
    'predefined_type', own.predefined_type,
    'tag', own.tag,
    'material', own.materials,
    'material_layers', (
        SELECT coalesce(json_agg(json_build_object(
                   'position', layer.position, 'kind', layer.kind, 'material', layer.material,
                   'category', layer.category, 'thickness', layer.thickness) ORDER BY layer.position), '[]')
        FROM model_material AS layer
        WHERE layer.version_id = own.version_id AND layer.set_number = own.material_set),
    'classifications', (
        SELECT coalesce(json_agg(json_build_object(
                   'system', class.system, 'edition', class.edition, 'code', class.code, 'title', class.title,
                   'is_inherited', class.is_inherited) ORDER BY class.id), '[]')
        FROM element_classification AS class
        WHERE class.version_id = own.version_id AND class.global_id = own.global_id),
    'groups', (
        SELECT coalesce(json_agg(json_build_object('global_id', named.global_id, 'kind', named.kind, 'name', named.name)
                                 ORDER BY named.kind, named.name), '[]')
        FROM model_member AS member JOIN (
            SELECT version_id, global_id, 'system' AS kind, name FROM model_system
            UNION ALL SELECT version_id, global_id, 'zone', name FROM model_zone
            UNION ALL SELECT version_id, global_id, 'unit', coalesce(name, number) FROM model_unit
        ) AS named ON named.version_id = member.version_id AND named.global_id = member.group_global_id
        WHERE member.version_id = own.version_id AND member.member_global_id = own.global_id),
    'ports', (
        SELECT coalesce(json_agg(json_build_object(
                   'global_id', port.global_id, 'name', port.name, 'flow_direction', port.flow_direction,
                   'connected_element', port.connected_element_global_id) ORDER BY port.id), '[]')
        FROM model_port AS port
        WHERE port.version_id = own.version_id AND port.element_global_id = own.global_id),
    'inherited', own.inherited,
    'source_units', own.source_units,
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
LEFT JOIN element AS building ON building.version_id = own.version_id AND building.global_id = own.building_global_id
WHERE own.depth = 0
