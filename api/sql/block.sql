-- A block of scheme %(scheme)s (NULL: the governance one) with its parent, ancestors and children. %(code)s
SELECT json_build_object(
    'code', block.code,
    'name', block.name,
    'name_en', block.name_en,
    'level', block.level,
    'level_name', block_scheme.level_names -> (block.level - 1),
    'scheme', block.scheme,
    'parent', block.parent_code,
    'ancestors', (
        SELECT coalesce(json_agg(json_build_object(
                   'code', ancestor.code, 'name', ancestor.name, 'name_en', ancestor.name_en,
                   'level', ancestor.level) ORDER BY ancestor.level), '[]')
        FROM valid_block AS ancestor
        WHERE ancestor.scheme = block.scheme AND ancestor.level < block.level
          AND ancestor.code = ANY (ARRAY(
              SELECT left(block.code, width) FROM unnest(block_scheme.level_widths) AS width))
    ),
    'bbox', json_build_array(
        round(ST_XMin(block.geometry)::numeric, 7), round(ST_YMin(block.geometry)::numeric, 7),
        round(ST_XMax(block.geometry)::numeric, 7), round(ST_YMax(block.geometry)::numeric, 7)),
    'area', block.area,
    'valid_from', block.valid_from,
    'valid_to', nullif(block.valid_to, 'infinity'),
    'geometry', ST_AsGeoJSON(block.geometry, 7, 0)::json,
    'children', (
        SELECT coalesce(json_agg(json_build_object(
                   'code', child.code, 'name', child.name, 'name_en', child.name_en, 'level', child.level,
                   'bbox', json_build_array(
                       round(ST_XMin(child.geometry)::numeric, 7), round(ST_YMin(child.geometry)::numeric, 7),
                       round(ST_XMax(child.geometry)::numeric, 7), round(ST_YMax(child.geometry)::numeric, 7)))
                   ORDER BY child.code), '[]')
        FROM valid_block AS child
        WHERE child.scheme = block.scheme AND child.parent_code = block.code
    ),
    'links', CASE WHEN NOT block_scheme.is_governance THEN (
        SELECT coalesce(json_agg(json_build_object('code', link.block_code, 'share', link.share)
                                 ORDER BY link.share DESC, link.block_code), '[]')
        FROM block_link AS link WHERE link.scheme = block.scheme AND link.code = block.code
    ) END
)::text
FROM valid_block AS block JOIN block_scheme ON block_scheme.scheme = block.scheme
WHERE block.code = %(code)s
  AND CASE WHEN %(scheme)s::text IS NULL THEN block_scheme.is_governance ELSE block_scheme.scheme = %(scheme)s END
