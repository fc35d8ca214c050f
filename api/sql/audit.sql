-- Entries of the audit log, newest first. A verb that ends with a dot, or an object that ends with a colon, stands
-- for all that begin so.
SELECT id, seq, at, database_user, program, role, token_id, scope, purpose, verb, object, outcome, access_class,
       request_id, details, encode(hash, 'hex')
FROM audit_entry
WHERE (%(since)s::timestamptz IS NULL OR at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
  AND (%(verb)s::text IS NULL OR verb = %(verb)s OR (right(%(verb)s, 1) = '.' AND starts_with(verb, %(verb)s)))
  AND (%(token)s::bigint IS NULL OR token_id = %(token)s)
  AND (%(role)s::text IS NULL OR role = %(role)s)
  AND (%(object)s::text IS NULL OR object = %(object)s
       OR (right(%(object)s, 1) = ':' AND starts_with(object, %(object)s)))
  AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)
  AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC
LIMIT %(limit)s
