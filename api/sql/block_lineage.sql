-- Who a block of scheme %(scheme)s (NULL: the governance one) follows and who follows it: the steps next to it,
-- and all the way back and forth with the product of shares. One code may have had several lives: forth from its
-- first one, back from its last. %(code)s
WITH RECURSIVE governed AS (
    SELECT scheme FROM block_scheme
    WHERE CASE WHEN %(scheme)s::text IS NULL THEN is_governance ELSE scheme = %(scheme)s END
), step AS MATERIALIZED (
    SELECT block_lineage.* FROM block_lineage JOIN governed USING (scheme)
), forth AS (
    SELECT %(code)s::text COLLATE "C" AS code, '-infinity'::timestamptz AS at, 1::float8 AS share
    UNION ALL
    SELECT step.new_code, step.effective_at, forth.share * step.share
    FROM forth JOIN step ON step.old_code = forth.code AND step.effective_at = (
        SELECT min(later.effective_at) FROM step AS later
        WHERE later.old_code = forth.code AND later.effective_at > forth.at)
), back AS (
    SELECT %(code)s::text COLLATE "C" AS code, 'infinity'::timestamptz AS at, 1::float8 AS share
    UNION ALL
    SELECT step.old_code, step.effective_at, back.share * step.share
    FROM back JOIN step ON step.new_code = back.code AND step.effective_at = (
        SELECT max(earlier.effective_at) FROM step AS earlier
        WHERE earlier.new_code = back.code AND earlier.effective_at < back.at)
), today AS (
    SELECT code, sum(share) AS share FROM forth
    WHERE NOT EXISTS (SELECT FROM step WHERE step.old_code = forth.code AND step.effective_at > forth.at)
    GROUP BY code
), origin AS (
    SELECT code, sum(share) AS share FROM back
    WHERE NOT EXISTS (SELECT FROM step WHERE step.new_code = back.code AND step.effective_at < back.at)
    GROUP BY code
)
SELECT json_build_object(
    'code', %(code)s::text,
    'scheme', governed.scheme,
    'is_valid', EXISTS (SELECT FROM valid_block WHERE valid_block.scheme = governed.scheme AND code = %(code)s),
    'predecessors', (SELECT coalesce(json_agg(json_build_object(
            'code', old_code, 'kind', kind, 'share', share, 'effective_at', effective_at, 'recorded_at', recorded_at)
            ORDER BY effective_at, old_code), '[]') FROM step WHERE new_code = %(code)s),
    'successors', (SELECT coalesce(json_agg(json_build_object(
            'code', new_code, 'kind', kind, 'share', share, 'effective_at', effective_at, 'recorded_at', recorded_at)
            ORDER BY effective_at, new_code), '[]') FROM step WHERE old_code = %(code)s),
    'origins', (SELECT json_agg(json_build_object('code', code, 'share', share) ORDER BY code) FROM origin),
    'today', (SELECT json_agg(json_build_object('code', code, 'share', share) ORDER BY code) FROM today)
)::text
FROM governed
WHERE EXISTS (SELECT FROM block WHERE block.scheme = governed.scheme AND block.code = %(code)s)
   OR EXISTS (SELECT FROM step WHERE %(code)s IN (old_code, new_code))
