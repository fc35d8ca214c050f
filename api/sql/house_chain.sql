-- The blocks from the coarsest down to %(code)s. They are public.
SELECT coalesce(json_agg(json_build_object(
           'code', block.code, 'name', block.name, 'name_en', block.name_en, 'level', block.level)
           ORDER BY block.level), '[]')::text
FROM block_scheme CROSS JOIN LATERAL unnest(block_scheme.level_widths) AS width
JOIN valid_block AS block ON block.scheme = block_scheme.scheme AND block.code = left(%(code)s, width)
WHERE block_scheme.is_governance AND length(%(code)s) >= width
