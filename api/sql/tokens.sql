-- Every access token but the token itself, the newest first.
SELECT coalesce(json_agg(json_build_object(
    'id', token.id, 'role', token.role, 'label', token.label, 'access_class', token.access_class,
    'purpose', token.purpose, 'created_at', token.created_at, 'expires_at', token.expires_at, 'revoked_at', token.revoked_at,
    'scope', (SELECT coalesce(json_agg(json_build_object('code', reached.block_code, 'name', block.name)
                                       ORDER BY reached.block_code), '[]')
              FROM role_grant AS reached
              LEFT JOIN valid_block AS block ON block.code = reached.block_code
                    AND block.scheme = (SELECT scheme FROM block_scheme WHERE is_governance)
              WHERE reached.token_id = token.id),
    'is_limited', token.is_limited,
    'organisations', (SELECT coalesce(json_agg(organisation ORDER BY organisation), '[]')
                      FROM organisation_grant WHERE token_id = token.id)
) ORDER BY token.id DESC), '[]')::text
FROM access_token AS token
WHERE token.kind = 'token'
