-- What stands in a park or village and what is known about it. %(kind)s %(id)s %(class)s
WITH feature AS (
    SELECT id, geometry, block_code FROM industrial_park WHERE %(kind)s = 'industrial_park' AND id = %(id)s
    UNION ALL
    SELECT id, geometry, block_code FROM urban_village WHERE %(kind)s = 'urban_village' AND id = %(id)s
), inside AS MATERIALIZED (
    -- && beside it: only that may use the index under row-level security
    SELECT building.id, building.code, building.name, building.use, building.storeys_above, building.gross_floor_area
    FROM feature JOIN building ON building.geometry && feature.geometry
        AND ST_Contains(feature.geometry, ST_PointOnSurface(building.geometry))
), home AS (
    SELECT unit.use, unit.occupancy FROM inside JOIN unit ON unit.building_id = inside.id
)
SELECT json_build_object(
    'blocks', (
        SELECT json_agg(json_build_object('code', block.code, 'name', block.name, 'level', block.level)
                        ORDER BY length(block.code))
        FROM feature JOIN valid_block AS block ON feature.block_code LIKE block.code || '%%'
        JOIN block_scheme ON block_scheme.scheme = block.scheme AND is_governance),
    'meets', (
        SELECT coalesce(json_agg(json_build_object('block_code', meets.block_code, 'share', meets.share)
                                 ORDER BY meets.block_code), '[]')
        FROM feature JOIN feature_block AS meets ON meets.kind = %(kind)s AND meets.feature_id = feature.id),
    'buildings', json_build_object(
        'count', (SELECT count(*) FROM inside),
        'floor_area', (SELECT sum(gross_floor_area) FROM inside),
        'shown', (SELECT coalesce(json_agg(first ORDER BY first.id), '[]')
                  FROM (SELECT * FROM inside ORDER BY id LIMIT 200) AS first)),
    'units', json_build_object(
        'count', (SELECT count(*) FROM home),
        'uses', (SELECT coalesce(json_object_agg(use, number), '{}') FROM (
                     SELECT coalesce(use, 'unknown') AS use, count(*) AS number FROM home GROUP BY 1) AS by_use),
        'rented', CASE WHEN %(class)s >= 3 THEN (SELECT count(*) FROM home WHERE occupancy = 'rented') END),
    'firms', (
        SELECT count(*) FROM legal_entity AS firm
        WHERE firm.status = 'active' AND firm.building_id = ANY (ARRAY(SELECT id FROM inside))),
    'rental_space', CASE WHEN %(kind)s = 'industrial_park' THEN (
        SELECT json_build_object(
            'vacant_area', coalesce(sum(area) FILTER (WHERE state = 'vacant'), 0),
            'area', coalesce(sum(area), 0), 'count', count(*))
        FROM rental_space WHERE park_id = %(id)s) END,
    'hazards', (
        SELECT coalesce(json_object_agg(hazard_kind, counts), '{}') FROM (
            SELECT hazard_kind, json_build_object(
                'total', count(*), 'open', count(*) FILTER (WHERE state NOT IN ('verified', 'rejected'))) AS counts
            FROM hazard WHERE object_kind = %(kind)s AND object_id = %(id)s GROUP BY hazard_kind) AS by_kind),
    'inspections', (
        SELECT json_build_object('count', count(*), 'last', max(inspected_on))
        FROM inspection WHERE object_kind = %(kind)s AND object_id = %(id)s),
    'surveys', (
        SELECT coalesce(json_agg(json_build_object(
            'id', survey.id, 'title', survey.title, 'due', survey.due, 'closed_at', survey.closed_at,
            'required', survey.required, 'answered', coalesce(response.answered, 0),
            'completeness', coalesce(response.answered, 0)::float8 / survey.required) ORDER BY survey.due DESC), '[]')
        FROM feature JOIN survey_round AS survey ON survey.kind = %(kind)s
            AND (survey.block_code IS NULL OR starts_with(feature.block_code, survey.block_code))
        LEFT JOIN survey_response AS response ON response.round_id = survey.id AND response.object_id = feature.id)
)::text
FROM feature
