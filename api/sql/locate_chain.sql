-- Blocks by code, with the name of their level. %(codes)s
SELECT block.code, block.level, block.name, block.name_en, block_scheme.level_names -> (block.level - 1)
FROM valid_block AS block JOIN block_scheme USING (scheme)
WHERE is_governance AND block.code = ANY (%(codes)s)
