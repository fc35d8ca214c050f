-- The blocks of scheme %(scheme)s (NULL: the governance one) below %(parent)s, or of level %(level)s.
SELECT json_build_object('scheme', block_scheme.scheme, 'blocks', coalesce((
    SELECT json_agg(json_build_object(
               'code', block.code, 'name', block.name, 'name_en', block.name_en, 'level', block.level,
               'parent', block.parent_code, 'area', block.area,
               'bbox', json_build_array(
                   round(ST_XMin(block.geometry)::numeric, 7), round(ST_YMin(block.geometry)::numeric, 7),
                   round(ST_XMax(block.geometry)::numeric, 7), round(ST_YMax(block.geometry)::numeric, 7)))
               ORDER BY block.code)
    FROM valid_block AS block
    WHERE block.scheme = block_scheme.scheme
      AND CASE WHEN %(parent)s::text IS NULL THEN block.level = %(level)s ELSE block.parent_code = %(parent)s END
), '[]'))::text
FROM block_scheme
WHERE CASE WHEN %(scheme)s::text IS NULL THEN is_governance ELSE scheme = %(scheme)s END
