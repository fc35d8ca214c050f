-- What a scrape asks the database: jobs by state, the change log, workers. %(head)s: the last change that this process
-- has read. Only counts; the log's rows are the planner's estimate.
SELECT (SELECT coalesce(jsonb_object_agg(state, many), '{}') FROM (
            SELECT state, count(*) AS many FROM job_progress GROUP BY state) AS jobs),
       pg_total_relation_size('change'),
       greatest((SELECT reltuples FROM pg_class WHERE oid = 'change'::regclass), 0)::bigint,
       greatest((SELECT coalesce(max(seq), 0) FROM change) - %(head)s, 0),
       coalesce((SELECT extract(epoch FROM clock_timestamp() - coalesce(committed_at, at)) FROM change
                 WHERE seq > %(head)s ORDER BY seq LIMIT 1), 0)::float8,
       (SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'),
       (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM job_progress WHERE state = 'queued')::float8
