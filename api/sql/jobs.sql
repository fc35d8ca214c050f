-- Jobs, the newest first, and how many there are in each state. Bind owner (null: everybody's), state and kind (null:
-- all), before (an id), limit.
SELECT
    (SELECT coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.id DESC), '[]')
     FROM (
         SELECT job.id, job.kind, job.state, nullif(job.step, '{}') AS step, job.progress,
                job.report - 'problems' - 'rejected_reasons' AS report, job.created_at, job.updated_at,
                job.result -> 'model_id' AS model_id, upload.filename AS file,
                split_part(job.traceparent, '-', 2) AS trace_id,
                CASE WHEN token.id IS NOT NULL THEN
                    jsonb_build_object('id', token.id, 'role', token.role, 'label', token.label) END AS begun_by
         FROM job_progress AS job
         LEFT JOIN upload ON upload.job_id = job.id
         LEFT JOIN access_token AS token ON token.id = job.token_id
         WHERE (%(owner)s::bigint IS NULL OR job.token_id = %(owner)s)
           AND (%(state)s::text IS NULL OR job.state = %(state)s) AND (%(kind)s::text IS NULL OR job.kind = %(kind)s)
           AND (%(before)s::bigint IS NULL OR job.id < %(before)s)
         ORDER BY job.id DESC LIMIT %(limit)s
     ) AS page),
    (SELECT coalesce(jsonb_object_agg(state, jobs), '{}')
     FROM (SELECT state, count(*) AS jobs FROM job_progress
           WHERE (%(owner)s::bigint IS NULL OR token_id = %(owner)s) AND (%(kind)s::text IS NULL OR kind = %(kind)s)
           GROUP BY state) AS counted)
