-- What the values of the provider's claim stand for, in the order in which they are looked at.
SELECT coalesce(json_agg(json_build_object(
    'id', mapping.token_id, 'position', mapping.position, 'value', mapping.value, 'role', token.role,
    'access_class', token.access_class, 'purpose', token.purpose, 'is_limited', token.is_limited,
    'scope', (SELECT coalesce(json_agg(json_build_object('code', reached.block_code, 'name', block.name)
                                       ORDER BY reached.block_code), '[]')
              FROM role_grant AS reached
              LEFT JOIN valid_block AS block ON block.code = reached.block_code
                    AND block.scheme = (SELECT scheme FROM block_scheme WHERE is_governance)
              WHERE reached.token_id = token.id),
    'organisations', (SELECT coalesce(json_agg(organisation ORDER BY organisation), '[]')
                      FROM organisation_grant WHERE token_id = token.id),
    'created_at', mapping.created_at
) ORDER BY mapping.position, mapping.token_id), '[]')::text
FROM oidc_mapping AS mapping JOIN access_token AS token ON token.id = mapping.token_id
WHERE %(id)s::bigint IS NULL OR mapping.token_id = %(id)s
