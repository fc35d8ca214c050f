-- Exports on record, the newest first. Whoever has a scope reads of those that lay wholly within it.
-- %(is_unscoped)s %(scope)s; %(id)s one of them; %(layer)s %(token)s %(since)s %(before)s %(limit)s.
SELECT record.id, at, record.role, token_id, token.label, layer, form, filter, block_codes, area, rows, size,
       record.access_class, secrecy_label
FROM export_record AS record LEFT JOIN access_token AS token ON token.id = record.token_id
WHERE (%(is_unscoped)s OR (block_codes <> '{}' AND NOT EXISTS (
           SELECT FROM unnest(block_codes) AS asked(code)
           WHERE NOT asked.code COLLATE "C" <@ %(scope)s::code_multirange)))
  AND (%(id)s::text IS NULL OR record.id = %(id)s)
  AND (%(layer)s::text IS NULL OR layer = %(layer)s)
  AND (%(token)s::bigint IS NULL OR token_id = %(token)s)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
  AND (%(before)s::text IS NULL OR (at, record.id) < (SELECT at, id FROM export_record WHERE id = %(before)s))
ORDER BY at DESC, record.id DESC LIMIT %(limit)s
