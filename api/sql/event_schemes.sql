-- Every list of types of incidents, with how many it has.
SELECT coalesce(json_agg(json_build_object('id', scheme, 'event_types', types, 'sensitive', sensitive)
                         ORDER BY scheme), '[]')::text
FROM (
    SELECT scheme, count(*) AS types, count(*) FILTER (WHERE is_sensitive) AS sensitive FROM event_type GROUP BY scheme
) AS listed
