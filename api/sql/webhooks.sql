-- Webhooks as people see them, without their secrets. Bind owner (null: everybody's), own (who asks), id (null: all).
SELECT jsonb_build_object(
    'id', hook.id, 'label', hook.label, 'url', hook.url, 'layers', to_jsonb(hook.layers),
    'block_codes', to_jsonb(hook.block_codes), 'access_class', hook.access_class, 'is_active', hook.is_active,
    'is_own', hook.token_id = %(own)s, 'owner', jsonb_build_object('role', token.role, 'label', token.label),
    'state', hook.state, 'problem', hook.problem, 'status', hook.status, 'attempts', hook.attempts,
    'messages', hook.messages, 'change_id', hook.sent_to, 'failing_since', hook.failing_since,
    'tried_at', hook.tried_at, 'delivered_at', hook.delivered_at,
    'next_attempt_at', CASE WHEN hook.state = 'failing' THEN hook.next_attempt_at END,
    'behind', (SELECT count(*) FROM change WHERE seq > hook.sent_to), 'created_at', hook.created_at)
FROM webhook AS hook JOIN access_token AS token ON token.id = hook.token_id
WHERE (%(owner)s::bigint IS NULL OR hook.token_id = %(owner)s) AND (%(id)s::bigint IS NULL OR hook.id = %(id)s)
ORDER BY hook.id
