-- Incidents whose home lies in the code ranges [%(lows)s, %(highs)s), as JSON. Days are the database's.
WITH span AS (
    SELECT * FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS bounds(low, high)
), own AS MATERIALIZED (
    SELECT incident.event_scheme, incident.event_type, incident.severity, incident.state, incident.occurred_at
    FROM span JOIN incident ON incident.block_code >= span.low AND incident.block_code < span.high
), by_severity AS (
    SELECT severity, count(*) AS count FROM own WHERE state <> 'closed' AND severity IS NOT NULL GROUP BY severity
), by_type AS (
    SELECT own.event_type AS code, event_type.name, event_type.name_en, count(*) AS count
    FROM own LEFT JOIN event_type ON event_type.scheme = own.event_scheme AND event_type.code = own.event_type
    WHERE own.event_type IS NOT NULL
    GROUP BY own.event_scheme, own.event_type, event_type.name, event_type.name_en
    ORDER BY count(*) DESC, own.event_type LIMIT 12
), by_day AS (
    SELECT day::date AS day, (
        SELECT count(*) FROM own WHERE own.occurred_at >= day AND own.occurred_at < day + interval '1 day'
    ) AS count
    FROM generate_series(date_trunc('day', now()) - interval '29 days', date_trunc('day', now()), '1 day') AS day
)
SELECT json_build_object(
    'open', (SELECT count(*) FROM own WHERE state <> 'closed'),
    'total', (SELECT count(*) FROM own),
    'today', (SELECT count(*) FROM own WHERE occurred_at >= date_trunc('day', now())),
    'by_severity', (SELECT coalesce(json_object_agg(severity, count ORDER BY severity), '{}') FROM by_severity),
    'by_type', (
        SELECT coalesce(json_agg(json_build_object(
                   'code', code, 'name', json_build_object('zh', coalesce(name, code),
                                                           'en', coalesce(name_en, name, code)),
                   'count', count) ORDER BY count DESC, code), '[]')
        FROM by_type),
    'by_day', (SELECT json_agg(json_build_object('day', day, 'count', count) ORDER BY day) FROM by_day)
)::text
