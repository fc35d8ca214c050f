-- What a model's published (or newest) version holds. %(id)s
WITH version AS (
    SELECT candidate.*, model.name AS model_name, model.building_id FROM model
    JOIN model_version AS candidate ON candidate.model_id = model.id
    WHERE model.id = %(id)s
    ORDER BY (candidate.id = model.published_version_id) DESC NULLS LAST, candidate.number DESC LIMIT 1
), areas AS (
    SELECT space.storey_global_id, space.use, count(*) AS spaces, sum(space.floor_area) AS floor_area,
           sum(space.net_area) AS net_area, sum(space.gross_area) AS gross_area,
           count(*) FILTER (WHERE space.floor_area IS NULL) AS without_area
    FROM model_space AS space JOIN version ON space.version_id = version.id GROUP BY 1, 2
)
SELECT json_build_object(
    'id', version.model_id, 'name', version.model_name, 'version', version.number, 'state', version.state,
    'schema', version.ifc_schema,
    'buildings', (
        SELECT coalesce(json_agg(json_build_object(
            'global_id', part.global_id, 'ifc_class', part.ifc_class, 'name', part.name,
            'composition', part.composition, 'parent_global_id', part.parent_global_id, 'code', part.code,
            'storeys', part.storeys, 'height', part.height, 'declared_gross_area', part.declared_gross_area,
            'declared_net_area', part.declared_net_area,
            'match', (SELECT json_build_object('id', match.id, 'building_id', match.building_id,
                                               'score', round(match.score::numeric, 4), 'state', match.state)
                      FROM model_match AS match
                      WHERE match.model_id = version.model_id AND match.global_id = part.global_id
                        AND match.state <> 'rejected'
                      ORDER BY (match.state = 'confirmed') DESC, match.score DESC, match.id LIMIT 1))
            ORDER BY part.id), '[]')
        FROM model_building AS part WHERE part.version_id = version.id),
    'storeys', (
        SELECT coalesce(json_agg(json_build_object(
            'global_id', storey.global_id, 'name', storey.name, 'number', storey.number,
            'elevation', storey.elevation, 'height', storey.height, 'elements', storey.elements,
            'declared_gross_area', storey.declared_gross_area, 'declared_net_area', storey.declared_net_area,
            'floor_area', (SELECT round(sum(floor_area)::numeric, 3) FROM areas
                           WHERE areas.storey_global_id = storey.global_id),
            'uses', (SELECT coalesce(json_agg(json_build_object(
                         'use', use, 'spaces', spaces, 'floor_area', round(floor_area::numeric, 3),
                         'net_area', round(net_area::numeric, 3), 'gross_area', round(gross_area::numeric, 3),
                         'without_area', without_area) ORDER BY floor_area DESC NULLS LAST, use), '[]')
                     FROM areas WHERE areas.storey_global_id = storey.global_id))
            ORDER BY storey.number, storey.elevation, storey.name), '[]')
        FROM model_storey AS storey WHERE storey.version_id = version.id),
    'uses', (
        SELECT coalesce(json_agg(json_build_object('use', use, 'spaces', spaces,
                                                   'floor_area', round(floor_area::numeric, 3))
                                 ORDER BY floor_area DESC NULLS LAST, use), '[]')
        FROM (SELECT use, sum(spaces) AS spaces, sum(floor_area) AS floor_area FROM areas GROUP BY use) AS by_use),
    'area_checks', coalesce(version.report -> 'floor_area', '[]'),
    'classes', (
        SELECT coalesce(json_object_agg(ifc_class, n ORDER BY n DESC, ifc_class), '{}')
        FROM (SELECT ifc_class, count(*) AS n FROM element WHERE element.version_id = version.id GROUP BY 1) AS classes),
    'elements', (SELECT count(*) FROM element WHERE element.version_id = version.id AND NOT is_spatial),
    'elements_without_storey', (
        SELECT count(*) FROM element
        WHERE element.version_id = version.id AND NOT is_spatial AND storey_global_id IS NULL),
    'elements_in_spaces', (
        SELECT count(*) FROM element
        WHERE element.version_id = version.id AND NOT is_spatial AND space_global_id IS NOT NULL),
    'spaces', (SELECT count(*) FROM model_space WHERE model_space.version_id = version.id),
    'zones', (SELECT count(*) FROM model_zone WHERE model_zone.version_id = version.id),
    'types', (SELECT count(*) FROM element_type WHERE element_type.version_id = version.id),
    'units', (
        SELECT json_build_object('count', count(*), 'coded', count(code), 'floor_area', round(sum(floor_area)::numeric, 3),
                                 'without_code', coalesce((
            SELECT json_object_agg(code_from, n) FROM (
                SELECT coalesce(code_from, 'unknown') AS code_from, count(*) AS n FROM model_unit AS uncoded
                WHERE uncoded.version_id = version.id AND code IS NULL GROUP BY 1) AS reasons), '{}'))
        FROM model_unit WHERE model_unit.version_id = version.id),
    'systems', (
        SELECT coalesce(json_agg(json_build_object('global_id', global_id, 'name', name,
            'predefined_type', predefined_type, 'elements', elements) ORDER BY name, id), '[]')
        FROM model_system WHERE model_system.version_id = version.id),
    'ports', (SELECT json_build_object('count', count(*), 'connected', count(connected_port_global_id))
              FROM model_port WHERE model_port.version_id = version.id),
    'classifications', (
        SELECT coalesce(json_object_agg(system, n), '{}')
        FROM (SELECT system, count(*) AS n FROM element_classification AS class
              WHERE class.version_id = version.id GROUP BY 1) AS systems)
)::text
FROM version
