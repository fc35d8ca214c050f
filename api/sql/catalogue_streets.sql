-- The blocks %(codes)s by name and box, and every stored tileset in reach with its home.
SELECT 'block', code, name, coalesce(name_en, name), NULL::bigint, NULL, NULL::float8,
       ST_XMin(geometry), ST_YMin(geometry), ST_XMax(geometry), ST_YMax(geometry)
FROM valid_block JOIN block_scheme USING (scheme) WHERE is_governance AND code = ANY (%(codes)s)
UNION ALL
SELECT 'tileset', block_code, coalesce(tileset.name, local_id), coalesce(tileset.name, local_id), id, asset,
       height_offset, ST_XMin(geometry), ST_YMin(geometry), ST_XMax(geometry), ST_YMax(geometry)
FROM tileset WHERE is_published AND geometry IS NOT NULL
ORDER BY 1, 2, 5
