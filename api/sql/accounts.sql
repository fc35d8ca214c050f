-- Every account by its login, with what it may do; never a password. %(id)s narrows to one.
SELECT coalesce(json_agg(json_build_object(
    'id', account.token_id, 'login', account.login, 'role', token.role, 'access_class', token.access_class,
    'purpose', token.purpose, 'is_limited', token.is_limited,
    'scope', (SELECT coalesce(json_agg(json_build_object('code', reached.block_code, 'name', block.name)
                                       ORDER BY reached.block_code), '[]')
              FROM role_grant AS reached
              LEFT JOIN valid_block AS block ON block.code = reached.block_code
                    AND block.scheme = (SELECT scheme FROM block_scheme WHERE is_governance)
              WHERE reached.token_id = token.id),
    'organisations', (SELECT coalesce(json_agg(organisation ORDER BY organisation), '[]')
                      FROM organisation_grant WHERE token_id = token.id),
    'from_provider', account.identity_hash IS NOT NULL,
    'must_change_password', account.must_change_password,
    'created_at', account.created_at, 'disabled_at', account.disabled_at,
    'password_changed_at', account.password_changed_at,
    'sessions', (SELECT count(*) FROM account_session
                 WHERE account_id = account.token_id AND ended_at IS NULL AND expires_at > now()
                   AND seen_at + idle_s * interval '1 second' > now()),
    'last_seen_at', (SELECT max(seen_at) FROM account_session WHERE account_id = account.token_id)
) ORDER BY account.login), '[]')::text
FROM account JOIN access_token AS token ON token.id = account.token_id
WHERE %(id)s::bigint IS NULL OR account.token_id = %(id)s
